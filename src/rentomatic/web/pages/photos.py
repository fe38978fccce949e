"""The photos of rooms that pages may show."""

from dataclasses import dataclass

from rentomatic.web.http.photos import PhotoFolder


@dataclass(frozen=True, slots=True)
class Photos:
    """Where photos may come from.

    folder: the operator's, None without one. hosts: others, such as `photos.example` or `*.photos.example`.
    """

    folder: PhotoFolder | None = None
    hosts: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """What a Content-Security-Policy must allow for them."""
        return tuple(f"https://{host}" for host in self.hosts)


NO_PHOTOS = Photos()
