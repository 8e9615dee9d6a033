"""RabbitMQ in a container: where it is not installed and cannot be, but `docker` can be used.

It is the broker of docker-compose.yml, for one stack. Its data is in a volume of the engine; the
container itself is made anew at every start.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from infra.failure import Failure
from infra.unprivileged import Command

COMPOSE = Path(__file__).resolve().parent.parent / "docker-compose.yml"
INFO_SECONDS = 10


def is_usable() -> bool:
    """Whether there is an engine that this user may use."""
    try:
        done = _docker("info", "--format", "{{.ServerVersion}}", seconds=INFO_SECONDS)
    except (Failure, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def image() -> str:
    found = re.search(r"^ +image: (rabbitmq:\S+)$", COMPOSE.read_text(), re.MULTILINE)
    if found is None:
        raise Failure("docker-compose.yml names no image of RabbitMQ")
    return found[1]


def fetch() -> None:
    """Bring the image, unless it is there."""
    if _docker("image", "inspect", image()).returncode != 0:
        done = _docker("pull", "--quiet", image())
        if done.returncode != 0:
            raise Failure(f"docker cannot fetch {image()}: {done.stderr.strip()}")


def command(name: str, volume: str, port: int, user: str, password: str, flags: str) -> Command:
    """The node in the foreground; a signal to it reaches the node. Its secrets are not among the
    arguments, which everybody on the machine may read."""
    environment = {
        "RABBITMQ_DEFAULT_USER": user,
        "RABBITMQ_DEFAULT_PASS": password,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": flags,
    }
    # Data is filed under the name of the host.
    run = [_found(), "run", "--rm", "--name", name, "--hostname", "broker"]
    run += ["--publish", f"127.0.0.1:{port}:5672", "--volume", f"{volume}:/var/lib/rabbitmq"]
    run += [word for variable in environment for word in ("--env", variable)]
    # When the client is killed, the container goes on without it, and keeps the name.
    rest = shlex.join([_found(), "rm", "--force", name])
    script = f"{rest} >/dev/null 2>&1; exec {shlex.join([*run, image()])}"
    return Command(["/bin/sh", "-c", script], environment, None)


def forget(name: str, volume: str) -> None:
    """Take container and data away, if they are there."""
    if shutil.which("docker"):
        _docker("rm", "--force", name)
        _docker("volume", "rm", "--force", volume)


def _found() -> str:
    found = shutil.which("docker")
    if found is None:
        raise Failure("rabbitmq-server is not installed, and there is no docker to run it in")
    return found


def _docker(*arguments: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_found(), *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=seconds,
    )  # fmt: skip
