"""Commands, each in a process of its own, which begin at the same moment: at_once.py COMMANDS

COMMANDS: a list of lists of arguments, as JSON.
The processes are forks of one that has imported what migrations need, which takes longer than to migrate.
Prints the exit code, standard output and standard error of each, as JSON.
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
    """Give the process id of a child, which begins when nobody holds the starter any more."""
    child = os.fork()
    if child:
        return child
    code = 70  # where the child itself fails: it must not go on in the code of its parent
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
