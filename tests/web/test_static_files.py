import pytest
from falcon import testing

from tests.web.conftest import get


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/static/rentomatic.css", "public, no-cache"),
        ("/static/js/basemap.js", "public, no-cache"),
        ("/static/vendor/leaflet/leaflet.js", "public, max-age=86400"),
        ("/static/basemap/world.json", "public, max-age=86400"),
    ],
)
def test_browsers_keep_what_rarely_changes_for_a_day_and_ask_for_the_rest_each_time(
    client: testing.TestClient, path: str, kept: str
) -> None:
    first = get(client, path)
    again = get(client, path, If_None_Match=first.headers["etag"])

    assert (200, kept) == (first.status_code, first.headers["cache-control"])
    assert (304, kept) == (again.status_code, again.headers["cache-control"])


def test_what_is_missing_is_not_kept(client: testing.TestClient) -> None:
    assert "max-age" not in get(client, "/static/basemap/6/0/0.json").headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/static/js/basemap.js", "text/javascript"),
        ("/static/map.css", "text/css"),
        ("/static/basemap/world.json", "application/json"),
    ],
)
def test_files_have_types_that_nginx_compresses(client: testing.TestClient, path: str, kind: str) -> None:
    assert get(client, path).headers["content-type"].startswith(kind)
