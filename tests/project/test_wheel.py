"""The wheel contains all that the program needs, wherever it is installed."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.servers import ROOT, free_port, serving


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from flit_core import buildapi; print(buildapi.build_wheel(sys.argv[1]))"  # like pip
    made = subprocess.run(
        [sys.executable, "-c", build, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    wheel = folder / made.stdout.split()[-1]
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
        timeout=120,
        check=True,
    )
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    output = subprocess.run(
        [str(python), "-c", query], capture_output=True, text=True, timeout=60, check=True
    )
    # Only the dependencies: the source of this project is not on the path that way.
    (Path(output.stdout.strip()) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_wheel_serves_the_page_with_assets_and_migrates(python: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [str(python.with_name("rentomatic")), "serve", "--sample", "--port", str(port)]
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path}/rooms.db", "PYTHONPATH": "", "PYTHONSAFEPATH": "1"}
    with serving(command, port, tmp_path / "log", variables, cwd=tmp_path) as server:
        assert b"<h1>3,000 rooms</h1>" in server.get("/").body
        for file in ("rentomatic.css", "vendor/leaflet/leaflet.js", "basemap/world.json", "js/basemap.js"):
            assert server.get(f"/static/{file}").status == 200
        assert server.get("/photos/studio.svg").status == 200
        assert len(server.get("/rooms?filter_price__lt=60&limit=5").json) == 5


def test_the_wheel_contains_the_installed_program(python: Path, tmp_path: Path) -> None:
    query = "import rentomatic; print(rentomatic.__file__)"
    output = subprocess.run(
        [str(python), "-c", query], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )

    assert output.stdout.startswith(str(python.parent.parent))
