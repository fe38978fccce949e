"""nginx serves the photos of rooms from the folder that it shares with `web`, by the rules of `web`."""

import pytest

from rentomatic.web.http.photos import FOR_A_DAY, POLICY
from tests.deployment.project import Stack
from tests.deployment.test_proxy import JSON, SECURITY_HEADERS
from tests.deployment.test_static_files import FOR_GOOD, logged
from tests.web.http.test_photos import JPEG, UPLOAD


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
