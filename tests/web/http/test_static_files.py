"""The files of the pages: caching, compression, and references to them."""

import gzip
import logging
import os
import re
import shutil
import time
from pathlib import Path, PurePosixPath

import falcon
import pytest
from falcon import testing

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.web.http.static_files import FOLDER, TEXT, StaticFiles, compressed, prefix, version_of
from tests.web.conftest import get
from tests.web.staff import Staff

FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
OLDER = "/static/0123456789abcdef"
PAGES = ("/", "/?filter_price__lte=x", f"/room/{FIRST_ROOMS[0].code}", "/docs", "/nowhere")
STAFF_PAGES = ("/staff", "/staff/add", f"/staff/rooms/{FIRST_ROOMS[0].code}", "/staff/import")


# --- caching


@pytest.mark.parametrize(
    "file", ["js/search.js", "basemap/world.json", "preview.png", "vendor/leaflet/LICENSE"]
)
def test_file_under_the_current_digest_is_cached_forever(client: testing.TestClient, file: str) -> None:
    whole = get(client, f"{prefix()}/{file}")
    head = client.simulate_head(f"{prefix()}/{file}")
    part = get(client, f"{prefix()}/{file}", Range="bytes=1-3")
    again = get(client, f"{prefix()}/{file}", If_None_Match=whole.headers["etag"])

    assert [200, 200, 206, 304] == [answer.status_code for answer in (whole, head, part, again)]
    assert {FOR_GOOD} == {answer.headers["cache-control"] for answer in (whole, head, part, again)}
    assert (FOLDER / file).read_bytes() == whole.content
    assert whole.content[1:4] == part.content


@pytest.mark.parametrize("base", ["/static", OLDER])
def test_file_without_the_current_digest_is_the_current_one_and_revalidated(
    client: testing.TestClient, base: str
) -> None:
    found = get(client, f"{base}/js/search.js")
    again = get(client, f"{base}/js/search.js", If_None_Match=found.headers["etag"])

    assert (200, ASK_AGAIN) == (found.status_code, found.headers["cache-control"])
    assert (304, ASK_AGAIN) == (again.status_code, again.headers["cache-control"])
    assert (FOLDER / "js" / "search.js").read_bytes() == found.content


@pytest.mark.parametrize("base", ["/static", OLDER, prefix()])
@pytest.mark.parametrize(
    "name", ["js/none.js", "basemap/6/0/0.json", "", "js", "../app.py", "js/../../app.py"]
)
def test_missing_file_is_a_problem_that_is_not_cached(
    client: testing.TestClient, base: str, name: str
) -> None:
    answer = get(client, f"{base}/{name}")

    assert (404, 404) == (answer.status_code, answer.json["status"])
    assert "no-store" == answer.headers["cache-control"]


def test_only_a_well_formed_digest_is_recognised(client: testing.TestClient) -> None:
    names = ("0123456789ABCDEF", "0123456789abcde", "0123456789abcdef0", "0123456789abcdef/0123456789abcdef")

    assert {404} == {get(client, f"/static/{name}/map.css").status_code for name in names}


def test_file_edited_while_the_server_runs_is_not_cached(tmp_path: Path) -> None:
    for name in ("old.css", "edited.css"):
        (tmp_path / name).write_text("a {}")
        os.utime(tmp_path / name, (0, 0))
    client = client_of_files(tmp_path)
    kept = get(client, f"/static/{version_of(tmp_path).digest}/edited.css").headers["cache-control"]
    (tmp_path / "edited.css").write_text("b {}")
    os.utime(tmp_path / "edited.css", (time.time() + 2,) * 2)
    names = ("old.css", "edited.css")
    after = [get(client, f"/static/{version_of(tmp_path).digest}/{name}") for name in names]

    assert FOR_GOOD == kept
    assert [FOR_GOOD, ASK_AGAIN] == [answer.headers["cache-control"] for answer in after]
    assert "b {}" == after[1].text


def client_of_files(folder: Path) -> testing.TestClient:
    app = falcon.App(middleware=StaticFiles(folder))
    app.add_static_route("/static", folder)
    return testing.TestClient(app)


def test_the_version_depends_on_names_and_contents_but_not_on_the_folder(tmp_path: Path) -> None:
    contents = ({"a": "b"}, {"a": "c"}, {"ab": ""}, {"b": "b"}, {"a": "b", "c": ""}, {"a/a": "b"}, {"a": "b"})
    for number, files in enumerate(contents):
        for name, text in files.items():
            (tmp_path / str(number) / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / str(number) / name).write_text(text)
    digests = [version_of(tmp_path / str(number)).digest for number in range(len(contents))]

    assert digests[0] == digests[-1]
    assert len(contents) - 1 == len(set(digests))


def test_version_of_the_files_does_not_depend_on_their_folder(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "static", copy_function=shutil.copyfile)

    assert version_of(FOLDER).digest == version_of(tmp_path / "static").digest


