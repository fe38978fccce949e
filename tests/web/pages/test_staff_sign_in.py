"""Staff sign in: keys in a cookie, forms from other sites, and what a scope shows."""

import hmac
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from falcon import testing

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.settings import ApiKey, Scope, new_key
from rentomatic.web.access.sessions import COOKIE, COOKIE_OF_HTTPS, LIFETIME
from tests.builders import make_room
from tests.web.conftest import client_of
from tests.web.staff import FORM, FROM_HERE, Staff, fields_of

POSTS = (
    "/staff/sign-in",
    "/staff/sign-out",
    "/staff/add",
    "/staff/rooms/a1",
    "/staff/rooms/a1/remove",
    "/staff/import",
)
LONG_AGO = "expires=Thu, 01 Jan 1970 00:00:00 GMT"
GETS = ("/staff/add", "/staff/rooms?code=a1", "/staff/rooms/a1", "/staff/rooms/a1/remove", "/staff/import")


@pytest.fixture
def staff() -> Staff:
    return Staff(MemRepo([make_room()]))


def sign_in(staff: Staff, key: str | None = None, wanted: str = "", **headers: str) -> testing.Result:
    fields = {"key": staff.key if key is None else key, "next": wanted}
    return staff.post("/staff/sign-in", fields, Cookie="", **headers)


def attributes(cookie: str) -> set[str]:
    return {part.strip() for part in cookie.split(";")[1:]}


def test_the_key_cookie_is_out_of_reach_of_scripts_and_other_sites(staff: Staff) -> None:
    answer = sign_in(staff)

    assert (303, "/staff") == (answer.status_code, answer.headers["location"])
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}={staff.key};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LIFETIME}"} == attributes(cookie)
    assert 12 * 3600 == LIFETIME


def test_a_cookie_set_over_https_is_sent_only_over_https(staff: Staff) -> None:
    cookie = sign_in(staff, X_Forwarded_Proto="https").headers["set-cookie"]

    assert cookie.startswith(f"__Host-rentomatic_key={staff.key};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LIFETIME}", "Secure"} == attributes(cookie)


@pytest.mark.parametrize(
    ("name", "scheme", "status"),
    [
        (COOKIE, "http", 200),
        (COOKIE, "https", 303),
        (COOKIE_OF_HTTPS, "https", 200),
        (COOKIE_OF_HTTPS, "http", 303),
    ],
)
def test_only_the_cookie_for_the_scheme_counts(staff: Staff, name: str, scheme: str, status: int) -> None:
    page = staff.get("/staff/add", Cookie=f"{name}={staff.key}", X_Forwarded_Proto=scheme)

    assert status == page.status_code


def test_a_cookie_set_over_https_is_deleted_as_browsers_require(staff: Staff) -> None:
    answer = staff.post("/staff/sign-out", Cookie=f"{COOKIE_OF_HTTPS}={staff.key}", X_Forwarded_Proto="https")

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f'{COOKIE_OF_HTTPS}="";')
    assert {"Secure", "Path=/", LONG_AGO} <= attributes(cookie)


def test_white_space_around_a_pasted_key_is_ignored(staff: Staff) -> None:
    assert 303 == sign_in(staff, f" {staff.key}\n").status_code


@pytest.mark.parametrize(
    "given", [new_key(), "x", "", "ÿ", "<b>"], ids=["unknown", "short", "none", "no ASCII", "HTML"]
)
def test_a_wrong_key_is_refused_beside_its_field(staff: Staff, given: str) -> None:
    answer = sign_in(staff, given, "/staff/import")

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert 'aria-describedby="key-problem key-help"' in answer.text
    assert ("Unknown or revoked key." in answer.text) is bool(given)
    assert {"key": "", "next": "/staff/import"} == fields_of(answer)


def test_a_refused_key_is_not_shown(staff: Staff) -> None:
    other = new_key()
    answer = sign_in(staff, other)

    assert other not in answer.text + str(answer.headers)


def test_reloading_the_page_that_refused_a_key_leads_to_the_sign_in_page(staff: Staff) -> None:
    assert "/staff" == staff.get("/staff/sign-in", Cookie="").headers["location"]


def test_the_hash_of_a_key_is_not_a_key(staff: Staff) -> None:
    assert 403 == sign_in(staff, staff.entry.digest.hex()).status_code


