"""The table of fields: everything that is said of a field of a room is said here, once.

Columns of storages and of files, members of documents, schemas, parameters, forms and checksums come from it.
What a kind of values is to a storage or a format, each of those says itself, by kind.
"""

from dataclasses import dataclass
from enum import StrEnum

from rentomatic.domain.kinds import Code, Degrees, Kind, Line, Whole


class Field(StrEnum):
    """The names of the fields, which are those of the attributes of `Room`."""

    CODE = "code"
    SIZE = "size"
    PRICE = "price"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    TITLE = "title"


class Operator(StrEnum):
    """How a condition compares a field with its value."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"


class Unstated(StrEnum):
    """What a document has where a room does not state the field; a CSV file has an empty cell.

    New fields are ABSENT: documents and backups of older programs lack them. NULL is for the size alone,
    which every document has always had.
    """

    REFUSED = "every room states it"
    NULL = "null"
    ABSENT = "no such member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A field of a room.

    kind: which values it has, and their bounds.
    unstated: whether a room may leave it open, and what documents have then.
    label: what forms call it. about: what it means, for the API document and `--help`. unit: shown
        behind the value. example: a value.
    columns: what its column is usually called in other people's files, without case, spaces and punctuation;
        the first name wins.
    operators: the conditions that searches take on it.
    """

    name: Field
    kind: Kind
    unstated: Unstated = Unstated.REFUSED
    label: str
    about: str
    unit: str = ""
    example: str | int | float
    columns: tuple[str, ...]
    operators: tuple[Operator, ...] = ()

    @property
    def optional(self) -> bool:
        """Whether a room may leave it open."""
        return self.unstated is not Unstated.REFUSED


FIELDS = (
    Description(
        name=Field.CODE,
        kind=Code(),
        label="Code",
        about="Its unique name. A UUID is stored in lower case.",
        example="f853578c-fc0f-4e65-81b8-566c5dffa35a",
        columns=("code", "id", "uuid", "roomid", "roomcode", "listingid", "reference", "ref"),
        operators=tuple(Operator),
    ),
    Description(
        name=Field.SIZE,
        kind=Whole(1),
        unstated=Unstated.NULL,
        label="Size in m²",
        about="Floor area in m²; null if unknown.",
        unit="m²",
        example=20,
        columns=("size", "sizem2", "sizesqm", "area", "aream2", "areasqm", "floorarea", "squaremeters",
                 "squaremetres", "sqm", "m2", "surface"),
        operators=tuple(Operator),
    ),
    Description(
        name=Field.PRICE,
        kind=Whole(0),
        label="Price per day",
        about="Whole currency units per day.",
        example=60,
        columns=("price", "priceperday", "pricepernight", "dailyprice", "nightlyprice", "dailyrate", "rate"),
        operators=tuple(Operator),
    ),
    Description(
        name=Field.LATITUDE,
        kind=Degrees(90),
        label="Latitude",
        about="WGS 84 degrees, north positive.",
        example=51.5,
        columns=("latitude", "lat", "y"),
        operators=tuple(Operator),
    ),
    Description(
        name=Field.LONGITUDE,
        kind=Degrees(180),
        label="Longitude",
        about="WGS 84 degrees, east positive.",
        example=-0.12,
        columns=("longitude", "lon", "lng", "long", "x"),
        operators=tuple(Operator),
    ),
    Description(
        name=Field.TITLE,
        kind=Line(120),
        unstated=Unstated.ABSENT,
        label="Title",
        about="What the listing calls the room, in one line.",
        example="Quiet room with a view of the river",
        columns=("title", "name", "headline", "listingtitle", "listingname"),
    ),
)  # fmt: skip
"""The fields, in the order in which rooms are written."""

FIELD = {field.name: field for field in FIELDS}

NAMES = tuple(str(field.name) for field in FIELDS)

ALWAYS_WRITTEN = tuple(str(field.name) for field in FIELDS if field.unstated is not Unstated.ABSENT)
"""The names of the fields that every document has, whether they are stated or not."""

WRITTEN_IF_STATED = tuple(str(field.name) for field in FIELDS if field.unstated is Unstated.ABSENT)
"""The names of the others."""
