"""axe-core on a page: its findings against WCAG 2.2 AA and its own best practices."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return what is wrong, and where; for the dark scheme only colours, which alone depend on it."""
    page.evaluate(_AXE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # no transitions
    found = _broken(page, "light", {})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return found + _broken(page, "dark", {"runOnly": {"type": "rule", "values": ["color-contrast"]}})


def _broken(page: Page, scheme: str, options: dict[str, object]) -> list[str]:
    result: dict[str, Any] = page.evaluate(
        "options => axe.run(document, options)", {"resultTypes": ["violations"], **options}
    )
    return [
        f"{scheme}: {violation['id']}: {violation['help']}: {[node['target'] for node in violation['nodes']]}"
        for violation in result["violations"]
    ]
