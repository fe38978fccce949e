"""Listings in the body of a request."""

import gzip
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from rentomatic.domain.fields import ALWAYS_WRITTEN, NAMES
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.listings import formats, source
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.serializers import csv, ndjson
from rentomatic.settings import Scope
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.web.limits.tuning import USUAL, Tuning
from tests.builders import make_room
from tests.web.conftest import client_of, key_of
from tests.web.editing import Trickle
from tests.web.http.test_errors import assert_problem

KEY, ENTRY = key_of("staff", Scope.IMPORT)
HEADER = "code,size,price,latitude,longitude\n"
OLD = make_room(code="old", price=60)
CHANGED = "old,20,70,51.5,-0.12\n"
NEW = "new,20,70,51.5,-0.12\n"
BAD = "bad,20,much,51.5,-0.12\n"


class Listings:
    """The application with one room, and its rooms after imports."""

    def __init__(self, repository: MemRepo, tuning: Tuning = USUAL) -> None:
        self.repository = repository
        self.client = client_of(repository, keys=[ENTRY], tuning=tuning)

    def send(self, body: str | bytes, query: str = "", **headers: str) -> testing.Result:
        given = {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": "text/csv",
            "Content-Length": str(len(body)),
        }
        given |= {name.replace("_", "-"): text for name, text in headers.items()}
        return self.client.simulate_post("/rooms/import", query_string=query, body=body, headers=given)

    def rooms(self) -> list[Room]:
        with self.repository.stream(RoomQuery()) as rooms:
            return list(rooms)


@pytest.fixture
def listings() -> Listings:
    return Listings(MemRepo([OLD]))


def totals(answer: testing.Result) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if isinstance(value, int) and value}


ROOMS = [make_room(code=f"r{number}", price=number) for number in range(1, 4)]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"".join(csv.write(ROOMS))),
        ("text/csv; charset=utf-8; header=present", b"".join(csv.write(ROOMS))),
        ("TEXT/CSV;charset=UTF-16", b"".join(csv.write(ROOMS)).decode().encode("utf-16")),
        ("application/x-ndjson", b"".join(ndjson.write(ROOMS))),
    ],
)
@pytest.mark.parametrize("coding", [None, "identity", "gzip", "x-gzip"])
def test_a_listing_is_loaded(listings: Listings, content_type: str, body: bytes, coding: str | None) -> None:
    headers = {"Content_Encoding": coding} if coding else {}
    sent = gzip.compress(body) if coding and "gzip" in coding else body
    answer = listings.send(sent, Content_Type=content_type, **headers)

    assert 200 == answer.status_code
    assert "application/json" == answer.headers["Content-Type"]
    assert {"added": 3} == totals(answer)
    columns = ALWAYS_WRITTEN if "json" in content_type else NAMES
    assert dict(zip(columns, columns, strict=True)) == answer.json["columns"]
    assert [] == answer.json["refusals"]
    assert [OLD, *ROOMS] == listings.rooms()


def test_refused_lines_are_listed_with_reasons_and_the_rest_is_loaded(listings: Listings) -> None:
    answer = listings.send(HEADER + NEW + BAD)

    (refusal,) = answer.json["refusals"]
    assert {"added": 1, "refused": 1} == totals(answer)
    assert (3, "price", "much") == (refusal["line"], refusal["column"], refusal["value"])
    assert refusal["reason"]
    assert ["new", "old"] == [room.code for room in listings.rooms()]


def test_a_hundred_refused_lines_are_listed_and_all_are_counted(listings: Listings) -> None:
    answer = listings.send(HEADER + BAD * 150)

    assert {"refused": 150} == totals(answer)
    assert list(range(2, 102)) == [refusal["line"] for refusal in answer.json["refusals"]]


