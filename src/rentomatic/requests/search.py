"""Parses the parameters of a search into a `RoomQuery`, for the web and the command line.

filter_price__lt=60  q=quiet desk  near=51.5,-0.12  radius=2000  sort=-price  limit=20
"""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from rentomatic.domain.addresses import Address
from rentomatic.domain.fields import DISTANCE, FIELD, FIELDS, MEMBERS
from rentomatic.domain.geography import MAX_RADIUS, Area, BoundingBox, Circle, Point
from rentomatic.domain.kinds import Code, Degrees, Whole, canonical_code
from rentomatic.domain.quoting import quoted, shortened, visible
from rentomatic.domain.search import (
    BY_CODE,
    BY_DISTANCE,
    DEFAULT_LIMIT,
    MAX_LIMIT,
    SORTS,
    TAKES_SEVERAL,
    Condition,
    Field,
    Operator,
    RoomQuery,
    Sort,
    Value,
)
from rentomatic.domain.several import Several
from rentomatic.domain.texts import Line, Lines, composed, tidied
from rentomatic.domain.words import words_of
from rentomatic.requests import cursor
from rentomatic.requests.numbers import decimal, integer, listed
from rentomatic.requests.unknown import condition_meant, parameter_meant
from rentomatic.use_cases.errors import ParametersError, Problem

MAX_PARAMETERS = 100
MAX_CONDITIONS = 20
MAX_VALUES = 1000
MAX_WORDS = 20
MAX_WORDS_TEXT = 200
MAX_QUOTED_PLACE = 100
"""The most characters of a point or a box that a message quotes: four numbers as copied from maps."""

FILTER_PREFIX = "filter_"

FILTERS = {
    f"{FILTER_PREFIX}{field.name}__{op}": (field.name, op) for field in FIELDS for op in field.operators
}
"""Every parameter that is a condition on a field."""

WORDS = "q"
MATCH_PARAMETERS = (WORDS, "bbox", "near", "radius")
"""The parameters that, besides the filters, decide which rooms match."""

PAGE_PARAMETERS = ("sort", "limit", "cursor", "count", "fields", "format")

_LISTS = {"bbox", "near", "fields", *(name for name, (_, op) in FILTERS.items() if op in TAKES_SEVERAL)}


