"""axe-core on a page of Playwright's: what it finds that keeps somebody out."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

GRAVE = ("serious", "critical")


def violations(page) -> list[str]:
    """Every serious or critical violation (WCAG 2.2 A and AA, and axe's best practices), with where it is."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']} ({one['impact']}): {one['help']}: {[node['target'] for node in one['nodes']]}"
            for one in found if one["impact"] in GRAVE]
