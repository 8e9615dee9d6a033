"""Builds what a browser needs to be a till: Flet's web client, Python for the browser, the app.

All of it lies in packages that requirements.lock names, but one: the packer of messages, compiled
for the browser, whose hash is in the lock too; it comes by pip. Nothing comes from anywhere else.

    till/index.html, manifest.json, flutter_service_worker.js, icons/    asked for again each time
    till/v/<version>/                                                    never change; kept for good
    till/bundle.json                                                     the version, what it is of

Files that shrink by it lie there compressed as well (`.gz`).
"""

import fcntl
import gzip
import hashlib
import importlib.metadata
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from infra import till_icon
from infra.failure import Failure
from infra.state import ROOT, State

WEB = ROOT / "staff_app" / "browser" / "web"
ASSETS = ROOT / "staff_app" / "assets" / "assets"
LOCK = ROOT / "requirements.lock"
TOP = ("index.html", "manifest.json", "flutter_service_worker.js")
"""What lies at the top; the other files of `WEB` are of a version."""
OF_SERVERS = {"server.py", "settings.py", "transport.py", "till_files.py", "installed.py"}
CLIENT = (
    "flutter.js", "main.dart.js", "canvaskit/canvaskit.js", "canvaskit/canvaskit.wasm",
    "canvaskit/chromium/canvaskit.js", "canvaskit/chromium/canvaskit.wasm",
    "assets/AssetManifest.bin", "assets/AssetManifest.bin.json", "assets/NOTICES",
    "assets/fonts/MaterialIcons-Regular.otf", "assets/fonts/roboto.woff2",
    "assets/shaders/ink_sparkle.frag", "assets/shaders/stretch_effect.frag",
    "pyodide/pyodide.mjs", "pyodide/pyodide.asm.mjs", "pyodide/pyodide.asm.wasm",
    "pyodide/python_stdlib.zip",
)  # fmt: skip
"""Of Flet's web client: what a till asks for, and the licences."""
PACKAGES = ("flet", "repath", "six", "msgpack", "tzdata", "qrcode")
LEFT_OUT = re.compile(
    r"flet/(auth|fastapi|testing|cli\.py|pytest_plugin\.py)|qrcode/(tests|console_scripts\.py)"
)
NOT_PRECACHED = re.compile(r"NOTICES$|\.symbols$")
WORTH_COMPRESSING = 0.95


def command(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object as the last line.")
    ] = False,
) -> None:
    """Build the till for the browser, if it is not there or older than its sources."""
    state = State()
    told = describe(ensure(state.till, state.wheels))
    if as_json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:16} {value}")


def ensure(target: Path, wheels: Path) -> Path:
    """`target` with the bundle of the sources as they are. Raises `Failure`."""
    sources = fingerprint()
    if _known(target).get("sources") != sources:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _known(target).get("sources") != sources:  # nobody else has built it meanwhile
                _build(target, wheels, sources)
    return target


def describe(folder: Path) -> dict[str, Any]:
    known = _known(folder)
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".gz"]
    return {
        "folder": str(folder),
        "version": known["version"],
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "bytes_sent": sum(_as_sent(path).stat().st_size for path in files),
    }


def fingerprint() -> str:
    """Of everything that goes into a bundle."""
    known = hashlib.sha256()
    for path in sorted(_sources()):
        known.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    for package in (*PACKAGES, "flet-web"):
        known.update(f"{package}={importlib.metadata.version(package)}\0".encode())
    return known.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (path for path in _app_modules())
    yield from (path for path in WEB.iterdir() if path.is_file())
    yield from (path for path in ASSETS.rglob("*") if path.is_file())
    yield from (Path(__file__), Path(till_icon.__file__))


def _app_modules() -> Iterator[Path]:
    app = ROOT / "staff_app"
    for path in app.rglob("*.py"):
        inside = path.relative_to(app)
        if str(inside) not in OF_SERVERS and inside.parts[0] != "assets":
            yield path


