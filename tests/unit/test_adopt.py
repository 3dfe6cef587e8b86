"""Winners of the search come into params.yaml, and nothing else of it changes."""

import copy
import importlib.util
import io
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from latentlab.experiments.params import read_params
from latentlab.files.yaml import read_yaml

ROOT = Path(__file__).parents[2]
CANDIDATES = read_yaml(ROOT / "search/candidates.yaml")


def module(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "search" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def adopted(tmp_path, monkeypatch):
    """A function: adopt names into a copy of params.yaml; lines that went and that came."""

    def run(*names):
        path = tmp_path / "params.yaml"
        path.write_bytes((ROOT / "params.yaml").read_bytes())
        monkeypatch.setattr("sys.argv", ["adopt.py", "--params", str(path), *names])
        module("adopt").main()
        before, after = (p.read_text().splitlines() for p in (ROOT / "params.yaml", path))
        return [x for x in before if x not in after], [x for x in after if x not in before], path

    return run


def test_what_the_study_has_already_changes_nothing(adopted):
    _, _, path = adopted("two-numbers", "one-number", "35-8-2")
    assert path.read_text() == (ROOT / "params.yaml").read_text()


def test_a_new_winner_is_added_and_comments_stay(adopted):
    gone, come, path = adopted("powell-relu", "35-9-9-2")
    assert gone == []
    assert "      35-9-9-2: [35, 9, 9, 2, 9, 9, 35]" in come
    params = read_params(path, ROOT)
    assert params["letters"]["networks"]["powell-relu"] == CANDIDATES["networks"]["powell-relu"]


def test_a_known_network_is_replaced_but_keeps_its_replicates():
    adopt = module("adopt")
    yaml = YAML()
    params = yaml.load(
        "letters:\n  networks:\n    a: # why\n      beta: 1.0 # steep\n      xtol: 0.1\n"
        "      replicates: 3\n"
    )
    candidate = {"beta": 2.0, "loss": "squared-error", "replicates": 50}
    adopt.adopt(params, {"networks": {"a": candidate}, "front": {"architectures": {}}}, "a")
    text = io.StringIO()
    yaml.dump(params, text)
    assert text.getvalue() == (
        "letters:\n  networks:\n    a: # why\n      beta: 2.0 # steep\n      replicates: 3\n"
        "      loss: squared-error\n"
    )


@pytest.mark.parametrize("names", [["nobody"], ["powell", "nobody"]])
def test_an_unknown_name_leaves_the_file_alone(tmp_path, monkeypatch, capsys, names):
    path = tmp_path / "params.yaml"
    path.write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.setattr("sys.argv", ["adopt.py", "--params", str(path), *names])
    with pytest.raises(SystemExit):
        module("adopt").main()
    assert "no candidate 'nobody'" in capsys.readouterr().err
    assert path.read_bytes() == (ROOT / "params.yaml").read_bytes()


def test_the_search_is_the_study_with_other_networks_on_other_seeds():
    search = module("search_letters")
    study = read_yaml(ROOT / "params.yaml")
    params = copy.deepcopy(study)
    search.composed(params, CANDIDATES, [])
    assert params["seed"] != study["seed"]
    assert params["letters"]["networks"] == CANDIDATES["networks"]
    assert params["letters"]["front"] == CANDIDATES["front"]
    assert {k: v for k, v in params.items() if k not in ("seed", "letters")} == {
        k: v for k, v in study.items() if k not in ("seed", "letters")
    }
    few = copy.deepcopy(study)
    search.composed(few, CANDIDATES, ["powell"])
    assert list(few["letters"]["networks"]) == ["powell"]
    with pytest.raises(ValueError, match="no candidate 'nobody'"):
        search.composed(few, CANDIDATES, ["nobody"])
    with pytest.raises(ValueError, match="seed"):
        search.composed(few, {**CANDIDATES, "seed": few["seed"]}, [])
