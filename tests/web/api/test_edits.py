"""A room is added, replaced and removed over HTTP."""

import logging
from typing import Any
from uuid import UUID

import pytest

from rentomatic.domain.room import Room
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.errors import RepositoryUnavailable
from tests.builders import make_room
from tests.web.editing import A1, Editor
from tests.web.http.test_errors import NoRepository, assert_problem

ID = "f853578c-fc0f-4e65-81b8-566c5dffa35a"
PROBLEM = "urn:rentomatic:problem:"


def editor_of(*rooms: Room) -> tuple[Editor, MemRepo]:
    repository = MemRepo(rooms)
    return Editor(repository), repository


def test_a_room_is_added() -> None:
    editor, repository = editor_of()

    answer = editor.send("POST", "/rooms", A1)

    assert (201, "/rooms/a1", A1) == (answer.status_code, answer.headers["location"], answer.json)
    assert make_room() == repository.get("a1")


def test_a_room_with_the_longest_texts_is_accepted() -> None:
    editor, repository = editor_of()
    more = {
        "features": sorted(f"{n:02}" + "\U0001f6cf" * 58 for n in range(60)),
        "description": "\U0001f6cf" * 10_000,
        "url": "https://example.com/" + "a" * 480,
        "photos": [f"https://example.com/{n:02}" + "a" * 478 for n in range(30)],
    }

    answer = editor.send("POST", "/rooms", {**A1, **more})  # written in ASCII, so with long escapes

    assert (201, {**A1, **more}) == (answer.status_code, answer.json)
    assert repository.get("a1") == make_room(**more)


def test_a_room_without_a_code_gets_a_uuid() -> None:
    editor, repository = editor_of()

    answer = editor.send("POST", "/rooms", {**A1, "code": ID.upper()})
    other = editor.send("POST", "/rooms", {name: value for name, value in A1.items() if name != "code"})

    code = str(UUID(other.json["code"]))
    assert [f"/rooms/{ID}", f"/rooms/{code}"] == [answer.headers["location"], other.headers["location"]]
    assert make_room(code=code) == repository.get(code)


def test_a_room_whose_code_is_taken_is_not_added() -> None:
    editor, repository = editor_of(make_room())

    answer = editor.send("POST", "/rooms", {**A1, "price": 1})

    assert_problem(answer, 409, PROBLEM + "code-taken")
    assert make_room() == repository.get("a1")


@pytest.mark.parametrize(
    ("old", "status"),
    [(None, 201), (make_room(), 200), (make_room(price=1), 200)],
    ids=["add", "same", "new"],
)
def test_put_adds_or_replaces_a_room(old: Room | None, status: int) -> None:
    editor, repository = editor_of(*([old] if old else []))

    answer = editor.send("PUT", "/rooms/a1", A1)

    assert (status, A1) == (answer.status_code, answer.json)
    assert make_room() == repository.get("a1")


@pytest.mark.parametrize("code", [ID, ID.upper(), None])
def test_a_uuid_in_the_url_may_be_in_either_case(code: str | None) -> None:
    editor, repository = editor_of()
    body = {name: value for name, value in {**A1, "code": code}.items() if value is not None}

    answer = editor.send("PUT", f"/rooms/{ID.upper()}", body)

    assert (201, ID) == (answer.status_code, answer.json["code"])
    assert make_room(code=ID) == repository.get(ID)


def test_a_code_that_contradicts_the_url_is_a_fault_with_its_path() -> None:
    answer = Editor(NoRepository()).send("PUT", "/rooms/a1", {**A1, "code": "b2"})

    problem = assert_problem(answer, 400, PROBLEM + "document")
    assert problem["errors"] == [{"path": "$.code", "message": "must be a1, as in the URL, or left out"}]


@pytest.mark.parametrize("code", ["a%20b", ".a", "x" * 37, "%FF"])
def test_an_invalid_code_is_refused_as_a_parameter(code: str) -> None:
    problem = assert_problem(
        Editor(NoRepository()).send("PUT", f"/rooms/{code}", A1), 400, PROBLEM + "parameters"
    )

    assert ["code"] == [error["parameter"] for error in problem["errors"]]