def _known(folder: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads((folder / "bundle.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known


def _build(target: Path, wheels: Path, sources: str) -> None:
    """Beside the old one, then in its place: nobody is ever sent half of it."""
    packer = _compiled_packer(wheels)
    version = sources[:16]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".till-") as place:
        made = Path(place) / "till"
        _write(made, version, packer)
        (made / "bundle.json").write_text(json.dumps({"version": version, "sources": sources}))
        made.chmod(0o755)
        if target.exists():
            target.rename(Path(place) / "old")
        made.rename(target)


def _write(made: Path, version: str, packer: bytes) -> None:
    inner = made / "v" / version
    client = _package_file("flet_web", "web")
    for name in CLIENT:
        _put(inner / name, (client / name).read_bytes())
    for path in ASSETS.rglob("*"):
        if path.is_file():
            _put(inner / "assets" / path.relative_to(ASSETS), path.read_bytes())
    manifest = json.loads((ASSETS / "FontManifest.json").read_text())
    manifest.append({"family": "Roboto", "fonts": [{"asset": "fonts/roboto.woff2"}]})
    _put(inner / "assets/FontManifest.json", json.dumps(manifest).encode())
    lock = json.loads((client / "pyodide/pyodide-lock.json").read_text())
    _put(inner / "pyodide/pyodide-lock.json", json.dumps({**lock, "packages": {}}).encode())
    _put(inner / "till.zip", _python_files())
    _put(inner / "_cmsgpack.so", packer)
    for path in WEB.iterdir():
        if path.is_file() and path.name not in TOP:
            _put(inner / path.name, path.read_bytes())
    for side in (192, 512):
        _put(made / f"icons/icon-{side}.png", till_icon.icon(side))
        _put(made / f"icons/icon-maskable-{side}.png", till_icon.icon(side, maskable=True))
    files = sorted(
        str(path.relative_to(made))
        for path in made.rglob("*")
        if path.is_file() and path.suffix != ".gz" and not NOT_PRECACHED.search(path.name)
    )
    said = {"@VERSION@": version, "@FILES@": json.dumps([*files, "manifest.json"], indent=1)}
    for name in TOP:
        text = (WEB / name).read_text()
        for mark, value in said.items():
            text = text.replace(mark, value)
        _put(made / name, text.encode())


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    smaller = gzip.compress(content, 9, mtime=0)
    if len(smaller) < len(content) * WORTH_COMPRESSING:
        path.with_name(path.name + ".gz").write_bytes(smaller)


def _as_sent(path: Path) -> Path:
    compressed = path.with_name(path.name + ".gz")
    return compressed if compressed.exists() else path


def _python_files() -> bytes:
    """The app and the packages it stands on as one archive, from which Python imports."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, path in sorted(_python_sources()):
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
    return made.getvalue()


def _python_sources() -> Iterator[tuple[str, Path]]:
    for path in _app_modules():
        yield str(path.relative_to(ROOT)), path
    for package in PACKAGES:
        for file in importlib.metadata.files(package) or []:
            name = str(file)
            wanted = name.endswith((".py", ".json")) or name.startswith("tzdata/zoneinfo/")
            if wanted and not name.startswith("..") and not LEFT_OUT.match(name):
                yield name, Path(str(file.locate()))


def _package_file(package: str, name: str) -> Path:
    module = __import__(package)
    return Path(str(module.__file__)).parent / name


def _compiled_packer(wheels: Path) -> bytes:
    """The extension of msgpack for the browser's Python, from the wheel whose hash is locked."""
    version = importlib.metadata.version("msgpack")
    pyodide = json.loads(_package_file("flet_web", "web/pyodide/pyodide-lock.json").read_text())
    python = ".".join(pyodide["info"]["python"].split(".")[:2])
    platform = f"pyemscripten_{pyodide['info']['abi_version']}_wasm32"
    tag = f"cp{python.replace('.', '')}"
    wheel = wheels / f"msgpack-{version}-{tag}-{tag}-{platform}.whl"
    if not wheel.exists():
        _download(wheels, version, python, platform, tag)
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".so"))
        return archive.read(name)


def _download(wheels: Path, version: str, python: str, platform: str, tag: str) -> None:
    locked = re.search(
        rf"^msgpack=={re.escape(version)} .*?(?=^    # via)", LOCK.read_text(), re.M | re.S
    )
    if locked is None:
        raise Failure(f"msgpack {version} is installed, requirements.lock has another")
    wheels.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(locked[0].rstrip().rstrip("\\"))
        wanted.flush()
        done = subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
                "--disable-pip-version-check", "--only-binary", ":all:", "--python-version", python,
                "--platform", platform, "--implementation", "cp", "--abi", tag,
                "--dest", str(wheels), "--requirement", wanted.name,
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise Failure(f"the till's packer could not be downloaded:\n{done.stderr[-500:]}")


def main() -> None:
    """Into the folder that is given: `python -m infra.till_bundle /chainstitch/till`, as the image
    is built."""
    with tempfile.TemporaryDirectory() as wheels:
        print(ensure(Path(sys.argv[1]), Path(wheels)))


if __name__ == "__main__":
    main()
