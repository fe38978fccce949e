"""Staff add photos on the form of a room."""

import errno
import logging
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from falcon import testing

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.settings import Scope
from rentomatic.web.http.photos import PhotoFolder
from rentomatic.web.limits.tuning import USUAL, Tuning
from rentomatic.web.limits.turns import App
from rentomatic.web.pages.new_photos import LARGEST
from rentomatic.web.pages.photos import Photos
from rentomatic.web.pages.room_forms import LONGEST, NEW_PHOTOS, SHORT
from tests.builders import make_room
from tests.web.editing import Trickle
from tests.web.http.test_pictures import SECRET, decoded, exif, picture, png
from tests.web.pages.test_staff_rooms import B2, BusyRepo
from tests.web.staff import BOUNDARY, FROM_HERE, MULTIPART, Staff, fields_of, multipart

LARGE = picture() + bytes(SHORT)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NOT_KEPT = "Photos were not kept: choose them again."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def rooms() -> MemRepo:
    return MemRepo([make_room()])


@pytest.fixture
def staff(rooms: MemRepo, folder: Path) -> Staff:
    return staff_with(PhotoFolder(folder), rooms)


def staff_with(folder: PhotoFolder | None, rooms: MemRepo, *scopes: Scope, tuning: Tuning = USUAL) -> Staff:
    return Staff(rooms, *scopes, tuning=tuning, photos=Photos(folder))


def photo(number: int = 0, format_: str = "JPEG") -> bytes:
    """A small picture, another one for each number."""
    return picture(format_, (60 + number, 40))


def names(folder: Path) -> list[str]:
    """All files of the folder, hidden ones too."""
    return sorted(os.listdir(folder))  # noqa: PTH208 - only the names are needed


def lines(page: testing.Result) -> list[str]:
    """The photos in the form of a page."""
    return fields_of(page)["photos"].split()


def refusal(page: testing.Result) -> str:
    """What the page says next to the field for new photos."""
    found = re.search(f'id="{NEW_PHOTOS}-problem">(.*?)</p>', page.text)
    return found[1].replace("&#39;", "'") if found else ""


def photos_of(rooms: MemRepo, code: str = "b2") -> tuple[str, ...] | None:
    room = rooms.get(code)
    assert room is not None
    return room.photos


@pytest.mark.parametrize(
    ("path", "fields"), [("/staff/add", B2), ("/staff/rooms/a1", B2)], ids=["add", "edit"]
)
def test_new_photos_are_saved_under_the_name_of_their_content_after_the_others(
    staff: Staff, rooms: MemRepo, folder: Path, path: str, fields: dict[str, str]
) -> None:
    given = {**fields_of(staff.get(path)), **fields, "photos": "desk.svg"}
    answer = staff.upload(path, given, [("one.jpg", photo()), ("two.png", photo(1, "PNG"))])

    code = path.rpartition("/")[2].replace("add", "b2")
    old, *new = photos_of(rooms, code) or ()
    assert (303, "desk.svg") == (answer.status_code, old)
    assert names(folder) == sorted(new)
    assert new == [f"{sha256((folder / name).read_bytes()).hexdigest()[:32]}.jpg" for name in new]
    assert [(60, 40), (61, 40)] == [decoded((folder / name).read_bytes()).size for name in new]
    assert [0o644, 0o644] == [(folder / name).stat().st_mode & 0o777 for name in new]
    assert f'src="/photos/{new[0]}"' in staff.get(f"/room/{code}").text


def test_form_without_new_photos_changes_none(staff: Staff, rooms: MemRepo, folder: Path) -> None:
    answer = staff.upload("/staff/add", {**B2, "photos": "a.jpg\r\nb.jpg"})

    assert 303 == answer.status_code
    assert (("a.jpg", "b.jpg"), []) == (photos_of(rooms), names(folder))


