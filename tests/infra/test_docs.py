"""What the documentation says is there: commands, settings, files."""

import re
from pathlib import Path

import pytest
import typer.main
from pydantic_settings import BaseSettings

from gateway.settings import GatewaySettings
from infra.cli import app
from infra.state import ROOT
from services.directory.bootstrap import BootstrapSettings
from shared.settings import PhoneSettings, PrinterSettings, Settings
from staff_app.settings import AppSettings

README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
CLASSES: tuple[type[BaseSettings], ...] = (
    Settings,
    PhoneSettings,
    PrinterSettings,
    BootstrapSettings,
    GatewaySettings,
    AppSettings,
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands() -> dict[str, set[str]]:
    """The commands of ./chainstitch with their options, and the words that may follow."""
    group = typer.main.get_command(app)
    return {
        name: {
            "--help",
            *(option for each in command.params for option in each.opts),
            *getattr(command, "commands", ()),
        }
        for name, command in group.commands.items()
    }


def settings() -> set[str]:
    return {name.upper() for each in CLASSES for name in each.model_fields}


def first_column(text: str, heading: str) -> set[str]:
    """The names in code style in the first column of the table under a heading."""
    section = text.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_that_is_named_is_there(document: Path) -> None:
    there = commands()
    named = re.findall(r"\./chainstitch\s+([a-z]+)([^`\n|;]*)", document.read_text())

    assert [name for name, _ in named if name not in there] == []
    for name, rest in named:
        assert set(re.findall(r"(?<!\S)--?[a-z]+", rest)) <= there[name], f"{name}{rest}"
        if name == "events":
            assert rest.split()[0] in there[name]


def test_every_command_is_in_the_readme() -> None:
    named = set(re.findall(r"^\| `\./chainstitch ([a-z]+)", README.read_text(), re.MULTILINE))

    assert named == set(commands())


def test_the_settings_table_is_whole_and_names_nothing_else() -> None:
    assert first_column(README.read_text(), "### Settings") == settings()


def test_what_compose_asks_for_is_made_in_the_readme() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?\}", (ROOT / "docker-compose.yml").read_text()))
    made = set(re.findall(r"^([A-Z_]+)=", README.read_text(), re.MULTILINE))

    assert made == asked


def test_the_runner_s_settings_are_read_somewhere() -> None:
    named = first_column((ROOT / "docs/running.md").read_text(), "## Settings")
    sources = [*(ROOT / "infra").rglob("*.py"), ROOT / "tests/conftest.py"]
    read = "\n".join(path.read_text() for path in sources)

    assert {name for name in named if f'"{name}"' not in read} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("named", ["tests", "services", "gateway", "shared", "infra", "staff_app"])
def test_the_map_names_what_is_there(named: str) -> None:
    mapped = re.findall(r"^\| `([a-z_/]+)` \|", README.read_text(), re.MULTILINE)

    assert any(folder.split("/")[0] == named for folder in mapped)
    assert [folder for folder in mapped if not (ROOT / folder).is_dir()] == []
