"""Saves the logs of the stack's containers on the host: Docker removes its own with the container.

Standard library only, like `manage.py`.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

_KEPT = 50
"""How many files are kept. With the usual limits a log has 50 MB, compressed 2 to 5."""

_SAVED_WITHIN = 120.0


def save_log(container: str, folder: Path) -> Path:
    """Save a container's log as `<container>-<UTC time>.log.gz`, and remove the oldest such files.

    Raises OSError and subprocess.SubprocessError.
    """
    path = folder / f"{container}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log.gz"
    with tempfile.TemporaryFile(dir=folder) as log:
        command = ["docker", "logs", container]
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=_SAVED_WITHIN, check=True)
        log.seek(0)
        try:
            # "x": `web` can write to the folder, and might have put a link to another file there.
            with gzip.open(path, "xb", compresslevel=6) as file:
                shutil.copyfileobj(log, file)
        except FileExistsError:
            raise
        except OSError:
            path.unlink(missing_ok=True)
            raise
    for old in sorted(folder.glob("*.log.gz"), key=lambda file: file.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path