def test_saved_photo_is_upright_and_without_metadata(staff: Staff, folder: Path) -> None:
    taken = picture(size=(400, 300), exif=exif(orientation=6), comment=SECRET)
    staff.upload("/staff/add", B2, [("one.jpg", taken + b"PK\x03\x04" + SECRET)])

    (name,) = names(folder)
    saved = (folder / name).read_bytes()
    assert SECRET in taken
    assert not any(trace in saved for trace in (SECRET, b"Exif", b"PK\x03\x04"))
    assert (300, 400) == decoded(saved).size


def test_same_picture_twice_is_one_file(staff: Staff, rooms: MemRepo, folder: Path) -> None:
    staff.upload("/staff/add", B2, [("one.jpg", photo()), ("copy.jpg", photo())])
    again = {**fields_of(staff.get("/staff/rooms/b2"))}
    answer = staff.upload("/staff/rooms/b2", again, [("again.jpg", photo())])

    assert 303 == answer.status_code
    assert photos_of(rooms) == tuple(names(folder))
    assert 1 == len(names(folder))


REFUSED = {
    "text": (b"a text", "is not a JPEG, PNG, WebP, GIF or AVIF picture, or is damaged"),
    "empty": (b"", "is not a JPEG, PNG, WebP, GIF or AVIF picture, or is damaged"),
    "svg": (SVG, "is not a JPEG, PNG, WebP, GIF or AVIF picture, or is damaged"),
    "page": (b"<!doctype html><script>alert(1)</script>", "is not a JPEG"),
    "half a picture": (picture()[:300], "is not a JPEG"),
    "bomb": (png(100_000, 100_000), "has more than 25 million pixels: make it smaller first"),
    "too large": (picture() + bytes(LARGEST), "is larger than 10 MB"),
}


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED)
def test_refused_form_names_the_file_and_keeps_the_fields_and_the_other_photos(
    staff: Staff, rooms: MemRepo, folder: Path, content: bytes, why: str
) -> None:
    files = [("one.jpg", photo()), ("holiday.jpg", content), ("two.jpg", photo(1))]
    refused = staff.upload("/staff/add", {**B2, "description": "Qui\u00ebt\r\n\r\nroom"}, files)
    saved = names(folder)
    sent_again = staff.upload("/staff/add", fields_of(refused))

    assert 422 == refused.status_code
    assert f"'holiday.jpg' {why}" in refusal(refused)
    assert "1 field to correct" in refused.text
    assert f'aria-describedby="{NEW_PHOTOS}-problem {NEW_PHOTOS}-hint"' in refused.text
    assert ("70", "Qui\u00ebt\r\n\r\nroom") == tuple(
        fields_of(refused)[name] for name in ("price", "description")
    )
    assert (2, saved) == (len(saved), sorted(lines(refused)))
    assert all(f'<img src="/photos/{name}"' in refused.text for name in saved)
    assert 303 == sent_again.status_code
    assert photos_of(rooms) == tuple(lines(refused))
    assert names(folder) == saved


def test_new_photo_follows_a_broken_list_of_photos(staff: Staff, folder: Path) -> None:
    refused = staff.upload("/staff/add", {**B2, "photos": "[a.jpg"}, [("one.jpg", photo())])

    assert ["[a.jpg", *names(folder)] == lines(refused)
    assert 422 == refused.status_code


def test_every_problem_is_told_at_once(staff: Staff, rooms: MemRepo) -> None:
    files = [("one.jpg", b"1"), ("two.jpg", b"2"), ("three.jpg", photo())]
    refused = staff.upload("/staff/add", {**B2, "price": "cheap"}, files)

    assert 422 == refused.status_code
    assert "2 fields to correct" in refused.text
    assert ["one.jpg", "two.jpg"] == re.findall(r"'(\w+\.jpg)' is not a JPEG", refusal(refused))
    assert 1 == len(lines(refused))
    assert rooms.get("b2") is None


