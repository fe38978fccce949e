"""New photos in the form of a room, while they arrive."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO

from falcon.media.multipart import BodyPart

from rentomatic.domain.quoting import quoted
from rentomatic.web.http.disk_full import temporary_file, write_block
from rentomatic.web.pages.uploads import BLOCK

MOST = 10
"""Photos in one form."""

LARGEST = 10 << 20
"""Bytes of one of them."""


@dataclass(slots=True)
class NewPhotos:
    """The photos of one form.

    opened: closes the file in which they wait. wanted: whether to keep them.
    refusals: of those that are too large, as sentences. left_out: whether more came than are wanted.
    have_begun: whether the fields before them are complete.
    """

    opened: ExitStack
    wanted: bool
    refusals: list[str] = field(default_factory=list)
    left_out: bool = False
    have_begun: bool = False
    _file: IO[bytes] | None = None
    _kept: list[tuple[str, int, int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._kept)

    def take(self, part: BodyPart) -> bool:
        """Write a photo to the file while it arrives; return whether another one may follow.

        Raises RepositoryUnavailable for a full disk.
        """
        self.have_begun = True
        block = part.stream.read(BLOCK)
        if not (part.filename or block):  # no file was chosen
            return True
        if not self.wanted or len(self._kept) + len(self.refusals) == MOST:
            self.left_out = True
            return False
        file = self._file = self._file or self.opened.enter_context(temporary_file("photos"))
        name = _shown(part.filename or "")
        start = end = self._kept[-1][2] if self._kept else 0
        file.seek(start)
        while block and (end := end + len(block)) - start <= LARGEST:
            write_block(file, block, "photos")
            block = part.stream.read(BLOCK)
        if block:
            self.refusals.append(f"{name} is larger than {LARGEST >> 20} MB.")
        else:
            self._kept.append((name, start, end))
        return True

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Yield the photos: what messages call each, and the content of its file."""
        if (file := self._file) is not None:
            for name, start, end in self._kept:
                file.seek(start)
                yield name, file.read(end - start)


def _shown(name: str) -> str:
    """Return what messages call a file. Old browsers send its whole path."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    return quoted(last) if last else "A photo without a name"
