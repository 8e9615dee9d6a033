"""Who calls whom: order asks inventory, campaign and loyalty; nobody else asks anybody.

A cycle of calls would stand still as soon as as many are in flight as a service has workers.
"""

import ast
import importlib
from pathlib import Path
from typing import Any

from shared.contracts import Command, declared
from shared.rpc import Services

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/service.py"))
ALLOWED = {"order": {"inventory", "campaign", "loyalty"}}


def service_class(name: str) -> Any:
    # Not by way of the runner, which patches the process it is imported into.
    module = importlib.import_module(f"services.{name}.service")
    return getattr(module, f"{name.capitalize()}Service")


def commands_sent(service: str) -> set[str]:
    """The services whose commands are made in this one's code, other than to serve them."""
    commands = {}
    for owner in SERVICES:
        commands |= {kind.__name__: owner for kind in declared(owner, Command)}
    called = set()
    for path in (ROOT / "services" / service).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                target = node.func
                name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
                if name in commands and commands[name] != service:
                    called.add(commands[name])
    return called


def test_there_are_six_services() -> None:
    assert SERVICES == ["campaign", "directory", "inventory", "loyalty", "member", "order"]


def test_only_order_calls_others() -> None:
    able = {
        name
        for name in SERVICES
        if any(isinstance(value, Services) for value in vars(service_class(name)).values())
    }
    assert able == set(ALLOWED)


def test_calls_go_one_way() -> None:
    assert {name: commands_sent(name) for name in SERVICES} == {
        name: ALLOWED.get(name, set()) for name in SERVICES
    }