@pytest.mark.parametrize("number", [11, 100])
def test_ten_photos_are_kept_of_more(staff: Staff, folder: Path, number: int) -> None:
    files = [(f"{n}.jpg", photo(n)) for n in range(number)]
    refused = staff.upload("/staff/add", B2, files)

    assert 422 == refused.status_code
    assert "You chose more than 10 photos, of which the first 10 are kept" in refusal(refused)
    assert (10, names(folder)) == (len(lines(refused)), sorted(lines(refused)))


def test_room_with_too_many_photos_is_refused_beside_its_photos(staff: Staff, folder: Path) -> None:
    given = {**B2, "photos": "\r\n".join(f"{n}.jpg" for n in range(29))}
    refused = staff.upload("/staff/add", given, [("1.jpg", photo()), ("2.jpg", photo(1))])

    assert 422 == refused.status_code
    assert "must have 1 to 30 entries" in refused.text
    assert (31, 2) == (len(lines(refused)), len(names(folder)))


def test_conflict_keeps_and_shows_new_photos(staff: Staff, rooms: MemRepo, folder: Path) -> None:
    page = staff.get("/staff/rooms/a1")
    rooms.load([make_room(price=99, photos=["desk.svg"])])
    conflict = staff.upload("/staff/rooms/a1", fields_of(page), [("one.jpg", photo())])
    overwritten = staff.upload("/staff/rooms/a1", fields_of(conflict))

    (name,) = names(folder)
    assert 409 == conflict.status_code
    assert (f"<td>{name}</td>" in conflict.text, "<td>desk.svg</td>" in conflict.text) == (True, True)
    assert f'<img src="/photos/{name}"' in conflict.text
    assert 303 == overwritten.status_code
    assert photos_of(rooms, "a1") == (name,)


def test_taken_code_keeps_new_photos(staff: Staff, folder: Path) -> None:
    refused = staff.upload("/staff/add", {**B2, "code": "a1"}, [("one.jpg", photo())])

    assert 409 == refused.status_code
    assert names(folder) == lines(refused)


def test_new_photos_survive_an_unreachable_storage(folder: Path) -> None:
    repository = BusyRepo([make_room()])
    staff = staff_with(PhotoFolder(folder), repository)
    answer = staff.upload("/staff/add", B2, [("one.jpg", photo())], Accept="text/html")
    repository.away = False

    assert 503 == answer.status_code
    assert 303 == staff.send("/staff/add", answer).status_code
    assert photos_of(repository) == tuple(names(folder))


def test_form_shows_the_photos_of_the_room(staff: Staff, rooms: MemRepo, folder: Path) -> None:
    (folder / "front.jpg").write_bytes(photo())
    rooms.load([make_room(photos=["front.jpg", "gone.jpg", "https://other.example/1.jpg"])])
    page = staff.get("/staff/rooms/a1").text

    assert '<img src="/photos/front.jpg" alt=""' in page
    assert '<span class="photo">not in the folder for photos</span>' in page
    assert '<span class="photo">on a host that pages only link to</span>' in page


# --- who may, and where


@pytest.mark.parametrize("scopes", [(), (Scope.IMPORT,)], ids=["nobody", "importer"])
def test_photos_of_others_than_writers_are_not_kept(
    rooms: MemRepo, folder: Path, scopes: tuple[Scope, ...]
) -> None:
    staff = staff_with(PhotoFolder(folder), rooms, *scopes)
    cookie = {} if scopes else {"Cookie": ""}
    answers = [
        staff.upload("/staff/add", B2, [("one.jpg", content)], **cookie) for content in (photo(), LARGE)
    ]

    assert [403, 403] == [answer.status_code for answer in answers]
    assert [] == names(folder)
    assert rooms.get("b2") is None


