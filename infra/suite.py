"""Runs pytest on those of the named folders that have tests, and on named files.

pytest itself takes a missing folder for a mistake, and no tests for a failure.
"""

import subprocess
import sys

from infra.state import ROOT


def has_tests(place: str) -> bool:
    return (ROOT / place).is_file() or any((ROOT / place).rglob("test_*.py"))


def main(arguments: list[str]) -> int:
    folders = [argument for argument in arguments if argument.startswith("tests/")]
    options = [argument for argument in arguments if argument not in folders]
    chosen = [folder for folder in folders if has_tests(folder)]
    if not chosen:
        print(f"no tests yet in {', '.join(folders)}")
        return 0
    command = [sys.executable, "-m", "pytest", "-q", *options, *chosen]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
