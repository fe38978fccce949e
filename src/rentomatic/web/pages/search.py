"""The search page, and the parts of it that its script requests when the search changes."""

from contextlib import suppress
from dataclasses import replace

from falcon import Request, Response

from rentomatic.domain.search import Field, RoomQuery
from rentomatic.requests.search import MATCH_PARAMETERS, SearchRequest, parse_search
from rentomatic.use_cases.budget import NewBudget
from rentomatic.use_cases.errors import ParametersError, RepositoryUnavailable, TooCostly
from rentomatic.use_cases.loosen_search import loosen_search
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.search_rooms import search_rooms
from rentomatic.use_cases.summarise_rooms import summarise_rooms
from rentomatic.web.api.rooms import next_page
from rentomatic.web.http.parameters import parameters
from rentomatic.web.pages.advice import advice_of
from rentomatic.web.pages.labels import in_words, label_of
from rentomatic.web.pages.layout import Layout
from rentomatic.web.pages.narrower import narrower_searches
from rentomatic.web.pages.prices import chart_of
from rentomatic.web.pages.search_parameters import Given, known, unknown_filters
from rentomatic.web.pages.search_view import View

PAGE_SIZE = 24

TIME_FOR_ADVICE = 0.5
"""Seconds for finding out what to loosen after an empty result."""

_PARAMETERS = (*MATCH_PARAMETERS, "sort", "limit", "cursor")
"""Parameters of a search on the page besides its filters."""


class SearchPage:
    """A search: filters as a form, rooms as a list, a place for the map; or a part of that."""

    def __init__(
        self,
        repository: RoomRepository,
        layout: Layout,
        new_budget: NewBudget,
        name: str = "search.html",
        *,
        with_rooms: bool = True,
        with_prices: bool = True,
    ) -> None:
        """name: of the template, which shows the rooms, the chart of their prices, or both."""
        self._repository = repository
        self._layout = layout
        self._new_budget = new_budget
        self._name = name
        self._with_rooms = with_rooms
        self._with_prices = with_prices

    def on_get(self, req: Request, resp: Response) -> None:
        given = parameters(req, errors="replace")
        money = self._layout.money
        view = View(money, given=known(given, _PARAMETERS), ignored=unknown_filters(given))
        try:
            self._fill(view, parse_search(_with_page_size(view.given), _PARAMETERS, self._mentioned))
        except ParametersError as error:
            view.problems = in_words(error.problems)
            resp.status = 400
        except TooCostly as error:
            view.narrower = narrower_searches(error.query, view.given, money)
            view.is_too_costly = True
            resp.status = 503
        self._layout.answer(req, resp, self._name, view=view, path=view.address)
        if view.is_too_costly:
            resp.set_header("Cache-Control", "no-store")

    on_head = on_get

    def _fill(self, view: View, search: SearchRequest) -> None:
        view.query = search.query
        budget = self._new_budget()
        if self._with_rooms:
            view.found = search_rooms(self._repository, search.query, budget, with_total=True, quick=True)
            if view.found.next:
                view.next_link = "?" + next_page(view.given, search.query, view.found.next)
            if not view.found.rooms and search.query.after is None:
                with suppress(RepositoryUnavailable):
                    some = budget.at_most(TIME_FOR_ADVICE)
                    suggestions = loosen_search(self._repository, search.query, some)
                    view.advice = advice_of(suggestions, search.query, view.given, view.money)
        if self._with_prices:
            # The page can do without a chart. Requested alone, it may be late, but the storage must be
            # available.
            with suppress(TooCostly, *([RepositoryUnavailable] if self._with_rooms else [])):
                any_price = _of_any_price(search.query)
                summary = summarise_rooms(self._repository, any_price, budget, quick=True)
                view.prices = chart_of(summary, view.values, view.money)

    def _mentioned(self, parameter: str) -> str:
        return f"“{label_of(parameter, self._layout.money)}”"


def _of_any_price(query: RoomQuery) -> RoomQuery:
    """Return the search without its price filters, so that the chart shows all prices to choose from."""
    return replace(query, conditions=tuple(c for c in query.conditions if c.field is not Field.PRICE))


def _with_page_size(given: Given) -> Given:
    limited = any(name == "limit" for name, _ in given)
    return given if limited else [*given, ("limit", str(PAGE_SIZE))]