@pytest.mark.parametrize("content", [picture(), LARGE], ids=["short", "long"])
def test_fields_survive_an_expired_session_but_photos_are_chosen_again(
    staff: Staff, rooms: MemRepo, folder: Path, content: bytes
) -> None:
    page = staff.get("/staff/rooms/a1")
    given = {**fields_of(page), "price": "65"}
    answer = staff.upload("/staff/rooms/a1", given, [("one.jpg", content)], Cookie="")
    sent_again = staff.upload("/staff/rooms/a1", fields_of(answer), [("one.jpg", content)])

    assert 403 == answer.status_code
    assert "you are not signed in" in answer.text
    assert NOT_KEPT == refusal(answer)
    assert 303 == sent_again.status_code
    assert rooms.get("a1") == make_room(price=65, photos=names(folder))


def test_photos_from_another_site_are_refused(staff: Staff, rooms: MemRepo, folder: Path) -> None:
    for headers in (
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "", "Origin": "https://evil.example"},
    ):
        answer = staff.upload("/staff/add", B2, [("one.jpg", photo())], **headers)

        assert 403 == answer.status_code
        assert "This form came from another site" in answer.text
    assert [] == names(folder)
    assert rooms.get("b2") is None


def test_without_a_folder_the_form_says_so_and_keeps_working(rooms: MemRepo) -> None:
    staff = staff_with(None, rooms)
    page = staff.get("/staff/add").text
    refused = staff.upload("/staff/add", B2, [("one.jpg", photo())])
    saved = staff.upload("/staff/add", {**B2, "photos": "desk.svg"})

    assert "Photos cannot be uploaded: this server has no folder for them (RENTOMATIC_PHOTOS)." in page
    assert 'type="file"' not in page
    assert (422, "Photos cannot be uploaded") == (refused.status_code, refusal(refused)[:25])
    assert (303, ("desk.svg",)) == (saved.status_code, photos_of(rooms))


def test_folder_that_is_missing_cannot_be_written(rooms: MemRepo, folder: Path) -> None:
    folder.rmdir()
    staff = staff_with(PhotoFolder(folder), rooms)
    refused = staff.upload("/staff/add", B2, [("one.jpg", photo())])

    reason = "Photos cannot be uploaded right now: the server cannot write to its folder for them."
    assert reason in staff.get("/staff/add").text
    assert (422, reason) == (refused.status_code, refusal(refused))


