"""The Docker engine of this machine."""

import subprocess
from pathlib import Path

from tests.servers import ROOT

STAND_INS = ROOT.parent / "shared" / "docker"
"""Optional scripts that start an engine and build its images on a machine without access to a registry."""


def missing() -> str | None:
    """Return why there is no engine, None if one responds; start one if possible."""
    reason = _unanswered()
    if reason is not None and (STAND_INS / "start-docker").exists():
        for script in ("start-docker", "build-images"):
            done = _run([str(STAND_INS / script)], timeout=600)
            if done.returncode != 0:
                return f"{script} failed: {done.stderr.strip()[-500:]}"
        reason = _unanswered()
    return reason


def _unanswered() -> str | None:
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            done = _run(command, timeout=60)
        except FileNotFoundError:
            return "docker is not installed"
        except subprocess.TimeoutExpired:
            return f"`{' '.join(command)}` does not answer"
        if done.returncode != 0:
            return (done.stderr.strip().splitlines() or ["docker does not answer"])[-1]
    return None


def _run(command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=Path("/"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
