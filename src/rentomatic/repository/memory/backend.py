"""The backend for `memory:`: rooms in memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rentomatic.repository.backend import Backend, Limits
from rentomatic.repository.findings import Check
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.schema import Revisions, Told, to_nobody


@dataclass(frozen=True, slots=True)
class MemoryBackend:
    """Rooms that are lost when the process ends; each repository has its own."""

    kind = "memory"
    label = "memory:"
    revision = None
    lasts = False

    def open(self, limits: Limits) -> MemRepo:
        return MemRepo()

    def migrate(self, told: Told = to_nobody) -> Revisions:
        return None, None

    def migration_text(self) -> str:
        return ""

    @contextmanager
    def scratch(self) -> Iterator[Backend]:
        yield self

    def checks(self, limits: Limits) -> Mapping[str, Check]:
        return {}
