"""A third-party storage: all rooms in one JSON file, at `json-file:///path`."""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import msgspec

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.facets import Facets
from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.backend import Backend, Limits, MadeMeanwhile, Storage, Variables
from rentomatic.repository.findings import Check, free_space
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.schema import Revisions, Told, to_nobody
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import LoadCounts, OnConflict


class JsonFileRepo:
    """A file that every search reads whole, and every change rewrites beside the old one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, code: str) -> Room | None:
        return self._rooms().get(code)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        return self._rooms().search(query, within, quick=quick)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        return self._rooms().count(query, at_most, within, quick=quick)

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        return self._rooms().summarise(query, within, quick=quick)

    def sample(self, query: RoomQuery, within: float | None = None) -> Sample:
        return self._rooms().sample(query, within)

    def cells(self, query: RoomQuery, grid: Grid, within: float | None = None) -> Cells:
        return self._rooms().cells(query, grid, within)

    def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
        return self._rooms().facets(query, within, quick=quick)

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        with self._rooms().stream(query, within) as rooms:
            yield rooms

    def load(
        self,
        rooms: Iterable[Room],
        on_conflict: OnConflict = OnConflict.REPLACE,
        dry_run: bool = False,
        *,
        exactly: bool = False,
    ) -> LoadCounts:
        rooms = list(rooms)  # before the lock, because the rooms may arrive slowly
        with self._changed() as present:
            return present.load(rooms, on_conflict, dry_run, exactly=exactly)

    def swap(self, old: Room | None, new: Room | None) -> bool:
        with self._changed() as present:
            return present.swap(old, new)

    def ping(self) -> None:
        self._rooms()

    def close(self) -> None:
        pass

    def _rooms(self) -> MemRepo:
        try:
            return MemRepo(msgspec.json.decode(self._path.read_bytes(), type=list[Room]))
        except (OSError, msgspec.DecodeError) as error:
            raise RepositoryUnavailable("The file of the rooms cannot be read.") from error

    @contextmanager
    def _changed(self) -> Iterator[MemRepo]:
        """Give all rooms, and write them when the context ends without an error; one writer at a time."""
        with Path(f"{self._path}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            present = self._rooms()
            yield present
            with present.stream(RoomQuery()) as rooms:
                _write(self._path, rooms)


@dataclass(frozen=True, slots=True)
class JsonFileBackend:
    """A file without a schema, created on first use."""

    path: Path

    kind = "json-file"
    revision = None
    lasts = True

    @property
    def label(self) -> str:
        return f"json-file:///{self.path}"

    def open(self, limits: Limits) -> JsonFileRepo:
        return JsonFileRepo(self.path)

    def migrate(self, told: Told = to_nobody) -> Revisions:
        if self.is_missing() or self.is_empty():
            _write(self.path, ())
        return None, None

    def migration_text(self) -> str:
        return ""

    @contextmanager
    def scratch(self) -> Iterator[Backend]:
        with TemporaryDirectory() as folder:
            yield JsonFileBackend(Path(folder) / "scratch.json")

    def checks(self, limits: Limits) -> Mapping[str, Check]:
        return {"disk": lambda: free_space(self.path.absolute().parent)}

    def is_missing(self) -> bool:
        return not self.path.exists()

    def is_empty(self) -> bool:
        return self.path.exists() and not self.path.stat().st_size

    @contextmanager
    def new(self) -> Iterator[Backend]:
        made = Path(f"{self.path}.new")
        yield JsonFileBackend(made)
        try:
            self.path.hardlink_to(made)
        except FileExistsError as error:
            raise MadeMeanwhile(self.path) from error
        finally:
            made.unlink()


def _write(path: Path, rooms: Iterable[Room]) -> None:
    part = Path(f"{path}.part")
    try:
        with part.open("wb") as file:
            file.write(msgspec.json.encode(list(rooms)))
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise RepositoryUnavailable(f"{path.name} cannot be written: {error.strerror}.") from error


def _of_url(url: str, variables: Variables) -> Backend:
    path = url.removeprefix("json-file:///")
    if path in {"", url}:
        raise ValueError("must be json-file:///relative/path.json or json-file:////absolute/path.json")
    return JsonFileBackend(Path(unquote(path)))


STORAGE = Storage(schemes=("json-file",), examples=("json-file:///rooms.json",), backend=_of_url)