class BrokenFolder(PhotoFolder):
    """A folder that fails from the second photo on."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__(path)
        self._number = number

    def save(self, name: str, content: bytes) -> None:
        if names(self.path):
            raise OSError(self._number, os.strerror(self._number))
        super().save(name, content)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the server cannot write to its folder"),
        (errno.EACCES, "the server cannot write to its folder"),
    ],
)
def test_full_or_read_only_disk_is_told_and_logged_and_keeps_what_was_saved(
    rooms: MemRepo, folder: Path, number: int, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    staff = staff_with(BrokenFolder(folder, number), rooms)
    refused = staff.upload("/staff/add", B2, [(f"{n}.jpg", photo(n)) for n in range(3)])

    assert 503 == refused.status_code
    assert f"'1.jpg' was not saved, nor what came after it: {why}." == refusal(refused)
    assert names(folder) == lines(refused)
    assert "70" == fields_of(refused)["price"]
    assert any(os.strerror(number) in str(vars(record).get("cause")) for record in caplog.records)


def test_full_disk_for_what_arrives_is_told(
    staff: Staff, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda buffering: full)
        refused = staff.upload("/staff/add", B2, [("one.jpg", photo())])

    assert 503 == refused.status_code
    assert f"Not enough disk space for the photos. {NOT_KEPT}" == refusal(refused)
    assert ("70", []) == (fields_of(refused)["price"], names(folder))


def test_added_photos_are_in_the_audit_log(
    staff: Staff, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rentomatic.audit")
    staff.upload("/staff/add", {**B2, "price": "x"}, [("one.jpg", photo())])

    (line,) = [vars(record) for record in caplog.records if record.name == "rentomatic.audit"]
    assert ("anna", "upload", *names(folder)) == (line["key"], line["act"], line["photo"])


# --- hostile and broken forms


def test_two_forms_at_once_are_both_saved(staff: Staff, rooms: MemRepo, folder: Path) -> None:
    def add(code: str) -> int:
        files = [("same.jpg", photo()), (f"{code}.jpg", photo(ord(code[0])))]
        return staff.upload("/staff/add", {**B2, "code": code}, files).status_code

    with ThreadPoolExecutor() as threads:
        statuses = list(threads.map(add, ["b", "c", "d"]))

    assert [303, 303, 303] == statuses
    assert names(folder) == sorted({name for code in "bcd" for name in photos_of(rooms, code) or ()})
    assert 4 == len(names(folder))


WHOLE = multipart(B2, [("one.jpg", LARGE), ("two.jpg", picture("PNG"))])
BEFORE_PHOTOS = WHOLE.index(b"\xff\xd8")


@pytest.mark.parametrize("end", [0, 1, 100, BEFORE_PHOTOS - 200])
def test_form_cut_off_in_its_fields_is_an_error(staff: Staff, folder: Path, end: int) -> None:
    answer = staff.send_body("/staff/add", WHOLE[:end], Content_Length=str(len(WHOLE)), Accept="text/html")

    assert 400 == answer.status_code
    assert "This form cannot be read" in answer.text
    assert [] == names(folder)


@pytest.mark.parametrize("end", [BEFORE_PHOTOS + SHORT, len(WHOLE) - 40, len(WHOLE) - 1])
def test_form_cut_off_in_its_photos_keeps_the_fields_and_no_photo(
    staff: Staff, rooms: MemRepo, folder: Path, end: int
) -> None:
    answer = staff.send_body("/staff/add", WHOLE[:end], Content_Length=str(len(WHOLE)))

    assert 400 == answer.status_code
    assert refusal(answer).endswith(NOT_KEPT)
    assert "70" == fields_of(answer)["price"]
    assert (None, []) == (rooms.get("b2"), names(folder))


def with_boundary(boundary: str) -> str:
    return f"multipart/form-data; boundary={boundary}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "multipart/form-data"}, 400),
        ({"Content_Type": with_boundary("")}, 400),
        ({"Content_Type": with_boundary("x" * 71)}, 400),
        ({"Content_Type": with_boundary("another")}, 400),
        ({"Content_Type": with_boundary('"\xff"')}, 400),
        ({"Content_Type": "application/json"}, 415),
        ({"Content_Type": ""}, 415),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Content_Length": "9" * 30}, 413),
        ({"Content_Length": str(len(WHOLE) - 30)}, 400),
    ],
)
def test_form_that_cannot_be_read_is_refused_with_a_page(
    staff: Staff, rooms: MemRepo, folder: Path, headers: dict[str, str], status: int
) -> None:
    answer = staff.send_body("/staff/add", WHOLE, **{"Accept": "text/html", **headers})

    assert status == answer.status_code
    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    assert (None, []) == (rooms.get("b2"), names(folder))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        WHOLE.replace(f"--{BOUNDARY}--".encode(), b""),
        WHOLE.replace(b"form-data;", b"form-data; \xff"),
        WHOLE.replace(b"one.jpg", b"\xff.jpg"),
        WHOLE.replace(b'"price"\r\n', b'"price"\r\nContent-Type: text/\xff\r\n'),
        WHOLE.replace(b'"price"\r\n', b'"price"\r\nContent-Type: text/plain; charset=klingon\r\n'),
        WHOLE.replace(b'"price"\r\n', b'"price"\r\nContent-Transfer-Encoding: base64\r\n'),
        WHOLE.replace(b'"price"\r\n', b'"price"\r\nX: ' + b"x" * 10_000 + b"\r\n"),
        multipart({f"field{number}": "x" for number in range(300)}),
        multipart({"description": "x" * 300_000}),
        multipart({f"field{number}": "x" * 30_000 for number in range(10)}),
    ],
    ids=["empty", "no form", "no end", "disposition", "file name", "type", "charset", "encoding", "headers",
         "300 fields", "huge field", "large fields"],
)  # fmt: skip
def test_malformed_form_changes_nothing(staff: Staff, rooms: MemRepo, folder: Path, body: bytes) -> None:
    answer = staff.send_body("/staff/add", body, Accept="text/html")

    assert 400 == answer.status_code
    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    assert (None, []) == (rooms.get("b2"), names(folder))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "'passwd'"),
        ("C:\\fakepath\\one.jpg", "'one.jpg'"),
        ("a\x00.jpg", "'a&lt;U+0000&gt;.jpg'"),
        ("a\nb.jpg", "'a&lt;U+000A&gt;b.jpg'"),
        ("<b>.jpg", "'&lt;b&gt;.jpg'"),
        ("x" * 300, "xx…'"),
        ("/", "A photo without a name"),
        ("", "A photo without a name"),
        ("\u202egpj.exe", "'&lt;U+202E&gt;gpj.exe'"),
    ],
    ids=ascii,
)
def test_name_of_a_file_is_only_shown(staff: Staff, folder: Path, name: str, shown: str) -> None:
    refused = staff.upload("/staff/add", B2, [(name, b"no picture"), (name, photo())])

    assert 422 == refused.status_code
    assert f"{shown} is not a JPEG" in refusal(refused)
    assert names(folder) == lines(refused)


def test_form_longer_than_all_photos_keeps_the_fields_and_is_not_read_to_its_end(
    staff: Staff, folder: Path
) -> None:
    refused = staff.upload(
        "/staff/add", B2, [("one.jpg", LARGE)], Content_Length=str(10 * LONGEST), Accept="text/html"
    )

    assert 422 == refused.status_code
    assert "The photos have more than 100 MB together: choose fewer at a time." == refusal(refused)
    assert ("70", []) == (fields_of(refused)["price"], names(folder))


class Untouched:
    """A body that must not be read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
        ({"CONTENT_TYPE": "text/csv"}, 415),
        ({"CONTENT_LENGTH": ""}, 411),
        ({"CONTENT_LENGTH": "-1"}, 400),
    ],
)
def test_forms_refused_by_their_headers_are_not_read(
    staff: Staff, changes: dict[str, str], status: int
) -> None:
    assert status == status_of(staff, Untouched(), 100, changes)


