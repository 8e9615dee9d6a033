"""Dashboards and alerts: what they show is what the processes tell, under the names they use."""

import json
import re
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
import yaml

import gateway.app
import staff_app.server
from infra.processes import GATEWAY, SERVICES, TABLE
from infra.state import ROOT
from shared import telemetry

DASHBOARDS = sorted((ROOT / "infra/grafana/dashboards").glob("*.json"))
PROMETHEUS = ROOT / "infra/prometheus"
DECLARING = (telemetry, gateway.app, staff_app.server)
SUFFIXES = {
    "histogram": ("_bucket", "_sum", "_count"),
    "counter": ("_total",),
    "gauge": ("",),
}
# What every Python process tells of itself, and what Prometheus adds.
OF_PYTHON = {
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_start_time_seconds",
    "up",
}
ADDED_LABELS = {"process", "instance", "job", "le"}


def declared() -> tuple[set[str], set[str]]:
    """Names of the time series that our code declares, and of their labels."""
    names, labels = set(OF_PYTHON), set(ADDED_LABELS)
    for module in DECLARING:
        for value in vars(module).values():
            if isinstance(value, prometheus_client.metrics.MetricWrapperBase):
                names |= {value._name + suffix for suffix in SUFFIXES[value._type]}
                labels |= set(value._labelnames)
    return names, labels


def expressions() -> list[tuple[str, str]]:
    """Every query there is, with where it stands."""
    found = [
        (f"{path.name}: {panel['title']}", target["expr"])
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]
    return found + [(rule["alert"], rule["expr"]) for rule in rules()]


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.parametrize(("place", "expression"), expressions(), ids=lambda value: value[:40])
def test_a_query_asks_for_what_is_told(place: str, expression: str) -> None:
    names, labels = declared()
    asked = set(re.findall(r"\b(?:chainstitch_\w+|process_\w+|up)\b", expression))
    by = {
        label.strip()
        for listed in re.findall(r"\bby \(([^)]*)\)", expression)
        for label in listed.split(",")
    }
    matched = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))

    assert asked, place
    assert asked <= names, place
    assert by | matched <= labels, place


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_can_be_provisioned(path: Path) -> None:
    dashboard = json.loads(path.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]

    assert dashboard["uid"] == f"chainstitch-{path.stem}"
    assert len(set(ids)) == len(ids)
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"prometheus"}


def test_dashboards_overlap_nowhere() -> None:
    for path in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            at = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken, f"{path.name}: {panel['title']}"
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_every_process_is_scraped_at_its_port() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    scraped = {
        name: source["port"]
        for job in jobs
        for source in job["dns_sd_configs"]
        for name in source["names"]
    }

    assert scraped == {
        process.name: int(compose[process.name]["environment"][process.port_variable])
        for process in TABLE
    }


def test_every_process_is_missed_when_it_is_down() -> None:
    (down,) = (rule for rule in rules() if rule["alert"] == "ProcessDown")

    asked = re.findall(r"process=\"(\w+)\"", down["expr"])
    assert asked == [process.name for process in (*SERVICES, GATEWAY, TABLE[-1])]


def test_every_alert_says_what_to_do() -> None:
    assert [rule["alert"] for rule in rules() if not rule["annotations"].get("action")] == []