def test_every_key_is_compared_at_sign_in(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    sign_in(staff, new_key())

    assert [staff.entry.digest] == compared


def test_a_refused_sign_in_is_logged_without_the_key(staff: Staff, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    other = new_key()
    sign_in(staff, other)
    sign_in(staff)
    staff.get("/staff/import")

    lines = [vars(record) for record in caplog.records]
    assert ["unauthorized"] == [line["reason"] for line in lines if line["name"] == "rentomatic.keys"]
    assert [] == [line for line in lines if other in str(line) or staff.key in str(line)]


def test_signing_out_deletes_the_cookie(staff: Staff) -> None:
    answer = staff.post("/staff/sign-out")

    assert (303, "/staff") == (answer.status_code, answer.headers["location"])
    assert answer.headers["set-cookie"].startswith(f'{COOKIE}="";')
    assert LONG_AGO in attributes(answer.headers["set-cookie"])


@pytest.mark.parametrize("target", ["/staff", "/"])
def test_a_revoked_key_is_refused_and_its_cookie_deleted(target: str) -> None:
    staff, former = Staff(MemRepo([make_room()])), Staff(MemRepo())
    answer = staff.get(target, Cookie=former.cookie)

    assert answer.status_code == 200
    assert answer.headers["set-cookie"].startswith(f'{COOKIE}="";')
    assert former.entry.label not in answer.text
    assert 303 == staff.get("/staff/import", Cookie=former.cookie).status_code
    assert 403 == staff.post("/staff/add", Cookie=former.cookie).status_code


@pytest.mark.parametrize("target", GETS)
def test_signing_in_returns_to_the_requested_page(staff: Staff, target: str) -> None:
    answer = staff.get(target, Cookie="")

    assert 303 == answer.status_code
    assert f"/staff?next={quote(target, safe='/')}" == answer.headers["location"]
    assert target == sign_in(staff, wanted=target).headers["location"]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/staff",
        "/\\elsewhere.example",
        "/staff/\\elsewhere",
        "\\\\elsewhere.example",
        "/staff/\n//elsewhere",
        "/\t/elsewhere.example",
        "/staff\t/",
        "javascript:alert(1)",
        "staff/import",
        "/staffer",
        "/rooms",
        "/staff/ä",
        "@elsewhere.example",
    ],
)
def test_signing_in_never_redirects_to_another_site(staff: Staff, wanted: str) -> None:
    assert "/staff" == sign_in(staff, wanted=wanted).headers["location"]


def test_these_tests_cover_every_form_for_staff(staff: Staff) -> None:
    def posts(nodes: list[Any], before: str = "") -> Iterator[str]:
        for node in nodes:
            path = f"{before}/{node.raw_segment}"
            if "POST" in (node.method_map or {}) and "on_post" in node.method_map["POST"].__qualname__:
                yield path.format(code="a1")
            yield from posts(node.children, path)

    found = {path for path in posts(staff.client.app._router._roots) if path.startswith("/staff")}
    assert set(POSTS) == found


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://falconframework.org"},
        {"Sec_Fetch_Site": "else"},
        {"Sec_Fetch_Site": ""},
        {"Sec_Fetch_Site": "", "Origin": "null"},
        {"Sec_Fetch_Site": "", "Origin": "http://elsewhere.example"},
        {"Sec_Fetch_Site": "", "Origin": "https://falconframework.org"},
        {"Sec_Fetch_Site": "", "Origin": "http://falconframework.org:8080"},
        {"Sec_Fetch_Site": "", "Origin": "http://sub.falconframework.org"},
        {"Sec_Fetch_Site": "", "Origin": "http://falconframework.org.elsewhere.example"},
        {"Sec_Fetch_Site": "", "Origin": "null", "Referer": "http://falconframework.org/staff"},
        {"Sec_Fetch_Site": "", "Referer": "http://elsewhere.example/http://falconframework.org/"},
        {"Sec_Fetch_Site": "", "Referer": "http://falconframework.org@elsewhere.example/"},
        {"Sec_Fetch_Site": "", "Referer": "http://[/"},
    ],
    ids=str,
)
def test_a_form_that_may_come_from_another_site_does_nothing(path: str, headers: dict[str, str]) -> None:
    staff = Staff(MemRepo([make_room()]))
    answer = staff.post(path, {"key": staff.key}, **headers)

    assert answer.status_code == 403
    assert "This form came from another site" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "", "Origin": "http://falconframework.org"},
        {"Sec_Fetch_Site": "", "Referer": "http://falconframework.org/staff?next=/staff/add"},
        {"Sec_Fetch_Site": "", "Origin": "http://rooms.example:8080", "Host": "rooms.example:8080"},
        {
            "Sec_Fetch_Site": "",
            "Origin": "https://rooms.example",
            "Host": "rooms.example",
            "X_Forwarded_Proto": "https",
        },
    ],
    ids=str,
)
def test_a_form_of_this_site_is_accepted(staff: Staff, headers: dict[str, str]) -> None:
    assert 303 == sign_in(staff, **headers).status_code


def test_the_api_ignores_cookies() -> None:
    staff = Staff(MemRepo([make_room()]))
    headers = {"Cookie": staff.cookie, **FROM_HERE}

    assert 401 == staff.client.simulate_delete("/rooms/a1", headers=headers).status_code


def test_pages_ignore_the_authorization_header(staff: Staff) -> None:
    assert 303 == staff.get("/staff/add", Cookie="", Authorization=f"Bearer {staff.key}").status_code


