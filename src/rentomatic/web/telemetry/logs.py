"""The log: one JSON object a line on standard output; audit lines also go to a file."""

import errno
import logging
import os
import time
from pathlib import Path
from typing import Any

import msgspec

_log = logging.getLogger("rentomatic.web")

_FIELDS_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON: time, level, logger, message, the fields of `extra`, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}"
            f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _FIELDS_OF_EVERY_RECORD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class AppendingHandler(logging.Handler):
    """Appends each record to a file as one complete line.

    The file is opened for every line: logrotate, for example, may move it away at any time, and any number of
    processes may share it. If a line cannot be written, only the file lacks it; the log says so once, and
    again after a successful write.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._fails = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            append_line(self._path, self.format(record))
        except OSError as error:
            if not self._fails:
                facts = {"path": str(self._path), "error": error.strerror}
                _log.error("Cannot write the audit log.", extra=facts)
            self._fails = True
        else:
            self._fails = False


def append_line(path: Path, text: str) -> None:
    """Append a line to a file, creating it if needed. Raises OSError.

    Starts a new line if the last one was cut off by a full disk or a power failure. If another process is in
    the middle of a line, that leaves an empty line, which does no harm.
    """
    file = open_to_append(path)
    try:
        line = b"\n" * _is_cut_off(file) + text.encode() + b"\n"
        if os.write(file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def _is_cut_off(file: int) -> bool:
    if os.fstat(file).st_size == 0:
        return False
    os.lseek(file, -1, os.SEEK_END)
    return os.read(file, 1) != b"\n"


def open_to_append(path: Path) -> int:
    """Open a file that only its owner can read; return the descriptor. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)


def _has_key(record: logging.LogRecord) -> bool:
    """Whether the request had a known key: clients without one could fill the disk."""
    return getattr(record, "key", None) is not None


def logging_configuration(level: str, audit_log: Path | None = None) -> dict[str, Any]:
    """Return the `logging.config.dictConfig` for the application and for either server.

    audit_log: a file that also gets the audit lines, including denials of known keys but not of unknown ones.
    """
    configuration = _standard_output(level)
    if audit_log is not None:
        configuration["filters"] = {"has key": {"()": lambda: _has_key}}
        configuration["handlers"]["audit"] = {
            "()": AppendingHandler,
            "path": audit_log,
            "formatter": "json",
            "filters": ["has key"],
        }
        for logger in ("rentomatic.audit", "rentomatic.keys"):
            configuration["loggers"].setdefault(logger, {})["handlers"] = ["audit"]
    return configuration


def _standard_output(level: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
            }
        },
        "root": {"handlers": ["stdout"], "level": "WARNING"},
        "loggers": {
            "rentomatic": {"level": level.upper()},
            "rentomatic.audit": {"level": "INFO"},  # audit lines are logged at any level
            "_granian": {"level": level.upper()},
            "granian.access": {"level": level.upper()},
            "gunicorn.error": {"level": level.upper(), "propagate": True},
        },
    }