def test_an_atomic_import_loads_nothing_if_a_line_is_refused(listings: Listings) -> None:
    answer = listings.send(HEADER + NEW + BAD + CHANGED, "atomic=true")

    problem = assert_problem(answer, 422, "urn:rentomatic:problem:import-refused")
    (refusal,) = problem["refusals"]
    assert (3, "price") == (refusal["line"], refusal["column"])
    assert {"refused": 1, "added": 0, "replaced": 0} == {
        name: problem[name] for name in ("refused", "added", "replaced")
    }
    assert [OLD] == listings.rooms()


@pytest.mark.parametrize(
    ("query", "expected", "price"),
    [
        ("", {"added": 1, "replaced": 1}, 70),
        ("on_conflict=replace&atomic=true", {"added": 1, "replaced": 1}, 70),
        ("on_conflict=skip&atomic=false", {"added": 1, "skipped": 1}, 60),
    ],
)
def test_an_existing_room_is_replaced_or_kept(
    listings: Listings, query: str, expected: dict[str, int], price: int
) -> None:
    answer = listings.send(HEADER + CHANGED + NEW, query)

    assert expected == totals(answer)
    assert [70, price] == [room.price for room in listings.rooms()]


def test_an_existing_room_may_refuse_the_whole_import(listings: Listings) -> None:
    answer = listings.send(HEADER + NEW + CHANGED, "on_conflict=fail")

    problem = assert_problem(answer, 409, "urn:rentomatic:problem:code-taken")
    assert "old" in problem["detail"]
    assert [OLD] == listings.rooms()


def test_a_dry_run_reports_changes_and_makes_none(listings: Listings) -> None:
    answer = listings.send(HEADER + NEW + CHANGED + BAD, "dry_run=true")

    assert {"dry_run": True, "added": 1, "replaced": 1, "refused": 1} == totals(answer)
    assert [OLD] == listings.rooms()


@pytest.mark.parametrize(
    ("query", "lost"),
    [("dry_run=true", "say of it would be gone"), ("", "said of it is gone")],
)
def test_import_notes_what_replaced_rooms_lose_and_what_was_cleaned(
    listings: Listings, query: str, lost: str
) -> None:
    answer = listings.send("code,price,latitude,longitude,title\nold,70,51.5,-0.12,Quiet  room\n", query)

    lacking = "size, kind, neighbourhood, guests, min_stay, features, description, url, photos"
    assert [
        f"Not in this file: {lacking}. What replaced rooms {lost}.",
        "The spacing of the title was cleaned in 1 line.",
    ] == answer.json["notes"]


def test_every_column_is_named_with_its_field_or_null(listings: Listings) -> None:
    answer = listings.send("id,price,lat,lon,host_name,\na1,60,51.5,-0.12,Ann,\n")

    expected = {"id": "code", "price": "price", "lat": "latitude", "lon": "longitude"}
    assert {**expected, "host_name": None, "": None} == answer.json["columns"]


def test_refused_import_names_every_column_too(listings: Listings) -> None:
    answer = listings.send("id,price,lat,lon,host_name\na1,cheap,51.5,-0.12,Ann\n", "atomic=true")

    expected = {"id": "code", "price": "price", "lat": "latitude", "lon": "longitude", "host_name": None}
    assert (422, expected) == (answer.status_code, answer.json["columns"])


def test_refused_lines_are_counted_by_cause_with_advice(listings: Listings) -> None:
    listing = HEADER + BAD * 150 + "a,20,60.5,51.5,-0.1\n"
    expected = [
        {"cause": "price is not a number", "lines": 150},
        {"cause": "price is not a whole number: try round=true", "lines": 1},
    ]

    assert expected == listings.send(listing).json["causes"]
    assert expected == listings.send(listing, "atomic=true").json["causes"]


