"""Folders that are removed with the process that uses them, even if it is killed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rentomatic.repository.folders import held_folder

LIMIT = 30.0
USES = """
import sys, time
from pathlib import Path
from rentomatic.repository.folders import held_folder
with held_folder("ours-", Path(sys.argv[1])) as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    time.sleep(600)
"""


@contextmanager
def process_with_folder(parent: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    command = [sys.executable, "-c", USES, str(parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()
            process.wait(LIMIT)


def test_a_folder_is_private_and_removed_with_the_context(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), held_folder("ours-", tmp_path) as folder:
        (folder / "file").touch()
        assert 0o700 == folder.stat().st_mode & 0o777
        raise RuntimeError

    assert [] == list(tmp_path.iterdir())


def test_files_of_a_killed_process_are_removed_by_the_next(tmp_path: Path) -> None:
    with process_with_folder(tmp_path) as (process, folder):
        process.send_signal(signal.SIGKILL)
        process.wait(LIMIT)
        left = folder.exists()
        with held_folder("ours-", tmp_path) as next_folder:
            found = list(tmp_path.iterdir())

    assert left
    assert [next_folder] == found


def test_folders_in_use_are_left_alone(tmp_path: Path) -> None:
    with (
        process_with_folder(tmp_path) as (_, one),
        process_with_folder(tmp_path) as (_, other),
        held_folder("ours-", tmp_path) as third,
    ):
        assert {one, other, third} == set(tmp_path.iterdir())
        assert (one / "file").exists()


def test_folders_with_other_names_are_left_alone(tmp_path: Path) -> None:
    others = {
        tmp_path / name for name in ("ours-", "ours-123", "ours-1234567-", "theirs-12345678", "ours-x.db")
    }
    for path in others:
        path.mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "ours-abcdefgh").symlink_to("target")
    (tmp_path / "ours-filefile").touch()

    with held_folder("ours-", tmp_path):
        pass

    kept = others | {tmp_path / name for name in ("target", "ours-abcdefgh", "ours-filefile")}
    assert kept == set(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_folders_of_other_users_are_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "ours-abcdefgh"
    theirs.mkdir(mode=0o700)
    shutil.chown(theirs, "nobody")

    with held_folder("ours-", tmp_path):
        pass

    assert theirs.exists()
