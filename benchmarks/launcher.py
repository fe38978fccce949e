"""Run a command and print its cost as JSON on standard output: `launcher.py SECONDS COMMAND…`.

A process starts with the peak memory of the process that forked it. Forked from here, with `python -I -S`,
that is very little. The command's own output goes to standard error.
"""

import json
import os
import signal
import sys
import time


def main() -> None:
    timeout, command = int(sys.argv[1]), sys.argv[2:]
    start = time.perf_counter()
    output_to_errors = (os.POSIX_SPAWN_DUP2, sys.stderr.fileno(), sys.stdout.fileno())
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[output_to_errors])
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(timeout)
    _, status, usage = os.wait4(child, 0)
    cost = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "seconds": time.perf_counter() - start,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    print(json.dumps(cost))


if __name__ == "__main__":
    main()
