"""The log: one JSON object a line on standard output."""

import logging
import time
from typing import Any

import msgspec

_FIELDS_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


class JsonFormatter(logging.Formatter):
    """A record as a JSON object: time, level, logger, message, what `extra` adds, and a traceback."""

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


def logging_configuration(level: str) -> dict[str, Any]:
    """The `logging.config.dictConfig` of the application and of whichever server runs it."""
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
            "rentomatic.audit": {"level": "INFO"},  # who wrote what is told at any level
            "_granian": {"level": level.upper()},
            "granian.access": {"level": level.upper()},
            "gunicorn.error": {"level": level.upper(), "propagate": True},
        },
    }
