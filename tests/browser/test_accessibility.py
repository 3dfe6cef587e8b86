"""What axe-core finds in the pages, at two widths and in both color schemes: nothing grave."""

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


@pytest.mark.parametrize("name", ["index", "explorer"])
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_no_serious_violation(browser, finished, name, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto((finished / f"results/report/{name}.html").as_uri())
    found = axe.Axe().run(page).response["violations"]
    page.close()
    grave = [
        (violation["id"], violation["help"], [node["target"] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert grave == []
