"""benchmarks/study.py: schedules against counting second by second and against all orders."""

import csv
import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from explorer_page import model_weights
from latentlab.models import image_model
from latentlab.models.image_cost import multiply_adds
from support import internals, times

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("study_benchmark", ROOT / "benchmarks/study.py")
study = sys.modules["study_benchmark"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(study)


def job(seconds, *needs, rule="train_it", size=0, begin=0.0):
    return study.Job(rule, begin, begin + seconds, float(seconds), size, frozenset(needs))


def drawn(rng, number=6):
    """Jobs of 1 to 5 seconds, each after some of those before it."""
    jobs = {}
    for name in "abcdef"[:number]:
        needs = [other for other in jobs if rng.random() < 0.3]
        jobs[name] = job(int(rng.integers(1, 6)), *needs, rule=f"{name}_it")
    return jobs


def by_seconds(jobs, cores, place):
    """Seconds of the same schedule, looked at every second."""
    left = {name: jobs[name].seconds for name in jobs}
    ended, running, now = set(), set(), 0
    while len(ended) < len(jobs):
        ready = [n for n in jobs if n not in ended | running and jobs[n].needs <= ended]
        running |= set(sorted(ready, key=lambda n: (place(n), n))[: cores - len(running)])
        now += 1
        for name in sorted(running):
            left[name] -= 1
            if not left[name]:
                running.remove(name)
                ended.add(name)
    return now


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("cores", [1, 2, 3])
def test_a_schedule_takes_as_long_as_counted_second_by_second(seed, cores):
    rng = np.random.default_rng(seed)
    jobs = drawn(rng)
    places = dict(zip(jobs, rng.permutation(len(jobs)), strict=True))
    expected = by_seconds(jobs, cores, places.__getitem__)
    assert study.simulate(jobs, cores, places.__getitem__) == expected


@pytest.mark.parametrize("seed", range(5))
def test_no_order_is_faster_than_the_ideal_and_one_core_always_is_as_fast(seed):
    jobs = drawn(np.random.default_rng(seed), number=5)
    orders = [{n: i for i, n in enumerate(order)} for order in itertools.permutations(jobs)]
    for cores in (2, 3):
        best = min(study.simulate(jobs, cores, order.__getitem__) for order in orders)
        assert study.ideal(jobs, cores) <= best
        assert study.ideal(jobs, len(jobs)) == min(
            study.simulate(jobs, len(jobs), order.__getitem__) for order in orders
        )
    assert {study.simulate(jobs, 1, order.__getitem__) for order in orders} == {
        study.ideal(jobs, 1)
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_longest_way_is_that_of_all_ways(seed):
    jobs = drawn(np.random.default_rng(seed))

    def all_ways(name):
        later = [other for other in jobs if name in jobs[other].needs]
        tails = [way for other in later for way in all_ways(other)] or [0]
        return [jobs[name].seconds + tail for tail in tails]

    assert study.ways(jobs) == {name: max(all_ways(name)) for name in jobs}


def test_a_long_job_first_leaves_no_core_alone():
    """Without an order those with larger inputs start first, the long one last."""
    jobs = {f"short {i}": job(1, rule="draw_it", size=9) for i in range(4)}
    jobs |= {"long": job(4)}
    assert study.slowest(jobs, 2, []) == 6
    assert study.slowest(jobs, 2, list(study.best_order(jobs))) == 4 == study.ideal(jobs, 2)


def test_the_products_of_a_step_are_three_a_layer_but_for_the_first():
    settings = image_model.Settings(
        model="vae", encoder_layers=(5,), decoder_layers=(6,), latent_units=2, activation="relu",
        initial_weights="glorot", variance="free", input_dropout=0.0, optimizer="adam",
        beta_2=0.999, learning_rate=0.1, schedule="constant", kl_weight=1.0, kl_warmup=0,
        epochs=1, batch_size=10,
    )  # fmt: skip
    found = study.products(settings, pixels=7, batch=10)
    weights = 7 * 5 + 5 * 4 + 2 * 6 + 6 * 7  # two heads of two units
    assert sum(m * k * n for m, k, n in found) == 10 * (3 * weights - 7 * 5)
    counted = multiply_adds(settings, model_weights(settings, 7, seed=0), 7)  # as figures say it
    assert sum(m * k * n for m, k, n in found) == 10 * counted


def test_jobs_are_read_from_what_a_run_leaves(tmp_path):
    for output, log, inputs in [
        ("results/a", "logs/a.log", ["source"]),
        ("results/a2", "logs/a.log", ["source"]),
        ("results/b", "logs/b.log", ["results/a", "results/a2"]),
    ]:
        path = internals.record_of(output, tmp_path / internals.RECORDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"log": [log], "input": inputs}))
    (tmp_path / "source").write_text("123")
    with pytest.raises(FileNotFoundError):
        study.read_jobs(tmp_path)
    rows = [
        ("logs/a.log", "train_it", 1.0, 4.0, "2.5"),
        ("logs/b.log", "plot_it", 4.0, 6.0, ""),
        ("logs/gone.log", "plot_it", 4.0, 6.0, ""),
    ]
    (tmp_path / "logs").mkdir()
    with (tmp_path / times.FILE).open("w", newline="") as stream:
        csv.writer(stream).writerows([times.COLUMNS, *rows])
    assert study.read_jobs(tmp_path) == {
        "logs/a.log": study.Job("train_it", 1.0, 4.0, 2.5, 3, frozenset()),
        "logs/b.log": study.Job("plot_it", 4.0, 6.0, 2.0, 0, frozenset({"logs/a.log"})),
    }
    table = study.by_step(study.read_jobs(tmp_path))
    assert table["seconds"].to_dict() == {("it", "train"): 2.5, ("it", "plot"): 2.0}


