"""Runs commands, each in its own process, which start at the same moment: at_once.py COMMANDS

COMMANDS: a list of lists of arguments, as JSON.
The processes are forked after importing what migrations need, which takes longer than migrating. Prints the
exit code, standard output and standard error of each, as JSON.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import rentomatic.repository.mongo.migrate
import rentomatic.repository.postgres.migrate
import rentomatic.repository.sqlite.migrate  # noqa: F401
from rentomatic.cli.main import run


def main(commands: list[list[str]]) -> None:
    begin, starter = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        files = [
            (Path(folder, f"{number}.out"), Path(folder, f"{number}.err")) for number in range(len(commands))
        ]
        children = [
            _fork(begin, starter, arguments, *each) for arguments, each in zip(commands, files, strict=True)
        ]
        os.close(starter)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        said = [(out.read_text(), err.read_text()) for out, err in files]
    print(json.dumps([(code, *texts) for code, texts in zip(codes, said, strict=True)]))


def _fork(begin: int, starter: int, arguments: list[str], out: Path, err: Path) -> int:
    """Fork a child that starts when nobody holds the starter any more; return its process id."""
    child = os.fork()
    if child:
        return child
    code = 70  # if the child itself fails: it must not continue in its parent's code
    try:
        os.close(starter)
        os.dup2(os.open(out, os.O_CREAT | os.O_WRONLY), 1)
        os.dup2(os.open(err, os.O_CREAT | os.O_WRONLY), 2)
        os.read(begin, 1)
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
