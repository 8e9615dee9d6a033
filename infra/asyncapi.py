"""The AsyncAPI 3 document of everything that goes over the broker, made from the contracts.

``python -m infra.asyncapi`` writes it to docs/asyncapi.json. Who hears an event is read from the
handlers of the services; what a command answers is in its contract.
"""

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from gateway.live import EVENTS as LIVE
from infra.processes import SERVICES
from infra.state import ROOT
from shared.contracts import Command, Envelope, Event, answer_of, declared, operation_of
from shared.inbox import PARKED, EventHandler, parked_queue, queue_name
from shared.outbox import EVENTS as EXCHANGE

DOCUMENT = ROOT / "docs" / "asyncapi.json"
NAMES = tuple(process.name for process in SERVICES)
RPC_EXCHANGE = "nameko-rpc"
BINDING_VERSION = "0.3.0"
GATEWAY_QUEUE = "live.gateway-{copy}"
LIVE_CHANNEL = "live.gateway"
Json = dict[str, Any]


def document() -> Json:
    """The whole document; the same for the same contracts."""
    schemas = _Schemas()
    channels: Json = {}
    operations: Json = {}
    messages: Json = {}
    for name in NAMES:
        _events(name, schemas, channels, operations, messages)
    _queues(channels, operations)
    for name in NAMES:
        _commands(name, schemas, channels, operations, messages)
    channels["rpc.reply"] = _reply_channel(messages)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Chainstitch",
            "version": _version(),
            "description": (
                "What the services of Chainstitch say to each other over RabbitMQ: events through"
                " the outbox, commands with their answers through nameko's RPC. Clients of others"
                " use GraphQL instead."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "localhost:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "The RabbitMQ that AMQP_URI names.",
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas.rendered()},
    }


def consumers() -> dict[str, list[str]]:
    """The queues of each event type: those of the services that handle it, and the gateway's."""
    found: dict[str, list[str]] = {}
    for name in NAMES:
        module = importlib.import_module(f"services.{name}.service")
        service = getattr(module, f"{name.capitalize()}Service")
        for _, method in inspect.getmembers(service, callable):
            for entrypoint in getattr(method, "nameko_entrypoints", ()):
                if isinstance(entrypoint, EventHandler):
                    queue = queue_name(name, entrypoint.queue.source)
                    found.setdefault(entrypoint.event_type.type, []).append(queue)
    for event_type in LIVE:
        found.setdefault(event_type, []).append(GATEWAY_QUEUE)
    return {event_type: sorted(queues) for event_type, queues in found.items()}


def rendered() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=False) + "\n"


class _Schemas:
    """Collects types; names are settled when all are known."""

    def __init__(self) -> None:
        self._types: list[Any] = []
        self._uses: list[tuple[Json, str, Any]] = []

    def use(self, place: Json, key: str, kind: Any) -> None:
        """Put the schema of `kind` at `place[key]` once it has its name."""
        self._types.append(kind)
        self._uses.append((place, key, kind))

    def rendered(self) -> Json:
        found, components = msgspec.json.schema_components(
            self._types, ref_template="#/components/schemas/{name}"
        )
        for (place, key, _), schema in zip(self._uses, found, strict=True):
            place[key] = schema
        return {name: _in_asyncapi(components[name]) for name in sorted(components)}


