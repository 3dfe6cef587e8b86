"""How far a run is and how long still, from what its jobs took before."""

import pytest

from support import progress
from support.internals import Planned
from support.progress import Progress, duration, name_of, reason


def planned(*names):
    return [Planned("train", {"cell": name}, f"logs/{name}.log") for name in names]


def begin(run, number, name, now):
    run.begin(number, f"train {name}", f"logs/{name}.log", now)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (61, "1 min"), (3540, "59 min"), (3599, "1 h 0 min"),
     (4740, "1 h 19 min")],
)  # fmt: skip
def test_durations_are_said_as_a_person_says_them(seconds, text):
    assert duration(seconds) == text


def test_a_job_is_called_by_its_rule_and_wildcards():
    assert name_of("train_letters", {"font": "font2", "network": "a"}) == "train_letters font2/a"
    assert name_of("render_report", {}) == "render_report"


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ("epoch 1\ntrain_it.py: params.yaml: no\n", "params.yaml: no"),
        ("a.py: first\nb.py: one\nand another\n", "one\nand another"),
        ("Traceback\n  x\nValueError: 3\n", "ValueError: 3"),
        ("epoch 1\n0.25 s of processor\n", "see the message above"),  # no output, say
        ("", "ended with an error and without a word"),
        (None, "ended with an error and without a word"),
    ],
)
def test_why_a_job_failed_is_the_end_of_its_log(tmp_path, log, why):
    path = tmp_path / "it.log"
    if log is not None:
        path.write_text(log)
    assert reason(str(path)) == why
    assert reason(None) == "ended with an error and without a word"


def test_time_left_is_what_the_jobs_took_before_over_the_cores():
    run = Progress(planned("a", "b", "c"), {f"logs/{n}.log": 100.0 for n in "abc"}, 2, now=0.0)
    assert run.line(0.0) == "0 of 3 jobs done, about 2 min left"
    assert run.left(0.0) == 150.0
    begin(run, 1, "a", 0.0)
    assert run.left(40.0) == 130.0
    assert run.left(400.0) == 100.0  # a job that takes longer than foreseen takes nothing away
    run.finish(1, 100.0)
    assert run.left(100.0) == 100.0
    begin(run, 2, "b", 100.0)
    begin(run, 3, "c", 100.0)
    run.finish(2, 200.0)
    run.fail(3, "train c failed: x")
    assert run.line(200.0) == "2 of 3 jobs done, 1 failed, about 0 s left"


def test_the_last_job_takes_its_time_whatever_the_cores():
    run = Progress(planned("a", "b"), {"logs/a.log": 10.0, "logs/b.log": 600.0}, 64, now=0.0)
    assert run.left(0.0) == 600.0


def test_a_slower_machine_is_noticed_and_one_short_job_does_not_decide():
    seconds = {"logs/a.log": 1.0, "logs/b.log": 400.0, "logs/c.log": 599.0}
    run = Progress(planned("a", "b", "c"), seconds, 1, now=0.0)
    begin(run, 1, "a", 0.0)
    run.finish(1, 5.0)  # five times the time
    assert run.left(5.0) < 1.1 * 999
    begin(run, 2, "b", 5.0)
    run.finish(2, 805.0)  # twice
    assert 1.8 * 599 < run.left(805.0) < 2 * 599


def test_a_job_that_is_new_takes_the_mean_of_its_rule_or_of_all():
    seconds = {"logs/a.log": 10.0, "logs/b.log": 30.0}
    assert Progress(planned("a", "b", "new"), seconds, 1, now=0.0).left(0.0) == 60.0
    other = Planned("draw", {}, "logs/draw.log")
    assert Progress([*planned("a"), other], seconds, 1, now=0.0).left(0.0) == 20.0


def test_where_nothing_is_known_nothing_is_said_of_time():
    run = Progress(planned("a", "b"), {}, 1, now=0.0)
    assert run.left(0.0) is None
    begin(run, 1, "a", 0.0)
    assert run.line(1.0) == "0 of 2 jobs done"
    run.begin(2, "draw", None, 1.0)  # one that was not planned
    run.finish(1, 2.0)
    assert run.line(2.0) == "1 of 3 jobs done"


def test_jobs_at_work_have_what_their_logs_say_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_text("epoch 1 of 3\nepoch 2 of 3: loss 0.5\n")
    (tmp_path / "logs/b.log").write_bytes(b"\x00\x1b[2J\n")  # nothing that moves a cursor
    names = [str(number) for number in range(progress.SHOWN)]
    run = Progress(planned("a", "b", *names), {}, None, now=0.0)
    for number, name in enumerate(["a", "b", *names]):
        begin(run, number, name, float(number))
    first, second, *_, last = run.at_work(61.0)
    assert first == "train a  1 min  epoch 2 of 3: loss 0.5"
    assert second == "train b  1 min"
    assert last == "and 2 more"
