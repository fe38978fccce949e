"""Staff preview what a listing would change, and import it."""

import gzip
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.listings import formats
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.serializers import csv, ndjson
from rentomatic.web.limits.tuning import USUAL, Tuning
from tests.builders import make_room
from tests.web.editing import Trickle
from tests.web.staff import BOUNDARY, FROM_HERE, MULTIPART, Staff
from tests.web.staff import multipart as form_of

HEADER = "code,size,price,latitude,longitude\n"
OLD = make_room(code="old", price=60)
CHANGED = "old,20,70,51.5,-0.12\n"
NEW = "new,20,70,51.5,-0.12\n"
BAD = "bad,20,much,51.5,-0.12\n"


def multipart(fields: Mapping[str, str], content: bytes | None = None, name: str = "rooms.csv") -> bytes:
    """Return the form with a listing as a browser sends it."""
    return form_of(fields, [] if content is None else [(name, content)], "listing")


class Desk:
    """A staff member on the import page, and the rooms behind it."""

    def __init__(self, repository: MemRepo, tuning: Tuning = USUAL) -> None:
        self.repository = repository
        self.staff = Staff(repository, tuning=tuning)

    def send(
        self,
        content: str | bytes | None,
        act: str = "import",
        name: str = "rooms.csv",
        **fields: str,
    ) -> testing.Result:
        listing = content.encode() if isinstance(content, str) else content
        return self.post(multipart({"act": act, **fields}, listing, name))

    def post(self, body: bytes, **headers: str) -> testing.Result:
        given = {"Content-Type": MULTIPART, "Content-Length": str(len(body)), "Cookie": self.staff.cookie}
        given |= {**FROM_HERE, **{name.replace("_", "-"): text for name, text in headers.items()}}
        present = {name: text for name, text in given.items() if text}
        return self.staff.client.simulate_post("/staff/import", body=body, headers=present)

    def rooms(self) -> list[Room]:
        with self.repository.stream(RoomQuery()) as rooms:
            return list(rooms)


@pytest.fixture
def desk() -> Desk:
    return Desk(MemRepo([OLD]))


def totals(answer: testing.Result) -> dict[str, int]:
    """Return the page's counts, except zeros."""
    names = ("added", "replaced", "unchanged", "skipped", "refused")
    found = {
        name: int(answer.text.split(f"{name}</dt><dd>")[1].split("<")[0])
        for name in names
        if f"{name}</dt><dd>" in answer.text
    }
    return {name: total for name, total in found.items() if total}


def test_a_preview_reports_changes_and_makes_none(desk: Desk) -> None:
    answer = desk.send(HEADER + NEW + CHANGED + BAD, "preview")

    assert answer.status_code == 200
    assert {"added": 1, "replaced": 1, "refused": 1} == totals(answer)
    assert "What rooms.csv would change" in answer.text
    assert "to be added" in answer.text
    assert "<li><strong>price</strong> as Price per day</li>" in answer.text
    assert 'form="import" name="act" value="import">Import now' in answer.text
    assert "no-store" == answer.headers["cache-control"]
    assert [OLD] == desk.rooms()


def test_a_preview_reports_what_replaced_rooms_would_lose(desk: Desk) -> None:
    answer = desk.send("code,price,latitude,longitude\nold,70,51.5,-0.12\n", "preview")

    assert (
        "Not in this file: Size in m², Title, Kind, Neighbourhood, Guests, Shortest stay in days, "
        "Features, Description, Web address, Photos. "
        "What replaced rooms say of it would be gone."
    ) in answer.text


def test_an_answer_names_columns_that_are_left_out_and_counts_lines_by_cause(desk: Desk) -> None:
    answer = desk.send(f"host,note,{HEADER}" + f"Ann,x,{BAD}" * 120 + "Ann,x,bad,20,60.5,51.5,-0.12\n")

    assert "<li>Left out: host, note</li>" in answer.text
    assert "<li>120 × price is not a number</li>" in answer.text
    assert "<li>1 × price is not a whole number: try to round fractions</li>" in answer.text


@pytest.mark.parametrize("act", ["", "else", "Import"])
def test_a_form_is_a_preview_unless_it_says_import(desk: Desk, act: str) -> None:
    assert "would change" in desk.send(HEADER + NEW, act).text
    assert [OLD] == desk.rooms()


def test_an_import_loads_the_rooms_and_lists_refused_lines(desk: Desk) -> None:
    answer = desk.send(HEADER + NEW + CHANGED + BAD)

    assert {"added": 1, "replaced": 1, "refused": 1} == totals(answer)
    assert "What rooms.csv changed" in answer.text
    assert '<td class="number">4</td><td>price</td><td><code>much</code></td>' in answer.text
    assert ["new", "old"] == [room.code for room in desk.rooms()]


