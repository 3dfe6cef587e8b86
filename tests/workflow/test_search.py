"""The search: a stage of its own, which the study's never runs; its winners are adopted."""

import pytest
from ruamel.yaml import YAML


@pytest.mark.slow
def test_search_and_adopt(blank):
    yaml = YAML()
    candidates = yaml.load(blank.root / "search/candidates.yaml")
    tiny = {"max_epochs": 20, "record_every": 10, "replicates": 2, "fonts": ["font1"]}
    name = "two-numbers"
    candidates["networks"] = {name: {**candidates["networks"][name], **tiny}}
    candidates["front"].update(tiny)
    candidates["front"]["architectures"] = {"35-4-2": [35, 4, 2, 4, 35]}
    yaml.dump(candidates, blank.root / "search/candidates.yaml")

    blank.run("dvc", "--cd", "search", "repro")
    result = (blank.root / "search/found.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in result] == ["candidate", name, "35-4-2"]
    assert not (blank.root / "results/letters").exists()
    # the study's DVC does not know of it
    assert "search" not in blank.dvc("status")
    assert "search" not in blank.dvc("stage", "list", "--all")
    # nothing is trained twice
    again = blank.run("python", "search/search_letters.py")
    assert "Nothing to be done" in again

    blank.run("python", "search/adopt.py", name)
    networks = yaml.load(blank.root / "params.yaml")["letters"]["networks"]
    assert networks[name]["max_epochs"] == 20
    assert "results/letters/cells/font1/two-numbers/weights.npz" in blank.pending()
