"""The page where people search, complete without JavaScript."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from falcon import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Count
from rentomatic.requests.search import AREA_PARAMETERS, SearchRequest, parse_search
from rentomatic.use_cases.errors import ParametersError
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.search_rooms import FoundRooms, search_rooms
from rentomatic.web.negotiation import REVALIDATE
from rentomatic.web.parameters import parameters
from rentomatic.web.rooms import next_page

PAGE_SIZE = 24
COUNT_TO = 10_000
"""Beyond so many rooms the page says "more than": counting a million takes longer than finding them."""

_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_FORM = (
    "filter_price__gte",
    "filter_price__lte",
    "filter_size__gte",
    "filter_size__lte",
    "near",
    "radius",
    "sort",
)

_PARAMETERS = (*AREA_PARAMETERS, "sort", "limit", "cursor")

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

    values: the text of each field of the form, as it was given or empty.
    others: parameters of the search that the form has no field for.
    problems: what is wrong with each parameter.
    """

    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_FORM, ""))
    others: list[tuple[str, str]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    query: RoomQuery | None = None
    found: FoundRooms | None = None
    next_link: str | None = None
    first_link: str = "/"
    json_link: str = "/rooms"

    @property
    def number(self) -> str:
        """How many rooms match, in words."""
        total = (self.found.total if self.found else None) or Count(0)
        if total.exact and total.rooms > COUNT_TO:
            return f"More than {COUNT_TO:,} rooms"
        return f"{total.opening} room{'' if total.rooms == 1 else 's'}"

    @property
    def filtered(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.others) or any(self.values.values())


class SearchPage:
    """`/`: the filters as a form and the rooms as a list."""

    def __init__(self, repository: RoomRepository) -> None:
        self._repository = repository
        self._template = template("search.html")

    def on_get(self, req: Request, resp: Response) -> None:
        answer_as_page(resp)
        resp.set_header("Cache-Control", REVALIDATE)
        view = self._view(req)
        resp.status = 400 if view.problems else 200
        resp.text = self._template.render(view=view, sorts=_SORTS)

    on_head = on_get

    def _view(self, req: Request) -> View:
        view = View()
        try:
            given = _typed(parameters(req))
            for name, text in given:
                if name in _FORM:
                    view.values[name] = text
                elif name != "cursor":
                    view.others.append((name, text))
            self._fill(view, given, parse_search(_with_page_size(given), _PARAMETERS))
        except ParametersError as error:
            view.problems = {problem.parameter: problem.message for problem in error.problems}
        return view

    def _fill(self, view: View, given: list[tuple[str, str]], search: SearchRequest) -> None:
        view.query = search.query
        view.found = search_rooms(self._repository, search.query, with_total=True, count_to=COUNT_TO + 1)
        if view.found.next:
            view.next_link = "/?" + next_page(given, search.query, view.found.next)
        rest = urlencode([(name, text) for name, text in given if name != "cursor"], safe=",")
        view.first_link, view.json_link = f"/?{rest}", f"/rooms?{rest}"


def answer_as_page(resp: Response) -> None:
    """Answer with HTML that loads nothing from elsewhere."""
    resp.content_type = "text/html; charset=utf-8"
    resp.set_header("Content-Security-Policy", _SECURITY_POLICY)
    resp.set_header("Referrer-Policy", "same-origin")


def template(name: str) -> Template:
    """A page, to be filled."""
    templates = Environment(
        loader=PackageLoader("rentomatic.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template(name)


def _typed(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What people typed: a form sends its empty fields along, and a comma is often followed by a space."""
    tidy = ((name, text.strip().replace(", ", ",") if name in _FORM else text) for name, text in given)
    return [(name, text) for name, text in tidy if text or name not in _FORM]


def _with_page_size(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    limited = any(name == "limit" for name, _ in given)
    return given if limited else [*given, ("limit", str(PAGE_SIZE))]
