"""What the processes of a stack have done so far: SQL statements, messages, operations and how
long those took, processor time."""

import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import psutil
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from infra import processes
from infra.stack import Stack

STATEMENTS = "chainstitch_sql_statements_total"
MESSAGES = "chainstitch_messages_total"
TIMED = ("chainstitch_operation_seconds", "chainstitch_graphql_seconds")
SERVERS = ("postgres", "broker")


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals since each process began: by process and kind, or by process and operation; times in
    seconds."""

    statements: Mapping[str, float]
    messages: Mapping[str, float]
    cpu_seconds: Mapping[str, float]
    times: Mapping[str, float]
    seconds: Mapping[str, float]

    def since(self, before: "Figures") -> "Figures":
        return Figures(
            _minus(self.statements, before.statements),
            _minus(self.messages, before.messages),
            _minus(self.cpu_seconds, before.cpu_seconds),
            _minus(self.times, before.times),
            _minus(self.seconds, before.seconds),
        )


def read(stack: Stack) -> Figures:
    """The totals now, of all services, the gateway, the servers and this process (`client`)."""
    ports = stack.state.ports()
    statements: dict[str, float] = {}
    messages: dict[str, float] = {}
    times: dict[str, float] = defaultdict(float)
    seconds: dict[str, float] = defaultdict(float)
    for process in (*processes.SERVICES, processes.GATEWAY):
        for sample in _told(process.health_url(ports).replace("/health", "/metrics")):
            if sample.name == STATEMENTS:
                statements[process.name] = sample.value
            elif sample.name == MESSAGES:
                messages[f"{process.name} {sample.labels['kind']}"] = sample.value
            elif sample.name.startswith(TIMED):
                totals = {"count": times, "sum": seconds}.get(sample.name.rpartition("_")[2])
                if totals is not None:
                    totals[f"{process.name}.{sample.labels['operation']}"] += sample.value
    return Figures(statements, messages, _cpu_seconds(stack), times, seconds)


def _told(url: str) -> list[Sample]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    return [each for family in text_string_to_metric_families(text) for each in family.samples]


def _cpu_seconds(stack: Stack) -> dict[str, float]:
    """User and system time of each process with its children, also of those that have ended."""
    known = stack.supervisor.processes()
    names = [*SERVERS, *(process.name for process in (*processes.SERVICES, processes.GATEWAY))]
    spent = {"client": _spent(psutil.Process())}
    for name in names:
        pid = int(known.get(name, {}).get("pid", 0))
        if pid:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
            ended = parent.cpu_times()
            spent[name] = sum(map(_spent, family)) + ended.children_user + ended.children_system
    return spent


def _spent(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def _minus(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0.0) for name, value in after.items()}
