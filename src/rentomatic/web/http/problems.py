"""Every type of problem in responses (RFC 9457): one table, for the errors and the contract."""

from dataclasses import dataclass
from http import HTTPStatus

PREFIX = "urn:rentomatic:problem:"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """`type`, `status` and `title` of a problem. slug: empty if the status says everything."""

    status: HTTPStatus
    slug: str
    title: str

    @property
    def uri(self) -> str:
        return PREFIX + self.slug if self.slug else "about:blank"

    @property
    def name(self) -> str:
        """The slug, or the status without one."""
        return self.slug or str(int(self.status))


def of_http(status: int) -> ProblemType:
    """Return a problem of HTTP itself."""
    found = HTTPStatus(status)
    return ProblemType(found, "", found.phrase)


PARAMETERS = ProblemType(HTTPStatus.BAD_REQUEST, "parameters", "Invalid parameters")
DOCUMENT = ProblemType(HTTPStatus.BAD_REQUEST, "document", "Not a valid room")
UNAUTHORIZED = ProblemType(HTTPStatus.UNAUTHORIZED, "unauthorized", "A valid key is needed")
INSUFFICIENT_SCOPE = ProblemType(HTTPStatus.FORBIDDEN, "insufficient-scope", "The key does not allow this")
WRITES_OFF = ProblemType(HTTPStatus.FORBIDDEN, "writes-off", "Writing is off")
READ_ONLY = ProblemType(HTTPStatus.FORBIDDEN, "read-only", "The storage is read-only")
NO_SUCH_ROOM = ProblemType(HTTPStatus.NOT_FOUND, "no-such-room", "Room not found")
CODE_TAKEN = ProblemType(HTTPStatus.CONFLICT, "code-taken", "A room with this code exists already")
PRECONDITION_FAILED = ProblemType(
    HTTPStatus.PRECONDITION_FAILED, "precondition-failed", "The room is not as expected"
)
LISTING_TOO_LONG = ProblemType(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "listing-too-long", "The listing is too long"
)
URL_TOO_LONG = ProblemType(HTTPStatus.REQUEST_URI_TOO_LONG, "url-too-long", "URI Too Long")
LISTING = ProblemType(HTTPStatus.UNPROCESSABLE_ENTITY, "listing", "The body is not a valid listing")
IMPORT_REFUSED = ProblemType(
    HTTPStatus.UNPROCESSABLE_ENTITY, "import-refused", "Some lines are not valid rooms"
)
OVERLOADED = ProblemType(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", "Too busy")
TOO_COSTLY = ProblemType(HTTPStatus.SERVICE_UNAVAILABLE, "too-costly", "This search takes too long")
STORAGE_UNAVAILABLE = ProblemType(
    HTTPStatus.SERVICE_UNAVAILABLE, "storage-unavailable", "The storage is unavailable"
)
WORDS_NOT_STORED = ProblemType(
    HTTPStatus.SERVICE_UNAVAILABLE, "words-not-stored", "The words of many rooms are not stored yet"
)

TYPES = {found.slug: found for found in list(globals().values()) if isinstance(found, ProblemType)}
"""All of them by slug."""
