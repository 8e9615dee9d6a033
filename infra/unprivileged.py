"""The user that PostgreSQL and RabbitMQ run as.

Neither should run as root (PostgreSQL refuses to), so root's servers run as `nobody`, with their
files where that user can reach them. For everybody else it is simply themselves.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER_USER = "nobody"
FALLBACK = Path("/var/lib/chainstitch")


@dataclass(frozen=True, slots=True)
class Command:
    """A server to keep running in the foreground, and who it runs as (None: whoever starts it)."""

    arguments: list[str]
    environment: dict[str, str]
    user: str | None
    stop_signal: str = "TERM"

    def start(self, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.arguments,
            env={**os.environ, **self.environment},
            cwd="/",
            **identity(self.user),
            **options,
        )


def server_user() -> str | None:
    return SERVER_USER if os.geteuid() == 0 else None


def identity(user: str | None) -> dict[str, Any]:
    """What subprocess needs to become that user."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def can_reach(path: Path, user: str | None) -> bool:
    """Asks as that user, since access lists and mounts may say other than the mode bits."""
    found = subprocess.run(
        ["test", "-r", str(path), "-a", "-x", str(path)], cwd="/", check=False, **identity(user)
    )
    return found.returncode == 0


def server_folder(state: Path) -> Path:
    """Where the servers' data lives: in the state folder, unless the server user cannot get there.

    That is so for root's checkout below a private folder such as /root; its mode is not ours to
    change.
    """
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o755)
    if can_reach(state, server_user()):
        return state
    link = state / "servers"
    if not link.is_symlink():
        # A new name each time: data of an earlier state folder belongs to passwords that are gone.
        name = hashlib.sha256(str(state).encode()).hexdigest()[:8]
        link.symlink_to(FALLBACK / f"{name}-{secrets.token_hex(4)}")
    folder = link.readlink()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def own(folder: Path) -> Path:
    """Makes a private folder for the server user."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _give(folder)
    return folder


def write_own(path: Path, text: str) -> None:
    """Writes a private file for the server user."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
    _give(path)


def reachable_copy(trees: Sequence[Path], folder: Path, version: str) -> Path:
    """The folder above the trees, or of a copy of them where the server user cannot read it."""
    above = trees[0].parent
    if can_reach(trees[0], server_user()):
        return above
    copy = folder / f"{trees[0].name}-{version}"
    if not copy.exists():
        unfinished = folder / f".{trees[0].name}-{secrets.token_hex(4)}"
        for tree in trees:
            shutil.copytree(tree, unfinished / tree.name, symlinks=True)
        unfinished.rename(copy)
    return copy


def _give(path: Path) -> None:
    who = identity(server_user())
    if who:
        os.chown(path, who["user"], who["group"])