def status_of(staff: Staff, body: object, length: int, changes: dict[str, str]) -> int:
    given = {"Content-Type": MULTIPART, "Content-Length": str(length), "Cookie": staff.cookie, **FROM_HERE}
    environment = testing.create_environ("/staff/add", method="POST", headers=given)
    replied = testing.StartResponseMock()
    b"".join(staff.client.app({**environment, **changes, "wsgi.input": body}, replied))
    return int(str(replied.status).split()[0])


def test_photos_have_a_time_limit(rooms: MemRepo, folder: Path) -> None:
    staff = staff_with(PhotoFolder(folder), rooms, tuning=Tuning(photos_timeout=0.3))

    assert 408 == status_of(staff, Trickle(WHOLE[: BEFORE_PHOTOS - 300] * 1000), SHORT + 1, {})
    assert (
        303 == staff.upload("/staff/add", B2, [("one.jpg", photo())]).status_code
    )  # the place is free again


class Watched(PhotoFolder):
    """A folder that notes which lanes of the application have places taken when a photo is saved."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.app: object = None
        self.taken: list[dict[str, int]] = []

    def save(self, name: str, content: bytes) -> None:
        assert isinstance(self.app, App)
        self.taken.append({lane.name: lane.taken for lane in self.app.turns.lanes if lane.taken})
        super().save(name, content)


@pytest.mark.parametrize("size", [0, SHORT], ids=["short", "long"])
def test_photos_are_saved_while_others_can_sign_in_and_save(folder: Path, size: int) -> None:
    watched = Watched(folder)
    staff = staff_with(watched, MemRepo())
    watched.app = staff.client.app
    staff.upload("/staff/add", B2, [("one.jpg", picture() + bytes(size))])

    assert [{"uploads": 1}] == watched.taken
