"""``make archive``: an RO-Crate that validates, of a state that is committed and certified."""

import json
import zipfile
from hashlib import sha256

import pytest
from rocrate.rocrate import ROCrate

ARCHIVE = ("python", "workflow/commands/archive_study.py")


@pytest.mark.slow
def test_the_archive_is_a_crate_with_everything_and_its_digests(project, tmp_path):
    shown = project.run(*ARCHIVE)
    (path,) = (project.root / "archive").iterdir()
    commit = project.run("git", "rev-parse", "HEAD").strip()
    assert path.name.startswith("latentlab-")
    assert commit.startswith(path.stem.removeprefix("latentlab-"))
    assert f"archive/{path.name}: " in shown

    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "crate")
    metadata = json.loads((tmp_path / "crate/ro-crate-metadata.json").read_text())
    assert metadata["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    assert len(entities) == len(metadata["@graph"])
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    root = entities["./"]
    assert root["@type"] == "Dataset"
    assert {"name", "description", "datePublished", "license", "creator"} <= root.keys()
    assert commit in root["version"]
    main = entities[root["mainEntity"]["@id"]]
    assert main["@id"] == "Snakefile"
    assert set(main["@type"]) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    profiles = json.dumps(entities["ro-crate-metadata.json"]["conformsTo"])
    assert "https://w3id.org/ro/crate/1.1" in profiles
    assert "https://w3id.org/workflowhub/workflow-ro-crate/" in profiles
    images = [entities[part["@id"]] for part in root["isBasedOn"]]
    assert {one["name"] for one in images} == {"data/images/digits"}
    assert all(one["identifier"].startswith("md5:") for one in images)

    files = {part["@id"]: entities[part["@id"]] for part in root["hasPart"]}
    for name, entity in files.items():
        content = (tmp_path / "crate" / name).read_bytes()
        assert entity["sha256"] == sha256(content).hexdigest(), name
        assert entity["contentSize"] == str(len(content)), name
    tracked = project.run("git", "ls-files").split()
    assert set(files) == set(tracked) | set(project.bytes_of("results"))
    assert {"params.yaml", "dvc.lock", "results/report/index.html"} <= set(files)
    assert ROCrate(tmp_path / "crate").mainEntity.id == "Snakefile"


def test_what_is_not_committed_is_not_archived(project):
    project.edit("seed", 3)
    shown = project.run(*ARCHIVE, ok=False)
    assert "params.yaml is not as committed (1 files): commit first" in shown
    assert not (project.root / "archive").exists()


@pytest.mark.slow
def test_what_is_not_certified_is_not_archived(project):
    project.edit("seed", 3)
    project.commit()
    shown = project.run(*ARCHIVE, ok=False)
    assert "not certified" in shown
    assert not (project.root / "archive").exists()
