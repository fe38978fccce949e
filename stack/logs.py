"""Logs of the stack's containers as files of the host: Docker removes its own with the container.

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
"""Files that are kept. With the usual limits a log has 50 MB, and 2 to 5 when it is compressed."""

_SAVED_WITHIN = 120.0


def save_log(container: str, folder: Path) -> Path:
    """Write what a container has logged to `<container>-<UTC time>.log.gz`; remove the oldest of such files.

    Raises OSError and subprocess.SubprocessError.
    """
    path = folder / f"{container}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log.gz"
    with tempfile.TemporaryFile(dir=folder) as log:
        command = ["docker", "logs", container]
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=_SAVED_WITHIN, check=True)
        log.seek(0)
        try:
            # "x": `web` may write in the folder, and could have put a link to another file there.
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
