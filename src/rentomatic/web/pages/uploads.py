"""Forms with files, in constant memory (multipart/form-data, RFC 7578)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO

from falcon import HTTPBadRequest, Request
from falcon.media.multipart import BodyPart, MultipartFormHandler, MultipartParseError, MultipartParseOptions

from rentomatic.web.http.bodies import Accepted, Announced, blocks, with_length
from rentomatic.web.http.disk_full import write_block

MEDIA_TYPE = "multipart/form-data"

MAX_FIELDS = 50
MAX_TEXTS = 1 << 18
"""The most bytes of all fields together that are not files."""

BLOCK = 1 << 15

Take = Callable[[BodyPart], bool]
"""Takes a file while it arrives; returns whether the rest of the form is wanted."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with one file that has arrived.

    file: its content, from the first byte. name: of the file, empty if none was chosen.
    fields: the others, without surrounding white space.
    """

    file: IO[bytes]
    name: str
    fields: dict[str, str]


def receive(req: Request, file: IO[bytes], field: str, listing: Accepted) -> Upload:
    """Write the file in the field of that name to `file`, and read the other fields.

    listing: what is accepted as the body of an import.
    Raises HTTPError if the form is too long, truncated or invalid, and RepositoryUnavailable for a full disk.
    """
    accepted = replace(listing, media_types=(MEDIA_TYPE,), codings=(), told_in="Accept")
    names: list[str] = []
    fields: dict[str, str] = {}

    def take(part: BodyPart) -> bool:
        if names:
            raise HTTPBadRequest(description="Choose one file only.")
        names.append((part.filename or "").strip())
        while block := part.stream.read(BLOCK):
            write_block(file, block, "import")
        return True

    read_form(req, with_length(req, accepted), accepted, fields, field, take)
    file.seek(0)
    return Upload(file, names[0] if names else "", fields)


def read_form(
    req: Request, body: Announced, accepted: Accepted, fields: dict[str, str], files: str, take: Take
) -> None:
    """Read a form as it arrives: the files in the field `files` with `take`, all others into `fields`.

    Raises HTTPError if the form is too long, too late, truncated or invalid; `fields` then has what arrived.
    """
    arriving = blocks(req, body, accepted)
    left = MAX_TEXTS
    try:
        for part in _handler().deserialize(_Reader(arriving), req.content_type, body.length):
            if part.name == files:
                if not take(part):
                    break
            elif part.name:
                fields[part.name] = (part.get_text() or "").strip()
                left -= len(part.get_data())
                if left < 0:
                    raise HTTPBadRequest(description="The texts of the form are too long.")
    except (MultipartParseError, UnicodeDecodeError) as error:  # the latter from headers of a part
        raise HTTPBadRequest(description="The form cannot be read.") from error
    for _ in arriving:  # what follows is ignored, but must arrive
        pass


def _handler() -> MultipartFormHandler:
    options = MultipartParseOptions()
    options.max_body_part_count = MAX_FIELDS
    options.max_body_part_buffer_size = MAX_TEXTS
    return MultipartFormHandler(options)


class _Reader:
    """Blocks as a read-only file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most `size` of the remaining bytes; none at the end."""
        if not self._left:
            self._left = next(self._blocks, b"")
        block = self._left if size is None or size < 0 else self._left[:size]
        self._left = self._left[len(block) :]
        return block
