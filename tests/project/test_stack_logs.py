"""Logs of removed containers, with a fake `docker`."""

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from stack.logs import save_log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (made := tmp_path / "logs").mkdir()
    return made


def docker_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_the_whole_log_of_a_container_is_kept(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker_that(tmp_path, monkeypatch, 'echo "$@"; echo "an error" >&2')

    path = save_log("rooms-web-3", folder)

    assert path.name.startswith("rooms-web-3-2") and path.name.endswith("Z.log.gz")
    assert "logs rooms-web-3\nan error\n" == gzip.decompress(path.read_bytes()).decode()
    assert [path] == list(folder.iterdir())


def test_the_newest_fifty_logs_are_kept(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker_that(tmp_path, monkeypatch, "echo a line")
    (folder / "audit.jsonl").touch()
    for age in range(60):
        (old := folder / f"old-{age}.log.gz").touch()
        os.utime(old, (1_000_000 - age, 1_000_000 - age))

    path = save_log("rooms-web-3", folder)

    wanted = {path, folder / "audit.jsonl", *(folder / f"old-{age}.log.gz" for age in range(49))}
    assert wanted == set(folder.iterdir())


def test_a_log_that_cannot_be_read_leaves_no_file(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker_that(tmp_path, monkeypatch, "echo half of it; exit 1")

    with pytest.raises(subprocess.CalledProcessError):
        save_log("rooms-web-3", folder)

    assert [] == list(folder.iterdir())


def test_a_file_that_is_linked_from_the_folder_is_not_overwritten(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compromised server can write to the folder."""
    (other := tmp_path / "other").write_text("of the host")
    names = 'date -ud "$ago seconds ago" "+$2-%Y%m%dT%H%M%SZ.log.gz"'
    docker_that(
        tmp_path, monkeypatch, f'cd {folder} && for ago in 0 1 2 3 4; do ln -s {other} "$({names})"; done'
    )

    with pytest.raises(FileExistsError):
        save_log("rooms-web-3", folder)

    assert "of the host" == other.read_text()
