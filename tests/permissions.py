"""Child processes to which file permissions apply, even if the tests run as root."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1


def bound_by_permissions() -> None:
    """Make file permissions apply; to be run in a child before its program. See capabilities(7)."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE) != 0:
        os._exit(77)


def require_permissions() -> None:
    """Skip the test if the tests run as root and cannot give up root's rights."""
    if os.geteuid() == 0:
        child = subprocess.run(["true"], check=False, preexec_fn=bound_by_permissions)
        if sys.platform != "linux" or child.returncode:
            pytest.skip("root without Linux capabilities is bound by no permissions")


def run_bound(
    *arguments: str, variables: Mapping[str, str], stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `rentomatic` with these arguments in a process to which file permissions apply."""
    return subprocess.run(
        [sys.executable, "-m", "rentomatic", *arguments],
        env={**os.environ, **variables},
        input=stdin.decode(),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=bound_by_permissions,
    )