@pytest.mark.parametrize("path", ["/rooms/a1", "/rooms/b2"])
def test_delete_removes_a_room(path: str) -> None:
    editor, repository = editor_of(make_room(), make_room(code="b2"))

    answer = editor.send("DELETE", path)

    assert (204, b"") == (answer.status_code, answer.content)
    assert repository.get(path.rpartition("/")[2]) is None
    assert_problem(editor.send("DELETE", path), 404, PROBLEM + "no-such-room")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_every_fault_is_named_by_its_path_and_takes_no_connection(method: str) -> None:
    body = b'{"code":"a1","price":1.5,"latitude":true,"colour":"red","size":3,"size":3}'

    answer = Editor(NoRepository()).send(method, "/rooms" if method == "POST" else "/rooms/a1", body)

    problem = assert_problem(answer, 400, PROBLEM + "document")
    assert {error["path"]: error["message"] for error in problem["errors"]} == {
        "$.price": "must be a whole number, not 1.5",
        "$.latitude": "must be a number of degrees, not true",
        "$.longitude": "is missing",
        "$.colour": "is not a member of a room",
        "$.size": "is given more than once",
    }


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/rooms?dry_run=true"), ("PUT", "/rooms/a1?format=json"), ("DELETE", "/rooms/a1?force=1")],
)
def test_a_parameter_of_a_write_is_refused(method: str, target: str) -> None:
    answer = Editor(NoRepository()).send(method, target, None if method == "DELETE" else A1)

    assert_problem(answer, 400, PROBLEM + "parameters")


@pytest.mark.parametrize(
    ("method", "target"), [("POST", "/rooms"), ("PUT", "/rooms/a1"), ("DELETE", "/rooms/a1")]
)
def test_writing_needs_a_key(method: str, target: str) -> None:
    answer = Editor(NoRepository()).send(method, target, b"{", Authorization="")

    assert_problem(answer, 401, PROBLEM + "unauthorized")


def test_the_response_to_a_write_equals_that_to_a_read() -> None:
    editor, _ = editor_of()

    added = editor.send("POST", "/rooms", {**A1, "latitude": 51, "size": None})
    read = editor.send("GET", "/rooms/a1")
    replaced = editor.send("PUT", "/rooms/a1", {**A1, "price": 1})
    read_again = editor.send("GET", "/rooms/a1")

    assert [read.content, read_again.content] == [added.content, replaced.content]
    for name in ("etag", "content-type"):
        assert [read.headers[name], read_again.headers[name]] == [added.headers[name], replaced.headers[name]]
    assert ["/rooms/a1"] * 2 == [answer.headers["content-location"] for answer in (added, replaced)]


def test_etags_are_strong_and_depend_on_the_content() -> None:
    editor, _ = editor_of(make_room())
    first = editor.tag()
    editor.send("PUT", "/rooms/a1", {**A1, "price": 1})
    second = editor.tag()
    editor.send("PUT", "/rooms/a1", A1)

    assert first.startswith('"')
    assert first != second
    assert first == editor.tag()


def test_each_format_has_its_own_etag_and_an_edit_accepts_either() -> None:
    for accept in ("application/json", "application/geo+json"):
        editor, _ = editor_of(make_room())
        tag = editor.send("GET", "/rooms/a1", Accept=accept).headers["etag"]

        assert editor.send("GET", "/rooms/a1", Accept=accept, If_None_Match=tag).status_code == 304
        assert (tag == editor.tag()) is (accept == "application/json")
        assert editor.send("PUT", "/rooms/a1", {**A1, "price": 1}, If_Match=tag).status_code == 200


CURRENT = "(the tag as it is)"
WEAK = "(the same, weak)"

IF_MATCH = {
    CURRENT: True,
    f'"other", {CURRENT}': True,
    f'"other",,{CURRENT} ,': True,
    f'"a,b" , W/"x", {CURRENT}': True,
    "*": True,
    " * ": True,
    '"other"': False,
    WEAK: False,
    f'"other", {WEAK}': False,
    '""': False,
}


def as_sent(header: str, tag: str) -> str:
    return header.replace(CURRENT, tag).replace(WEAK, f"W/{tag}")


@pytest.mark.parametrize("header", IF_MATCH)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET"])
def test_if_match_accepts_the_current_etag(method: str, header: str) -> None:
    editor, repository = editor_of(make_room())
    body = {**A1, "price": 1} if method == "PUT" else None
    done = {"PUT": 200, "DELETE": 204, "GET": 200}[method]

    answer = editor.send(method, "/rooms/a1", body, If_Match=as_sent(header, editor.tag()))

    if IF_MATCH[header]:
        assert done == answer.status_code
        assert {"PUT": make_room(price=1), "DELETE": None, "GET": make_room()}[method] == repository.get("a1")
    else:
        assert_problem(answer, 412, PROBLEM + "precondition-failed")
        assert make_room() == repository.get("a1")


