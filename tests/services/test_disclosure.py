"""A person's data out: every table and every column goes out, or says why not."""

import importlib
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gateway.disclosures import READS
from gateway.person_words import COLUMNS
from shared.contracts import SERVICES, service_of
from shared.disclosure import SHARED, Told


def told_by(service: str) -> Told:
    told: Told = importlib.import_module(f"services.{service}.disclosure").TOLD
    return told


@pytest.mark.parametrize("service", SERVICES)
def test_every_column_goes_out_or_says_why_not(service: str) -> None:
    told = told_by(service)
    tables = told.metadata.tables
    apart = SHARED | set(told.not_of_persons.split())
    out = {section.table for section in told.sections}
    excused = {each for each in told.withheld if "." not in each}
    columns = {
        f"{section.table}.{column}" for section in told.sections for column in section.told.values()
    }
    every = {f"{name}.{column.name}" for name in out for column in tables[name].columns}
    silent = {each for each in every - columns if each.rpartition(".")[2] != "member_id"}

    assert set(tables) - apart - out - excused == set(), "say in disclosure.py what goes out"
    assert silent - set(told.withheld) == set(), "say in disclosure.py why it does not go out"
    assert not out & excused
    assert set(told.withheld) - every - set(tables) == set(), "there is no such column"
    assert (out | excused) & apart == set()
    assert apart - SHARED <= set(tables)


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_personal_to_an_erasure_is_of_persons_here(service: str) -> None:
    personal: Any = importlib.import_module(f"services.{service}.personal").PERSONAL

    blanked = {each.table for each in personal}

    assert not blanked & set(told_by(service).not_of_persons.split())


def test_the_gateway_asks_every_service_that_holds_something() -> None:
    holding = {service for service in SERVICES if told_by(service).sections}

    assert set(READS) == holding
    assert {service_of(command) for command in READS.values()} == holding  # type: ignore[arg-type]


def test_every_column_has_a_word_in_chinese() -> None:
    named = {
        name
        for service in SERVICES
        for section in told_by(service).sections
        for name in [*section.told, *section.also]
    }

    assert named - set(COLUMNS) == set()


@pytest.mark.parametrize("service", READS)
def test_every_section_can_be_read_from_its_beginning_and_from_the_middle(
    service: str, service_session: Any
) -> None:
    session: Session = service_session(service)
    told = told_by(service)
    for section in told.sections:
        table = told.metadata.tables[section.table]
        keys = {
            f"k{place}": _lowest(table.columns[name].type.python_type)
            for place, name in enumerate(section.key.split())
        }
        for begun in (False, True):
            asked = {"ids": [], "rows": 1, **(keys if begun else {})}
            assert session.execute(section.statement(table, begun), asked).all() == []


def _lowest(kind: type) -> str:
    """The key of a row, as text."""
    known = {"UUID": "00000000-0000-0000-0000-000000000000", "int": "0", "str": "", "date":
             "2000-01-01", "datetime": "2000-01-01"}  # fmt: skip
    return known[kind.__name__]