def test_columns_can_be_mapped(listings: Listings) -> None:
    german = "Nummer;Preis;Breite;Länge;Fläche\nneu;1.200,40;51.5;-0.12;20\n".encode("windows-1252")
    names = (
        "map=code=Nummer&map=price=Preis&map=size=Fl%C3%A4che&map=latitude=Breite&map=longitude=L%C3%A4nge"
    )
    answer = listings.send(
        german,
        f"{names}&decimal=comma&round=true",
        Content_Type="text/csv; charset=windows-1252",
    )

    assert {"added": 1} == totals(answer)
    assert "price" == answer.json["columns"]["Preis"]
    assert make_room(code="neu", price=1200) in listings.rooms()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("on_conflict=ignore", ["on_conflict"]),
        ("on_conflict=", ["on_conflict"]),
        ("dry_run=1&atomic=yes&round=&decimal=.", ["dry_run", "atomic", "decimal", "round"]),
        ("dry_run=true&dry_run=false", ["dry_run"]),
        ("dryrun=true", ["dryrun"]),
        ("filter_price__lt=5&limit=3", ["filter_price__lt", "limit"]),
        ("map=price", ["map"]),
        ("map=prize=Preis&map=price=", ["map", "map"]),
        ("map=price=a&map=price=b", ["map"]),
        ("map=size=&map=size=", ["map"]),
    ],
)
def test_all_invalid_parameters_are_named(listings: Listings, query: str, names: list[str]) -> None:
    answer = listings.send(HEADER + NEW, query)

    problem = assert_problem(answer, 400, "urn:rentomatic:problem:parameters")
    assert sorted(names) == sorted(error["parameter"] for error in problem["errors"])
    assert [OLD] == listings.rooms()


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "", "text/plain", "csv", "text/csv; charset=rot13", "text/csv; charset=idna",
     "text/csv; charset=iso-8859-12", "application/x-ndjson; charset=klingon", "multipart/form-data"],
)  # fmt: skip
def test_another_media_type_is_refused_with_the_accepted_ones(listings: Listings, content_type: str) -> None:
    answer = listings.send(HEADER + NEW, Content_Type=content_type)

    assert_problem(answer, 415)
    assert "text/csv, application/x-ndjson" == answer.headers["Accept-Post"]


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_another_content_coding_is_refused_with_the_accepted_one(listings: Listings, coding: str) -> None:
    answer = listings.send(HEADER + NEW, Content_Encoding=coding)

    assert_problem(answer, 415)
    assert "gzip" == answer.headers["Accept-Encoding"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [(gzip.compress(HEADER.encode()), {}), (HEADER.encode(), {"Content_Encoding": "gzip"}),
     (b"", {"Content_Encoding": "gzip"})],
    ids=["not stated", "stated only", "nothing"],
)  # fmt: skip
def test_gzip_is_determined_by_the_header(listings: Listings, body: bytes, headers: dict[str, str]) -> None:
    problem = assert_problem(listings.send(body, **headers), 400)

    assert "Content-Encoding" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"code,size,latitude,longitude\na,1,2,3\n", "map=price=COLUMN"),
        (HEADER.encode() + "ä,1,2,3,4\n".encode("latin-1"), "`charset=windows-1252` in Content-Type"),
        (HEADER.encode("utf-16-le"), "`charset=utf-16le` in Content-Type"),
        (b"[1, 2]", "NDJSON"),
        (b"PK\x03\x04....", "workbook"),
        (b"code," + b"x" * 1_000_001, "longer than"),
        (HEADER.encode() + NEW.encode() * 20_000 + b"\xff,1,2,3,4\n", "line 20002"),
    ],
)
def test_a_body_that_is_not_a_listing_is_refused(listings: Listings, body: bytes, told: str) -> None:
    problem = assert_problem(listings.send(body), 422, "urn:rentomatic:problem:listing")

    assert told in problem["detail"]
    assert "--" not in problem["detail"]
    assert [OLD] == listings.rooms()


def test_advice_for_a_refused_line_names_request_parameters(listings: Listings) -> None:
    answer = listings.send(HEADER + 'a,20,"1,200",51.5,-0.1\nb,20,60.5,51.5,-0.1\n')

    reasons = [refusal["reason"] for refusal in answer.json["refusals"]]
    assert ["decimal=point" in reasons[0], "round=true" in reasons[1]] == [True, True]
    assert "--" not in "".join(reasons)