@pytest.mark.parametrize("header", ["*", CURRENT, WEAK, f'"other",{CURRENT}', f'"other", {WEAK}'])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_if_none_match_protects_an_existing_room(method: str, header: str) -> None:
    editor, repository = editor_of(make_room())
    body = {**A1, "price": 1} if method == "PUT" else None

    answer = editor.send(method, "/rooms/a1", body, If_None_Match=as_sent(header, editor.tag()))

    assert_problem(answer, 412, PROBLEM + "precondition-failed")
    assert make_room() == repository.get("a1")


def test_if_none_match_accepts_another_etag() -> None:
    editor, _ = editor_of(make_room())

    assert editor.send("PUT", "/rooms/a1", A1, If_None_Match='"other"').status_code == 200
    assert editor.send("PUT", "/rooms/b2", {**A1, "code": "b2"}, If_None_Match="*").status_code == 201
    again = editor.send("PUT", "/rooms/b2", {**A1, "code": "b2"}, If_None_Match="*")
    problem = assert_problem(again, 412, PROBLEM + "precondition-failed")
    assert "The room b2 exists already." == problem["detail"]


def test_both_preconditions_must_hold() -> None:
    editor, _ = editor_of(make_room())
    tag = editor.tag()

    assert editor.send("PUT", "/rooms/a1", A1, If_Match=tag, If_None_Match='"other"').status_code == 200
    assert editor.send("PUT", "/rooms/a1", A1, If_Match=tag, If_None_Match=tag).status_code == 412


