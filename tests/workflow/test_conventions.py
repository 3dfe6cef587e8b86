"""One idea, one name; lint; nothing of a machine or an index in what git tracks."""

import ast
import csv
import re
import subprocess
import sys
import tomllib
from contextlib import suppress
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import latentlab
from latentlab.experiments.registry import EXPERIMENTS
from latentlab.files.yaml import read_yaml
from support import times
from support.progress import duration

ROOT = Path(__file__).parents[2]
RULES = {
    name: text
    for path in (ROOT / "workflow/rules").glob("*.smk")
    for name, text in re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", path.read_text(), re.M | re.S)
}
STEPS = {name: text for name, text in RULES.items() if "shell:" in text}
SUPPORTING = {"support", "snakemake", "snakemake_interface_logger_plugins", "rich", "ruamel"}
SUPPORTING |= {"packaging", "psutil"} | sys.stdlib_module_names
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-cuda.lock"]
UNRULED = {
    "step",
    "check_images",  # called by fetch_images
    "compile_powell",
    "join_parts",  # of join_<experiment>, which are there with shards alone
    "prune_results",
}  # not steps of the graph


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("snakefmt", "--check", "Snakefile", "workflow"),
        ("mypy",),
    ],
    ids=" ".join,
)
def test_lint(command):
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_snakemake_finds_nothing_but_its_wish_for_conda():
    text = run("snakemake", "--lint").stderr
    titles = {line.strip() for line in text.splitlines() if line.startswith("    * ")}
    assert titles == {"* Specify a conda environment or container for each rule.:"}


