"""What axe-core finds in the pages, at two widths and in both color schemes: nothing."""

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
PAGES = ["index.html", "index.html?lang=es", "explorer.html", "explorer.html?lang=es"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_axe_finds_nothing(visit, pages, name, width, scheme):
    viewport = {"width": width, "height": 900}
    page = visit(f"{pages}/{name}", viewport=viewport, color_scheme=scheme)
    found = axe.Axe().run(page).response["violations"]
    assert [
        (violation["id"], violation["help"], [node["target"] for node in violation["nodes"]])
        for violation in found
    ] == []
