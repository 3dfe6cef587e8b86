"""Results, records and caches that are not as they were written: seen, said, computed again."""

import shutil
import subprocess

import pytest

from support.records import record_of

RECORDS = ".snakemake/metadata"


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    """One bit of a byte in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


DAMAGED = [
    "results/architectures/cells/*/*/weights.npz",
    "results/architectures/cells/*/*/history.csv",
    "results/architectures/tables/summary.csv",
    "results/architectures/metrics.json",
    "results/letters/figures/*/*/*.svg",
    "data/images/*/train_images.npy",
]


def first(project, pattern):
    """The first file of a finished project that a pattern fits."""
    return str(min(project.root.glob(pattern)).relative_to(project.root))


@pytest.mark.scenario("results and cached arrays cut, emptied, a bit flipped", len(DAMAGED))
@pytest.mark.slow
@pytest.mark.parametrize("damage", [truncate, flip, empty], ids=lambda f: f.__name__)
@pytest.mark.parametrize("tool", ["snakemake", "dvc"])
def test_damaged_results_are_computed_again(project, damage, tool):
    before, lock = project.bytes_of(), (project.root / "dvc.lock").read_bytes()
    names = [first(project, pattern) for pattern in DAMAGED]
    for name in names:
        damage(project.root / name)
    text = project.dvc("repro") if tool == "dvc" else project.snakemake()
    for name in names:
        assert f"{name} is not what its job wrote" in text
    assert "Traceback" not in text
    assert project.bytes_of() == before
    assert (project.root / "dvc.lock").read_bytes() == lock
    assert project.pending() == set()


@pytest.mark.parametrize(
    "pattern",
    # weights always: the others differ in nothing that is looked at
    [DAMAGED[0], *(pytest.param(it, marks=pytest.mark.slow) for it in DAMAGED[1:])],
)
def test_every_damage_is_seen(project, pattern):
    """Whatever its time says: a bad disk changes none."""
    name = first(project, pattern)
    path = project.root / name
    times = path.stat()
    flip(path)
    subprocess.run(["touch", "-d", f"@{times.st_mtime}", str(path)], check=True)
    assert name in project.pending()
    # restored, nothing is to be done
    project.dvc("checkout", "--force")
    project.run("git", "checkout", "--", ".")
    assert project.pending() == set()


@pytest.mark.scenario("job records cut, altered, removed", 4)
def test_damaged_records_are_not_trusted(project):
    """A record that cannot be read, lost a field, or is gone: the result counts for nothing."""
    records = project.root / RECORDS
    table = "results/{}/tables/summary.csv".format
    truncate(record_of(table("architectures"), records))
    damaged = record_of(table("denoising"), records)
    damaged.write_bytes(damaged.read_bytes().replace(b'"params"', b'"parans"'))
    damaged = record_of(table("vae"), records)
    damaged.write_bytes(damaged.read_bytes().replace(b"rule", b"rul\xff"))
    record_of(table("letters"), records).unlink()
    pending = project.pending()
    assert {table(name) for name in ("architectures", "denoising", "vae", "letters")} <= pending


@pytest.mark.scenario("job records removed, then an edit")
@pytest.mark.slow
@pytest.mark.parametrize("tool", ["snakemake", "dvc"])
def test_results_without_records_are_not_certified(project, tool):
    """Removing .snakemake is common advice. Snakemake alone would then have nothing to do."""
    shutil.rmtree(project.root / ".snakemake")
    project.edit("architectures.networks.35-2", [35, 4, 35])
    old = (project.root / "results/architectures/metrics.json").read_bytes()
    if tool == "snakemake":
        project.snakemake("architectures")
    else:
        project.dvc("repro")
    assert (project.root / "results/architectures/metrics.json").read_bytes() != old


@pytest.mark.scenario("compiled code cut, emptied, a bit flipped")
@pytest.mark.slow
@pytest.mark.parametrize("damage", [truncate, flip, empty], ids=lambda f: f.__name__)
def test_a_damaged_cache_of_compiled_code(project, tmp_path, damage):
    cache = tmp_path / "cache"
    target = "results/architectures/cells/35-2/relu/weights.npz"
    before = (project.root / target).read_bytes()
    arguments = (target, "--forcerun", "train_architectures")
    project.snakemake(*arguments, LATENTLAB_CACHE=str(cache))
    for path in (p for p in cache.rglob("*.nb*") if p.is_file()):
        damage(path)
    text = project.snakemake(*arguments, LATENTLAB_CACHE=str(cache))
    assert "compiled code is not as it was written" in text
    assert (project.root / target).read_bytes() == before


@pytest.mark.scenario("inputs cut or emptied")
@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        pytest.param("params.yaml", truncate, "", marks=pytest.mark.slow),
        ("params.yaml", empty, "null given, allowed: "),
        ("data/fonts/font.h", truncate, "expected"),
        ("data/fonts/font.h", empty, "no font found"),
        pytest.param(
            "data/published.yaml",
            empty,
            "empty, figures by experiment are needed",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_damaged_inputs_are_named(project, name, damage, reason):
    """They are the user's: refused in one line, nothing is written; put back, all is as before."""
    before = project.bytes_of("results")
    damage(project.root / name)
    text = project.snakemake(ok=False)
    assert any(f"{name}:" in line and reason in line for line in text.splitlines()), text
    assert "Traceback" not in text
    assert project.bytes_of("results") == before
    project.run("git", "checkout", "--", name)
    assert project.pending() == set()


@pytest.mark.slow
def test_what_a_kill_leaves_among_the_records_does_no_harm(project):
    (project.root / RECORDS / ".4711.tmp").write_text('{"rule": ')
    project.edit("denoising.fresh_draws", 6)
    project.dvc("repro")
    assert not (project.root / RECORDS / ".4711.tmp").exists()
    assert project.pending() == set()
