"""supervisord's settings: values of every kind reach the process as they are."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.failure import Failure
from infra.state import MARK, State
from infra.supervise import Program, Supervisor, marked


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    state = State(tmp_path)
    state.prepare()
    made = Supervisor(state)
    yield made
    made.shut_down()


def program(name: str, code: str, **environment: str) -> Program:
    return Program(name, [sys.executable, "-c", code], environment, 1, Path("/"))


def wait_for(path: Path) -> str:
    until = time.monotonic() + 10
    while not path.exists() or not path.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    return path.read_text()


def test_a_setting_arrives_as_it_is(supervisor: Supervisor, tmp_path: Path) -> None:
    value = "amqp://u:p%40ss,w'ord@h/%2F;#x y"
    written = tmp_path / "value"
    code = (
        "import os,time;open(os.environ['OUT'],'w').write(os.environ['VALUE']);print();"
        "time.sleep(60)"
    )

    supervisor.apply([program("echo", code, VALUE=value, OUT=str(written))])
    supervisor.start(["echo"])

    assert wait_for(written) == value


@pytest.mark.parametrize("value", ['a"b', "a\nb", "a ;b", "a #b"])
def test_a_setting_that_cannot_be_passed_is_refused(supervisor: Supervisor, value: str) -> None:
    with pytest.raises(Failure, match="quotation mark"):
        supervisor.apply([program("echo", "", VALUE=value)])

    assert not supervisor.is_alive()


def test_what_has_not_changed_runs_on(supervisor: Supervisor) -> None:
    sleeping = program("sleeping", "import time; time.sleep(60)")
    supervisor.apply([sleeping])
    supervisor.start(["sleeping"])
    before = supervisor.processes()["sleeping"]["pid"]

    supervisor.apply([sleeping, program("other", "import time; time.sleep(60)")])

    assert supervisor.processes()["sleeping"]["pid"] == before
    assert set(supervisor.processes()) == {"sleeping", "other"}


def test_only_marked_processes_are_ended(supervisor: Supervisor, tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    ours = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(tmp_path)})

    supervisor.end_leftovers()

    ours.wait(5)
    assert stranger.poll() is None
    assert list(marked(str(tmp_path))) == []
    stranger.kill()
    stranger.wait()
