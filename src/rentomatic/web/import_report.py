"""What became of a listing, as an answer tells it."""

import re
from dataclasses import asdict
from typing import Any

from rentomatic.use_cases.import_rooms import ImportReport

_OUTCOMES = ("added", "replaced", "unchanged", "skipped")

_OPTIONS = (
    (re.compile(r"--encoding ([\w-]+)"), r"`charset=\1` in Content-Type"),
    (re.compile(r"--map "), "map="),
    (re.compile(r"--decimal "), "decimal="),
    (re.compile(r"--round\b"), "round=true"),
)


def as_members(report: ImportReport) -> dict[str, Any]:
    """The report as members of a JSON object: the totals, and the first hundred refused lines."""
    totals = {outcome: getattr(report.counts, outcome) for outcome in _OUTCOMES}
    refusals = [{**asdict(refusal), "reason": as_in_a_request(refusal.reason)} for refusal in report.refusals]
    return {**totals, "refused": report.refused, "refusals": refusals}


def as_in_a_request(text: str) -> str:
    """A message in which options of the command line are what a request has in their place."""
    for option, instead in _OPTIONS:
        text = option.sub(instead, text)
    return text