def test_a_hundred_refused_lines_are_listed_and_all_are_counted(desk: Desk) -> None:
    answer = desk.send(HEADER + BAD * 150)

    assert {"refused": 150} == totals(answer)
    assert 100 == answer.text.count('<td class="number">')
    assert "The first 100 of 150 refused lines" in answer.text


ROOMS = [make_room(code=f"r{number}", price=number) for number in range(1, 4)]
CSV, NDJSON = b"".join(csv.write(ROOMS)), b"".join(ndjson.write(ROOMS))


@pytest.mark.parametrize(
    ("name", "content", "fields"),
    [
        ("rooms.csv", CSV, {}),
        ("rooms.csv", b"\xef\xbb\xbf" + CSV, {}),
        ("rooms.csv", CSV.decode().encode("utf-16"), {}),
        ("rooms.csv", CSV.decode().encode("utf-16-le"), {"encoding": "utf-16le"}),
        ("rooms.csv.gz", gzip.compress(CSV), {}),
        ("whatever", gzip.compress(CSV.decode().encode("utf-16")), {}),
        ("rooms.ndjson", NDJSON, {}),
        ("rooms.jsonl.gz", gzip.compress(NDJSON), {}),
        ("rooms.txt", NDJSON, {}),
    ],
    ids=["CSV", "UTF-8 with a mark", "UTF-16 with a mark", "UTF-16 as stated", "gzip", "gzip of UTF-16",
         "NDJSON", "gzip of NDJSON", "NDJSON by its first line"],
)  # fmt: skip
def test_a_file_is_read_whatever_its_format(
    desk: Desk, name: str, content: bytes, fields: dict[str, str]
) -> None:
    assert {"added": 3} == totals(desk.send(content, name=name, **fields))
    assert [OLD, *ROOMS] == desk.rooms()


@pytest.mark.parametrize(
    ("on_conflict", "expected", "price"),
    [("replace", {"added": 1, "replaced": 1}, 70), ("skip", {"added": 1, "skipped": 1}, 60)],
)
def test_an_existing_room_is_replaced_or_kept(
    desk: Desk, on_conflict: str, expected: dict[str, int], price: int
) -> None:
    answer = desk.send(HEADER + CHANGED + NEW, on_conflict=on_conflict)

    assert expected == totals(answer)
    assert [70, price] == [room.price for room in desk.rooms()]


def test_an_existing_room_may_refuse_the_whole_import(desk: Desk) -> None:
    answer = desk.send(HEADER + NEW + CHANGED, on_conflict="fail")

    assert answer.status_code == 409
    assert "There is a room old already." in answer.text
    assert [OLD] == desk.rooms()


@pytest.mark.parametrize("act", ["preview", "import"])
def test_one_refused_line_may_refuse_all(desk: Desk, act: str) -> None:
    answer = desk.send(HEADER + NEW + BAD, act, atomic="true")

    assert answer.status_code == 422
    assert "Nothing was imported" in answer.text
    assert "<code>much</code>" in answer.text
    assert "Columns of the file" in answer.text
    assert "Import now" not in answer.text
    assert 'name="atomic" value="true" autocomplete="off" checked' in answer.text
    assert [OLD] == desk.rooms()


def test_form_names_fields_by_their_labels(desk: Desk) -> None:
    page = desk.send(None).text

    for label in ("Size in m²", "Price per day", "Shortest stay in days", "Currency of the price"):
        assert f">{label}</label>" in page
    assert "min_stay</label>" not in page.lower()


def test_a_hyphen_is_no_column_and_advice_says_so(desk: Desk) -> None:
    listing = "code,area,price,latitude,longitude\nnew,Camden,70,51.5,-0.12\n"

    refused, loaded = desk.send(listing, "preview"), desk.send(listing, map_size="-")

    advice = "is not a number: try “-” as the column for “Size in m²”, if the column says something else"
    assert advice in refused.text
    assert {"added": 1} == totals(loaded)
    assert "<li>Left out: area</li>" in loaded.text


def test_a_required_field_needs_a_column(desk: Desk) -> None:
    answer = desk.send(HEADER + NEW, map_price="-")

    assert answer.status_code == 422
    assert "names no column for the price, which every room has" in answer.text
    assert "<details open>" in answer.text