class Format(StrEnum):
    """The formats in which rooms can be written."""

    JSON = "json"
    GEOJSON = "geojson"
    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A requested search.

    query: the rooms and the page of them.
    limited: whether a limit was given; an export without one gives every match.
    with_total: whether to count all matches.
    format: the requested format, if any.
    members: of each room, those that were asked for, in the order of `MEMBERS`; None for the usual ones.
    """

    query: RoomQuery
    limited: bool
    with_total: bool
    format: Format | None
    members: tuple[str, ...] | None


Parsed = TypeVar("Parsed")

Naming = Callable[[str], str]
"""Returns the name of a parameter as the reader knows it: the label of a field, or an option."""


def parse_search(
    parameters: Iterable[tuple[str, str]],
    allowed: Iterable[str] = (*MATCH_PARAMETERS, *PAGE_PARAMETERS),
    naming: Naming = str,
) -> SearchRequest:
    """Return the requested search; `allowed` are the parameters besides the filters.

    naming: gives the name of a parameter in messages. Raises ParametersError naming every bad parameter.
    """
    return Parser(parameters, tuple(allowed), naming=naming).request()


def parse_format(parameters: Iterable[tuple[str, str]], formats: Iterable[Format]) -> Format | None:
    """Return the requested format, the only allowed parameter; without formats, none is allowed.

    Raises ParametersError naming every bad parameter.
    """
    choices = {str(format_): format_ for format_ in formats}
    parser = Parser(parameters, ("format",) if choices else (), filters=())
    chosen = parser.parse("format", lambda text: choice(text, choices))
    parser.refuse_problems()
    return chosen


class Parser:
    """One parse: reads the parameters, then builds the request, collecting problems."""

    def __init__(
        self,
        parameters: Iterable[tuple[str, str]],
        allowed: tuple[str, ...],
        filters: Collection[str] = FILTERS.keys(),
        naming: Naming = str,
    ) -> None:
        self.naming = naming
        self.problems: list[Problem] = []
        self.conditions: list[Condition] = []
        self.texts: dict[str, str] = {}
        self.too_many = False
        for number, (name, text) in enumerate(parameters, start=1):
            if number > MAX_PARAMETERS:
                self.refuse(_shown(name), f"is one parameter too many: at most {MAX_PARAMETERS} are allowed")
                break
            if name in filters:
                self._add_condition(name, text)
            elif name not in allowed:
                self.refuse(_shown(name), self._unknown(name, (*filters, *allowed)))
            elif name in self.texts:
                self.refuse(name, "is given more than once")
            else:
                self.texts[name] = text

    def request(self) -> SearchRequest:
        near = self.parse("near", point)
        query = RoomQuery(
            conditions=tuple(self.conditions),
            areas=tuple(self._areas(near)),
            words=self.parse(WORDS, words) or (),
            near=near,
            sort=self._sort(near),
            limit=self.parse("limit", lambda text: integer(text, 1, MAX_LIMIT)) or DEFAULT_LIMIT,
        )
        with_total = self.parse("count", lambda text: choice(text, {"exact": True, "none": False}))
        format_ = self.parse("format", lambda text: choice(text, {str(f): f for f in Format}))
        members = self.parse("fields", lambda text: _members(text, near))
        # It is compared with the filters, so those must be valid first.
        if not self.problems and (start := self._start):
            query = replace(query, after=self.parse("cursor", lambda _: start.position_in(query)))
        self.refuse_problems()
        return SearchRequest(query, "limit" in self.texts, bool(with_total), format_, members)

    def refuse_problems(self) -> None:
        if self.problems:
            raise ParametersError(self.problems)

    def refuse(self, name: str, message: str) -> None:
        problem = Problem(name, message)
        if problem not in self.problems:
            self.problems.append(problem)

    def parse(self, name: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        if name not in self.texts:
            return None
        try:
            return parse(self.texts[name])
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def _add_condition(self, name: str, text: str) -> None:
        if len(self.conditions) == MAX_CONDITIONS:
            if not self.too_many:
                self.refuse(name, f"is one condition too many: a search takes at most {MAX_CONDITIONS}")
            self.too_many = True
            return
        try:
            self.conditions.append(condition(*FILTERS[name], text))
        except ValueError as error:
            self.refuse(name, str(error))

    def _areas(self, near: Point | None) -> Iterable[Area]:
        box = self.parse("bbox", bounding_box)
        if box is not None:
            yield box
        metres = self.parse("radius", radius)
        if near is not None and metres is not None:
            yield Circle(near, metres)
        elif "radius" in self.texts and "near" not in self.texts:
            self.refuse("radius", f"needs {self.naming('near')}, the point to measure from")

    @cached_property
    def _start(self) -> cursor.Cursor | None:
        """The content of the cursor, None if there is no valid one."""
        return self.parse("cursor", cursor.decode)

    def _sort(self, near: Point | None) -> Sort:
        default = BY_CODE if near is None else BY_DISTANCE
        if "sort" in self.texts:
            sort = self.parse("sort", lambda text: choice(text, SORTS)) or default
        else:  # a cursor includes its sort; the parameter need not be repeated
            sort = self._start.sort if self._start else default
        if sort == BY_DISTANCE and near is None:
            if "near" not in self.texts:
                self.refuse("sort", f"by distance needs {self.naming('near')}, the point to measure from")
            return default
        return sort

    def _unknown(self, name: str, known: tuple[str, ...]) -> str:
        if not name:
            return "a parameter has no name"
        refused = "is not a parameter"
        if len(self.problems) >= 5:  # close matches take time to find
            return refused
        plain = name[:60].lower()
        bare = plain.removeprefix(FILTER_PREFIX)
        meant = plain if plain in known else parameter_meant(bare, set(known) - FILTERS.keys())
        if meant is None and (found := condition_meant(bare)):
            field, operator = found
            meant = f"{FILTER_PREFIX}{field}__{operator}"
            if meant not in FILTERS:
                operators = FIELD[Field(field)].operators
                takes = f"only {', '.join(operators)}" if operators else "no condition"
                return f"{refused}: {field} takes {takes}"
        return f"{refused}; did you mean {self.naming(meant)}?" if meant in known else refused


def condition(field: Field, operator: Operator, text: str) -> Condition:
    """Return a condition from the text of its value. Raises ValueError with a text for the user."""
    if operator not in TAKES_SEVERAL:
        return Condition(field, operator, field_value(field, text))
    texts = listed(text)
    if len(texts) > MAX_VALUES:
        raise ValueError(f"takes at most {MAX_VALUES:,} values, not {len(texts):,}")
    return Condition(field, operator, tuple(field_value(field, part) for part in texts))


def point(text: str) -> Point:
    """Return a point from `latitude,longitude`. Raises ValueError with a text for the user."""
    return _of_degrees(Point, 2, text, "latitude,longitude such as 51.5,-0.12")


def bounding_box(text: str) -> BoundingBox:
    """Return a box from `west,south,east,north`. Raises ValueError with a text for the user."""
    return _of_degrees(BoundingBox, 4, text, "west,south,east,north such as -0.2,51.4,0.1,51.6")


def words(text: str) -> tuple[str, ...]:
    """Return the words to search for. Raises ValueError with a text for the user."""
    if len(text) > MAX_WORDS_TEXT:
        raise ValueError(f"must have at most {MAX_WORDS_TEXT} characters, not {len(text):,}")
    line = tidied(text)
    found = tuple(dict.fromkeys(words_of(line)))
    if not found:
        raise ValueError(f"must have a word, such as quiet, not {quoted(text)}")
    if problem := Line(MAX_WORDS_TEXT).problem(line):  # no room says it
        raise ValueError(f"{problem}, not {quoted(text)}")
    if len(found) > MAX_WORDS:
        raise ValueError(f"must have at most {MAX_WORDS} words, not {len(found)}")
    return found


def radius(text: str) -> float:
    """Return a distance in metres. Raises ValueError with a text for the user."""
    return decimal(text, 0, MAX_RADIUS)


def field_value(field: Field, text: str) -> Value:
    """Return a value of the field, or one of several. Raises ValueError with a text for the user."""
    match FIELD[field].kind:
        case Code():
            try:
                return canonical_code(text)
            except ValueError as error:
                raise ValueError(f"{error}, not {quoted(text)}") from None
        case Whole():
            return integer(text)
        case Degrees(limit):
            return decimal(text, -limit, limit)
        case Several(each):
            return _text(each, text)
        case Line() | Lines() | Address() as kind:
            return _text(kind, text)


def _text(kind: Line | Lines | Address, text: str) -> str:
    """Return a text that a room may have: no room has another one, and not every storage takes it."""
    text = composed(text)
    if problem := kind.problem(text):
        raise ValueError(f"{problem}, not {quoted(text)}")
    return text


def _members(text: str, near: Point | None) -> tuple[str, ...]:
    """Return the named members, in the order of `MEMBERS`. Raises ValueError with a text for the user."""
    names = listed(text)
    for name in names:
        choice(name, dict.fromkeys(MEMBERS))
    if DISTANCE in names and near is None:
        raise ValueError(f"{DISTANCE} needs a point to be near to")
    return tuple(name for name in MEMBERS if name in names)


def canonical(name: str, text: str) -> str:
    """Return a parameter's text for links: a list without spaces around its commas."""
    return ",".join(listed(text)) if name in _LISTS else text


def choice(text: str, choices: dict[str, Parsed]) -> Parsed:
    """Return the named item. Raises ValueError with a text for the user."""
    if text not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, not {quoted(text)}")
    return choices[text]


def _of_degrees(build: Callable[..., Parsed], count: int, text: str, form: str) -> Parsed:
    """Build a place from a list of numbers. Raises ValueError with a text for the user that quotes all."""
    wrong = f"must be {form}, not {quoted(text, MAX_QUOTED_PLACE)}"
    try:
        degrees = [decimal(part, -math.inf, math.inf) for part in listed(text)]
    except ValueError:
        raise ValueError(wrong) from None
    if len(degrees) != count:
        raise ValueError(wrong)
    try:
        return build(*degrees)
    except ValueError as error:
        raise ValueError(f"{wrong}: {error}") from None


def _shown(name: str) -> str:
    """Return the name of an unknown parameter, safe for messages."""
    return visible(shortened(name, 60))
