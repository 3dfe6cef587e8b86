"""Scripts around the graph: what a study without a network lacks, who compiles, what git says."""

import fcntl
import importlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from latentlab.data import download
from latentlab.training import compiled, gradient, powell

ROOT = Path(__file__).parents[3]


@pytest.fixture
def script(monkeypatch):
    """A function: the module of a script."""
    for folder in ("scripts", "commands"):
        monkeypatch.syspath_prepend(ROOT / "workflow" / folder)
    return importlib.import_module


# --- the whole study -----------------------------------------------------------------------------


@pytest.fixture
def run_study(script, monkeypatch, tmp_path):
    """The script, of a project that is an empty folder."""
    run_study = script("run_study")
    monkeypatch.setattr(run_study.step, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return run_study


def test_images_that_are_here_decoded_are_not_missing(run_study, monkeypatch, tmp_path):
    """As after ``dvc pull``: nothing of them is downloaded."""

    def downloaded(name, source):
        raise download.Unreachable(f"no mirror has {name}")

    monkeypatch.setattr(run_study, "downloaded", downloaded)
    names = {"pulled": "download", "absent": "download", "digits": "scikit-learn"}
    params = {
        "vae": {"datasets": list(names)},
        "data": {"images": {name: {"source": source} for name, source in names.items()}},
    }
    (tmp_path / "data/images/pulled").mkdir(parents=True)
    (tmp_path / "data/images/pulled/train_images.npy").touch()
    assert run_study.missing_images(params) == {"absent": "no mirror has absent"}


def test_without_a_commit_nothing_is_said_to_differ(run_study, tmp_path):
    def git(*arguments):
        user = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", *user, *arguments], cwd=tmp_path, check=True)

    (tmp_path / "results").mkdir()
    lock = tmp_path / "dvc.lock"

    def locked(code, made, record="1"):
        outs = [{"path": "results/a", "md5": made}, {"path": ".snakemake/metadata", "md5": record}]
        stages = {"study": {"deps": [{"path": "src", "md5": code}], "outs": outs}}
        lock.write_text(json.dumps({"stages": stages}))

    locked("1", "1")
    metrics = tmp_path / "results/metrics.json"
    metrics.write_text("{}")
    assert run_study.comparison().startswith("Not compared")
    git("init", "--quiet")
    assert run_study.comparison().startswith("Not compared")
    git("add", "--all")
    git("commit", "--quiet", "--message", "x")
    assert run_study.comparison().startswith("Every byte is as committed")
    locked("2", "1", "2")
    assert run_study.comparison().startswith("Every byte of the results is as committed; code or")
    locked("1", "2")
    assert run_study.comparison().startswith("The results differ")
    locked("2", "1")
    metrics.write_text("[]")
    assert run_study.comparison().startswith("The results differ")
    metrics.write_text("{}")
    lock.write_text("{}")
    assert run_study.comparison().startswith("The results differ")


def test_what_git_says_is_handed_on(run_study, monkeypatch, tmp_path):
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    assert "fatal: Needed a single revision" in run_study.comparison()
    monkeypatch.setenv("PATH", "")
    assert run_study.comparison().endswith("git is not installed.")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_in_a_folder_of_another_user_git_says_what_to_do(run_study, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for path in (tmp_path, tmp_path / ".git"):
        os.chown(path, 12345, 12345)
    line = run_study.comparison()
    assert f"git config --global --add safe.directory {tmp_path}" in line
    assert "\n" not in line


@pytest.fixture
def calls(run_study, monkeypatch):
    """What ``main`` does in order: lines it says, commands it calls."""
    done = []
    monkeypatch.setattr(run_study.os, "chdir", lambda _: None)
    monkeypatch.setattr(run_study, "read_params", lambda _: {})
    monkeypatch.setattr(run_study.step, "log", done.append)
    monkeypatch.setattr(run_study, "call", lambda *command: done.append(command))
    monkeypatch.setattr(run_study, "comparison", lambda: "compared")
    monkeypatch.setattr(run_study, "elsewhere", lambda: "so long")
    return done


def test_what_is_left_out_is_said_first(run_study, monkeypatch, calls):
    monkeypatch.setattr(run_study, "missing_images", lambda _: {"mnist": "mnist: no connection"})
    run_study.main([])
    first = calls.index(("snakemake", "--cores", "all", "--config", "offline=true"))
    assert calls[:2] == ["so long", "mnist: no connection"]
    assert calls[2].startswith("Left out for want of a network: mnist; all else is computed now")
    assert calls[first + 1].startswith("Left out for want of a network: mnist")


def test_without_git_snakemake_alone_computes(run_study, monkeypatch, calls, tmp_path):
    monkeypatch.setattr(run_study, "missing_images", lambda _: {})
    run_study.main([])
    assert calls[1].startswith("No git here, as in a ZIP file: all is computed")
    assert calls[2] == ("snakemake", "--cores", "all")
    calls.clear()
    (tmp_path / ".git").write_text("gitdir: elsewhere")  # of a worktree it is a file
    run_study.main([])
    assert calls[:3] == ["so long", ("dvc", "repro"), "compared"]
    assert "results/report/index.html" in calls[3]


def test_at_the_start_it_is_said_how_long_the_study_took(run_study, tmp_path):
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/times.csv").write_text("log,rule,processor\na,x,600\nb,x,7200\n")
    assert run_study.elsewhere().startswith("The whole study took 1 h 5 min on 2 cores elsewhere.")


def test_a_command_is_waited_for_when_it_is_interrupted(run_study):
    """Ctrl-C reaches both: what the command started must not be left alone."""
    slow = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(0.5); exit(3)"
    with pytest.raises(SystemExit) as ended:
        run_study.call("python", "-c", slow)
    assert ended.value.code == 3


def test_the_tools_beside_this_python_are_called(run_study, monkeypatch):
    """In an environment that is not activated, they are not on the PATH."""
    monkeypatch.setenv("PATH", "")
    run_study.call("python", "-c", "")


# --- compiled code -------------------------------------------------------------------------------


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The folder of compiled code, below one that is not there yet; gradients stay out of it."""
    monkeypatch.setattr(gradient, "compile", lambda: None)
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / "cache"))
    return compiled.cache_folder()


def is_locked(path):
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_one_at_a_time_compiles_and_seals(script, monkeypatch, cache):
    lock = cache.with_name(f"{cache.name}.lock")
    held = []

    def compile():
        held.append(is_locked(lock))
        cache.mkdir(exist_ok=True)
        (cache / "code.nbc").write_text("compiled")

    monkeypatch.setattr(powell, "compile", compile)
    for _ in range(2):
        script("compile_powell").main([])
    assert held == [True, True]
    assert not is_locked(lock)


def test_what_does_not_fit_its_seal_is_compiled_again(script, monkeypatch, cache):
    """A temporary file, of a process that compiles for itself, is no damage."""
    compile_powell = script("compile_powell")
    code, temporary = cache / "code.nbc", cache / "code.nbc.tmp.0123"
    monkeypatch.setattr(powell, "compile", lambda: cache.mkdir(exist_ok=True))
    compile_powell.main([])
    temporary.touch()
    compile_powell.main([])
    assert temporary.exists()
    code.write_text("damaged")
    compile_powell.main([])
    assert cache.exists()
    assert not code.exists()


def test_a_cache_that_cannot_be_written_needs_no_lock(script, monkeypatch, cache):
    cache.parent.write_text("no folder")
    compiled = []
    monkeypatch.setattr(powell, "compile", lambda: compiled.append("in memory"))
    script("compile_powell").main([])
    assert compiled == ["in memory"]


# --- whether dvc.lock is of what lies here --------------------------------------------------------


def test_files_that_dvc_takes_for_others_are_read(script, monkeypatch, tmp_path):
    """It goes by their size and time."""
    check_study = script("check_study")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "font.h").write_text("1")
    md5 = check_study.verification.digest(Path("font.h"))
    (tmp_path / "dvc.lock").write_text(
        f"stages: {{study: {{deps: [{{path: font.h, md5: {md5}}}, {{path: src, md5: x.dir}}]}}}}"
    )
    (tmp_path / "src").mkdir()
    assert list(check_study.misread()) == []
    (tmp_path / "font.h").write_text("2")
    assert list(check_study.misread()) == ["study: font.h has other bytes"]
