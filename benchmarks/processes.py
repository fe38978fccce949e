"""Commands as separate processes: their cost, and servers that always get stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

_LAUNCHER = Path(__file__).with_name("launcher.py")
_COMMAND_TIMEOUT = 1800
_STOP_TIMEOUT = 20
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a command: seconds by the clock and of processor time, and its peak memory."""

    seconds: float
    processor_seconds: float
    peak_bytes: int


def run(arguments: list[str], **variables: str) -> Cost:
    """Run `python ARGUMENTS` to its end. Raises RuntimeError if it fails or takes too long."""
    command = [sys.executable, "-I", "-S", str(_LAUNCHER), str(_COMMAND_TIMEOUT), sys.executable, *arguments]
    with _started(command, variables, subprocess.PIPE, subprocess.PIPE) as process:
        output, errors = process.communicate(timeout=_COMMAND_TIMEOUT + _STOP_TIMEOUT)
    cost = json.loads(output)
    if cost.pop("exit_code") != 0:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{errors.decode()}")
    return Cost(**cost)


@contextmanager
def server(arguments: list[str], **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python ARGUMENTS` during the context; its output is shown if it ends earlier."""
    with (
        TemporaryFile() as output,
        _started([sys.executable, *arguments], variables, output.fileno(), output.fileno()) as process,
    ):
        try:
            yield process
        finally:
            ended_early = process.poll() is not None
            if ended_early:
                output.seek(0)
                sys.stderr.write(output.read().decode(errors="replace"))
            else:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_TIMEOUT)


@contextmanager
def _started(
    command: list[str], variables: Mapping[str, str], output: int, errors: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a group of its own; kill what is left of the group at the end."""
    process = subprocess.Popen(
        command, env={**os.environ, **variables}, stdout=output, stderr=errors, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_STOP_TIMEOUT)


def processor_seconds(pid: int) -> float:
    """Return the processor seconds of a process and its descendants, ended ones included; Linux only."""
    return sum(_ticks(number) for number in (pid, *descendants(pid))) / _TICKS


def peak_bytes(pid: int) -> int:
    """Return the sum of the peak memory of a process and its descendants; Linux only."""
    total = 0
    for number in (pid, *descendants(pid)):
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
        total += next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0) * 1024
    return total


def resident_bytes(pid: int) -> int:
    """Return the memory that a process uses now; Linux only."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> Iterator[int]:
    """Yield the descendants of a process, such as the workers of a server; Linux only."""
    with suppress(FileNotFoundError, ProcessLookupError):  # a process that has just ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def _ticks(pid: int) -> int:
    """Return the clock ticks of a process and its ended children; 0 if it has just ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    # The name of the command, in parentheses, may contain anything; the numbers follow it.
    return sum(map(int, text.rpartition(")")[2].split()[11:15]))  # utime to cstime, see proc(5)
