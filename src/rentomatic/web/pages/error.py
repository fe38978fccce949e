"""Error pages for people, instead of problems (RFC 9457)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from falcon import Request, Response

from rentomatic.web.http.problems import PREFIX
from rentomatic.web.pages.layout import MEDIA_TYPE, Layout
from rentomatic.web.pages.slashes import is_for_programs

_log = logging.getLogger("rentomatic.web")

_WORDS = {
    "no-such-room": (
        "This room is not listed",
        "It may have been removed, or there is a mistake in the link.",
    ),
    "read-only": (
        "Rooms cannot be changed right now",
        "The storage is read-only, so nothing was changed. Ask the operator of this site.",
    ),
    "url-too-long": ("This link is too long", "Remove some of its filters."),
    "storage-unavailable": ("The rooms are unavailable right now", "This usually lasts only a moment."),
    "words-not-stored": (
        "Rooms cannot be searched for words right now",
        "Remove the words from your search. If it happens again, tell the operator of this site.",
    ),
    "overloaded": ("Too many requests right now", "Wait a few seconds, then try again."),
    "form": (
        "This form cannot be read",
        "Nothing was changed. Open the page again, and send the form once more.",
    ),
    "400": ("This link is not valid", "There is a mistake in it, or part of it is missing."),
    "404": ("There is no such page", "The link may be old, or there is a mistake in it."),
    "405": ("That is not possible here", "The page exists, but does not support this."),
    "413": ("This is too large", "Send it in smaller parts."),
    "500": (
        "Something went wrong here",
        "It is not your fault. If it happens again, send the operator of this site the request id below.",
    ),
}
"""A title and a sentence for each problem, by the end of its type or by its status; "form": a 400 for one."""

_PASSING = (500, 503)


@dataclass(frozen=True, slots=True)
class ErrorView:
    """What the template shows.

    again: whether to offer a retry. typed: the fields of a form, to be sent again.
    """

    title: str
    text: str
    status: int
    errors: tuple[str, ...]
    request_id: str
    again: bool
    typed: Mapping[str, str]


class ErrorPage:
    """Replaces a problem by a page, for people."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def show(self, req: Request, resp: Response, problem: Mapping[str, Any]) -> None:
        """Turn the response into a page if one was requested."""
        if not _asks_for_page(req):
            return
        content_type = resp.content_type
        try:
            self._layout.answer(req, resp, "error.html", view=_view(req, problem))
        except Exception:  # noqa: BLE001 - a failing page must not hide the problem
            _log.exception("the page of an error failed", extra={"request_id": problem["request_id"]})
            resp.text, resp.content_type = None, content_type
        resp.set_header("Cache-Control", "no-store")


def _asks_for_page(req: Request) -> bool:
    """Whether a browser will show the response. A client that accepts anything counts as a program."""
    if is_for_programs(req.path):
        return False
    return req.client_prefers(("application/problem+json", "application/json", MEDIA_TYPE)) == MEDIA_TYPE


def _view(req: Request, problem: Mapping[str, Any]) -> ErrorView:
    status = problem["status"]
    of_form = "form" if status == 400 and req.method == "POST" else ""
    names = (problem["type"].removeprefix(PREFIX), of_form, str(status))
    known = (_WORDS[name] for name in names if name in _WORDS)
    title, text = next(known, (problem["title"], problem["detail"]))
    return ErrorView(
        title=title,
        text=text,
        status=status,
        errors=tuple(map(str, problem.get("errors", ()))),
        request_id=problem["request_id"],
        again=status in _PASSING and req.method in ("GET", "HEAD"),
        typed=getattr(req.context, "typed", {}) if status in _PASSING else {},
    )
