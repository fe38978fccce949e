"""The photos of rooms: which files are served, as what, and how long they are cached."""

import os
import resource
import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest
from falcon import testing

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.web.app import create_app
from rentomatic.web.http.photos import FOR_A_DAY, POLICY, PhotoFolder, drawings, media_type_of
from rentomatic.web.http.static_files import FOR_GOOD
from rentomatic.web.pages.photos import Photos
from tests.web.conftest import get

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 and so on"
PICTURES = {
    "image/jpeg": JPEG,
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/gif": b"GIF89a\x01\x00\x01\x00",
    "image/webp": b"RIFF\x0a\x00\x00\x00WEBPVP8 ",
    "image/avif": b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1miafavif",
}
NO_PICTURES = {
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a script": b"alert(1)",
    "a document": b"%PDF-1.7",
    "a film": b"\x00\x00\x00\x1cftypisom\x00\x00\x02\x00isomiso2avc1",
    "a sound": b"RIFF\x0a\x00\x00\x00WAVEfmt ",
    "nothing": b"",
}
UPLOAD = "0123456789abcdef0123456789abcdef.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The photo folder, beside a file that nobody may see."""
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def client(folder: Path) -> testing.TestClient:
    return testing.TestClient(create_app(MemRepo(()), photos=Photos(PhotoFolder(folder))))


@pytest.mark.parametrize("media_type", PICTURES)
def test_picture_has_the_type_that_its_first_bytes_tell(
    client: testing.TestClient, folder: Path, media_type: str
) -> None:
    (folder / "room.jpg").write_bytes(PICTURES[media_type])
    answer = get(client, "/photos/room.jpg")

    assert (200, media_type, PICTURES[media_type]) == (
        answer.status_code,
        answer.headers["content-type"],
        answer.content,
    )
    assert ("nosniff", POLICY) == (
        answer.headers["x-content-type-options"],
        answer.headers["content-security-policy"],
    )


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
def test_file_that_is_no_picture_is_not_found(
    client: testing.TestClient, folder: Path, content: bytes
) -> None:
    for name in ("room.jpg", "room.svg", "room.html"):
        (folder / name).write_bytes(content)

    assert {404} == {get(client, f"/photos/{file.name}").status_code for file in folder.iterdir()}
    assert media_type_of(content) is None


@pytest.mark.parametrize(
    "name",
    [
        "none.jpg",
        "",
        "..",
        "../secret.jpg",
        "..%2Fsecret.jpg",
        "%2e%2e%2fsecret.jpg",
        "..%5Csecret.jpg",
        "below/room.jpg",
        "below%2Froom.jpg",
        "below",
        ".hidden.jpg",
        "inside.jpg",
        "outside.jpg",
        "a%00.jpg",
        "a" * 300 + ".jpg",
        "pipe.jpg",
        "socket.jpg",
        "r%C3%B6om.jpg",
    ],
)
def test_nothing_but_the_files_of_the_folder_itself_is_found(
    client: testing.TestClient, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "below").mkdir()
    for path in ("room.jpg", "below/room.jpg", ".hidden.jpg", "röom.jpg"):
        (folder / path).write_bytes(JPEG)
    (folder / "inside.jpg").symlink_to("room.jpg")
    (folder / "outside.jpg").symlink_to("../secret.jpg")
    os.mkfifo(folder / "pipe.jpg")
    monkeypatch.chdir(folder)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")
    answer = get(client, f"/photos/{name}")

    assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "no-store" == answer.headers["cache-control"]


def test_browser_that_has_a_photo_does_not_get_it_again(client: testing.TestClient, folder: Path) -> None:
    (folder / "room.jpg").write_bytes(JPEG)
    whole = get(client, "/photos/room.jpg")
    again = get(client, "/photos/room.jpg", If_None_Match=whole.headers["etag"])
    (folder / "room.jpg").write_bytes(PICTURES["image/png"])
    changed = get(client, "/photos/room.jpg", If_None_Match=whole.headers["etag"])

    assert [200, 304, 200] == [answer.status_code for answer in (whole, again, changed)]
    assert (b"", whole.headers["etag"]) == (again.content, again.headers["etag"])
    assert {FOR_A_DAY} == {answer.headers["cache-control"] for answer in (whole, again, changed)}