def test_columns_encoding_and_fractions_follow_the_form(desk: Desk) -> None:
    german = "Nummer;Preis;Breite;Länge;Fläche\nneu;1.200,40;51.5;-0.12;20\n".encode("windows-1252")
    columns = {
        "map_code": "Nummer",
        "map_price": "Preis",
        "map_size": "Fläche",
        "map_latitude": "Breite",
        "map_longitude": "Länge",
    }
    answer = desk.send(german, decimal="comma", round="true", encoding="windows-1252", **columns)

    assert {"added": 1} == totals(answer)
    assert "<li><strong>Preis</strong> as Price per day</li>" in answer.text
    assert 'value="Fläche"' in answer.text
    assert '<option value="comma" selected>' in answer.text
    assert make_room(code="neu", price=1200) in desk.rooms()


def test_advice_for_a_refused_line_uses_the_labels_of_the_form(desk: Desk) -> None:
    answer = desk.send(HEADER + 'a,20,"1,200",51.5,-0.1\nb,20,60.5,51.5,-0.1\n')

    assert "try “A point: 1,200.50” for fractions or “A comma: 1.200,50” for fractions" in answer.text
    assert "try to round fractions" in answer.text
    assert "decimal=" not in answer.text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"code,size,latitude,longitude\na,1,2,3\n", "try to name the column for “Price”"),
        (HEADER.encode() + "ä,1,2,3,4\n".encode("latin-1"), "“Windows (Western Europe)” as the encoding"),
        (HEADER.encode("utf-16-le"), "“UTF-16, little-endian” as the encoding"),
        (b"[1, 2]", "NDJSON"),
        (b"PK\x03\x04....", "workbook"),
        (gzip.compress(CSV)[:-9], "damaged gzip"),
        (HEADER.encode() + NEW.encode() * 20_000 + b"\xff,1,2,3,4\n", "line 20002"),
    ],
    ids=["empty", "no price", "Windows", "UTF-16", "JSON", "workbook", "damaged", "damaged late"],
)
def test_a_file_that_is_not_a_listing_is_refused(desk: Desk, content: bytes, told: str) -> None:
    answer = desk.send(content)

    assert answer.status_code == 422
    assert told in answer.text
    assert 'role="alert"' in answer.text
    assert [OLD] == desk.rooms()


def test_a_small_file_of_many_blank_lines_is_refused_and_the_next_one_loaded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "MAX_LINES_WITHOUT_ROOM", 1000)
    answer = desk.send(gzip.compress((HEADER + NEW + "\n" * 100_000).encode()))

    assert 422 == answer.status_code
    assert "1,000 lines in a row without a valid room" in answer.text
    assert [OLD] == desk.rooms()
    assert 200 == desk.send(HEADER + NEW).status_code


def test_text_from_a_file_is_escaped(desk: Desk) -> None:
    evil = "<script>alert(1)</script>"
    answer = desk.send(f"{HEADER}{evil},20,{evil},51.5,-0.1\n", name=f"{evil}.csv")
    columns = desk.send("a\nb\n", map_code=evil)

    assert evil not in answer.text + columns.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "&lt;script&gt;alert(1)" in columns.text


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"on_conflict": "ignore"}, "on_conflict"), ({"decimal": "."}, "decimal"),
     ({"encoding": "rot13"}, "encoding"), ({"atomic": "yes"}, "atomic"), ({"round": "1"}, "round")],
)  # fmt: skip
def test_an_invalid_field_is_named(desk: Desk, fields: dict[str, str], name: str) -> None:
    answer = desk.send(HEADER + NEW, **fields)

    assert answer.status_code == 422
    assert f'id="{name}-problem"' in answer.text
    assert [OLD] == desk.rooms()


def test_a_form_without_a_file_asks_for_one_and_keeps_the_rest(desk: Desk) -> None:
    for answer in (
        desk.send(b"", name="", on_conflict="skip"),
        desk.send(None, on_conflict="skip"),
        desk.send(None, listing=HEADER + NEW, on_conflict="skip"),
    ):
        assert answer.status_code == 422
        assert "Choose a file." in answer.text
        assert '<option value="skip" selected>' in answer.text
    assert [OLD] == desk.rooms()


WHOLE = multipart({"act": "import"}, (HEADER + NEW).encode())


@pytest.mark.parametrize("cut", [1, 3, 20, 60, len(WHOLE) - 10])
def test_an_interrupted_upload_loads_nothing(desk: Desk, cut: int) -> None:
    answer = desk.post(WHOLE[:-cut], Content_Length=str(len(WHOLE)))

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert [OLD] == desk.rooms()


