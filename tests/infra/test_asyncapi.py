"""The AsyncAPI document: current, whole, and every event in it has somebody who hears it."""

import json
from typing import Any

import pytest

from infra import asyncapi
from infra.asyncapi import DOCUMENT, NAMES
from shared.contracts import Command, Event, declared, operation_of


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(DOCUMENT.read_text()))


def test_the_committed_document_is_current() -> None:
    assert DOCUMENT.read_text() == asyncapi.rendered(), "run: python -m infra.asyncapi"


def test_every_event_is_a_channel_that_somebody_hears(document: dict[str, Any]) -> None:
    for name in NAMES:
        for event in declared(name, Event):
            channel = document["channels"][event.type]
            assert channel["x-consumers"], f"nobody hears {event.type}"


def test_every_queue_is_bound_to_what_its_service_handles(document: dict[str, Any]) -> None:
    queues = {key: value for key, value in document["channels"].items() if "x-bound-to" in value}

    assert "events.inventory.order" in queues
    assert queues["events.inventory.order"]["x-bound-to"] == [
        "order.cancelled",
        "order.placed",
        "order.returned",
        "order.voided",
    ]
    assert all(queue["x-bound-to"] for queue in queues.values())


def test_every_command_is_an_operation_with_an_answer(document: dict[str, Any]) -> None:
    for name in NAMES:
        for command in declared(name, Command):
            operation = document["operations"][f"{name}.{operation_of(command)}"]
            assert operation["action"] == "receive"
            assert len(operation["reply"]["messages"]) == 1


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    lost = [pointer for pointer in _references(document) if not _found(document, pointer)]

    assert lost == []


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [pointer for item in value for pointer in _references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [pointer for item in value.values() for pointer in _references(item)]


def _found(document: Any, pointer: str) -> bool:
    place = document
    for part in pointer.removeprefix("#/").split("/"):
        if not isinstance(place, dict) or part not in place:
            return False
        place = place[part]
    return True
