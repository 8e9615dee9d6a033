"""Every column that can hold words is declared: about a person, or harmless (K37)."""

import importlib
from typing import Any

import pytest
from sqlalchemy import ARRAY, Column, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB

from shared.contracts import SERVICES
from shared.erasure import HARMLESS


def holds_words(column: Column[Any]) -> bool:
    """Text, bytes and JSON, and arrays of them."""
    kind = column.type
    return isinstance(kind.item_type if isinstance(kind, ARRAY) else kind, String | LargeBinary
                      | JSONB)  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_k37_every_column_is_personal_or_harmless(service: str) -> None:
    personal = importlib.import_module(f"services.{service}.personal")
    tables = importlib.import_module(f"services.{service}.models").Base.metadata.tables
    harmless = {
        (table, column)
        for table, columns in (HARMLESS | personal.HARMLESS).items()
        for column in columns.split()
        if table in tables
    }
    blanked = {(each.table, column) for each in personal.PERSONAL for column in each.columns}
    deleted = {each.table for each in personal.PERSONAL if not each.columns}
    every = {(name, column.name) for name, table in tables.items() for column in table.columns}
    worded = {
        (name, column.name)
        for name, table in tables.items()
        for column in table.columns
        if holds_words(column) and name not in deleted
    }

    assert worded - blanked - harmless == set(), "declare it in personal.py"
    assert blanked & harmless == set()
    assert (blanked | harmless) - every == set(), "there is no such column"