def test_photo_named_by_its_content_is_cached_forever(client: testing.TestClient, folder: Path) -> None:
    (folder / UPLOAD).write_bytes(JPEG)

    assert FOR_GOOD == get(client, f"/photos/{UPLOAD}").headers["cache-control"]


def test_head_tells_the_size(client: testing.TestClient, folder: Path) -> None:
    (folder / "room.jpg").write_bytes(JPEG)
    answer = client.simulate_head("/photos/room.jpg")

    assert (200, str(len(JPEG)), b"") == (
        answer.status_code,
        answer.headers["content-length"],
        answer.content,
    )


def test_answers_leave_no_file_open(client: testing.TestClient, folder: Path) -> None:
    (folder / "room.jpg").write_bytes(JPEG)
    (folder / "page.jpg").write_bytes(b"<html>")
    tag = get(client, "/photos/room.jpg").headers["etag"]
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - as it is while it is read
    for _ in range(3):
        get(client, "/photos/room.jpg")
        get(client, "/photos/room.jpg", If_None_Match=tag)
        client.simulate_head("/photos/room.jpg")
        get(client, "/photos/page.jpg")
        get(client, "/photos")

    assert before == os.listdir("/proc/self/fd")  # noqa: PTH208


@pytest.mark.parametrize("folder_of", [lambda _: None, lambda path: PhotoFolder(path / "missing")])
def test_drawings_are_served_without_a_folder(folder_of: object, tmp_path: Path) -> None:
    assert callable(folder_of)
    client = testing.TestClient(create_app(MemRepo(()), photos=Photos(folder_of(tmp_path))))
    for name, drawing in drawings().items():
        answer = get(client, f"/photos/{name}")
        again = get(client, f"/photos/{name}", If_None_Match=answer.headers["etag"])

        assert (200, "image/svg+xml", drawing) == (
            answer.status_code,
            answer.headers["content-type"],
            answer.content,
        )
        assert (POLICY, 304) == (answer.headers["content-security-policy"], again.status_code)
    assert 404 == get(client, "/photos/room.jpg").status_code


def test_pages_load_photos_from_named_hosts_only() -> None:
    client = testing.TestClient(
        create_app(MemRepo(()), photos=Photos(None, ("photos.example", "*.cdn.example")))
    )
    policy = get(client, "/").headers["content-security-policy"]

    assert "; img-src 'self' data: https://photos.example https://*.cdn.example; " in policy


def test_drawings_are_small_and_load_and_run_nothing() -> None:
    for name, drawing in drawings().items():
        root = ElementTree.fromstring(drawing)
        parts = [element for element in root.iter() if element is not root]

        assert len(drawing) <= 3000, name
        assert "0 0 480 320" == root.get("viewBox")
        assert {"rect", "circle", "ellipse", "path", "g"} >= {
            element.tag.partition("}")[2] for element in parts
        }
        assert [] == [
            key for element in parts for key in element.attrib if "href" in key or key.startswith("on")
        ]
    assert 8 <= len(drawings())


def test_picture_is_saved_completely_or_not_at_all(folder: Path) -> None:
    photos = PhotoFolder(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # as a full disk would end the file
    try:
        with pytest.raises(OSError, match="File too large"):
            photos.add(JPEG + bytes(20_000), ".jpg")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [] == list(folder.iterdir())
    assert (folder / photos.add(JPEG, ".jpg")).read_bytes() == JPEG


def test_folder_that_is_missing_or_a_file_is_not_writable(folder: Path) -> None:
    (folder / "file").write_bytes(b"")

    assert [True, False, False] == [
        PhotoFolder(path).is_writable() for path in (folder, folder / "missing", folder / "file")
    ]