@pytest.mark.parametrize("header", ["*", '"other"'])
def test_a_missing_room_matches_no_etag(header: str) -> None:
    editor, repository = editor_of()

    assert_problem(editor.send("PUT", "/rooms/a1", A1, If_Match=header), 412, PROBLEM + "precondition-failed")
    assert_problem(editor.send("DELETE", "/rooms/a1", If_Match=header), 404, PROBLEM + "no-such-room")
    assert repository.get("a1") is None


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (CURRENT, 304),
        (WEAK, 304),
        (f'"other" , {WEAK}', 304),
        ("*", 304),
        ('"other"', 200),
        ('W/"other"', 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unchanged_room_is_not_sent_again(method: str, header: str, status: int) -> None:
    editor, _ = editor_of(make_room())
    tag = editor.tag()

    answer = editor.send(method, "/rooms/a1", If_None_Match=as_sent(header, tag))

    assert (status, tag) == (answer.status_code, answer.headers["etag"])
    assert bool(answer.content) is (status == 200 and method == "GET")


MALFORMED = [
    *("x", '"', '"a', 'a"', '"a" "b"', '"a""b"', 'w/"a"', 'W/ "a"', '*, "a"', '"a", *', "**", ","),
    *('"a\tb"', '"a";x'),
]


@pytest.mark.parametrize("header", MALFORMED)
@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize(
    ("method", "target"),
    [("PUT", "/rooms/a1"), ("DELETE", "/rooms/a1"), ("GET", "/rooms/a1"), ("GET", "/rooms")],
)
def test_a_malformed_header_is_a_400_that_takes_no_connection(
    method: str, target: str, name: str, header: str
) -> None:
    answer = Editor(NoRepository()).send(method, target, A1 if method == "PUT" else None, **{name: header})

    problem = assert_problem(answer, 400)
    assert name in problem["detail"]


@pytest.mark.parametrize(
    "header", [", " * 8000 + "x", '"' * 16_001, 'W/"a", ' * 3000 + "x", " " * 16_000 + "x"]
)
def test_a_long_header_is_refused_without_delay(header: str) -> None:
    assert_problem(Editor(NoRepository()).send("GET", "/rooms/a1", If_Match=header), 400)


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_post_refuses_preconditions_that_no_new_room_can_meet(header: str) -> None:
    editor, rooms = editor_of()
    other = {"If-Match": '"x"', "If-None-Match": "*"}[header]

    answer = editor.send("POST", "/rooms", A1, **{header: other})

    assert "PUT" in assert_problem(answer, 412)["detail"]
    assert rooms.get("a1") is None
    assert editor.send("POST", "/rooms", A1, If_Match="*", If_None_Match='"x"').status_code == 201


def test_a_partial_room_is_refused() -> None:
    editor, rooms = editor_of()

    assert_problem(editor.send("PUT", "/rooms/a1", A1, Content_Range="bytes 0-70/100"), 400)
    assert rooms.get("a1") is None


class AwayRepo(MemRepo):
    """A storage that fails before it tells whether it wrote."""

    def swap(self, *arguments: Any, **options: Any) -> bool:
        super().swap(*arguments, **options)
        raise RepositoryUnavailable("The storage did not answer in time.")


@pytest.mark.parametrize(
    ("method", "target", "act"),
    [("POST", "/rooms", "add"), ("PUT", "/rooms/a1", "put"), ("DELETE", "/rooms/a1", "remove")],
)
def test_a_write_with_unknown_outcome_is_a_503_and_audited(
    method: str, target: str, act: str, caplog: pytest.LogCaptureFixture
) -> None:
    editor = Editor(AwayRepo([] if method == "POST" else [make_room(price=1)]))
    with caplog.at_level(logging.INFO, "rentomatic.audit"):
        answer = editor.send(method, target, None if method == "DELETE" else A1)

    assert_problem(answer, 503, PROBLEM + "storage-unavailable")
    assert answer.headers["retry-after"] == "1"
    (line,) = (vars(record) for record in caplog.records if record.name == "rentomatic.audit")
    new = None if method == "DELETE" else make_room()
    assert ("unknown", act, "staff", "a1", new) == tuple(
        line[name] for name in ("outcome", "act", "key", "code", "new")
    )


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    names = ("request_id", "key", "act", "code", "old", "new")
    return [
        {name: vars(record).get(name) for name in names}
        for record in caplog.records
        if record.name == "rentomatic.audit"
    ]


def test_every_write_is_audited_with_the_room_before_and_after(caplog: pytest.LogCaptureFixture) -> None:
    editor, _ = editor_of()
    cheap = make_room(price=1)
    with caplog.at_level(logging.INFO, "rentomatic.audit"):
        editor.send("POST", "/rooms", A1, X_Request_ID="r1")
        editor.send("PUT", "/rooms/a1", {**A1, "price": 1}, X_Request_ID="r2")
        editor.send("DELETE", "/rooms/a1", X_Request_ID="r3")
        editor.send("PUT", "/rooms/a1", A1, X_Request_ID="r4")

    same = {"key": "staff", "code": "a1"}
    assert audited(caplog) == [
        {**same, "request_id": "r1", "act": "add", "old": None, "new": make_room()},
        {**same, "request_id": "r2", "act": "replace", "old": make_room(), "new": cheap},
        {**same, "request_id": "r3", "act": "remove", "old": cheap, "new": None},
        {**same, "request_id": "r4", "act": "add", "old": None, "new": make_room()},
    ]


def test_a_refused_write_is_not_audited(caplog: pytest.LogCaptureFixture) -> None:
    editor, _ = editor_of(make_room())
    with caplog.at_level(logging.INFO, "rentomatic.audit"):
        for method, target, body in (
            ("POST", "/rooms", A1),
            ("PUT", "/rooms/a1", A1),
            ("PUT", "/rooms/a1", {}),
            ("DELETE", "/rooms/a1", None),
            ("DELETE", "/rooms/b2", None),
        ):
            editor.send(method, target, body, If_Match='"other"')

    assert [] == audited(caplog)


TITLED = {**A1, "title": "Quiet room"}


def test_a_title_can_be_added_shown_and_removed() -> None:
    editor, repository = editor_of()

    added = editor.send("PUT", "/rooms/a1", TITLED)
    untitled = editor.send("PUT", "/rooms/a1", A1)

    assert (201, TITLED) == (added.status_code, added.json)
    assert (200, A1) == (untitled.status_code, untitled.json)
    assert make_room() == repository.get("a1")


@pytest.mark.parametrize(
    "title", ["", "x" * 121, "a\nb", "a\u202eb", " a", "a  b", "\u200b", 7, ["a"]], ids=repr
)
def test_an_invalid_title_is_refused_by_name(title: object) -> None:
    editor, repository = editor_of()

    answer = editor.send("POST", "/rooms", {**A1, "title": title})

    assert_problem(answer, 400, PROBLEM + "document")
    assert ["$.title"] == [fault["path"] for fault in answer.json["errors"]]
    assert repository.get("a1") is None


def test_null_means_no_title() -> None:
    editor, _ = editor_of()

    assert A1 == editor.send("POST", "/rooms", {**A1, "title": None}).json
