"""Copies of the static files for a reverse proxy: complete or absent, whatever happens."""

import gzip
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rentomatic.server.static_copies import publish
from rentomatic.web.http.static_files import FOLDER, version_of
from tests.servers import rentomatic

LONG = "text " * 1000


def version(tmp_path: Path, number: int) -> Path:
    """Create the files of a version."""
    folder = tmp_path / f"source-{number}"
    (folder / "js").mkdir(parents=True)
    (folder / "js" / "a.js").write_text(f"{number} {LONG}")
    (folder / "icon.svg").write_text("short")
    (folder / "preview.png").write_bytes(bytes(5000))
    return folder


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_copy_is_named_by_the_digest_and_includes_compressed_texts(tmp_path: Path) -> None:
    folder = version(tmp_path, 1)
    published = publish(tmp_path / "made" / "here", folder)

    assert tmp_path / "made" / "here" / version_of(folder).digest == published
    assert {"js/a.js", "js/a.js.gz", "icon.svg", "preview.png"} == names(published)
    assert (folder / "js" / "a.js").read_bytes() == (published / "js" / "a.js").read_bytes()
    assert (folder / "js" / "a.js").read_bytes() == gzip.decompress(
        (published / "js" / "a.js.gz").read_bytes()
    )
    assert [published] == list((tmp_path / "made" / "here").iterdir())
    assert 0o755 == published.stat().st_mode & 0o755  # another user can read it


def test_existing_copy_is_left_unchanged(tmp_path: Path) -> None:
    folder = version(tmp_path, 1)
    before = publish(tmp_path / "out", folder).stat()
    again = publish(tmp_path / "out", folder).stat()

    assert before.st_ino == again.st_ino
    assert before.st_mtime < again.st_mtime


def test_concurrent_copies_give_one_complete_copy(tmp_path: Path) -> None:
    folder = version(tmp_path, 1)
    with ThreadPoolExecutor(8) as several:
        made = list(several.map(lambda _: publish(tmp_path / "out", folder), range(16)))

    assert {made[0]} == set(made)
    assert [made[0]] == list((tmp_path / "out").iterdir())
    assert 4 == len(names(made[0]))


def test_the_newest_three_versions_are_kept_and_other_files_untouched(tmp_path: Path) -> None:
    directory = tmp_path / "out"
    (directory / "somebody's").mkdir(parents=True)
    made = [publish(directory, version(tmp_path, number)) for number in range(4)]
    back = publish(directory, tmp_path / "source-1")
    last = publish(directory, version(tmp_path, 4))

    assert [False, True, False, True] == [path.exists() for path in made]
    assert {back, made[3], last, directory / "somebody's"} == set(directory.iterdir())


def test_unfinished_copy_is_never_visible_and_removed_when_old(tmp_path: Path) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    program = f"from rentomatic.server.static_copies import *; publish(Path({str(directory)!r}))"
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        end = time.monotonic() + 60
        while not any(directory.glob("*/copy/basemap")) and time.monotonic() < end:
            time.sleep(0.001)
        process.kill()
    (unfinished,) = directory.iterdir()
    publish(directory)
    young = unfinished.exists()
    os.utime(unfinished, (0, 0))
    published = publish(directory)

    assert -signal.SIGKILL == process.returncode
    assert unfinished.name.startswith(".")
    assert young
    assert [published] == list(directory.iterdir())
    assert names(FOLDER) <= names(published)


def test_server_copies_its_files_before_it_responds(tmp_path: Path) -> None:
    directory = tmp_path / "out"
    with rentomatic("memory:", tmp_path / "log", RENTOMATIC_STATIC_DIRECTORY=str(directory)):
        (published,) = directory.iterdir()

    assert version_of(FOLDER).digest == published.name


@pytest.mark.parametrize("workers", ["1", "2"])
def test_server_that_cannot_copy_its_files_starts_and_says_so(tmp_path: Path, workers: str) -> None:
    (tmp_path / "file").touch()
    options = {"RENTOMATIC_STATIC_DIRECTORY": f"{tmp_path}/file/static", "RENTOMATIC_WORKERS": workers}
    with rentomatic("memory:", tmp_path / "log", **options) as server:
        page = server.get("/").status

    assert 200 == page
    assert 1 == server.log.read_text().count(
        f"RENTOMATIC_STATIC_DIRECTORY: cannot write {tmp_path}/file/static"
    )
