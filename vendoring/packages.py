"""Packages of npm and PyPI, fetched by their own clients with the user's configuration, and verified."""

import base64
import hashlib
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT = 600  # seconds for one call of a client
_WHEELS = ("--only-binary=:all:", "--platform=manylinux2014_x86_64", "--python-version=3.11")


class VendoringError(Exception):
    """A package cannot be vendored."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm. integrity: of its archive, as npm writes it.

    into: the target folder, relative to the project; None if its files are only sources for others.
    files: their names in the package, and in the folder.
    """

    name: str
    version: str
    integrity: str
    into: str | None
    files: Mapping[str, str]


def packages(path: Path) -> list[Package]:
    """Return the packages of package.json."""
    stated = json.loads(path.read_text(encoding="utf-8"))
    return [
        Package(name, version, entry["integrity"], entry.get("into"), entry.get("files", {}))
        for name, version in stated["devDependencies"].items()
        for entry in (stated["vendored"][name],)
    ]


def fetch_package(package: Package, folder: Path) -> Path:
    """Download and unpack a package; return its folder. Raises VendoringError."""
    command = ["npm", "pack", "--json", "--ignore-scripts", f"{package.name}@{package.version}"]
    (packed,) = json.loads(_run(command, folder))
    archive = folder / Path(packed["filename"]).name
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if package.integrity != f"sha512-{digest}":
        wanted = f"{package.name} {package.version}"
        raise VendoringError(f"{wanted} is not what package.json says: sha512-{digest}")
    into = folder / package.name
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    return into / "package"


def fetch_wheels(python: str, requirements: Path, folder: Path) -> Path:
    """Unpack the wheels of a requirements file with hashes; return the folder. Raises VendoringError."""
    pip = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run([*pip, "--require-hashes", *_WHEELS, "--dest", ".", "-r", str(requirements)], folder)
    into = folder / "wheels"
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(into)  # noqa: S202 - its hash is pinned
    return into


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT, check=True
        )
    except FileNotFoundError as error:
        raise VendoringError(f"{command[0]} is needed and not there.") from error
    except subprocess.CalledProcessError as error:
        raise VendoringError(f"`{' '.join(command[:4])} …` failed:\n{error.stderr}") from error
    except subprocess.TimeoutExpired as error:
        raise VendoringError(f"`{' '.join(command[:4])} …` took longer than {_TIMEOUT} seconds.") from error
    return done.stdout
