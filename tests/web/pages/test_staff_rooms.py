"""Staff add, edit and remove rooms with forms."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.settings import Scope
from rentomatic.use_cases.errors import RepositoryUnavailable
from tests.builders import make_room
from tests.web.staff import Staff, fields_of

B2 = {"code": "b2", "price": "70", "size": "25", "latitude": "51.5", "longitude": "-0.1"}
UUID = "f853578c-fc0f-4e65-81b8-566c5dffa35a"


def staff_of(*rooms: Room) -> tuple[Staff, MemRepo]:
    repository = MemRepo(rooms)
    return Staff(repository), repository


def audited(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    records = [vars(record) for record in caplog.records if record.name == "rentomatic.audit"]
    return [tuple(line.get(name) for name in ("key", "act", "code", "old", "new")) for line in records]


def test_a_room_is_added_and_shown() -> None:
    staff, rooms = staff_of()
    answer = staff.send("/staff/add", staff.get("/staff/add"), **B2)

    assert (303, "/room/b2?done=added") == (answer.status_code, answer.headers["location"])
    assert rooms.get("b2") == make_room(code="b2", price=70, size=25, longitude=-0.1)
    assert "The room was added." in staff.get(answer.headers["location"]).text


def test_lists_and_descriptions_are_typed_on_lines() -> None:
    staff, rooms = staff_of()
    typed = {
        "features": "Wifi\r\n Desk , Wifi",
        "description": "  Quiet. \r\n\r\nThird  floor." + " \u5ba4" * 4980,
        "url": " https://example.com/7 ",
        "photos": "b.jpg\r\nhttps://example.com/a.jpg",
    }

    answer = staff.post("/staff/add", {**B2, **typed})
    edited = fields_of(staff.get("/staff/rooms/b2"))
    again = staff.send("/staff/rooms/b2", staff.get("/staff/rooms/b2"))

    said = make_room(
        code="b2",
        price=70,
        size=25,
        longitude=-0.1,
        features=["Desk", "Wifi"],
        description="Quiet.\n\nThird floor." + " \u5ba4" * 4980,
        url="https://example.com/7",
        photos=["b.jpg", "https://example.com/a.jpg"],
    )
    assert (303, 303) == (answer.status_code, again.status_code)
    assert rooms.get("b2") == said
    assert ("Desk\r\nWifi", "b.jpg\r\nhttps://example.com/a.jpg") == (edited["features"], edited["photos"])


def test_web_address_of_a_form_is_put_right() -> None:
    staff, rooms = staff_of()

    staff.post("/staff/add", {**B2, "url": "HTTPS://münchen.de/größe"})

    room = rooms.get("b2")
    assert room is not None
    assert "https://xn--mnchen-3ya.de/gr%C3%B6%C3%9Fe" == room.url


def test_unusable_lists_are_named_and_kept_as_typed() -> None:
    staff, rooms = staff_of()

    answer = staff.post("/staff/add", {**B2, "url": "javascript:alert(1)", "photos": "/etc/passwd"})

    assert 422 == answer.status_code
    assert answer.text.count("must be an address") == 2
    assert rooms.get("b2") is None
    assert "/etc/passwd" in answer.text


def test_broken_lists_are_named_and_kept_as_typed() -> None:
    staff, rooms = staff_of()

    answer = staff.post("/staff/add", {**B2, "features": "[Wifi, Desk", "photos": "{a.jpg"})

    kept = fields_of(answer)
    assert 422 == answer.status_code
    assert answer.text.count("must be a list such as") == 2
    assert rooms.get("b2") is None
    assert ("[Wifi, Desk", "{a.jpg") == (kept["features"], kept["photos"])


def test_code_and_size_of_a_room_are_optional() -> None:
    staff, rooms = staff_of()
    location = staff.post("/staff/add", {**B2, "code": "", "size": ""}).headers["location"]

    code = location.removeprefix("/room/").removesuffix("?done=added")
    assert 36 == len(code)
    assert rooms.get(code) == make_room(code=code, price=70, size=None, longitude=-0.1)


@pytest.mark.parametrize("code", ["", "b2"], ids=["of its own", "typed"])
def test_sending_a_form_twice_adds_one_room(code: str) -> None:
    staff, rooms = staff_of()
    page = staff.get("/staff/add")
    answers = [staff.send("/staff/add", page, **{**B2, "code": code}) for _ in range(2)]

    assert [303, 303] == [answer.status_code for answer in answers]
    assert 1 == len({answer.headers["location"] for answer in answers})
    assert 1 == rooms.count(RoomQuery())


def test_a_used_form_asks_before_it_adds_another_room() -> None:
    staff, rooms = staff_of()
    page = staff.get("/staff/add")
    staff.send("/staff/add", page, **{**B2, "code": ""})
    refused = staff.send("/staff/add", page, **{**B2, "code": "", "price": "75"})

    assert (409, "") == (refused.status_code, fields_of(refused)["code"])
    assert 1 == rooms.count(RoomQuery())
    assert 303 == staff.send("/staff/add", refused).status_code
    assert 2 == rooms.count(RoomQuery())


def test_a_refused_form_keeps_its_generated_code() -> None:
    staff = Staff(AwayRepo())
    page = staff.get("/staff/add")
    answer = staff.post("/staff/add", {**fields_of(page), **B2, "code": ""}, Accept="text/html")

    assert 503 == answer.status_code
    assert fields_of(page)["fresh"] == fields_of(answer)["fresh"]


@pytest.mark.parametrize("fresh", ["<b>", "a1"])
def test_a_forged_code_in_the_form_is_ignored(fresh: str) -> None:
    staff, rooms = staff_of(make_room())
    answer = staff.post("/staff/add", {**B2, "code": "", "fresh": fresh})

    assert answer.status_code in (409, 422)
    assert "<b>" not in answer.text
    assert rooms.get("a1") == make_room()


def test_surrounding_white_space_is_ignored() -> None:
    staff, rooms = staff_of()

    assert 303 == staff.post("/staff/add", {name: f" {text} " for name, text in B2.items()}).status_code
    assert rooms.get("b2")


@pytest.mark.parametrize(
    ("path", "unlike"), [("/staff/add", {"code": "<b>"}), ("/staff/rooms/a1", {})], ids=["add", "edit"]
)
def test_every_error_is_beside_its_field_and_typed_values_are_kept(path: str, unlike: dict[str, str]) -> None:
    staff, rooms = staff_of(make_room())
    wrong = {"price": '"cheap', "size": "0", "latitude": "", "longitude": "181", **unlike}
    answer = staff.send(path, staff.get(path), **wrong)

    assert answer.status_code == 422
    assert wrong.items() <= fields_of(answer).items()
    assert all(f'id="{name}-problem"' in answer.text for name in wrong)
    assert all(f'aria-describedby="{name}-problem {name}-hint"' in answer.text for name in wrong)
    assert "is missing" in answer.text
    assert "<b>" not in answer.text
    assert f"{len(wrong)} fields to correct" in answer.text
    assert rooms.get("a1") == make_room()


def test_a_taken_code_is_reported_beside_its_field() -> None:
    staff, rooms = staff_of(make_room())
    answer = staff.post("/staff/add", {**B2, "code": "a1"})

    assert answer.status_code == 409
    assert "There is a room a1 already." in answer.text
    assert fields_of(answer)["price"] == "70"
    assert rooms.get("a1") == make_room()


def test_a_link_may_fill_in_the_code_of_a_new_room() -> None:
    staff, _ = staff_of()

    assert fields_of(staff.get("/staff/add?code=b2"))["code"] == "b2"
    assert 'value="&#34;&gt;&lt;b&gt;"' in staff.get("/staff/add?code=%22%3E%3Cb%3E").text


@pytest.mark.parametrize(
    "room",
    [
        make_room(),
        make_room(size=None, latitude=1e-7, longitude=-179.99999999999997),
        make_room(price=0),
        make_room(title="\u05d7\u05d3\u05e8\u200f! \u0e2b\u0e49\u0e2d\u0e07\u200b\u0e1e\u0e31\u0e01"),
    ],
    ids=ascii,
)
def test_an_unchanged_form_leaves_the_room_unchanged(room: Room) -> None:
    staff, rooms = staff_of(room)
    answer = staff.send("/staff/rooms/a1", staff.get("/staff/rooms/a1"))

    assert (303, "/room/a1?done=saved") == (answer.status_code, answer.headers["location"])
    assert rooms.get("a1") == room


def test_a_room_is_edited() -> None:
    staff, rooms = staff_of(make_room())
    answer = staff.send("/staff/rooms/a1", staff.get("/staff/rooms/a1"), price="65", size="")

    assert (303, "/room/a1?done=saved") == (answer.status_code, answer.headers["location"])
    assert rooms.get("a1") == make_room(price=65, size=None)


def test_a_uuid_in_upper_case_is_the_same_room() -> None:
    staff, rooms = staff_of(make_room(code=UUID))
    answer = staff.send(f"/staff/rooms/{UUID.upper()}", staff.get(f"/staff/rooms/{UUID.upper()}"), price="1")

    assert answer.headers["location"] == f"/room/{UUID}?done=saved"
    assert rooms.get(UUID) == make_room(code=UUID, price=1)


def test_a_code_in_the_form_does_not_choose_another_room() -> None:
    staff, rooms = staff_of(make_room())
    staff.send("/staff/rooms/a1", staff.get("/staff/rooms/a1"), code="b2", price="1")

    assert rooms.get("b2") is None
    assert rooms.get("a1") == make_room(price=1)


@pytest.mark.parametrize("target", ["/staff/rooms/b2", "/staff/rooms/b2/remove", "/staff/rooms/%3Cb%3E"])
def test_a_missing_room_is_reported_with_a_link_to_add_it(target: str) -> None:
    staff, _ = staff_of()
    page = staff.get(target)

    assert page.status_code == 404
    assert "There is no room" in page.text
    assert 'href="/staff/add?code=' in page.text
    assert "<b>" not in page.text


def test_a_conflict_shows_both_versions_and_saves_nothing() -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get("/staff/rooms/a1")
    rooms.load([make_room(price=99, size=None)])
    answer = staff.send("/staff/rooms/a1", page, price="65")

    assert answer.status_code == 409
    assert "someone else changed this room" in answer.text
    assert 2 == answer.text.count('class="differs"')
    assert ["<td>65</td>" in answer.text, "<td>99</td>" in answer.text] == [True, True]
    assert "<td>unknown</td>" in answer.text
    assert fields_of(answer)["price"] == "65"
    assert 'href="/room/a1">Keep the current version' in answer.text
    assert rooms.get("a1") == make_room(price=99, size=None)


def test_a_number_in_another_notation_is_not_a_difference() -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get("/staff/rooms/a1")
    rooms.load([make_room(price=99)])
    answer = staff.send("/staff/rooms/a1", page, price="065", latitude="51.50")

    assert 1 == answer.text.count('class="differs"')


def test_after_a_conflict_ones_own_version_can_be_saved() -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get("/staff/rooms/a1")
    rooms.load([make_room(price=99)])
    conflict = staff.send("/staff/rooms/a1", page, price="65")
    answer = staff.send("/staff/rooms/a1", conflict)

    assert answer.headers["location"] == "/room/a1?done=saved"
    assert rooms.get("a1") == make_room(price=65)


def test_a_second_conflict_is_noticed_too() -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get("/staff/rooms/a1")
    rooms.load([make_room(price=99)])
    conflict = staff.send("/staff/rooms/a1", page, price="65")
    rooms.load([make_room(price=98)])
    answer = staff.send("/staff/rooms/a1", conflict)

    assert (409, True) == (answer.status_code, "<td>98</td>" in answer.text)
    assert rooms.get("a1") == make_room(price=98)


def test_a_room_removed_during_an_edit_can_be_added_again() -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get("/staff/rooms/a1")
    rooms.swap(make_room(), None)
    conflict = staff.send("/staff/rooms/a1", page, price="65")

    assert conflict.status_code == 409
    assert "this room was removed" in conflict.text
    assert "Add it again" in conflict.text
    assert rooms.get("a1") is None
    assert staff.send("/staff/rooms/a1", conflict).headers["location"] == "/room/a1?done=saved"
    assert rooms.get("a1") == make_room(price=65)


def test_adding_again_does_not_overwrite_a_room_added_by_someone_else() -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get("/staff/rooms/a1")
    rooms.swap(make_room(), None)
    conflict = staff.send("/staff/rooms/a1", page, price="65")
    rooms.load([make_room(price=99)])

    assert 409 == staff.send("/staff/rooms/a1", conflict).status_code
    assert rooms.get("a1") == make_room(price=99)


def test_sending_a_form_twice_is_not_a_conflict() -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get("/staff/rooms/a1")
    answers = [staff.send("/staff/rooms/a1", page, price="65") for _ in range(2)]

    assert [303, 303] == [answer.status_code for answer in answers]
    assert rooms.get("a1") == make_room(price=65)


@pytest.mark.parametrize("version", ["", '"other"', "*"])
def test_a_form_without_the_version_of_the_room_overwrites_nothing(version: str) -> None:
    staff, rooms = staff_of(make_room())

    assert 409 == staff.post("/staff/rooms/a1", {**B2, "version": version}).status_code
    assert rooms.get("a1") == make_room()


def test_a_room_is_removed_after_confirmation() -> None:
    staff, rooms = staff_of(make_room())
    asked = staff.get("/staff/rooms/a1/remove")

    assert "Remove this room?" in asked.text
    assert rooms.get("a1")
    answer = staff.send("/staff/rooms/a1/remove", asked)
    assert (303, "/staff?done=removed&code=a1") == (answer.status_code, answer.headers["location"])
    assert rooms.get("a1") is None


def test_the_question_says_that_photos_are_not_removed() -> None:
    staff, _ = staff_of(make_room(), make_room(code="b2", photos=["front.jpg"]))

    without, with_photos = (staff.get(f"/staff/rooms/{code}/remove").text for code in ("a1", "b2"))

    said = "The photos are not removed"
    assert (False, True) == (said in without, said in with_photos)


def test_a_room_changed_after_the_question_needs_confirmation_again() -> None:
    staff, rooms = staff_of(make_room())
    asked = staff.get("/staff/rooms/a1/remove")
    rooms.load([make_room(price=99)])
    again = staff.send("/staff/rooms/a1/remove", asked)

    assert again.status_code == 409
    assert "someone else changed it" in again.text
    assert "<dd>99</dd>" in again.text
    assert rooms.get("a1")
    assert 303 == staff.send("/staff/rooms/a1/remove", again).status_code
    assert rooms.get("a1") is None


@pytest.mark.parametrize("fields", [{}, {"version": "*"}])
def test_nothing_is_removed_without_the_version_that_was_shown(fields: dict[str, str]) -> None:
    staff, rooms = staff_of(make_room())

    assert 409 == staff.post("/staff/rooms/a1/remove", fields).status_code
    assert rooms.get("a1")


def test_a_room_that_is_already_removed_is_reported() -> None:
    staff, rooms = staff_of(make_room())
    asked = staff.get("/staff/rooms/a1/remove")
    rooms.swap(make_room(), None)

    assert 404 == staff.send("/staff/rooms/a1/remove", asked).status_code


@pytest.mark.parametrize("path", ["/staff/add", "/staff/rooms/a1"])
def test_typed_values_survive_an_expired_session(path: str) -> None:
    staff, rooms = staff_of(make_room())
    page = staff.get(path)
    answer = staff.post(path, {**fields_of(page), "code": "a1", "price": "65"}, Cookie="")

    assert answer.status_code == 403
    assert "You are not signed in" in answer.text or "you are not signed in" in answer.text
    assert fields_of(answer)["price"] == "65"
    assert rooms.get("a1") == make_room()
    if path != "/staff/add":
        assert 303 == staff.send(path, answer).status_code
        assert rooms.get("a1") == make_room(price=65)


def test_every_write_is_audited_like_one_by_the_api(caplog: pytest.LogCaptureFixture) -> None:
    staff, _ = staff_of(make_room())
    with caplog.at_level(logging.INFO, "rentomatic.audit"):
        staff.post("/staff/add", B2)
        staff.send("/staff/rooms/a1", staff.get("/staff/rooms/a1"), price="65")
        staff.send("/staff/rooms/a1/remove", staff.get("/staff/rooms/a1/remove"))
        staff.post("/staff/add", {**B2, "price": "x"})

    b2, a1 = make_room(code="b2", price=70, size=25, longitude=-0.1), make_room(price=65)
    assert audited(caplog) == [
        ("anna", "add", "b2", None, b2),
        ("anna", "replace", "a1", make_room(), a1),
        ("anna", "remove", "a1", a1, None),
    ]


class AwayRepo(MemRepo):
    """A storage that fails before it tells whether it wrote."""

    def swap(self, *arguments: Any, **options: Any) -> bool:
        super().swap(*arguments, **options)
        raise RepositoryUnavailable("The storage did not answer in time.")


def test_a_write_with_unknown_outcome_is_a_503_and_audited(
    caplog: pytest.LogCaptureFixture,
) -> None:
    staff = Staff(AwayRepo())
    with caplog.at_level(logging.INFO, "rentomatic.audit"):
        answer = staff.post("/staff/add", B2)

    assert (503, "1") == (answer.status_code, answer.headers["retry-after"])
    (line,) = [vars(record) for record in caplog.records if record.name == "rentomatic.audit"]
    assert ("unknown", "anna", "b2") == (line["outcome"], line["key"], line["code"])


class BusyRepo(MemRepo):
    """A storage that is unreachable."""

    away = True

    def swap(self, *arguments: Any, **options: Any) -> bool:
        if self.away:
            raise RepositoryUnavailable("The storage cannot be reached.")
        return super().swap(*arguments, **options)


def test_typed_values_survive_an_unreachable_storage() -> None:
    repository = BusyRepo([make_room()])
    staff = Staff(repository)
    page = staff.get("/staff/rooms/a1")
    typed = {**fields_of(page), "price": "65"}
    answer = staff.post("/staff/rooms/a1", typed, Accept="text/html")
    repository.away = False

    assert answer.status_code == 503
    assert typed == fields_of(answer)
    assert 303 == staff.send("/staff/rooms/a1", answer).status_code
    assert repository.get("a1") == make_room(price=65)


def test_forms_are_counted_by_their_route() -> None:
    staff, _ = staff_of()
    staff.post("/staff/add", B2)

    answered = 'rentomatic_http_requests_total{method="POST",route="/staff/add",status="303"} 1.0'
    assert answered in staff.get("/metrics").text


@pytest.mark.parametrize("scope", Scope)
def test_the_page_of_a_room_links_to_its_form_for_staff(scope: Scope) -> None:
    page = Staff(MemRepo([make_room()]), scope).get("/room/a1")

    assert ('href="/staff/rooms/a1"' in page.text) is (scope is Scope.WRITE)


def test_a_title_can_be_typed_edited_and_shown() -> None:
    staff, rooms = staff_of()
    staff.send("/staff/add", staff.get("/staff/add"), **B2, title=" Quiet <room> ")
    page = staff.get("/staff/rooms/b2")
    kept = rooms.get("b2")
    staff.send("/staff/rooms/b2", page, **B2, title="")

    assert kept == make_room(code="b2", price=70, size=25, longitude=-0.1, title="Quiet <room>")
    assert 'value="Quiet &lt;room&gt;"' in page.text
    assert rooms.get("b2") == replace(kept, title=None)


@pytest.mark.parametrize(
    "title", ["Quiet\troom", "Quiet\r\nroom", " Quiet \u00a0 room", "Quiet  room\t"], ids=ascii
)
def test_spacing_in_a_title_is_cleaned_without_joining_words(title: str) -> None:
    staff, rooms = staff_of()
    staff.post("/staff/add", {**B2, "title": title})

    assert make_room(code="b2", price=70, size=25, longitude=-0.1, title="Quiet room") == rooms.get("b2")


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("a\u202eb", "must be one line without control characters"),
        ("a\x07b", "must be one line without control characters"),
        ("\u200b", "must have a visible character"),
        ("\u0958" * 61, "must have 1 to 120 characters"),
    ],
    ids=ascii,
)
def test_an_invalid_title_is_reported_beside_its_field(title: str, problem: str) -> None:
    staff, rooms = staff_of()
    answer = staff.post("/staff/add", {**B2, "title": title})

    assert 422 == answer.status_code
    assert problem in answer.text
    assert rooms.get("b2") is None
