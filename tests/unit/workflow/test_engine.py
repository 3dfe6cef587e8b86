"""Settings on which soundness hangs stand in three places, which say the same."""

from pathlib import Path
from types import SimpleNamespace

from snakemake.settings import types

from latentlab.files.yaml import read_yaml
from support import engine, graph

ROOT = Path(__file__).parents[3]


def asked(lines):
    return {line.split(":")[0] for line in lines}


def workflow(**dag):
    return SimpleNamespace(
        dag_settings=types.DAGSettings(**dag),
        execution_settings=types.ExecutionSettings(),
        storage_settings=types.StorageSettings(),
        workflow_settings=types.WorkflowSettings(),
    )


def explicit():
    """The options with which the last check of ``dvc repro`` asks, values by name."""
    options, result = list(graph._OPTIONS), {}
    while options:
        name, values = options.pop(0).removeprefix("--"), []
        while options and not options[0].startswith("--"):
            values.append(options.pop(0))
        result[name] = values
    return result


def test_what_snakemake_would_not_set_itself_the_profile_and_the_last_check_set_alike():
    profile = read_yaml(ROOT / "profiles/default/config.yaml")
    needed = asked(engine.refusals(workflow(rerun_triggers=frozenset())))
    assert {"rerun-triggers", "rerun-incomplete", "max-checksum-file-size"} <= needed
    checked = explicit()
    assert needed <= set(profile)
    assert needed <= set(checked)
    triggers = {str(trigger) for trigger in types.RerunTrigger.all()}
    assert set(profile["rerun-triggers"]) == set(checked["rerun-triggers"]) == triggers
    assert profile["rerun-incomplete"] is True
    assert checked["rerun-incomplete"] == []
    assert [profile["max-checksum-file-size"]] == checked["max-checksum-file-size"]


def test_settings_as_the_profile_has_them_are_refused_nothing():
    sound = {"max_checksum_file_size": 10**18, "force_incomplete": True}
    assert engine.refusals(workflow(**sound)) == []
    assert asked(engine.refusals(workflow(**{**sound, "force_incomplete": False}))) == {
        "rerun-incomplete"
    }
