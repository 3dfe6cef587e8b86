"""DVC's page of learning curves: drawn by Vega from a CDN, or it says why not."""

import json

import pytest

from project import Project

CDN = "https://cdn.jsdelivr.net/**"
VEGA = """
window.drawn = [];
window.vegaEmbed = (place, spec) => {
  document.querySelector(place).append(spec.title.text);
  window.drawn.push(spec);
};
"""
"""In place of the real one: notes what it is given."""


@pytest.fixture
def address(finished, tmp_path):
    Project(finished).dvc("plots", "show", "--out", str(tmp_path))
    return (tmp_path / "index.html").as_uri()


@pytest.mark.parametrize("network", [True, False])
def test_the_page_draws_or_says_why_not(browser, address, network):
    page = browser.new_page()
    if network:
        page.route(CDN, lambda r: r.fulfill(body=VEGA, content_type="text/javascript"))
    else:
        page.route(CDN, lambda r: r.abort())
    page.goto(address)
    assert page.locator("#offline").is_visible() is not network
    if network:
        specs = json.loads(page.evaluate("JSON.stringify(drawn)"))
        assert len(specs) == 5
        assert all(spec["facet"] and spec["data"]["values"] for spec in specs)
        assert page.get_by_text("Models on images").is_visible()
    page.close()
