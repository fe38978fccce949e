"""A staff member in a browser, for tests."""

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from urllib.parse import urlencode

from falcon import testing

from rentomatic.settings import Scope
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.access.sessions import COOKIE
from rentomatic.web.limits.tuning import USUAL, Tuning
from rentomatic.web.pages.photos import NO_PHOTOS, Photos
from rentomatic.web.pages.room_forms import NEW_PHOTOS
from tests.web.conftest import client_of, key_of

FORM = "application/x-www-form-urlencoded"
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
BOUNDARY = "----a boundary"
MULTIPART = f'multipart/form-data; boundary="{BOUNDARY}"'

File = tuple[str, bytes]
"""The name of a file, and what is in it."""


class Staff:
    """Sends the requests of a browser that is signed in with the scopes; without a scope, nobody is."""

    def __init__(
        self,
        repository: RoomRepository,
        *scopes: Scope,
        threads: int = 4,
        tuning: Tuning = USUAL,
        photos: Photos = NO_PHOTOS,
    ) -> None:
        self.key, self.entry = key_of("anna", *(scopes or tuple(Scope)))
        self.client = client_of(repository, threads, [self.entry], tuning, photos)
        self.cookie = f"{COOKIE}={self.key}"

    def get(self, target: str, **headers: str) -> testing.Result:
        path, _, query = target.partition("?")
        given = {"Cookie": self.cookie, **_named(headers)}
        return self.client.simulate_get(path, query_string=query, headers=given)

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> testing.Result:
        """Send a form and return the response; empty headers are omitted."""
        given = {"Cookie": self.cookie, "Content-Type": FORM, **FROM_HERE, **_named(headers)}
        return self._post(path, urlencode(fields or {}).encode(), given)

    def upload(
        self, path: str, fields: dict[str, str], files: Sequence[File] = (), **headers: str
    ) -> testing.Result:
        """Send the form of a room as a browser does, with photos or none; empty headers are omitted."""
        return self.send_body(path, multipart(fields, files or [("", b"")]), **headers)

    def send_body(self, path: str, body: bytes, **headers: str) -> testing.Result:
        """Send these bytes as a form with files."""
        length = {"Content-Type": MULTIPART, "Content-Length": str(len(body))}
        return self._post(path, body, {"Cookie": self.cookie, **length, **FROM_HERE, **_named(headers)})

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> testing.Result:
        return self.client.simulate_post(
            path, body=body, headers={name: text for name, text in headers.items() if text}
        )

    def send(self, path: str, page: testing.Result, **changes: str) -> testing.Result:
        """Send the form of a page with some fields changed; return the response."""
        return self.post(path, {**fields_of(page), **changes})


def multipart(fields: Mapping[str, str], files: Sequence[File] = (), name: str = NEW_PHOTOS) -> bytes:
    """Return a form as a browser sends it (RFC 7578). name: of the field for the files."""
    parts = [f'name="{field}"\r\n\r\n{text}'.encode() for field, text in fields.items()]
    for file_name, content in files:
        head = f'name="{name}"; filename="{file_name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + content)
    start = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
    return b"".join(start + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def fields_of(page: testing.Result) -> dict[str, str]:
    """Return the fields of a page's forms that have a name and a value."""
    found = _Fields()
    found.feed(page.text)
    return found.fields


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._lines_of = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag in ("input", "textarea") and name:
            self.fields[name] = given.get("value") or ""
            self._lines_of = name if tag == "textarea" else ""

    def handle_endtag(self, tag: str) -> None:
        self._lines_of = ""

    def handle_data(self, data: str) -> None:
        if self._lines_of:
            self.fields[self._lines_of] += data.replace("\n", "\r\n")  # as browsers send them


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}