def test_a_damaged_gzip_file_loads_nothing(listings: Listings) -> None:
    whole = gzip.compress(HEADER.encode() + b"".join(b"r%d,20,60,51.5,-0.12\n" % n for n in range(9000)))

    for damaged in (whole[:-20], whole[:500], whole[:-4] + b"\0\0\0\0"):
        answer = listings.send(damaged, Content_Encoding="gzip")
        assert_problem(answer, 422, "urn:rentomatic:problem:listing")
    assert [OLD] == listings.rooms()


def test_a_decompression_bomb_is_refused() -> None:
    listings = Listings(MemRepo([OLD]), Tuning(listing_bytes=100_000))
    bomb = gzip.compress(HEADER.encode() + NEW.encode() * 100_000)
    answer = listings.send(bomb, Content_Encoding="gzip")

    assert len(bomb) < 100_000
    assert_problem(answer, 413, "urn:rentomatic:problem:listing-too-long")
    assert [OLD] == listings.rooms()


def test_a_small_file_of_many_blank_lines_is_refused_and_the_next_one_loaded(
    listings: Listings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "MAX_LINES_WITHOUT_ROOM", 1000)
    blank = gzip.compress((HEADER + NEW + "\n" * 100_000).encode())
    answer = listings.send(blank, Content_Encoding="gzip")

    problem = assert_problem(answer, 422, "urn:rentomatic:problem:listing")
    assert "1,000 lines in a row without a valid room" in problem["detail"]
    assert [OLD] == listings.rooms()
    assert 200 == listings.send(HEADER + NEW).status_code


def test_a_listing_that_expands_too_much_is_refused(
    listings: Listings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "ALWAYS_EXPANDED", 100_000)
    same, different = NEW.encode() * 100_000, b"".join(b"r%d,20,60,51.5,-0.12\n" % n for n in range(20_000))
    answer = listings.send(gzip.compress(HEADER.encode() + same), Content_Encoding="gzip")

    problem = assert_problem(answer, 413, "urn:rentomatic:problem:listing-too-long")
    assert "100 times as long" in problem["detail"]
    assert [OLD] == listings.rooms()
    usual = listings.send(gzip.compress(HEADER.encode() + different), Content_Encoding="gzip")
    assert 20_000 == usual.json["added"]


def test_reading_a_listing_has_a_time_limit() -> None:
    listings = Listings(MemRepo([OLD]), Tuning(listing_reading=0.0))
    answer = listings.send(HEADER + NEW)

    problem = assert_problem(answer, 422, "urn:rentomatic:problem:listing")
    assert "reading the listing takes longer than 0 seconds" in problem["detail"]
    assert [OLD] == listings.rooms()
    assert 422 == listings.send(HEADER + NEW).status_code  # the place is free again


