"""The result of an import, as a response reports it."""

from dataclasses import asdict
from typing import Any

from rentomatic.use_cases.import_rooms import ImportReport, Refusal, Remedy

_OUTCOMES = ("added", "replaced", "unchanged", "skipped")


def as_members(report: ImportReport) -> dict[str, Any]:
    """Return the report as members of a JSON object: the totals, and the first hundred refused lines."""
    return {**totals(report), "refusals": [_refusal(found) for found in report.refusals]}


def totals(report: ImportReport) -> dict[str, int]:
    """Return the numbers of rooms added, replaced, unchanged and skipped, and of lines refused."""
    counts = {outcome: getattr(report.counts, outcome) for outcome in _OUTCOMES}
    return {**counts, "refused": report.refused}


def as_in_a_request(message: str, remedy: Remedy | None) -> str:
    """Return the message, with what a request can do about it."""
    return remedy.added_to(message, _phrase) if remedy else message


def _refusal(refusal: Refusal) -> dict[str, Any]:
    members = asdict(refusal)
    del members["remedy"]
    return {**members, "reason": as_in_a_request(refusal.reason, refusal.remedy)}


def _phrase(option: str, value: str) -> str:
    return f"`charset={value}` in Content-Type" if option == "encoding" else f"{option}={value}"