@pytest.mark.parametrize(
    "body",
    [
        WHOLE[: WHOLE.rindex(b"\r\n--")],
        WHOLE.replace(b"--\r\n", b"\r\n"),
        b"",
        b"nothing",
        WHOLE.replace(b"form-data;", b"form-data; \xff"),
        WHOLE.replace(b"rooms.csv", b"\xff.csv"),
        WHOLE.replace(b'"act"\r\n', b'"act"\r\nContent-Type: text/\xff\r\n'),
        WHOLE.replace(b'"act"\r\n', b'"act"\r\nContent-Type: text/plain; charset=klingon\r\n'),
        multipart({f"field{number}": "x" for number in range(60)}, HEADER.encode()),
        multipart({"act": "x" * 300_000}, HEADER.encode()),
        multipart({"act": "import"}, HEADER.encode()).replace(
            f"--{BOUNDARY}--".encode(), WHOLE.replace(b'"act"', b'"more"')
        ),
    ],
    ids=["no end", "no last boundary", "nothing", "no form", "bad disposition", "bad name", "bad type",
         "bad charset", "many fields", "huge field", "two files"],
)  # fmt: skip
def test_an_incomplete_form_loads_nothing_and_is_not_a_server_error(desk: Desk, body: bytes) -> None:
    answer = desk.post(body)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert [OLD] == desk.rooms()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/csv"}, 415),
        ({"Content_Type": ""}, 415),
        ({"Content_Type": "multipart/form-data"}, 400),
        ({"Content_Type": "multipart/form-data; boundary=" + "x" * 71}, 400),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Content_Length": str((1 << 30) + 1)}, 413),
    ],
)
def test_a_form_of_another_type_is_refused_with_a_page(
    desk: Desk, headers: dict[str, str], status: int
) -> None:
    answer = desk.post(WHOLE, **headers)

    assert status == answer.status_code
    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    assert 'role="alert"' in answer.text
    assert [OLD] == desk.rooms()


class Untouched:
    """A body that must not be read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"HTTP_COOKIE": ""}, 403),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
        ({"CONTENT_TYPE": "text/csv"}, 415),
        ({"CONTENT_LENGTH": str((1 << 30) + 1)}, 413),
        ({"CONTENT_LENGTH": ""}, 411),
    ],
)
def test_uploads_refused_by_their_headers_are_refused_before_the_file_is_read(
    desk: Desk, changes: dict[str, str], status: int
) -> None:
    given = {"Content-Type": MULTIPART, "Content-Length": "100", "Cookie": desk.staff.cookie, **FROM_HERE}
    environment = testing.create_environ("/staff/import", method="POST", headers=given)
    environment |= {**changes, "wsgi.input": Untouched()}
    replied = testing.StartResponseMock()
    b"".join(desk.staff.client.app(environment, replied))

    assert status == int(str(replied.status).split()[0])


def test_receiving_an_upload_has_a_time_limit() -> None:
    desk = Desk(MemRepo([OLD]), Tuning(listing_timeout=0.5))
    given = {"Content-Type": MULTIPART, "Content-Length": "1000000", "Cookie": desk.staff.cookie}
    environment = testing.create_environ("/staff/import", method="POST", headers={**given, **FROM_HERE})
    replied = testing.StartResponseMock()
    b"".join(desk.staff.client.app({**environment, "wsgi.input": Trickle(WHOLE * 10)}, replied))

    assert str(replied.status).startswith("408")
    assert [OLD] == desk.rooms()
    assert 200 == desk.send(HEADER + NEW).status_code  # the place is free again


def test_a_compressed_file_that_expands_too_much_is_refused() -> None:
    desk = Desk(MemRepo([OLD]), Tuning(listing_bytes=100_000))
    answer = desk.send(gzip.compress(HEADER.encode() + NEW.encode() * 100_000))

    assert answer.status_code == 413
    assert "longer than 100,000 bytes" in answer.text
    assert [OLD] == desk.rooms()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_reported(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda buffering: full)
        answer = desk.send(HEADER + NEW)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "Not enough disk space for the import." in answer.text


def test_an_import_is_audited_like_one_by_the_api(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rentomatic.audit")
    desk.send(HEADER + NEW + CHANGED + BAD)

    (line,) = [vars(record) for record in caplog.records if record.name == "rentomatic.audit"]
    expected: dict[str, Any] = {"key": "anna", "act": "import", "dry_run": False, "added": 1, "refused": 1}
    assert expected == {name: line[name] for name in expected}


def test_an_expired_session_is_reported(desk: Desk) -> None:
    answer = desk.post(WHOLE, Cookie="")

    assert answer.status_code == 403
    assert "You are not signed in" in answer.text
    assert [OLD] == desk.rooms()
