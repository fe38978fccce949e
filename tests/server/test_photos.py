"""The photo folder of a running server."""

from pathlib import Path

from tests.servers import rentomatic
from tests.web.http.test_photos import JPEG


def test_server_sends_photos_whole(tmp_path: Path) -> None:
    large = JPEG + bytes(3_000_000)
    (tmp_path / "room.jpg").write_bytes(large)
    with rentomatic("memory:", tmp_path / "log", RENTOMATIC_PHOTOS=str(tmp_path)) as server:
        answer = server.get("/photos/room.jpg")

    assert (200, large) == (answer.status, answer.body)
    assert "RENTOMATIC_PHOTOS" not in server.log.read_text()


def test_server_without_its_photo_folder_starts_and_says_so(tmp_path: Path) -> None:
    with rentomatic("memory:", tmp_path / "log", RENTOMATIC_PHOTOS=str(tmp_path / "none")) as server:
        found = (
            server.get("/").status,
            server.get("/photos/room.jpg").status,
            server.get("/photos/flat.svg").status,
        )

    assert (200, 404, 200) == found
    assert 1 == server.log.read_text().count(
        f"RENTOMATIC_PHOTOS: {tmp_path}/none cannot be read: No such file or directory"
    )