def _in_asyncapi(schema: Any) -> Any:
    """A discriminator is OpenAPI's object in msgspec, and the name of a property in AsyncAPI."""
    if isinstance(schema, list):
        return [_in_asyncapi(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _in_asyncapi(value) for key, value in schema.items()}
    if isinstance(made.get("discriminator"), dict):
        made["discriminator"] = made["discriminator"]["propertyName"]
    return made


def _events(name: str, schemas: _Schemas, channels: Json, operations: Json, messages: Json) -> None:
    heard = consumers()
    for event in declared(name, Event):
        messages[event.type] = {
            "name": event.__name__,
            "title": event.type,
            "summary": _first_line(event),
            "contentType": "application/cloudevents+json",
            "tags": [{"name": "audited"}] if event.audited else [],
            "bindings": {"amqp": _encoding(event.type)},
        }
        envelope: Any = Envelope
        schemas.use(messages[event.type], "payload", envelope[event])
        channels[event.type] = {
            "address": event.type,
            "summary": _first_line(event),
            "messages": {event.__name__: _ref("components", "messages", event.type)},
            "bindings": {"amqp": _routed(EXCHANGE.name)},
            "x-consumers": heard.get(event.type, []),
        }
        operations[f"{name}.tells.{event.type}"] = {
            "action": "send",
            "channel": _ref("channels", event.type),
            "bindings": {"amqp": {"deliveryMode": 2, "bindingVersion": BINDING_VERSION}},
        }


def _queues(channels: Json, operations: Json) -> None:
    """A queue for each pair of listener and source; the gateway's copies have one each."""
    types_of: dict[str, list[str]] = {}
    for event_type, queues in consumers().items():
        for queue in queues:
            types_of.setdefault(queue, []).append(event_type)
    for queue, types in sorted(types_of.items()):
        live = queue == GATEWAY_QUEUE
        names = {each: channels[each]["messages"] for each in sorted(types)}
        channel = LIVE_CHANNEL if live else queue
        channels[channel] = {
            "address": queue,
            "messages": {key: ref for refs in names.values() for key, ref in refs.items()},
            "bindings": {"amqp": _queue(queue, durable=not live)},
            "x-bound-to": sorted(types),
        }
        if live:
            channels[channel]["parameters"] = {"copy": {"description": "A copy of the gateway."}}
        else:
            _, consumer, _ = queue.split(".")
            channels[channel]["x-single-active-consumer"] = True
            channels[channel]["x-dead-letter"] = {
                "exchange": PARKED.name,
                "queue": parked_queue(consumer).name,
            }
        who = "gateway" if live else queue.split(".")[1]
        source = "live" if live else queue.rsplit(".", 1)[1]
        operations[f"{who}.hears.{source}"] = {
            "action": "receive",
            "channel": _ref("channels", channel),
        }


def _commands(
    name: str, schemas: _Schemas, channels: Json, operations: Json, messages: Json
) -> None:
    for command in declared(name, Command):
        address = f"{name}.{operation_of(command)}"
        for suffix, place in (("", "args"), (".answer", "result")):
            message = {
                "name": f"{command.__name__}{suffix.title()}",
                "title": f"{address}{suffix}",
                "summary": _first_line(command) if place == "args" else "Its answer or refusal.",
                "correlationId": {"location": "$message.header#/correlation_id"},
                "payload": _call(schemas, command)
                if place == "args"
                else _answer(schemas, command),
            }
            if place == "args":
                message["headers"] = _CALLER
            messages[f"{address}{suffix}"] = message
        channels[address] = {
            "address": address,
            "summary": _first_line(command),
            "messages": {command.__name__: _ref("components", "messages", address)},
            "bindings": {"amqp": _routed(RPC_EXCHANGE)},
            "x-queue": f"rpc-{name}",
        }
        operations[address] = {
            "action": "receive",
            "channel": _ref("channels", address),
            "reply": {
                "address": {"location": "$message.header#/reply_to"},
                "channel": _ref("channels", "rpc.reply"),
                "messages": [_ref("channels", "rpc.reply", "messages", f"{address}.answer")],
            },
        }


def _reply_channel(messages: Json) -> Json:
    answers = [name for name in messages if name.endswith(".answer")]
    return {
        "address": None,
        "summary": "The queue of whoever asked; it ends with its owner.",
        "messages": {name: _ref("components", "messages", name) for name in answers},
        "bindings": {"amqp": _routed(RPC_EXCHANGE)},
    }


def _call(schemas: _Schemas, command: type[Command[Any]]) -> Json:
    arguments: Json = {"type": "array", "minItems": 1, "maxItems": 1}
    schemas.use(arguments, "items", command)
    return {
        "type": "object",
        "properties": {"args": arguments, "kwargs": {"type": "object", "maxProperties": 0}},
        "required": ["args"],
    }


def _answer(schemas: _Schemas, command: type[Command[Any]]) -> Json:
    properties: Json = {"result": {}, "error": _ERROR}
    schemas.use(properties, "result", answer_of(command) | None)
    return {"type": "object", "properties": properties, "required": ["result", "error"]}


_CALLER: Json = {
    "type": "object",
    "properties": {
        "nameko.caller": {"type": "string", "description": "The sealed caller; see shared/seal.py."}
    },
}
_ERROR: Json = {
    "description": "A refusal: `exc_args` are its code and what its sentence needs.",
    "type": ["object", "null"],
    "properties": {
        "exc_type": {"type": "string"},
        "exc_path": {"type": "string"},
        "exc_args": {"type": "array"},
        "value": {"type": "string"},
    },
}


def _routed(exchange: str) -> Json:
    return {
        "is": "routingKey",
        "exchange": {"name": exchange, "type": "topic", "durable": True, "autoDelete": False},
        "bindingVersion": BINDING_VERSION,
    }


def _queue(name: str, durable: bool) -> Json:
    return {
        "is": "queue",
        "queue": {"name": name, "durable": durable, "exclusive": False, "autoDelete": False},
        "bindingVersion": BINDING_VERSION,
    }


def _encoding(message_type: str) -> Json:
    return {
        "contentEncoding": "utf-8",
        "messageType": message_type,
        "bindingVersion": BINDING_VERSION,
    }


def _ref(*path: str) -> Json:
    return {"$ref": "#/" + "/".join(path)}


def _first_line(kind: type) -> str:
    paragraph = (inspect.getdoc(kind) or "").split("\n\n")[0]
    inherited = any(inspect.getdoc(base) == inspect.getdoc(kind) for base in kind.__mro__[1:])
    return "" if inherited else " ".join(paragraph.split())


def _version() -> str:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version"))


def main(path: Path = DOCUMENT) -> None:
    path.write_text(rendered())


if __name__ == "__main__":
    main()
