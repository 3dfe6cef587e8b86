"""The table of scenarios: times added up, failures and skips named."""

from xml.etree import ElementTree

import scenarios


def case(name, scenario, *times, inside=""):
    said = "".join(f'<property name="times" value="{n}"/>' for n in times)
    said += f'<property name="scenario" value="{scenario}"/>' if scenario else ""
    return f'<testcase name="{name}"><properties>{said}</properties>{inside}</testcase>'


def test_rows():
    report = ElementTree.fromstring(
        "<x>"
        + case("a", "kills", 1, 4)
        + case("b", "kills", 1, 3)
        + case("c", "", 1)
        + case("d", "disk", 1, inside='<skipped message="no right to mount"/>')
        + case("e", "lock", 1, inside='<failure message="x"/>')
        + case("f", "lock", 1)
        + "</x>"
    )
    result = scenarios.rows(report.iter("testcase"))
    assert {name: (row.times, row.outcome) for name, row in result.items()} == {
        "kills": (7, "as promised"),
        "disk": (0, "not tried: no right to mount"),
        "lock": (1, "FAILED: e"),
    }


def test_every_scenario_is_marked_as_the_table_needs_it(pytestconfig, request):
    """The mark holds a name, and how often one test tries it."""
    for item in request.session.items:
        for mark in item.iter_markers("scenario"):
            name, times = (*mark.args, 1)[:2]
            assert isinstance(name, str)
            assert "|" not in name
            assert int(times) >= 1
