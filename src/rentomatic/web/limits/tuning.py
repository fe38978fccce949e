"""How much work the application accepts, and how long each thing may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Limits set by an operator or a test; times in seconds.

    The settings replace `threads`, `read_timeout` and `export_timeout`, see `bootstrap.application`: their
    defaults for a server are those of `settings.environment`.

    threads: how many requests read at once, see `Lanes`.
    wait: how long after its arrival a request waits for a place.
    read_timeout: how long the storage may work for one request in all.
    export_timeout: for creating and sending an export.
    room_timeout, photos_timeout, listing_timeout: until the body of a room, a form with photos or a listing
        has arrived.
    listing_reading: for reading a listing that has arrived: several times what a gigabyte of rooms takes.
    listing_bytes: the most bytes of a listing, compressed and decompressed; nginx limits the former as well:
        client_max_body_size in docker/nginx/routes.conf.
    """

    threads: int = 4
    wait: float = 3.0
    read_timeout: float = 1.0
    export_timeout: float = 600.0
    room_timeout: float = 10.0
    photos_timeout: float = 600.0
    listing_timeout: float = 3600.0
    listing_reading: float = 1800.0
    listing_bytes: int = 1 << 30


USUAL = Tuning()
