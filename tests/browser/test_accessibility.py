"""What axe-core finds in the pages, at two widths and in both color schemes: nothing grave.

In the report nothing at all.
"""

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


@pytest.mark.parametrize("name", ["index.html", "index.html?lang=es", "explorer.html"])
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_no_serious_violation(visit, pages, name, width, scheme):
    viewport = {"width": width, "height": 900}
    page = visit(f"{pages}/{name}", viewport=viewport, color_scheme=scheme)
    result = axe.Axe().run(page).response["violations"]
    grave = [
        (violation["id"], violation["help"], [node["target"] for node in violation["nodes"]])
        for violation in result
        if violation["impact"] in ("serious", "critical")
    ]
    assert grave == []
    assert name == "explorer.html" or result == []