def test_a_script_for_every_rule_and_a_rule_for_every_script():
    scripts = {path.stem for path in (ROOT / "workflow/scripts").glob("*.py")}
    assert scripts - UNRULED == set(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_a_rule_calls_its_script_logs_and_is_watched(name):
    text = STEPS[name]
    assert re.search(rf'\*\*step\(\s*"{name}"', text)
    assert "log:" in text
    assert "threads:" not in text  # one, as Snakemake has it
    shell = text.split("shell:")[1].strip()
    if not shell.startswith("RUN"):  # what else it runs is quoted and logged as well
        fields = set(re.findall(r"\{([^}]*)\}", shell))
        assert {"params.command", "log:q"} <= fields
        assert all(field.endswith(":q") for field in fields - {"params.command"})


def test_the_snakefile_says_when_the_jobs_of_every_rule_start():
    """Those that its order does not name would start last; and it names no rule that is gone."""
    text = (ROOT / "Snakefile").read_text()
    patterns = re.findall(r'"(.+)"', re.search(r"^STUDY\.order\((.*?)^\)", text, re.M | re.S)[1])
    assert not [name for name in STEPS if not any(fnmatchcase(name, p) for p in patterns)]
    unused = [p for p in patterns if not any(fnmatchcase(name, p) for name in STEPS)]
    assert unused == ["join_*"]  # with shards alone


def test_the_times_told_to_a_first_run_are_of_the_rules_that_there_are():
    """Renewed by ``cut -d, -f1,2,5 logs/jobs.csv > workflow/times.csv`` after a whole run."""
    with (ROOT / "workflow/times.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["rule"] for row in rows} <= set(STEPS)  # of a new one nothing is known yet
    known = times.known(ROOT / "workflow/times.csv")
    assert known == {row["log"]: float(row["processor"]) for row in rows}
    text = duration(sum(known.values()) / 2)
    assert f"`make study` took {text} on 2 cores elsewhere" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_has_one_name(experiment):
    for params in ("params.yaml", "demo/params.yaml", "tests/params.yaml"):
        assert experiment in read_yaml(ROOT / params)
    text = (ROOT / f"workflow/rules/{experiment}.smk").read_text()
    rules = re.findall(r"^rule (\w+):", text, re.M)
    assert {experiment, f"train_{experiment}", f"tabulate_{experiment}"} <= set(rules)
    assert all(rule.endswith(experiment) for rule in rules)
    if f"plot_{experiment}" in rules:
        assert (ROOT / f"src/latentlab/experiments/{experiment}/figures.py").exists()
    outs = (ROOT / "dvc.yaml").read_text()
    for name in re.findall(rf"results/{experiment}/(?:cells|figures|tables|metrics\.json)", text):
        assert name in outs


def test_dvc_keeps_all_metrics_in_git_and_shows_those_of_the_study():
    study = read_yaml(ROOT / "dvc.yaml")["stages"]["study"]
    options = {path: how for out in study["outs"] for path, how in out.items()}
    metrics = {path: how for path, how in options.items() if path.endswith("metrics.json")}
    in_git = {"cache": False, "persist": True}
    names = [*EXPERIMENTS, "conclusions"]
    assert metrics == {f"results/{name}/metrics.json": in_git for name in names}
    assert study["metrics"] == [{"results/metrics.json": in_git}]


def test_a_script_says_what_it_makes():
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        text = path.read_text()
        assert text.startswith('"""')
        if path.stem != "step":
            assert "def main(argv):" in text
            assert re.search(r"step\.arguments\(\s*__doc__", text)


def test_the_package_knows_no_engine():
    for path in (ROOT / "src").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) (snakemake|dvc)\b", path.read_text(), re.M), path


def test_no_draw_hangs_on_the_systems_single_precision():
    """NumPy's float32 draws but the uniform ones take the C library's log1pf, which versions of
    it round otherwise; float64 ones are the same everywhere that was tried."""
    draws = {"standard_normal", "standard_exponential", "standard_gamma"}  # those that take a dtype
    assert not [
        (path.name, call.lineno)
        for path in (ROOT / "src").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in draws
        and (len(call.args) > 1 or call.keywords)
    ]


def test_what_any_study_needs_knows_nothing_of_this_one():
    """``workflow/support`` can be lifted out: docs/your-own-study.md."""
    for path in (ROOT / "workflow/support").iterdir():
        if path.suffix in (".py", ".smk"):
            text = path.read_text()
            assert "latentlab" not in text, path
            assert not re.search(rf"\b({'|'.join(EXPERIMENTS)})\b", text), path
            for name in re.findall(r"^\s*(?:import|from) ([\w.]+)", text, re.M):
                assert name.split(".")[0] in SUPPORTING, f"{path}: {name}"
            if path.stem != "internals":
                assert "workflow.dag" not in text, path


def package_imports():
    """By module of the package, the modules that it imports, imports inside functions included."""
    source = ROOT / "src"
    graph = {}
    for path in source.rglob("*.py"):
        names = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("latentlab"):
                parts = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
                names |= {part.replace(".", "/") for part in parts}
        module = path.relative_to(source).with_suffix("").as_posix().removesuffix("/__init__")
        graph[module] = {name for name in names if (source / f"{name}.py").exists()}
    return graph


def test_no_two_modules_import_each_other():
    """By whatever way round: ``TopologicalSorter`` raises."""
    order = list(TopologicalSorter(package_imports()).static_order())
    assert order.index("latentlab/models/network") < order.index("latentlab/pages/report")


LAYERS = [
    line.split("  ")[0].split(", ")
    for line in latentlab.__doc__.splitlines()
    if re.match(r"[\w/, ]+ {2,}\w", line)
]
"""The table of the package's docstring."""


def layer(module):
    """Number of the module's line in the table, and the folder or module that stands there."""
    name = module.removeprefix("latentlab/")
    places = [(number, part) for number, line in enumerate(LAYERS) for part in line]
    return max(place for place in places if f"{name}/".startswith(f"{place[1]}/"))


def test_imports_go_downward():
    arrows = {
        (module, other)
        for module, others in package_imports().items()
        for other in others
        if module != "latentlab"
        and layer(module)[1] != layer(other)[1]
        and layer(module)[0] <= layer(other)[0]
    }
    assert arrows == set()


NOT_IMPORTED = {
    "snakemake-executor-plugin-slurm": "Snakemake loads it for --executor slurm",
    "snakemake-logger-plugin-rich": "for --logger rich; without it another lock, so another study",
}
"""Packages that ``pyproject.toml`` declares and no code imports, with the reason."""

OF_DEVELOPERS = {"rocrate"}
"""What a command alone imports: in the lock of a run it would be another study."""


def imported():
    """Names of the modules that src, workflow and the Snakefile import, their own aside."""
    names = set()
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.split(".")[0])
    for path in [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]:
        names |= set(re.findall(r"^(?:import|from) (\w+)", path.read_text(), re.M))
    folders = ("src", "workflow", "workflow/scripts", "workflow/commands")
    own = {path.stem for folder in folders for path in (ROOT / folder).iterdir()}
    return names - own - sys.stdlib_module_names


