"""A process that is asked where its processor time goes, and one that must not be asked."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from shared.profiling import BEGIN, END

BUSY = """
import sys
from shared import profiling
profiling.install("busy", sys.argv[1])

def burn_time():
    return sum(number * number for number in range(10_000))

print("ready", flush=True)
while True:
    burn_time()
"""


def busy(folder: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, folder], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.readline()
    return process


def profile(process: subprocess.Popen[str], written: Path) -> dict[str, int]:
    written.unlink(missing_ok=True)
    process.send_signal(BEGIN)
    time.sleep(0.3)
    process.send_signal(END)
    until = time.monotonic() + 20
    while not written.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    lines = [line.rpartition(" ") for line in written.read_text().splitlines()]
    return {stack: int(count) for stack, _, count in lines}


def test_the_stacks_name_the_function_that_burns(tmp_path: Path) -> None:
    process = busy(str(tmp_path))
    try:
        first, second = (profile(process, tmp_path / "busy.folded") for _ in range(2))
    finally:
        process.kill()
        process.wait()

    for stacks in (first, second):
        burning = {stack for stack in stacks if "__main__:burn_time" in stack.split(";")}
        assert sum(stacks[stack] for stack in burning) > sum(stacks.values()) / 2
        assert all(stack.startswith("__main__:<module>") for stack in burning)
    assert list(tmp_path.iterdir()) == [tmp_path / "busy.folded"]


def test_without_a_folder_the_signals_are_ignored() -> None:
    process = busy("")
    try:
        process.send_signal(BEGIN)
        process.send_signal(END)
        time.sleep(0.2)
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
