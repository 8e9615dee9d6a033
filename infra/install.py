"""Brings what no Python package can: RabbitMQ, and a Chromium for the tests.

As root on Debian with apt, on macOS with brew; where neither can be done, RabbitMQ as a container,
where docker can be used; or else one line that says what to install.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import broker, container
from infra.failure import Failure

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
POLICY = Path("/usr/sbin/policy-rc.d")


class Missing(Failure):
    """Something must be installed by hand; the text says what."""


def rabbitmq() -> None:
    if broker.is_installed():
        return
    if in_container():
        container.fetch()
        return
    _install("rabbitmq-server", "rabbitmq", "RabbitMQ")
    if not broker.is_installed():
        raise Missing("RabbitMQ was installed, but rabbitmq-server or epmd is not to be found")


def in_container() -> bool:
    """Whether RabbitMQ, which is not installed, is to run in a container."""
    return not (_has_apt() or shutil.which("brew")) and container.is_usable()


def chromium() -> Path:
    """Where the browser is that the tests drive."""
    found = find_chromium()
    if found is None:
        _install("chromium", "--cask google-chrome", "Chromium")
        found = find_chromium()
    if found is None:
        raise Missing("Chromium was installed, but no browser is on the PATH")
    return found


def find_chromium() -> Path | None:
    given = os.environ.get("CHROMIUM")
    names = (given, *CHROMIUM_NAMES) if given else CHROMIUM_NAMES
    for name in names:
        path = shutil.which(name)
        if path:
            return Path(path)
    return MAC_CHROME if MAC_CHROME.exists() else None


def _install(debian: str, homebrew: str, what: str) -> None:
    if _has_apt():
        _apt(debian)
    elif shutil.which("brew"):
        _run(["brew", "install", *homebrew.split()])
    else:
        raise Missing(f"{what} is missing; as an administrator: apt-get install {debian}")


def _has_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt(package: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", package]
    print(f"chainstitch: installing {package} with apt", file=sys.stderr)
    with _no_services_started():
        # An old list names versions that are gone; a fresh machine has no list at all.
        _run(["apt-get", "-qq", "update"], environment)
        _run(command, environment)
    if package == "rabbitmq-server" and shutil.which("update-rc.d"):
        # Nor is Debian's own node to start with the machine: nobody asked for that one.
        _run(["update-rc.d", package, "disable"])


@contextmanager
def _no_services_started() -> Iterator[None]:
    """Debian starts a server as soon as it is installed, unless a policy says no."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise Missing(f"this failed, see above: {' '.join(command)}")