def test_an_edit_costs_the_jobs_that_it_makes_out_of_date_and_the_project_stays(
    tmp_path, monkeypatch
):
    """Of every edit alone: what was out of date before, or by another edit, is not its."""
    project = tmp_path / "project"
    for output in ("results/a", "results/b", "results/c"):
        path = internals.record_of(output, project / internals.RECORDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"log": [f"logs/{output[-1]}.log"], "input": []}))
    (project / "results").mkdir()
    (project / "data/images").mkdir(parents=True)
    (project / "params.yaml").write_text("a: 1\nb: 1\n")
    for command in (["init", "--quiet"], ["add", "params.yaml"]):
        subprocess.run(["git", *command], cwd=project, check=True)

    def outputs(folder):
        text = (folder / "params.yaml").read_text()
        plans = {"results/a": "a: 1" in text, "results/b": "b: 1" in text, "results/c": False}
        plans["results/new"] = "b: 1" in text
        return {path: study.graph.UP_TO_DATE if fine else "pending" for path, fine in plans.items()}

    monkeypatch.setattr(study.graph, "outputs", outputs)
    jobs = {f"logs/{name}.log": job(seconds) for name, seconds in {"a": 3, "b": 5, "c": 7}.items()}
    edits = [("params.yaml", "a: 1", "a: 2"), ("params.yaml", "b: 1", "b: 2")]
    table = study.after_edits(project, jobs, edits)
    assert table["seconds"].tolist() == [3, 5]
    assert table["jobs"].tolist() == [1, 1]
    assert table["new outputs"].tolist() == [0, 1]
    assert (project / "params.yaml").read_text() == "a: 1\nb: 1\n"
    with pytest.raises(SystemExit, match="not in params"):
        study.after_edits(project, jobs, [("params.yaml", "c: 1", "c: 2")])


def test_the_order_of_the_snakefile_is_read():
    order = study.declared(ROOT / "Snakefile")
    assert order[0] == "fetch_*"
    assert order[-1] == "render_*"