@pytest.mark.parametrize("name", LOCKS)
def test_a_package_is_locked_with_the_extras_that_others_want_of_it(name):
    """Without them, pip of Python 3.11 takes the newest release for such a want, which has no hash.

    So that an install breaks on the day of that release.
    """
    lines = re.findall(r"^([a-z0-9.-]+)(?:\[(.*?)\])?==", (ROOT / name).read_text(), re.M)
    locked = {package: set(re.split(", *", extras)) for package, extras in lines}
    missing = set()
    for package, extras in locked.items():
        with suppress(PackageNotFoundError):
            for requirement in map(Requirement, requires(package) or []):
                wanted = requirement.marker is None or any(
                    requirement.marker.evaluate({"extra": extra}) for extra in extras
                )
                other = canonicalize_name(requirement.name)
                if wanted and not requirement.extras <= locked[other]:
                    missing.add((package, str(requirement)))
    assert not missing


def test_what_is_imported_is_declared_and_what_is_declared_is_used():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared, developers = (
        {canonicalize_name(Requirement(line).name) for line in lines}
        for lines in (content["project"]["dependencies"], content["dependency-groups"]["dev"])
    )
    owners = packages_distributions()
    used = {canonicalize_name(owners[name][0]) for name in imported()}
    assert used - declared == OF_DEVELOPERS <= developers
    assert declared - used == NOT_IMPORTED.keys()
    locked = (ROOT / "requirements.lock").read_text()
    assert all(re.search(rf"^{name}==", locked, re.M) for name in declared)


def test_letter_jobs_import_neither_keras_nor_jax():
    code = "import sys, latentlab.training.replicates, latentlab.training.powell; print({'jax', 'keras'} & set(sys.modules))"  # noqa: E501
    done = subprocess.run(
        ["python", "-c", code], cwd=ROOT / "src", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def tracked():
    return run("git", "ls-files", "--cached", "--others", "--exclude-standard").stdout.splitlines()


def test_git_tracks_no_results_but_metrics_and_no_machine():
    for name in tracked():
        path = ROOT / name
        if not path.is_file():
            continue
        if name.startswith(("results/", "data/images/")):
            assert path.name in ("metrics.json", ".gitignore"), name
        assert path.stat().st_size < 1 << 20, name
        if path.suffix not in (".png", ".npz"):
            text = path.read_text()
            hosts = "py" + "pi.org", "python" + "hosted", "/wo" + "rk/", "/ro" + "ot/"
            assert not [host for host in hosts if host in text], name


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_pins_with_hashes_and_names_no_index(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    pins = re.findall(r"^([a-z0-9.-]+)(?:\[.*\])?==", text, re.M)
    assert len(pins) == len(set(pins)) > 50
    assert len(re.findall(r"^\S.*==.*\\$", text, re.M)) == len(pins)


def test_the_deeper_model_is_the_candidate_that_the_search_page_says():
    """What ``search_vae.py`` judges is what the study trains: ``improved`` was copied by hand."""
    models = read_yaml(ROOT / "params.yaml")["vae"]["models"]
    improved = {k: v for k, v in models["improved"].items() if k != "replicates"}
    candidates = read_yaml(ROOT / "search/candidates_vae.yaml")
    (taken,) = re.findall(r"`([\w-]+)` was taken, by", (ROOT / "search/README.md").read_text())
    assert candidates[taken] == improved


def test_no_result_is_of_functions_whose_last_bits_hang_on_the_c_library():
    """Found by trying 80 functions under glibc 2.36 and 2.43; docs/reproducibility.md."""
    differing = re.compile(
        r"\b(?:np|numpy|math|jnp)\.(?:arc(?:tanh|sinh|cosh)|a(?:tanh|sinh|cosh)|erfc?)\b"
    )
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow").rglob("*.py")]
    assert [str(path) for path in sources if differing.search(path.read_text())] == []
    assert differing.search("low = np.arctanh(r)")
