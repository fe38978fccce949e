"""Uploads in forms, in constant memory (multipart/form-data, RFC 7578)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO

from falcon import HTTPBadRequest, Request
from falcon.media.multipart import BodyPart, MultipartFormHandler, MultipartParseOptions

from rentomatic.web.api.imports import with_length, write_block
from rentomatic.web.http.bodies import Accepted, blocks

MAX_FIELDS = 50
MAX_TEXT = 10_000
"""The most bytes of a field that is not a file."""

_BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Upload:
    """A form that has arrived.

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
    accepted = replace(listing, media_types=("multipart/form-data",), codings=(), told_in="Accept")
    body = with_length(req, accepted)
    arriving = blocks(req, body, accepted)
    name: str | None = None
    fields: dict[str, str] = {}
    try:
        form = _handler().deserialize(_Reader(arriving), req.content_type, body.length)
        for part in form:
            if part.name == field:
                if name is not None:
                    raise HTTPBadRequest(description="Choose one file only.")
                name = (part.filename or "").strip()
                _copy(part, file)
            elif part.name:
                fields[part.name] = (part.get_text() or "").strip()
    except UnicodeDecodeError as error:  # Falcon leaves errors in a part's headers to the caller
        raise HTTPBadRequest(description="The form cannot be read.") from error
    for _ in arriving:  # content after the form is ignored, but must arrive
        pass
    file.seek(0)
    return Upload(file, name or "", fields)


def _copy(part: BodyPart, file: IO[bytes]) -> None:
    while block := part.stream.read(_BLOCK):
        write_block(file, block)


def _handler() -> MultipartFormHandler:
    options = MultipartParseOptions()
    options.max_body_part_count = MAX_FIELDS
    options.max_body_part_buffer_size = MAX_TEXT
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
