"""The photos of rooms that pages may show."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rentomatic.domain.room import Room
from rentomatic.web.http.photos import PHOTOS, PhotoFolder, drawings

_HOST = re.compile(r"https://([^/?#]*)")


@dataclass(frozen=True, slots=True)
class Gallery:
    """The photos of a room.

    images: where a page loads them from, in order; empty for a file that is missing.
    links: addresses of photos on hosts that pages load nothing from, with their hosts.
    """

    images: tuple[str, ...]
    links: tuple[tuple[str, str], ...]

    @property
    def cover(self) -> str:
        """The image for a list, empty if there is none."""
        return next(filter(None, self.images), "")


@dataclass(frozen=True, slots=True)
class Preview:
    """A photo in a form. image: where the page loads it from, or empty; lack: why there is none."""

    photo: str
    image: str
    lack: str


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

    def of(self, room: Room) -> Gallery:
        """Return the photos of a room as a page shows them."""
        return self._gallery(room.photos or ())

    def preview(self, photo: str) -> Preview:
        """Return a photo, by its name or address, as a form shows it."""
        found = self._gallery([photo])
        image = "".join(found.images)
        lack = "on a host that pages only link to" if found.links else "not in the folder for photos"
        return Preview(photo, image, "" if image else lack)

    def _gallery(self, photos: Iterable[str]) -> Gallery:
        images, links = [], []
        for photo in photos:
            if not (remote := _HOST.match(photo)):
                images.append(PHOTOS + photo if self._has(photo) else "")
            elif self._allows(remote[1]):
                images.append(photo)
            else:
                links.append((photo, remote[1]))
        return Gallery(tuple(images), tuple(links))

    def _has(self, name: str) -> bool:
        return name in drawings() or (self.folder is not None and self.folder.has(name))

    def _allows(self, host: str) -> bool:
        """Whether the policy of pages lets a browser load from the host: as CSP matches hosts."""
        host = host.lower().removesuffix(":443")
        return any(
            host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed
            for allowed in self.hosts
        )


NO_PHOTOS = Photos()
