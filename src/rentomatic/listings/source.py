"""Reads listing files as lines of text: plain or gzip, from disk or a pipe, in a stated encoding."""

import codecs
import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from rentomatic.use_cases.errors import RentomaticError
from rentomatic.use_cases.import_rooms import Remedy

MAX_LINE = 1_000_000
"""The most characters in a line: a longer one is not a listing, and must not fill the memory."""

MAX_EXPANSION = 100
"""The largest factor by which a gzip file may expand: listings expand 3 to 20 times."""

ALWAYS_EXPANDED = 1 << 25
"""Decompressed bytes up to which the factor does not matter."""

_BYTE_ORDER_MARKS = {  # those of UTF-32 first: one begins like that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class ListingError(RentomaticError):
    """A file, or an object of it, that as a whole is not a listing.

    remedy: advice, if there is any. problem: the message for many lines: without what differs between them.
    """

    def __init__(self, message: str, remedy: Remedy | None = None, problem: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.problem = problem


class ListingTooLong(ListingError):
    """A listing of more decompressed bytes than are accepted."""


@dataclass(frozen=True, slots=True)
class Source:
    """An open listing: its lines, and how many bytes of the file have been read so far."""

    lines: Iterator[str]
    bytes_read: Callable[[], int]


@contextmanager
def open_listing(path: str, encoding: str | None = None) -> Iterator[Source]:
    """Open the listing at the path, `-` for standard input; UTF-8 unless stated or marked otherwise.

    Raises ListingError, also while the lines are read, for bytes that are not text of the encoding.
    """
    with nullcontext(sys.stdin.buffer) if path == "-" else _open(path) as raw:
        yield listing_in(raw, path, encoding)


def listing_in(raw: IO[bytes], name: str, encoding: str | None = None, most: int | None = None) -> Source:
    """Read the listing in an open file; `name` is its name in messages.

    most: the most decompressed bytes; it is also refused if it expands too much on the way. Raises
        ListingError as `open_listing` does.
    """
    counted = _Counted(raw)
    stream = io.BufferedReader(counted)
    # peek() may return fewer bytes than requested, but never none before the end.
    if stream.peek(2)[:2] == b"\x1f\x8b":
        plain = cast(IO[bytes], gzip.GzipFile(fileobj=stream))
        stream = io.BufferedReader(_Expanded(plain, most, counted) if most is not None else _Counted(plain))
    with _damage_reported(name):
        start = stream.peek(4)[:4]
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ListingError(f"{name} is a workbook or an archive: save the listing as CSV first")
    # A mark is more reliable than a stated encoding, and not part of the text:
    # https://encoding.spec.whatwg.org/#decode
    marks = (codec for mark, codec in _BYTE_ORDER_MARKS.items() if start.startswith(mark))
    encoding = next(marks, encoding or "utf-8")
    if encoding == "utf-8" and b"\x00" in start:
        half = "utf-16be" if start.startswith(b"\x00") else "utf-16le"
        raise ListingError(f"{name} is not UTF-8; it looks like UTF-16", Remedy("encoding", (half,)))
    # newline="": keeps line ends, because they may be inside quotes.
    text = io.TextIOWrapper(stream, encoding, newline="")
    return Source(_lines(text, name, encoding), lambda: counted.count)


class _Counted(io.RawIOBase):
    """A reader that counts the bytes that pass; closing it leaves the underlying stream open."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.count = 0
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._raw.read(len(buffer))
        buffer[: len(block)] = block
        self.count += len(block)
        return len(block)


class _Expanded(_Counted):
    """The decompressed content of a stream, up to a limit. compressed: counts the input."""

    def __init__(self, raw: IO[bytes], most: int, compressed: _Counted) -> None:
        super().__init__(raw)
        self._most = most
        self._compressed = compressed

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        length = super().readinto(buffer)
        if self.count > self._most:
            raise ListingTooLong(f"the listing is longer than {self._most:,} bytes when it is decompressed")
        if self.count > max(ALWAYS_EXPANDED, MAX_EXPANSION * self._compressed.count):
            raise ListingTooLong(
                f"the listing becomes more than {MAX_EXPANSION} times as long when it is decompressed: "
                "send it uncompressed if it really is that repetitive"
            )
        return length


def _open(path: str) -> io.BufferedReader:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise ListingError(f"{path} cannot be read: {error.strerror}") from error


def _lines(text: io.TextIOWrapper, path: str, encoding: str) -> Iterator[str]:
    number = 0
    with _damage_reported(path):
        try:
            while line := text.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE:
                    raise ListingError(f"line {number} is longer than {MAX_LINE} characters")
                yield line
        except UnicodeDecodeError as error:
            # All lines of earlier blocks have been yielded.
            good = error.object[: error.start].decode(error.encoding, "ignore")
            number += len(re.findall(r"\r\n?|\n", good)) + 1
            raise _not_text(number, encoding, error) from error
        except UnicodeError as error:  # UTF-16 without its mark, or a codec not for text
            raise ListingError(f"the file is not {encoding.upper()}: {error}") from error


@contextmanager
def _damage_reported(path: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        cut = ": it ends too early" if isinstance(error, EOFError) else ""
        raise ListingError(f"{path} is a damaged gzip file{cut}") from error


def _not_text(line: int, encoding: str, error: UnicodeDecodeError) -> ListingError:
    message = f"line {line} is not {encoding.upper()}: it has the byte 0x{error.object[error.start]:02x}"
    if not encoding.startswith("utf-8") or 0 in error.object[:1000]:
        return ListingError(message)
    message += ". Files from Windows often have another encoding"
    return ListingError(message, Remedy("encoding", ("windows-1252",)))
