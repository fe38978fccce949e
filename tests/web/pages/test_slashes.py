"""Pages are also found with a trailing slash."""

import pytest
from falcon import testing

from rentomatic.sample_rooms import FIRST_ROOMS
from tests.web.conftest import get

CODE = FIRST_ROOMS[0].code
PAGES = (
    "/docs",
    f"/room/{CODE}",
    "/staff",
    "/staff/add",
    "/staff/import",
    "/staff/rooms",
    "/staff/sign-in",
    f"/staff/rooms/{CODE}",
    f"/staff/rooms/{CODE}/remove",
)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("query", ["", "?done=saved&next=%2Fstaff"])
def test_a_trailing_slash_redirects_to_the_page(client: testing.TestClient, path: str, query: str) -> None:
    for method in ("GET", "HEAD"):
        answer = client.simulate_request(method, f"{path}/", query_string=query.removeprefix("?"))

        assert (301, f"{path}{query}") == (answer.status_code, answer.headers["location"])
    assert 404 != get(client, f"{path}{query}").status_code


def test_a_form_is_not_redirected(client: testing.TestClient) -> None:
    answer = client.simulate_post("/staff/sign-in/", body="key=x")

    assert 405 == answer.status_code


@pytest.mark.parametrize(
    "path", ["/rooms/", "/rooms/summary/", "/openapi.json/", "/docs//", "//docs/", "/room//"]
)
def test_an_unknown_page_with_a_trailing_slash_is_not_found(client: testing.TestClient, path: str) -> None:
    assert 404 == get(client, path).status_code


@pytest.mark.parametrize("code", ["a%0d%0ab", "%2f%2fevil.example", "a%3Fb", "%E2%80%AE"])
def test_a_trailing_slash_never_redirects_to_another_site(client: testing.TestClient, code: str) -> None:
    answer = get(client, f"/room/{code}/")

    assert answer.status_code in (301, 404)
    assert answer.headers.get("location", "/room/").startswith("/room/")
    assert answer.headers.get("location", "").isprintable()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("query", ["", "limit=1"])
@pytest.mark.parametrize(
    "path", ["/rooms", "/rooms/summary", "/rooms/clusters", f"/rooms/{CODE}", "/openapi.json", "/health/live"]
)
def test_the_api_names_the_address_without_the_slash(
    client: testing.TestClient, path: str, query: str, method: str
) -> None:
    answer = client.simulate_request(method, f"{path}/", query_string=query)

    assert 404 == answer.status_code
    if method != "HEAD":
        assert f"No address of the API ends in a slash; did you mean {path}?" == answer.json["detail"]
        assert "about:blank" == answer.json["type"]


@pytest.mark.parametrize("path", ["/rooms/", "/rooms//", "//rooms/", "/room/", "/room//"])
def test_a_missing_code_is_not_reported_as_an_unknown_room(client: testing.TestClient, path: str) -> None:
    answer = client.simulate_get(path)

    assert 404 == answer.status_code
    assert "There is no room ." not in answer.json["detail"]
