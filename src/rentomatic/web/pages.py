"""The page where people search, complete without JavaScript."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from falcon import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from rentomatic.domain.search import RoomQuery
from rentomatic.requests.search import SearchRequest, parse_search
from rentomatic.use_cases.errors import ParametersError
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.search_rooms import FoundRooms, search_rooms
from rentomatic.web.parameters import parameters
from rentomatic.web.rooms import next_page

PAGE_SIZE = 24

_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_FIELDS_OF_THE_FORM = frozenset(
    {
        "filter_price__gte",
        "filter_price__lte",
        "filter_size__gte",
        "filter_size__lte",
        "near",
        "radius",
        "sort",
    }
)

_SORTS = {
    "": "Nearest, else by code",
    "price": "Price, lowest first",
    "-price": "Price, highest first",
    "size": "Size, smallest first",
    "-size": "Size, largest first",
    "distance": "Distance, nearest first",
}


@dataclass(slots=True)
class View:
    """What the template shows.

    values: the texts of the fields as they were given, empty for those that were not.
    problems: what is wrong with each parameter.
    others: parameters of the search that the form has no field for.
    """

    values: Mapping[str, str]
    others: list[tuple[str, str]]
    problems: dict[str, str] = field(default_factory=dict)
    query: RoomQuery | None = None
    found: FoundRooms | None = None
    next_link: str | None = None
    first_link: str = "/"
    json_link: str = "/rooms"


class SearchPage:
    """`/`: the filters as a form and the rooms as a list."""

    def __init__(self, repository: RoomRepository) -> None:
        self._repository = repository
        templates = Environment(
            loader=PackageLoader("rentomatic.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = templates.get_template("search.html")

    def on_get(self, req: Request, resp: Response) -> None:
        resp.set_header("Content-Security-Policy", _SECURITY_POLICY)
        resp.set_header("Referrer-Policy", "same-origin")
        resp.set_header("Cache-Control", "no-cache")
        view = self._view(req)
        resp.status = 400 if view.problems else 200
        resp.content_type = "text/html; charset=utf-8"
        resp.text = self._template.render(view=view, sorts=_SORTS)

    on_head = on_get

    def _view(self, req: Request) -> View:
        try:
            # A form sends its empty fields along, and people put a space behind a comma.
            given = [(n, t.strip().replace(", ", ",")) for n, t in parameters(req) if t.strip()]
        except ParametersError as error:
            return View(defaultdict(str), [], _by_field(error))
        shown = [(name, text) for name, text in given if name != "cursor"]
        view = View(
            values=defaultdict(str, [pair for pair in shown if pair[0] in _FIELDS_OF_THE_FORM]),
            others=[(name, text) for name, text in shown if name not in _FIELDS_OF_THE_FORM],
        )
        try:
            search = parse_search(_with_page_size(given))
        except ParametersError as error:
            view.problems = _by_field(error)
            return view
        self._fill(view, given, search)
        return view

    def _fill(self, view: View, given: list[tuple[str, str]], search: SearchRequest) -> None:
        view.query = search.query
        view.found = search_rooms(self._repository, search.query, with_total=True)
        if view.found.next:
            view.next_link = "/?" + next_page(given, search.query, view.found.next)
        rest = urlencode([(name, text) for name, text in given if name != "cursor"], safe=",")
        view.first_link, view.json_link = f"/?{rest}", f"/rooms?{rest}"


def _with_page_size(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    limited = any(name == "limit" for name, _ in given)
    return given if limited else [*given, ("limit", str(PAGE_SIZE))]


def _by_field(error: ParametersError) -> dict[str, str]:
    return {problem.parameter: problem.message for problem in error.problems}
