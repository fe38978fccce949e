"""The result of an import, as a response reports it."""

from dataclasses import asdict
from typing import Any

from rentomatic.use_cases.import_rooms import ImportRefused, ImportReport, Refusal, Remedy

_OUTCOMES = ("added", "replaced", "unchanged", "skipped")


class ListingRefused(ImportRefused):
    """A strict import met lines that are not valid rooms.

    columns: every column of the listing, and the field that it is taken as, None if it is left out.
    """

    def __init__(self, report: ImportReport, columns: dict[str, str | None]) -> None:
        super().__init__(report)
        self.columns = columns


def totals(report: ImportReport) -> dict[str, int]:
    """Return the numbers of rooms added, replaced, unchanged and skipped, and of lines refused."""
    counts = {outcome: getattr(report.counts, outcome) for outcome in _OUTCOMES}
    return {**counts, "refused": report.refused}


def refused_lines(report: ImportReport) -> dict[str, Any]:
    """Return members of a JSON object: the causes of refusals, and the first hundred refused lines."""
    causes = [
        {"cause": as_in_a_request(str(cause), cause.remedy), "lines": lines}
        for cause, lines in report.causes()
    ]
    return {"causes": causes, "refusals": [_refusal(found) for found in report.refusals]}


def as_in_a_request(message: str, remedy: Remedy | None) -> str:
    """Return the message, with what a request can do about it."""
    return remedy.added_to(message, _phrase) if remedy else message


def _refusal(refusal: Refusal) -> dict[str, Any]:
    members = asdict(refusal)
    del members["remedy"], members["problem"]
    return {**members, "reason": as_in_a_request(refusal.reason, refusal.remedy)}


def _phrase(option: str, value: str) -> str:
    return f"`charset={value}` in Content-Type" if option == "encoding" else f"{option}={value}"
