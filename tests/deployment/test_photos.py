"""nginx serves the photos of rooms from the folder that it shares with `web`, by the rules of `web`."""

import re
import socket
from contextlib import ExitStack

import pytest

from rentomatic.web.http.photos import FOR_A_DAY, POLICY
from tests.deployment.project import Stack
from tests.deployment.test_proxy import BROWSER, JSON, SECURITY_HEADERS, sent_here
from tests.deployment.test_static_files import FOR_GOOD, logged
from tests.web.http.test_photos import JPEG, UPLOAD
from tests.web.http.test_pictures import picture
from tests.web.staff import MULTIPART, multipart


@pytest.fixture
def photos(stack: Stack) -> Stack:
    """The stack with files in its photo folder."""
    folder = stack.folder / "photos"
    for name in ("room.jpg", UPLOAD, "unnamed", ".hidden.jpg"):
        (folder / name).write_bytes(JPEG)
    for name in ("page.html", "drawing.svg", "page.txt"):
        (folder / name).write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    for name, target in (("outside.jpg", "/etc/passwd"), ("inside.jpg", "room.jpg")):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target)
    (folder / "below").mkdir(exist_ok=True)
    (folder / "below" / "room.jpg").write_bytes(JPEG)
    return stack


def test_nginx_serves_photos_without_the_application(photos: Stack) -> None:
    found, upload = photos.get("/photos/room.jpg"), photos.get(f"/photos/{UPLOAD}")
    again = photos.get("/photos/room.jpg", {"If-None-Match": found.header("etag")[0]})

    assert [(200, JPEG), (200, JPEG), (304, b"")] == [
        (one.status, one.body) for one in (found, upload, again)
    ]
    assert ["image/jpeg", "image/jpeg"] == [one.header("content-type")[0] for one in (found, upload)]
    assert [FOR_A_DAY, FOR_GOOD] == [one.header("cache-control")[0] for one in (found, upload)]
    assert [POLICY] == found.header("content-security-policy")
    assert dict.fromkeys(SECURITY_HEADERS, 1) == {name: len(found.header(name)) for name in SECURITY_HEADERS}
    assert (0, 0) == (logged(photos, "web", "room.jpg"), logged(photos, "nginx", "room.jpg"))


def test_photo_that_nginx_does_not_know_comes_from_web(photos: Stack) -> None:
    drawing, unnamed = photos.get("/photos/studio.svg"), photos.get("/photos/unnamed")

    assert (200, "image/svg+xml") == (drawing.status, drawing.header("content-type")[0])
    assert (200, "image/jpeg", JPEG) == (unnamed.status, unnamed.header("content-type")[0], unnamed.body)
    assert dict.fromkeys(SECURITY_HEADERS, 1) == {
        name: len(drawing.header(name)) for name in SECURITY_HEADERS
    }


def test_nothing_but_the_pictures_of_the_folder_itself_is_found(photos: Stack) -> None:
    names = (
        *("none.jpg", "page.html", "page.txt", "drawing.svg", ".hidden.jpg", "outside.jpg", "inside.jpg"),
        *("below/room.jpg", "below%2Froom.jpg", "..%2Fmanage.py", "../static/none.jpg", "", "below"),
    )
    answers = {name: photos.get(f"/photos/{name}", JSON) for name in names}

    assert dict.fromkeys(names, 404) == {name: answer.status for name, answer in answers.items()}
    assert {"application/problem+json"} == {one.header("content-type")[0] for one in answers.values()}


def test_doctor_looks_at_the_folder(photos: Stack) -> None:
    assert "photos good /srv/rentomatic/photos" in " ".join(
        photos.try_manage("stack", "doctor").stdout.split()
    )


@pytest.fixture
def signed_in(stack: Stack) -> dict[str, str]:
    """The headers of a form with photos from staff."""
    answer = stack.request("POST", "/staff/sign-in", sent_here(stack), f"key={stack.key}".encode())
    cookie = answer.header("set-cookie")[0].partition(";")[0]
    return sent_here(stack, **{"Cookie": cookie, "Content-Type": MULTIPART, **BROWSER})


def begin(client: socket.socket, headers: dict[str, str], length: int) -> None:
    """Send the head of a form of that length."""
    given = {"Host": headers["Origin"].removeprefix("http://"), **headers, "Content-Length": str(length)}
    head = "".join(f"{name}: {text}\r\n" for name, text in given.items())
    client.sendall(f"POST /staff/add HTTP/1.1\r\n{head}\r\n".encode())


A_ROOM = {"code": "with-photos", "price": "60", "latitude": "51.5", "longitude": "-0.1"}


def test_staff_upload_photos_that_nginx_serves(stack: Stack, signed_in: dict[str, str]) -> None:
    """Of a short form, which nginx reads completely, and of a long one, which it passes on as it arrives."""
    for number, size in enumerate((0, 9_000_000)):
        room = {**A_ROOM, "code": f"with-photos-{number}"}
        body = multipart(
            room, [("one.jpg", picture(size=(60 + number, 40)) + bytes(size)), ("two.png", picture("PNG"))]
        )
        added = stack.request("POST", "/staff/add", signed_in, body)
        page = stack.get(f"/room/{room['code']}").body.decode()
        names = re.findall(r'href="/photos/([0-9a-f]{32}\.jpg)"', page)
        found = [stack.get(f"/photos/{name}") for name in names]

        assert (303, f"/room/{room['code']}?done=added") == (added.status, added.header("location")[0])
        assert [(200, "image/jpeg", FOR_GOOD)] * 2 == [
            (one.status, one.header("content-type")[0], one.header("cache-control")[0]) for one in found
        ]
        assert [0] * 2 == [logged(stack, "web", name) for name in names]


def test_photos_of_strangers_and_forms_that_are_far_too_long_are_refused_with_a_page(
    stack: Stack, signed_in: dict[str, str]
) -> None:
    body = multipart({**A_ROOM, "price": "61"}, [("one.jpg", picture() + bytes(9_000_000))])
    strange = stack.request("POST", "/staff/add", {**signed_in, "Cookie": ""}, body)
    with stack.socket() as client:
        begin(client, signed_in, 300_000_000)
        first_line = client.makefile("rb").readline()

    assert (403, True) == (strange.status, b'value="61"' in strange.body)
    assert b"HTTP/1.1 413" in first_line


@pytest.mark.parametrize("length", [5_000, 5_000_000], ids=["short", "long"])
def test_unfinished_forms_of_strangers_keep_no_other_form_waiting(
    stack: Stack, signed_in: dict[str, str], length: int
) -> None:
    with ExitStack() as opened:
        for _ in range(50):
            client = opened.enter_context(stack.socket())
            begin(client, {**signed_in, "Cookie": ""}, length)
            client.sendall(multipart(A_ROOM)[:100])
        saved = stack.request(
            "POST", "/staff/add", signed_in, multipart({**A_ROOM, "code": f"between-{length}"})
        )
        signed_out = stack.request("POST", "/staff/sign-out", sent_here(stack), b"")

    assert (303, 303) == (saved.status, signed_out.status)
