"""The pages where staff preview and import a listing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from falcon import HTTPError, Request, Response

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.quoting import quoted, shortened, visible
from rentomatic.listings.source import ListingError
from rentomatic.requests.listing import CURRENCY, MAPPED, MAPPING, parse_import
from rentomatic.use_cases.errors import ConflictError, ParametersError, Problem
from rentomatic.use_cases.import_rooms import Refusal, Remedy
from rentomatic.web.access.keys import Scope
from rentomatic.web.access.sessions import require_same_origin
from rentomatic.web.api.imports import Imports, Listing, Loaded
from rentomatic.web.http.errors import PROBLEMS
from rentomatic.web.http.import_report import ListingRefused, totals
from rentomatic.web.pages.desk import Desk, Form
from rentomatic.web.pages.labels import field_labels
from rentomatic.web.pages.uploads import Upload, receive

CHARSETS = {
    "": "UTF-8, unless the file says otherwise",
    "windows-1252": "Windows (Western Europe)",
    "iso-8859-15": "ISO 8859-15 (Latin 9)",
    "utf-16le": "UTF-16, little-endian",
    "utf-16be": "UTF-16, big-endian",
}
"""The offered encodings, with their labels."""

CONFLICTS = {
    "replace": "Replace it",
    "skip": "Leave it as it is",
    "fail": "Refuse the whole file",
}
"""What to do with an existing room that differs."""

DECIMALS = {"": "Refuse ambiguous amounts", "point": "A point: 1,200.50", "comma": "A comma: 1.200,50"}
"""How to read amounts if the character before a fraction is ambiguous."""

PERIODS = {"day": "A day", "night": "A night", "week": "A week", "month": "A month (30 days)"}
"""The periods that the prices of a file may be for."""

COLUMNS = tuple(f"map_{field}" for field in MAPPED)
"""The fields of the form that name a column of the file."""

NO_COLUMN = "-"
"""What is typed there for no column."""

_OPTIONS = ("on_conflict", "atomic", "decimal", "round", "price_per")


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of an import or a preview.

    name: of the file. dry_run: whether it was a preview. refused: whether nothing was loaded.
    """

    name: str
    dry_run: bool
    loaded: Loaded
    refused: bool = False

    @property
    def totals(self) -> dict[str, int]:
        return totals(self.loaded.report)

    @property
    def taken(self) -> list[tuple[str, str]]:
        """The columns of the file that are fields, with their fields."""
        return [(_named(column), field) for column, field in self.loaded.columns.items() if field]

    @property
    def left_out(self) -> list[str]:
        """The columns of the file that are no field."""
        return [_named(column) for column, field in self.loaded.columns.items() if field is None]

    @property
    def causes(self) -> list[tuple[str, int]]:
        """Why lines were refused, with the numbers of lines."""
        return [(_advised(str(cause), cause.remedy), lines) for cause, lines in self.loaded.report.causes()]

    @property
    def refusals(self) -> list[Refusal]:
        """Those of the first hundred refused lines, with advice in the words of the form."""
        return [
            replace(found, reason=_advised(found.reason, found.remedy))
            for found in self.loaded.report.refusals
        ]

    @property
    def lines(self) -> int:
        """How many lines `refusals` are of."""
        return len({found.line for found in self.loaded.report.refusals})


class ImportPage:
    """`/staff/import`: a form to choose a file, and the result."""

    def __init__(self, desk: Desk, imports: Imports) -> None:
        self._desk = desk
        self._imports = imports
        self._labels = {**field_labels(desk.money), CURRENCY: "Currency of the price"}

    def on_get(self, req: Request, resp: Response) -> None:
        self._desk.admit(req, Scope.IMPORT)
        self._show(req, resp, Form(_values({})))

    on_head = on_get

    def on_post(self, req: Request, resp: Response) -> None:
        require_same_origin(req)
        self._desk.admit(req, Scope.IMPORT)
        form = Form(_values({}))
        try:
            with self._imports.file(req) as file:
                upload = receive(req, file, "listing", self._imports.body)
                form.values = _values(upload.fields)
                self._load(req, resp, form, upload)
        except HTTPError as error:
            self._show(req, resp, form, error.status_code, problem=error.description or error.title)

    def _load(self, req: Request, resp: Response, form: Form, upload: Upload) -> None:
        if not upload.name:
            form.problems = {"listing": "Choose a file."}
            self._show(req, resp, form, 422)
            return
        dry_run = upload.fields.get("act") != "import"
        try:
            wanted = parse_import(_parameters(form.values, dry_run))
            found = Listing(upload.file, upload.name, charset=_charset(form.values["encoding"]))
            loaded = self._imports.load(req, found, wanted, self._labels.__getitem__)
        except ParametersError as error:
            form.problems = {problem.parameter: problem.message for problem in error.problems}
            self._show(req, resp, form, 422)
        except ListingRefused as error:
            answer = Answer(upload.name, dry_run, Loaded(error.report, error.columns), refused=True)
            self._show(req, resp, form, 422, answer=answer)
        except (ListingError, ConflictError) as error:
            remedy = error.remedy if isinstance(error, ListingError) else None
            status = PROBLEMS[type(error)].status
            self._show(req, resp, form, status, problem=_advised(str(error), remedy))
        else:
            self._show(req, resp, form, answer=Answer(upload.name, dry_run, loaded))

    def _show(
        self,
        req: Request,
        resp: Response,
        form: Form,
        status: int = 200,
        answer: Answer | None = None,
        problem: str = "",
    ) -> None:
        """Respond with the page. problem: why there is no result."""
        self._desk.answer(
            req,
            resp,
            "staff/import.html",
            status,
            view=form,
            answer=answer,
            problem_of_file=problem,
            charsets=CHARSETS,
            conflicts=CONFLICTS,
            decimals=DECIMALS,
            periods={"": f"Prices are {self._desk.money.per}", **PERIODS},
            columns={f"map_{field}": label for field, label in self._labels.items()},
            most=self._imports.body.limit,
        )


def _values(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "") for name in (*_OPTIONS, "encoding", *COLUMNS)}


def _parameters(values: Mapping[str, str], dry_run: bool) -> Iterator[tuple[str, str]]:
    """Yield the parameters of an import over HTTP for the fields."""
    yield "dry_run", "true" if dry_run else "false"
    yield from ((name, values[name]) for name in _OPTIONS if values[name])
    for name in COLUMNS:
        if column := values[name].strip():
            yield MAPPING, f"{name.removeprefix('map_')}={'' if column == NO_COLUMN else column}"


def _charset(text: str) -> str | None:
    if text not in CHARSETS:
        raise ParametersError([Problem("encoding", f"{quoted(text)} is not one of these")])
    return text or None


def _named(column: str) -> str:
    """Return the name of a column, as it can be shown."""
    return visible(shortened(column)) or "(no name)"


def _advised(message: str, remedy: Remedy | None) -> str:
    """Return the message, with the field of the form that may help."""
    return remedy.added_to(message, _in_the_form) if remedy else message


def _in_the_form(option: str, value: str) -> str:
    match option:
        case "encoding":
            return f"“{CHARSETS.get(value, value)}” as the encoding"
        case "decimal":
            return f"“{DECIMALS[value]}” for fractions"
        case "round":
            return "to round fractions"
        case "price_per":
            return f"“{PERIODS[value]}” for prices"
    field, _, column = value.partition("=")
    label = "Price" if field == Field.PRICE else FIELD[Field(field)].label
    return f"to name the column for “{label}”" if column else f"“{NO_COLUMN}” as the column for “{label}”"