class Untouched:
    """A body that must not be read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"HTTP_AUTHORIZATION": "Bearer rom_other"}, 401),
        ({"QUERY_STRING": "dryrun=true"}, 400),
        ({"CONTENT_TYPE": "application/json"}, 415),
        ({"HTTP_CONTENT_ENCODING": "br"}, 415),
        ({"CONTENT_LENGTH": str((1 << 30) + 1)}, 413),
        ({"CONTENT_LENGTH": ""}, 411),
        ({"CONTENT_LENGTH": "-1"}, 400),
    ],
)
def test_requests_refused_by_their_headers_are_refused_before_the_body_is_read(
    listings: Listings, changes: dict[str, str], status: int
) -> None:
    environment = testing.create_environ(
        "/rooms/import",
        method="POST",
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "text/csv", "Content-Length": "100"},
    )
    environment |= {**changes, "wsgi.input": Untouched()}
    replied = testing.StartResponseMock()
    b"".join(listings.client.app(environment, replied))

    assert status == int(str(replied.status).split()[0])


def test_a_truncated_body_loads_nothing(listings: Listings) -> None:
    length = str(len(HEADER + NEW) + 1)

    problem = assert_problem(listings.send(HEADER + NEW, Content_Length=length), 400)

    assert "1 bytes before" in problem["detail"]
    assert [OLD] == listings.rooms()


def test_receiving_a_body_has_a_time_limit() -> None:
    listings = Listings(MemRepo([OLD]), Tuning(listing_timeout=0.5))
    environment = testing.create_environ(
        "/rooms/import",
        method="POST",
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "text/csv", "Content-Length": "1000000"},
    )
    trickle = Trickle(HEADER.encode() + NEW.encode() * 10)
    replied = testing.StartResponseMock()
    b"".join(listings.client.app({**environment, "wsgi.input": trickle}, replied))

    assert str(replied.status).startswith("408")
    assert trickle.left
    assert [OLD] == listings.rooms()
    assert 200 == listings.send(HEADER + NEW).status_code  # the place is free again


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_reported(listings: Listings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda buffering: full)
        answer = listings.send(HEADER + NEW)

    problem = assert_problem(answer, 503, "urn:rentomatic:problem:storage-unavailable")
    assert answer.headers["Retry-After"]
    assert "Not enough disk space for the import." == problem["detail"]


def test_a_missing_folder_for_temporary_files_is_reported(
    listings: Listings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")

    answer = listings.send(HEADER + NEW)
    monkeypatch.undo()

    assert_problem(answer, 503, "urn:rentomatic:problem:storage-unavailable")
    assert 200 == listings.send(HEADER + NEW).status_code  # the place is free again


class AwayRepo(MemRepo):
    def load(self, rooms: Any, *more: Any, **options: Any) -> Any:
        next(iter(rooms))
        raise RepositoryUnavailable("The storage went away.")


def test_an_import_with_unknown_outcome_is_a_503_and_audited(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "rentomatic.audit")
    answer = Listings(AwayRepo()).send(HEADER + NEW)

    assert_problem(answer, 503, "urn:rentomatic:problem:storage-unavailable")
    (line,) = [vars(record) for record in caplog.records if record.name == "rentomatic.audit"]
    assert ("import", "unknown", False) == (line["act"], line["outcome"], line["dry_run"])


def test_the_audit_log_counts_loaded_rooms(listings: Listings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rentomatic.audit")
    listings.send(HEADER + NEW + CHANGED + BAD, "dry_run=true")

    (line,) = [vars(record) for record in caplog.records if record.name == "rentomatic.audit"]
    expected = {"key": "staff", "act": "import", "dry_run": True, "added": 1, "replaced": 1, "refused": 1}
    assert expected == {name: line[name] for name in expected}


def test_rooms_and_imports_are_counted(listings: Listings) -> None:
    listings.send(HEADER + NEW + CHANGED)
    listings.send(HEADER + NEW + BAD, "dry_run=true")
    figures = listings.client.simulate_get("/metrics").text

    assert 'rentomatic_rooms_loaded_total{outcome="added"} 1.0' in figures
    assert 'rentomatic_rooms_loaded_total{outcome="replaced"} 1.0' in figures
    answered = 'rentomatic_http_requests_total{method="POST",route="/rooms/import",status="200"} 2.0'
    assert answered in figures


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_import_is_not_a_room(listings: Listings, method: str) -> None:
    answer = listings.client.simulate_request(method, "/rooms/import")

    assert 405 == answer.status_code
    assert "POST" in answer.headers["Allow"]


def test_an_import_report_has_every_documented_member(listings: Listings) -> None:
    answer = listings.send(HEADER + BAD)

    expected = "dry_run added replaced unchanged skipped refused columns notes causes refusals"
    assert expected.split() == list(json.loads(answer.text))
    assert {"line", "column", "value", "reason"} == set(answer.json["refusals"][0])
