"""Copies of the static files for a reverse proxy, which serves them without asking the application."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from rentomatic.web.http.static_files import DIGEST, FOLDER, TEXT, compressed, version_of

VERSIONS = 3
"""How many versions are kept: pages of an older version may still be open."""

_UNFINISHED = ".unfinished-"
_ABANDONED = 3600.0
"""Seconds after which an unfinished copy was left behind by a killed process."""


def publish(directory: Path, folder: Path = FOLDER) -> Path:
    """Copy this version's files to `directory/<digest>`, with a `.gz` beside each text; return that path.

    A copy appears there complete or not at all, even after a power cut; an existing one is left unchanged.
    Safe to run several times at once. Removes versions beyond the newest three, and nothing else. Raises
    OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    published = directory / version_of(folder).digest
    if not published.exists():
        with TemporaryDirectory(prefix=_UNFINISHED, dir=directory, ignore_cleanup_errors=True) as unfinished:
            copy = Path(unfinished) / "copy"
            shutil.copytree(folder, copy)
            _compress(copy)
            os.sync()  # else the name could reach the disk before the content
            _give_name(copy, published)
    os.utime(published)
    with suppress(FileNotFoundError):  # another process may be removing them too
        _remove_old(directory)
    return published


def _compress(copy: Path) -> None:
    for path in [path for path in copy.rglob("*") if path.suffix in TEXT]:
        if packed := compressed(path.read_bytes()):
            beside = path.with_name(f"{path.name}.gz")
            beside.write_bytes(packed)
            shutil.copystat(path, beside)


def _give_name(copy: Path, published: Path) -> None:
    try:
        copy.rename(published)
    except OSError:
        if not published.is_dir():  # else another process was faster
            raise


def _remove_old(directory: Path) -> None:
    versions = [path for path in directory.iterdir() if DIGEST.fullmatch(path.name)]
    versions.sort(key=_changed, reverse=True)
    unfinished = directory.glob(f"{_UNFINISHED}*")
    abandoned = [path for path in unfinished if time.time() - _changed(path) > _ABANDONED]
    for path in versions[VERSIONS:] + abandoned:
        shutil.rmtree(path, ignore_errors=True)


def _changed(path: Path) -> float:
    return path.stat().st_mtime