def test_log_shows_the_requested_address(
    client: testing.TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rentomatic.access")
    for name in ("map.css", "none.css"):
        get(client, f"{OLDER}/{name}")

    assert [f"{OLDER}/map.css", f"{OLDER}/none.css"] == [vars(record)["path"] for record in caplog.records]


# --- compression


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("br;q=1.0, GZIP;q=0.2", "gzip"),
        ("*", "gzip"),
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", None),
        ("*;q=0", None),
        ("gzip;q=much", None),
    ],
)
def test_text_is_compressed_for_clients_that_accept_it(
    client: testing.TestClient, accepted: str, coding: str | None
) -> None:
    path = f"{prefix()}/vendor/leaflet/leaflet.js"
    answer = get(client, path, Accept_Encoding=accepted)
    head = client.simulate_head(path, headers={"Accept-Encoding": accepted})
    plain = (FOLDER / "vendor" / "leaflet" / "leaflet.js").read_bytes()

    assert coding == answer.headers.get("content-encoding")
    assert plain == (gzip.decompress(answer.content) if coding else answer.content)
    assert ("Accept-Encoding", FOR_GOOD) == (answer.headers["vary"], answer.headers["cache-control"])
    assert len(answer.content) == int(answer.headers["content-length"])
    assert b"" == head.content
    for name in ("content-length", "content-encoding", "etag", "vary"):
        assert answer.headers.get(name) == head.headers.get(name)


def test_compressed_file_has_its_own_etag(client: testing.TestClient) -> None:
    path = f"{prefix()}/js/search.js"
    plain = get(client, path).headers["etag"]
    packed = get(client, path, Accept_Encoding="gzip").headers["etag"]
    again = get(client, path, Accept_Encoding="gzip", If_None_Match=packed)

    assert plain != packed
    assert (304, "Accept-Encoding") == (again.status_code, again.headers["vary"])


def test_a_range_refers_to_the_uncompressed_file(client: testing.TestClient) -> None:
    part = get(client, f"{prefix()}/js/search.js", Accept_Encoding="gzip", Range="bytes=0-9")

    assert (206, None) == (part.status_code, part.headers.get("content-encoding"))
    assert (FOLDER / "js" / "search.js").read_bytes()[:10] == part.content


@pytest.mark.parametrize("file", ["preview.png", "vendor/leaflet/LICENSE", "icon.svg"])
def test_pictures_and_short_files_are_not_compressed(client: testing.TestClient, file: str) -> None:
    answer = get(client, f"{prefix()}/{file}", Accept_Encoding="gzip")

    assert None is answer.headers.get("content-encoding")
    assert (FOLDER / file).read_bytes() == answer.content


def test_edited_file_is_compressed_again(tmp_path: Path) -> None:
    client = client_of_files(tmp_path)
    found = []
    for text in ("first " * 500, "second " * 500):
        (tmp_path / "a.js").write_text(text)
        answer = get(client, "/static/a.js", Accept_Encoding="gzip")
        found.append(gzip.decompress(answer.content).decode())

    assert ["first " * 500, "second " * 500] == found


def test_every_text_file_is_recognised_as_text() -> None:
    endings = {path.suffix for path in FOLDER.rglob("*") if path.is_file()}

    assert {".png", ".md", ""} == endings - TEXT


def test_a_process_caches_less_than_two_megabytes_of_compressed_files() -> None:
    from rentomatic.web.http import static_files

    sizes = [len(compressed(path.read_bytes()) or b"") for path in FOLDER.rglob("*") if path.suffix in TEXT]

    assert 1_000_000 < sum(sorted(sizes)[-static_files._IN_MEMORY :]) < 2_000_000


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


# --- references


def addresses_in(page: testing.Result) -> set[str]:
    """Return the static files that a page refers to, without the site's name."""
    found = re.findall(r"""["'(](?:http://[^/"']+)?(/static/[^"')]+)""", page.text)
    return {str(address) for address in found}


def test_pages_refer_to_existing_files_by_the_digest(client: testing.TestClient) -> None:
    staff = Staff(MemRepo(FIRST_ROOMS))
    pages = {path: get(client, path, Accept="text/html") for path in (*PAGES, "/staff")}
    pages |= {f"{path} signed in": staff.get(path, Accept="text/html") for path in STAFF_PAGES}
    named = {path: addresses_in(page) for path, page in pages.items()}

    assert {} == {path: page.status_code for path, page in pages.items() if page.status_code >= 500}
    assert [] == [path for path, addresses in named.items() if len(addresses) < 2]
    for address in set().union(*named.values()):
        assert address.startswith(f"{prefix()}/")
        assert 200 == get(client, address).status_code, address


def test_scripts_and_styles_refer_only_to_files_beside_them(client: testing.TestClient) -> None:
    seen = 0
    for path in (path for path in FOLDER.rglob("*") if path.suffix in (".js", ".css", ".svg")):
        own = "vendor" not in path.parts
        named = (
            re.findall(r"""(?:from |import |url\()["']?([^"')\s$]+\.\w+)["')]""", path.read_text())
            if own
            else []
        )
        seen += len(named)
        for name in named:
            beside = PurePosixPath(path.relative_to(FOLDER).parent.as_posix(), name)

            assert name.startswith((".", "..")), (path, name)
            assert (FOLDER / beside).is_file(), (path, name)
        assert not own or "/static/" not in re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL), path
    assert seen > 5