@pytest.mark.parametrize(
    ("scope", "missing", "target"),
    [
        (Scope.IMPORT, "write", "/staff/add"),
        (Scope.IMPORT, "write", "/staff/rooms?code=a1"),
        (Scope.IMPORT, "write", "/staff/rooms/a1"),
        (Scope.IMPORT, "write", "/staff/rooms/a1/remove"),
        (Scope.WRITE, "import", "/staff/import"),
    ],
)
def test_a_key_without_the_scope_is_refused_with_its_name(scope: Scope, missing: str, target: str) -> None:
    rooms = MemRepo([make_room()])
    staff = Staff(rooms, scope)
    answers = [staff.get(target)]
    if "?" not in target:
        answers.append(staff.post(target))

    assert {403} == {answer.status_code for answer in answers}
    assert all(f"lacks the scope “{missing}”" in answer.text for answer in answers)
    assert rooms.get("a1") == make_room()


@pytest.mark.parametrize(
    ("scope", "there", "missing"),
    [(Scope.WRITE, "/staff/add", "/staff/import"), (Scope.IMPORT, "/staff/import", "/staff/add")],
)
@pytest.mark.parametrize("target", ["/staff", "/"])
def test_only_links_to_allowed_actions_are_shown(scope: Scope, there: str, missing: str, target: str) -> None:
    page = Staff(MemRepo(), scope).get(target)

    assert f'href="{there}"' in page.text
    assert f'href="{missing}"' not in page.text
    assert 'action="/staff/sign-out"' in page.text
    assert "anna" in page.text


def test_strangers_see_only_the_sign_in_link_on_every_page(staff: Staff) -> None:
    page = staff.get("/", Cookie="")

    assert 'href="/staff">Staff' in page.text
    assert "sign-out" not in page.text
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("target", ["/", "/room/a1", "/staff", "/staff/add"])
def test_pages_vary_by_the_cookie(staff: Staff, target: str) -> None:
    for page in (staff.get(target), staff.get(target, Cookie="")):
        assert page.status_code == 303 or "Cookie" in page.headers["vary"]


PAGES = (
    "/staff",
    "/staff/add",
    "/staff/rooms/a1",
    "/staff/rooms/a1/remove",
    "/staff/import",
    "/staff/rooms/b2",
    "/staff/rooms/b2/remove",
    "/staff/rooms?code=b2",
)


@pytest.mark.parametrize("target", PAGES)
def test_pages_for_staff_are_not_cached_and_load_nothing_from_other_sites(staff: Staff, target: str) -> None:
    page = staff.get(target)

    assert "no-store" == page.headers["cache-control"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert not re.search(r'style=|\son[a-z]+="|<script>|(src|href)="https?:', page.text)


@pytest.mark.parametrize("target", PAGES)
def test_head_is_get_without_a_body(staff: Staff, target: str) -> None:
    path, _, query = target.partition("?")
    whole = staff.get(target)
    head = staff.client.simulate_head(path, query_string=query, headers={"Cookie": staff.cookie})

    assert (whole.status_code, b"") == (head.status_code, head.content)


def test_a_server_without_a_key_says_that_writing_is_off() -> None:
    entries: tuple[ApiKey, ...] = ()
    client = client_of(MemRepo(), keys=entries)
    page = client.simulate_get("/staff")
    tried = client.simulate_post("/staff/sign-in", body="key=x", headers={"Content-Type": FORM, **FROM_HERE})

    assert (200, 403) == (page.status_code, tried.status_code)
    assert "Writing is off" in page.text
    assert "rentomatic make-key" in page.text
    assert 'type="password"' not in page.text
    assert "Writing is off" in tried.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"key=%ff", FORM, 400),
        (b"\xff", FORM, 400),
        (b"a=1&" * 60, FORM, 400),
        (b"{}", "application/json", 415),
        (b"x" * 300_000, FORM, 413),
    ],
)
def test_a_body_that_is_not_a_form_is_refused(
    staff: Staff, body: bytes, content_type: str, status: int
) -> None:
    answer = staff.client.simulate_post(
        "/staff/sign-in", body=body, headers={"Content-Type": content_type, **FROM_HERE}
    )

    assert status == answer.status_code


@pytest.mark.parametrize(
    ("code", "status", "where"),
    [
        ("a1", 303, "/staff/rooms/a1"),
        (" a1 ", 303, "/staff/rooms/a1"),
        ("new", 303, "/staff/rooms/new"),
        ("F853578C-FC0F-4E65-81B8-566C5DFFA35A", 303, "/staff/rooms/f853578c-fc0f-4e65-81b8-566c5dffa35a"),
        ("b2", 404, None),
        ("", 404, None),
        ("<b>", 404, None),
    ],
)
def test_a_room_is_found_by_its_code(code: str, status: int, where: str | None) -> None:
    uuid = "f853578c-fc0f-4e65-81b8-566c5dffa35a"
    staff = Staff(MemRepo([make_room(), make_room(code=uuid), make_room(code="new")]))
    answer = staff.get(f"/staff/rooms?code={quote(code)}")

    assert (status, where) == (answer.status_code, answer.headers.get("location"))
    if status == 404:
        assert 'id="code-problem"' in answer.text
        assert "<b>" not in answer.text


def test_the_message_about_a_removed_room_cannot_be_forged(staff: Staff) -> None:
    said = staff.get("/staff?done=removed&code=a1")
    other = staff.get("/staff?done=removed&code=%3Cb%3E+or+call+us")

    assert "The room a1 was removed." in said.text
    assert "call us" not in other.text
