"""Parameters: complete, refused with path, given and allowed, expanded into cells."""

import copy
import dataclasses
import itertools
import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, get_args

import pytest

from latentlab.data.fonts import read_fonts
from latentlab.data.noise import NOISES
from latentlab.experiments import networks
from latentlab.experiments.allowed import Knobs, NotAllowed, integer, names_of, number, validate
from latentlab.experiments.architectures.plan import factorial_factors
from latentlab.experiments.denoising.params import Kind
from latentlab.experiments.denoising.plan import (
    denoising_comparison,
    denoising_noises,
    denoising_orthogonality,
    denoising_plots,
    denoising_variations,
)
from latentlab.experiments.knobs import slug
from latentlab.experiments.letters.plan import front_weights, letters_factors
from latentlab.experiments.networks import FontFile
from latentlab.experiments.params import letters_of, parse_params, read_params
from latentlab.experiments.registry import EXPERIMENTS, cells, explored
from latentlab.experiments.vae.params import Model
from latentlab.experiments.vae.plan import vae_controls, vae_drawn
from latentlab.files.yaml import ParamsError, read_yaml
from latentlab.models import image_model
from latentlab.models.network import ACTIVATIONS, Network
from latentlab.training.optimizers import OPTIMIZERS
from project import replace_value
from support.code_digest import local_modules

ROOT = Path(__file__).parents[3]
PARAMS = read_params(ROOT / "params.yaml", ROOT)
FONTS = FontFile("data/fonts/font.h", read_fonts(ROOT / "data/fonts/font.h"))
LAYER = "denoising.networks.published.architecture"
LEARNED = "denoising.networks.published"
EQUAL = "optimizers.comparisons.equal"
TRIED = {"optimizer": "adam", "learning_rate": [0.01, 0.1], "schedule": "cosine"}


@pytest.mark.parametrize("name", ["params.yaml", "demo/params.yaml", "tests/params.yaml"])
def test_the_configurations_of_the_project_are_valid(name):
    assert read_params(ROOT / name, ROOT)["seed"] >= 0


def errors_of(path, value):
    """All errors of the study's parameters with one value replaced (or removed: None)."""
    params = copy.deepcopy(PARAMS)
    replace_value(params, path if isinstance(path, list) else path.split("."), value)
    return lines_of(params)


def lines_of(params):
    """All errors of these parameters."""
    try:
        parse_params(params, FONTS)
    except NotAllowed as error:
        return error.lines
    return []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("seed", -1, "seed: -1 given, allowed: an integer from 0 to 2147483647"),
        ("seed", 3.0, "seed: 3.0 given, allowed: an integer from 0 to 2147483647"),
        ("seed", True, "seed: true given, allowed: an integer from 0 to 2147483647"),
        ("sed", 1, "sed: unknown key (meant seed?), allowed: seed, shards, data, architectures"),
        ("seed", None, "seed: missing, allowed"),
        ("vae", None, "vae: missing"),
        ("architectures.encoders", ["rleu"], "architectures.encoders[0]: 'rleu' given, allowed: o"),
        ("architectures.encoders", ["relu", "relu"], "architectures.encoders: ['relu', 'relu'] gi"),
        ("architectures.error_levels", [0], "architectures.error_levels[0]: 0 given, allowed: a f"),
        ("architectures.factorial.depths", [0], "architectures.factorial.depths[0]: 0 given, allo"),
        ("architectures.factorial.latents", [], "architectures.factorial.latents: [] given, allow"),
        (
            "architectures.networks.depth-1-width-10",
            [35, 2, 35],
            "architectures.networks.depth-1-width-10: a name of the factorial given, allowed: ano",
        ),
        ("optimizers.encoder", "relu_as_run", "optimizers.encoder: 'relu_as_run' given, allowed: "),
        ("optimizers.output", "tanh", "optimizers.output: 'tanh' given, allowed: sigmoid, for c"),
        (f"{EQUAL}.cross_entropy", ["powell"], f"{EQUAL}.cross_entropy[0]: 'powell' given, allo"),
        (f"{EQUAL}.evaluations", 7, f"{EQUAL}.evaluations: 7 given, allowed: at least 8, a grad"),
        (f"{EQUAL}.record_every", 2, f"{EQUAL}.record_every: 2 given, allowed: at least 3"),
        (f"{EQUAL}.stages.adam", ["Adam"], f"{EQUAL}.stages.adam[0]: 'Adam' given, allowed: a m"),
        (f"{EQUAL}.stages.adam", [TRIED, TRIED], f"{EQUAL}.stages.adam: 'adam' given, allowed: l"),
        (
            f"{EQUAL}.stages.adam",
            [{**TRIED, "learning_rate": [0.1, 0.1]}],
            f"{EQUAL}.stages.adam[0].learning_rate: [0.1, 0.1] given, allowed: a finite number abo",
        ),
        (
            f"{EQUAL}.stages.powell-long",
            [{"optimizer": "powell", "xtol": 0.01, "ftol": 0.01}],
            "optimizers.comparisons.long.stages.powell-long: 'powell-long' given, allowed: a name",
        ),
        ("optimizers.font", "font9", "optimizers.font: 'font9' given, allowed: a font of data/fo"),
        (
            f"{EQUAL}.stages.lbfgs",
            [{"optimizer": "lbfgs", "memory": 0, "ftol": 1e-12, "gtol": 1e-9}],
            f"{EQUAL}.stages.lbfgs[0].memory: 0 given, allowed: an integer from 1",
        ),
        ("architectures.font", "font9", "architectures.font: 'font9' given, allowed: a font of da"),
        ("architectures.beta", 0, "architectures.beta: 0 given, allowed: a finite number above 0"),
        ("architectures.ftol", float("nan"), "architectures.ftol: .nan given, allowed: a finite n"),
        ("architectures.ftol", float("inf"), "architectures.ftol: .inf given, allowed: a finite n"),
        ("architectures.replicates", 0, "architectures.replicates: 0 given, allowed: an integer f"),
        ("architectures.networks", {}, "architectures.networks: {} given, allowed: a mapping of "),
        ("architectures.networks.a/b", [35, 2, 35], "architectures.networks.a/b: 'a/b' given as "),
        ("architectures.networks...", [35, 2, 35], None),
        (LAYER, [35, 18, 18, 35], f"{LAYER}: [35, 18, 18, 35] given, allowed: an odd number"),
        (LAYER, [35, 18, 5, 17, 35], f"{LAYER}: [35, 18, 5, 17, 35] given, allowed: layer sizes"),
        (LAYER, [36, 18, 5, 18, 36], f"{LAYER}[0]: 36 given, allowed: 35, the pixels of a letter"),
        (LAYER, [35, 0, 35], f"{LAYER}[1]: 0 given, allowed: an integer from 1 to 1024"),
        (LAYER, "35-2", f"{LAYER}: '35-2' given, allowed: a list of an odd number of layer sizes"),
        (f"{LEARNED}.probabilities", [0.1, 1.5], f"{LEARNED}.probabilities[1]: 1.5 given, allo"),
        (f"{LEARNED}.probabilities", [0.1, 0.1], f"{LEARNED}.probabilities: [0.1, 0.1] given,"),
        ("denoising.tests.kinds", ["gaussan"], "denoising.tests.kinds[0]: 'gaussan' given, allow"),
        (f"{LEARNED}.subsets", ["al"], f"{LEARNED}.subsets[0]: 'al' given, allowed: one of publi"),
        (
            "letters.networks.two-numbers.loss",
            "within-one-pixel",
            "letters.networks.two-numbers.loss: 'within-one-pixel' given, allowed: one of ",
        ),
        (
            "denoising.networks.wide.redraw",
            False,
            "denoising.networks.wide.loss: 'within-one-pixel' given, allowed: squared-error or ",
        ),
        (
            "denoising.networks.wide.output",
            "tanh",
            "denoising.networks.wide.output: 'tanh' given, allowed: sigmoid, for within-one-pixel",
        ),
        (f"{LEARNED}.redraw", True, f"{LEARNED}.redraw: true given, allowed: false, or adam or"),
        (f"{LEARNED}.optimizer", "adam", f"{LEARNED}.loss: missing, allowed: one of squared"),
        (
            "denoising.variations.network",
            "published",
            "denoising.variations.network: 'published' given, allowed: a network whose noise is r",
        ),
        (
            "denoising.variations.network",
            "no",
            "denoising.variations.network: 'no' given, allowed: one of published, stronger,",
        ),
        ("letters.front.optimizer", "stages", "letters.front.optimizer: 'stages' given, allowed:"),
        # names made of values: of paths, of columns, of entries in metrics
        (
            "denoising.networks.published.probabilities",
            [0.1, 0.1000001],
            "denoising.networks.published.probabilities: [0.1, 0.1000001] given, allowed: a list",
        ),
        (
            "architectures.error_levels",
            [1e-7, 1e-8],
            "architectures.error_levels: [1e-07, 1e-08]",
        ),
        ("architectures.error_levels", [1.2345, 12.345], "architectures.error_levels: [1.2345, 12"),
        (
            "optimizers.error_levels",
            [0.5, 0.50000001],
            "optimizers.error_levels: [0.5, 0.5000000",
        ),
        ("data.images.digits.classes", ["a", "a"], "data.images.digits.classes: ['a', 'a'] given"),
        (
            "denoising.subsets.all_letters.fonts",
            ["font1"],
            "denoising.variations.font: 'font2' given, allowed: a font of its subset (font1)",
        ),
        ("denoising.variations.subset", "no", "denoising.variations.subset: 'no' given, allowed"),
        ("denoising.variations.font", "no", "denoising.variations.font: 'no' given, allowed: a f"),
        (
            "denoising.orthogonality.networks",
            ["published", "no"],
            "denoising.orthogonality.networks[1]: 'no' given, allowed: one of published, stronger",
        ),
        ("denoising.orthogonality.fonts", ["f"], "denoising.orthogonality.fonts[0]: 'f' given"),
        (
            "denoising.orthogonality.subsets",
            [{"size": 4, "count": 1}, {"size": 4, "count": 2}],
            "denoising.orthogonality.subsets: sizes [4, 4] given, allowed: each size once",
        ),
        (
            "denoising.orthogonality.subsets",
            [{"size": 33, "count": 1}],
            "denoising.orthogonality.subsets[0].size: 33 given, allowed: an integer from 2 to 32",
        ),
        (
            "denoising.subsets.published",
            {"fonts": ["font2"], "letters": "XHx"},
            "denoising.subsets.published.letters: 'x' given, allowed: letters of font2 (@ABC",
        ),
        (
            "denoising.subsets.published",
            {"fonts": ["font2"], "letters": "XX"},
            "denoising.subsets.published.letters: 'XX' given, allowed: each letter once",
        ),
        (
            "denoising.subsets.published",
            {"fonts": ["font7"], "letters": "all"},
            "denoising.subsets.published.fonts[0]: 'font7' given, allowed: a font of data/fonts/",
        ),
        ("letters.networks.two-numbers.fonts", ["Font3"], "letters.networks.two-numbers.fonts[0]"),
        ("letters.networks.exceptional.optimizer", "adam", "letters.networks.exceptional.loss: m"),
        ("letters.networks.two-numbers.encoder", "step", "letters.networks.two-numbers.enco"),
        ("letters.networks.two-numbers.output", "tanh", "letters.networks.two-numbers.outp"),
        (
            "letters.networks.exceptional.architecture",
            [35, 2, 2, 35],
            "letters.networks.exceptional.architecture: [35, 2, 2, 35] given, allowed: an odd",
        ),
        ("letters.networks.linear.fonts", ["font2", "x"], "letters.networks.linear.fonts[1]: 'x' "),
        ("letters.front.fonts", ["font9"], "letters.front.fonts[0]: 'font9' given, allowed: a fo"),
        ("letters.front.optimizer", "powell", "letters.front."),
        ("letters.front.output", "tanh", "letters.front.output: 'tanh' given, allowed: sigmoid, "),
        (
            "letters.front.architectures",
            {"two-numbers": [35, 2, 35]},
            "letters.front.architectures.two-numbers: 'two-numbers' given as a name, allowed: one",
        ),
        (
            "letters.front.architectures",
            {"a": [35, 2, 2, 35]},
            "letters.front.architectures.a: [35, 2, 2, 35] given, allowed: an odd number",
        ),
        ("letters.front.shuffle_seed", 1, "letters.front.shuffle_seed: unknown key for adam"),
        ("letters.paths.pairs", ["08", "AR", "AA", "nu"], "letters.paths.pairs[2]: 'AA' given, al"),
        ("letters.paths.pairs", ["08", "AR"], "letters.paths.pairs: ['08', 'AR'] given, allowed: "),
        ("letters.new_letters.new_distance", 1, "letters.new_letters.new_distance: 1 given, allow"),
        ("letters.grid.published_window", [25, -15], "letters.grid.published_window: [25, -15] gi"),
        ("letters.grid.published_window", [-15, 0], "letters.grid.published_window: [-15, 0] give"),
        ("letters.grid.published_window", [0, 1e308], "letters.grid.published_window[1]: 1e+308 g"),
        ("conclusions.alpha", 0, "conclusions.alpha: 0 given, allowed: a number above 0 "),
        ("conclusions.relevant", {}, "conclusions.relevant: unknown key, allowed: alpha, min_repl"),
        ("vae.datasets", ["minst"], "vae.datasets[0]: 'minst' given, allowed: a key of data.imag"),
        ("vae.models.published.replicates", {"digits": 1}, "vae.models.published.replicates.mni"),
        ("vae.models.published.replicates.digits", -1, "vae.models.published.replicates.dig"),
        ("vae.models.autoencoder.kl_weight", 1.0, "vae.models.autoencoder.kl_weight: 1.0 given,"),
        ("data.fonts", "../secret.h", "data.fonts: '../secret.h' given, allowed: a path inside"),
        ("data.fonts", "/etc/passwd", "data.fonts: '/etc/passwd' given, allowed: a path inside"),
        ("data.images.mnist.source", "ftp", "data.images.mnist.source: 'ftp' given, allowed: on"),
        ("data.images.mnist.mirrors", ["file:///x"], "data.images.mnist.mirrors[0]: 'file:///x'"),
        ("data.images.digits", {"source": "folder", "classes": ["a"]}, "data.images.digits.path: "),
        (
            "data.images.digits",
            {"source": "folder", "path": "x", "test_every": 1, "classes": ["a"]},
            "data.images.digits.test_every: 1 given, allowed: an integer from 2",
        ),
        (
            "data.images.digits",
            {"source": "folder", "path": "x", "resize": [129, 128], "classes": ["a"]},
            "data.images.digits.resize: [129, 128] given, allowed: two integers, height and width",
        ),
        (
            "data.images.digits",
            {"source": "folder", "path": "x", "classes": [7]},
            "data.images.digits.classes[0]: 7 given, allowed: a text of 1 to 40 characters that",
        ),
        (
            "data.images.digits.classes",
            ["$a_1$", "\u05e9\u05dc", "\u65e5"],
            "data.images.digits.classes[2]: '\u65e5' given, allowed: a text of 1 to 40",
        ),
        (
            "data.images.digits.classes",
            ["a\nb"],
            'data.images.digits.classes[0]: "a\\nb" given, al',
        ),
        (
            f"{EQUAL}.stages.backpropagation",
            [{**TRIED, "optimizer": "backpropagation", "momentum": 1, "shuffle_seed": None}],
            f"{EQUAL}.stages.backpropagation[0].momentum: 1 given, allowed: a number from 0 to bel",
        ),
        (
            "denoising.subsets.4-0",
            {"fonts": ["font2"], "letters": "XHIR"},
            "denoising.subsets.4-0: this name given, allowed: none of two numbers like it",
        ),
        ("vae.measures.samples", 10, "vae.measures.samples: 10 given, allowed: an int"),
        ("vae.measures.quadrature_window", 90, "vae.measures.quadrature_window: 90 given, allo"),
        ("vae.measures.quadrature_tolerance", 0, "vae.measures.quadrature_tolerance: 0 given"),
        ("vae.models.published.variance", "one", "vae.models.published.variance: 'one' given"),
        ("vae.models.published.beta_2", 1, "vae.models.published.beta_2: 1 given, allowed: a numb"),
        ("vae.models.published.beta_2", 0.999999, "vae.models.published.beta_2: 0.999999 given"),
        ("vae.models.published.beta_2", -0.1, "vae.models.published.beta_2: -0.1 given, allowed"),
        ("vae.models.published.schedule", "step", "vae.models.published.schedule: 'step' given"),
        ("data.images.digits.mirrors", [], "data.images.digits.mirrors: unknown key, allowed: so"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(path, value, message):
    if message is None:
        path, message = ["architectures", "networks", "../up"], "architectures.networks.../up: "
    result = errors_of(path, value)
    assert len(result) == 1 or all(error.startswith(message[:20]) for error in result)
    assert result[0].startswith(message)
    assert "\n" not in result[0]


def test_an_image_set_needs_a_model_that_is_trained_on_it(tmp_path):
    params = copy.deepcopy(PARAMS)
    for model in params["vae"]["models"].values():
        model["replicates"]["mnist"] = 0
    with pytest.raises(NotAllowed) as caught:
        parse_params(params, FONTS)
    assert caught.value.lines == [
        "vae.datasets[0]: 'mnist' given, allowed: a set of which some model in vae.models has"
        " replicates"
    ]


def test_every_stage_of_a_hybrid_is_checked():
    path = "letters.networks.hybrid.stages"
    stages = PARAMS["letters"]["networks"]["hybrid"]["stages"]
    powell, adam = stages
    (error,) = errors_of(path, [powell, {k: v for k, v in adam.items() if k != "loss"}])
    allowed = "one of squared-error, cross-entropy (adam needs it)"
    assert error == f"{path}[1].loss: missing, allowed: {allowed}"
    (error,) = errors_of(path, [{**powell, "loss": "cross-entropy"}, adam])
    assert error.startswith(
        f"{path}[0].loss: unknown key for powell, allowed: optimizer, max_epochs"
    )
    (error,) = errors_of(path, [powell])
    assert error.startswith(f"{path}: ")
    assert cells(PARAMS, "letters")["font1/hybrid"]["train"]["training"]["stages"] == stages


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("seed", 10**400, "seed: an integer of many digits given, allowed: an integer from 0"),
        ("architectures.beta", 10**400, "architectures.beta: an integer of many digits given, al"),
        ("letters.grid.published_window", [0, 10**400], "letters.grid.published_window[1]: an int"),
        ("seed", None, "seed: missing, allowed: an integer from 0 to 2147483647"),
        ("seed", [None, True, -float("inf")], "seed: [null, true, -.inf] given, allowed: an int"),
        ("architectures.biases", "yes", "architectures.biases: 'yes' given, allowed: true or fa"),
        ("architectures.threshold", "0.5", "architectures.threshold: '0.5' given, allowed: a nu"),
        (["architectures", "networks", 7], [35, 2, 35], "architectures.networks.7: 7 given as a n"),
        (["architectures", 7], 1, "architectures.7: unknown key, allowed: "),
        (["architectures", "a\nb"], 1, 'architectures."a\\nb": unknown key, allowed: '),
        ("letters.networks.linear.training", {}, "letters.networks.linear.training: unknown key"),
        ("letters.networks.linear.optimizer", "adm", "letters.networks.linear.optimizer: 'adm' gi"),
        ("letters.networks.hybrid.output", "tanh", "letters.networks.hybrid.output: 'tanh' given"),
        ("data.images.digits", {}, "data.images.digits.source: missing, allowed: one of scikit-l"),
    ],
)
def test_the_line_is_one_whatever_was_given(path, value, message):
    (line,) = errors_of(path, value)
    assert line.startswith(message)
    assert line.isprintable()


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("denoising.tests.probabilities", [0.1, 0.1000001]),  # in paths: p-010
        (f"{LEARNED}.probabilities", [1, 1.0]),
        (f"{LEARNED}.ranges", [0.5, 0.50000001]),
        ("optimizers.error_levels", [0.1, 0.10000001]),  # in names of columns: operations_to_0.1
    ],
)
def test_numbers_that_would_have_one_name_are_refused(path, values):
    (line,) = errors_of(path, values)
    assert line.startswith(f"{path}: {values} given, allowed: a list of at least one number")
    assert re.search("none twice, to six (decimals|digits)$", line)


def test_figures_of_one_name_are_refused():
    """What a network makes of a subset is drawn as <subset>-<network>."""
    params = copy.deepcopy(PARAMS)
    section = params["denoising"]
    section["subsets"]["published-wide"] = section["subsets"]["all_letters"]
    section["networks"]["wide-wide"] = {**section["networks"]["wide"], "subsets": ["published"]}
    section["networks"]["wide"]["subsets"] = ["all_letters", "published-wide"]
    (line,) = lines_of(params)
    assert line.startswith("denoising.networks.wide-wide.subsets[0]: 'published' given, allowed: ")


def test_a_number_has_one_form():
    """1 and 1.0 are the same settings, and so the same random numbers; 3.0 is no integer."""
    params = copy.deepcopy(PARAMS)
    params["architectures"]["beta"] = 1
    params["vae"]["models"]["autoencoder"]["kl_weight"] = -0.0
    params["denoising"]["tests"]["probabilities"] = [0, 1]
    params["letters"]["grid"]["published_window"] = [-15.0, 25.5]
    result = parse_params(params, FONTS)
    assert repr(result["architectures"]["beta"]) == "1.0"
    assert repr(result["vae"]["models"]["autoencoder"]["kl_weight"]) == "0.0"
    assert repr(result["denoising"]["tests"]["probabilities"]) == "[0.0, 1.0]"
    assert repr(result["letters"]["grid"]["published_window"]) == "[-15, 25.5]"


@pytest.mark.parametrize("name", ["params.yaml", "demo/params.yaml", "tests/params.yaml"])
def test_what_is_read_is_what_stands_there(name):
    """The same values, spelled the same; names in the file's order, knobs in one order."""
    written, result = read_yaml(ROOT / name), read_params(ROOT / name, ROOT)
    assert json.dumps(result, sort_keys=True) == json.dumps(written, sort_keys=True)
    for experiment, key in (("letters", "networks"), ("denoising", "subsets"), ("vae", "models")):
        assert list(result[experiment][key]) == list(written[experiment][key])
    turned = dict(reversed(written.items()))
    turned["letters"] = dict(reversed(written["letters"].items()))
    assert json.dumps(parse_params(turned, FONTS)) == json.dumps(result)


def test_bounds_are_allowed_and_what_is_beyond_is_not():
    class Bounded(Knobs):
        number: Annotated[float, number(0, 0.5)]
        below: Annotated[float, number(0, 1, limit=1)]
        whole: Annotated[int, integer(2, 5)]

    for fits in ((0, 0, 2), (0.5, 0.999, 5)):
        validate(Bounded, dict(zip(Bounded.model_fields, fits, strict=True)))
    for beyond in ((-0.1, -0.1, 1), (0.51, 1, 6)):
        with pytest.raises(NotAllowed) as error:
            validate(Bounded, dict(zip(Bounded.model_fields, beyond, strict=True)))
        assert [line.split("allowed: ")[1] for line in error.value.lines] == [
            "a number from 0 to 0.5",
            "a number from 0 to below 1",
            "an integer from 2 to 5",
        ]


def test_what_may_be_asked_for_is_what_there_is():
    assert set(names_in(networks.ByAny)) == set(OPTIMIZERS)
    assert get_args(get_args(networks.Activation)[0]) == tuple(ACTIVATIONS)
    assert get_args(get_args(Kind)[0]) == tuple(NOISES)
    for knob, choices in image_model._CHOICES.items():
        assert set(names_of(Model, knob)) == set(choices)
    settings = {field.name for field in dataclasses.fields(image_model.Settings)}
    assert set(Model.model_fields) == settings | {"replicates"}
    layers = {field.name for field in dataclasses.fields(Network)}
    assert set(networks.Layers.model_fields) == layers - {"architecture"}


def names_in(union):
    return [name for kind in get_args(get_args(union)[0]) for name in names_of(kind, "optimizer")]


def test_no_step_imports_what_is_allowed():
    """Else another bound would train anew. check_images has no digest: it decides no result."""
    package = ROOT / "src/latentlab/experiments"
    types = {package / "allowed.py", package / "networks.py", *package.rglob("params.py")}
    assert len(types) >= 9
    for script in (ROOT / "workflow/scripts").glob("*_*.py"):
        if script.stem != "check_images":
            reached = local_modules(script, (script.parent, ROOT / "src"))
            assert types.isdisjoint(reached), script
            # what is read of a user's font in a new way computes nothing anew
            assert ROOT / "src/latentlab/data/font_files.py" not in reached, script


def test_all_errors_are_reported_at_once(tmp_path):
    text = (ROOT / "params.yaml").read_text()
    errors = 1 + text.count("beta: 0.8")
    text = text.replace(f"seed: {PARAMS['seed']}", "seed: x").replace("beta: 0.8", "beta: -1")
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError) as error:
        read_params(tmp_path / "params.yaml", ROOT)
    lines = str(error.value).splitlines()
    assert len(lines) == errors > 4
    assert all("params.yaml: " in line and "allowed" in line for line in lines)


def leaves(node, path=()):
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    else:
        yield list(path), node


@pytest.mark.parametrize("path", [path for path, _ in leaves(PARAMS)], ids=".".join)
def test_every_knob_is_required_and_typed(path):
    """No hidden default: a missing knob is an error, and so is a value of another type."""
    dotted = ".".join(path)
    fan_out = path[:2] in (
        ["architectures", "networks"],
        ["optimizers", "networks"],
    )
    fan_out |= path[:2] == ["optimizers", "comparisons"] and path[3] == "stages"
    fan_out |= path[:3] == ["letters", "front", "architectures"]
    if not fan_out:
        assert any(error.startswith(dotted) for error in errors_of(path, None))
    result = errors_of(path, [{"no": ["such value"]}])
    assert result
    assert all(error.startswith(dotted) and "allowed" in error for error in result)


def unknown_keys(node, path=()):
    if isinstance(node, dict):
        yield [*path, "no_such_knob"]
        for key, value in node.items():
            yield from unknown_keys(value, (*path, key))


@pytest.mark.parametrize("path", list(unknown_keys(PARAMS)), ids=".".join)
def test_every_unknown_key_is_refused(path):
    assert any(error.startswith(".".join(path)) for error in errors_of(path, [{"a": None}]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\na: 2\n", "not valid YAML"),
        ("a: |\n  b\na: c", "not valid YAML: found duplicate key"),
        ("? [{a: 1}]\n: 2", "not valid YAML"),
        ("b: 1\na: [1", "line 2: not valid YAML"),
        ("a: [1\nb: 2\n", "line 2: not valid YAML: expected ',' or ']', but got ':' (while parsin"),
        (
            "a: 'x\nb: 2\n",
            "line 3: not valid YAML: found unexpected end of stream (while",
        ),
        ("a: 1\n--- \nb: 2\n", "line 2: not valid YAML: expected a single document"),
        (
            "b: 1\na: " + "9" * 5000,
            f"line 2: not valid YAML: '{'9' * 60}...' cannot be read as int",
        ),
        ("a: 2001-06-31", "line 1: not valid YAML: '2001-06-31' cannot be read as timestamp"),
        ("a: !!bool x", "line 1: not valid YAML: 'x' cannot be read as bool"),
        ("a: \0", "not valid YAML: unacceptable character #x0000"),
        ("[" * 600 + "]" * 600, "not valid YAML: lists or mappings in one another, too deep"),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("\t- x", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("", "the file: null given"),
        ("- 1", "the file: [1] given"),
    ],
)
def test_text_that_is_no_parameters(tmp_path, text, reason):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"params\.yaml: ") as error:
        read_params(tmp_path / "params.yaml", ROOT)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("9" * 400, "an integer of many digits given, allowed: an integer from 0"),
        (".inf", ".inf given"),
        ("2001-12-14", "2001-12-14 given"),
        ("2001-12-14 10:00:00", "2001-12-14T10:00:00 given"),
        ("!!binary aGk=", "!!binary aGk= given"),
        ("!!set {a}", "!!set {'a': null} given"),
        ("!!omap [a: True]", "!!omap {'a': true} given"),
        ("!!pairs [a: ~]", "[['a', null]] given"),
        ("{[1]: 2001-12-14}", "{[1]: 2001-12-14} given"),
        ('"a\\tb"', r'"a\tb" given'),
        ("&a [*a]", "[[[[...]]]] given"),
    ],
)
def test_values_are_shown_as_yaml_spells_them(tmp_path, written, shown):
    """In a number's place; no value that YAML has is a trace."""
    (tmp_path / "p.yaml").write_text(f"seed: {written}\n")
    with pytest.raises(ParamsError) as error:
        read_params(tmp_path / "p.yaml", ROOT)
    assert f"p.yaml: seed: {shown}" in str(error.value)


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (True, "true"), (date(2001, 2, 3), "2001-02-03")]
)
def test_what_would_be_a_text_in_quotes_is_told_so(value, text):
    """Class names and networks called like numbers are read as numbers."""
    classes = errors_of(["data", "images", "digits", "classes"], ["a", value])
    assert classes == [
        f"data.images.digits.classes[1]: {text} given, allowed: a text of 1 to 40 characters"
        " that figures can show;"
        " in quotes, as it was meant ('01', not 01), it is one"
    ]
    networks = errors_of(["architectures", "networks"], {value: [35, 2, 35]})
    assert networks[0].endswith(
        "not starting with -; in quotes, as it was meant ('01', not 01), it is one"
    )
    assert "quotes" not in errors_of(["architectures", "font"], 0.5)[0]  # no name in quotes either


@pytest.mark.parametrize("written", ["0123", "01", "0o17", "1.10", "0b01"])
@pytest.mark.parametrize("key", ["letters", "first"])
def test_no_hint_has_another_text_than_was_meant(tmp_path, written, key):
    """YAML reads 0123 as 123: quotes around that would leave a letter out."""
    (tmp_path / "p.yaml").write_text(f"data:\n  font_layout:\n    {key}: {written}\n")
    with pytest.raises(ParamsError) as error:
        read_params(tmp_path / "p.yaml", ROOT)
    (line,) = [line for line in str(error.value).splitlines() if f"font_layout.{key}: " in line]
    assert "in quotes it is one" not in line
    assert line.partition(" given, ")[2].count("'") in (0, 2)
    if key == "letters":
        assert line.endswith("; in quotes, as it was meant ('01', not 01), it is one")


@pytest.mark.parametrize("file", ["none.h", "params.yaml"])
def test_a_font_file_that_cannot_be_read_names_its_parameter(tmp_path, file):
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("data/fonts/font.h", file))
    with pytest.raises(ParamsError, match=rf"params\.yaml: data\.fonts: .*/{file}:"):
        read_params(tmp_path / "params.yaml", tmp_path)


CAPITALS = PARAMS["data"]["images"]["capitals"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"font": "font9"}, "font: 'font9' given, allowed: font1, font2, font3"),
        ({"classes": ["A", "a"]}, "classes: 'a' given, allowed: letters of font2"),
        ({"classes": ["AB"]}, "classes: 'AB' given, allowed: letters of font2"),
        ({"fonts": "none.h"}, "fonts: none.h: No such file or directory"),
        ({"fonts": "params.yaml"}, "fonts: params.yaml:5: ':' is not part of an array of bytes"),
        ({"shift": 4}, "shift: 4 given, allowed: an integer from 0 to 3"),
        ({"train": 0}, "train: 0 given, allowed: an integer from 1 to 1000000"),
        ({"scale": 2}, "scale: unknown"),
    ],
)
def test_letters_for_images_that_there_are_not_are_one_line(tmp_path, change, line):
    content = read_yaml(ROOT / "params.yaml")
    content["data"]["images"]["capitals"] |= change
    (tmp_path / "p.yaml").write_text(json.dumps(content))  # which is YAML
    with pytest.raises(ParamsError) as error:
        read_params(tmp_path / "p.yaml", ROOT)
    (found,) = str(error.value).splitlines()
    assert found.replace(f"{ROOT}/", "").startswith(
        f"{tmp_path}/p.yaml: data.images.capitals.{line}"
    )


def test_letters_for_images_are_those_of_the_classes_in_their_order():
    font = letters_of({**CAPITALS, "classes": ["B", "A"]}, ROOT)
    letters = read_fonts(ROOT / "data/fonts/font.h")["font2"].subset("BA")
    assert (font.pixels == letters.pixels).all()


def test_numbers_as_dvc_writes_them(tmp_path):
    """``dvc exp run -S`` writes YAML 1.2, where 1e-05 is a number (in 1.1 it is a text)."""
    (tmp_path / "p.yaml").write_text("a: 1e-05\nb: on\nc: 010\n")
    assert read_yaml(tmp_path / "p.yaml") == {"a": 1e-05, "b": "on", "c": 10}


def test_a_missing_file(tmp_path):
    with pytest.raises(ParamsError, match="No such file"):
        read_params(tmp_path / "params.yaml", ROOT)


def test_slugs_have_no_dots_and_differ():
    assert [slug("p", v) for v in (0, 0.1, 0.15, 0.125, 1, 1.5)] == [
        "p-000",
        "p-010",
        "p-015",
        "p-0125",
        "p-100",
        "p-150",
    ]
    values = [i / 1000 for i in range(2001)]
    assert len({slug("p", v) for v in values}) == len(values)


def test_a_cell_for_every_combination():
    params = copy.deepcopy(PARAMS)
    section = params["denoising"]
    section["subsets"]["some"] = {"fonts": ["font1", "font3"], "letters": "all"}
    before = len(EXPERIMENTS["denoising"].factors(section))
    section["networks"]["published"]["subsets"].append("some")
    result = EXPERIMENTS["denoising"].factors(section)
    # 6 kinds, 4 probabilities; stronger and redrawn have 2 kinds, wide is on 3 fonts
    assert before == 6 * 4 + 2 * 2 * 4 + 3
    assert len(result) == before + 2 * 6 * 4
    assert result["font3/some/published/uniform/p-030/r-050"] == {
        "font": "font3",
        "subset": "some",
        "network": "published",
        "kind": "uniform",
        "probability": 0.3,
        "range": 0.5,
    }
    assert len(EXPERIMENTS["vae"].factors(params["vae"])) == sum(
        sum(model["replicates"].values()) for model in params["vae"]["models"].values()
    )


def test_what_denoisers_are_compared_with():
    section = PARAMS["denoising"]
    comparison = denoising_comparison(PARAMS)
    assert [(s["font"], s["letters"]) for s in comparison["sets"]] == [
        ("font2", "XHIR"),
        ("font1", "all"),
        ("font2", "all"),
        ("font3", "all"),
    ]
    assert len(comparison["tests"]) == 6 * 6 * 2
    # every denoiser is compared on the noise that it learned
    learned = [noise for n in section["networks"].values() for noise in denoising_noises(n)]
    assert set(learned) <= set(denoising_noises(section["tests"]))


def test_denoisers_that_are_varied_are_those_of_the_networks():
    vary, wide = denoising_variations(PARAMS), PARAMS["denoising"]["networks"]["wide"]
    cell = cells(PARAMS, "denoising")["font2/all_letters/wide/bit_flip/p-015/r-050"]["train"]
    differs = {"cell", "training", "replicates"}
    assert {k: v for k, v in cell.items() if k not in differs} == {
        k: vary[k] for k in cell if k not in differs
    }
    steps = PARAMS["denoising"]["variations"]["max_epochs"]
    own = {"max_epochs": steps, "loss": "cross-entropy"}  # fixed copies can follow that
    assert cell["training"]["loss"] == "within-one-pixel"
    assert vary["training"] == {**cell["training"], **own}
    relate = denoising_orthogonality(PARAMS)
    assert relate["font2"]["marked"] == {"published": "XHIR"}
    assert relate["font1"]["marked"] == {}
    assert relate["font1"]["networks"]["redrawn"]["network"]["architecture"] == [35, 18, 5, 18, 35]
    assert wide["architecture"] == vary["network"]["architecture"]


def test_every_plot_of_denoisers_has_something_to_show():
    plots = denoising_plots(PARAMS["denoising"])
    assert len(plots) == len(set(plots))
    assert "scores/published-published" in plots
    assert "scores/all_letters-wide" not in plots  # a single probability
    assert "baselines/all_letters-wide" in plots


def test_the_front_adds_cells_that_are_drawn_in_common():
    letters = PARAMS["letters"]
    front = letters["front"]["architectures"]
    result = EXPERIMENTS["letters"].factors(letters)
    assert len(result) == len(letters_factors(letters)) + len(front) * len(
        letters["front"]["fonts"]
    )
    name = next(iter(front))
    settings = cells(PARAMS, "letters")[f"font1/{name}"]["train"]
    assert settings["network"]["architecture"] == front[name]
    assert settings["replicates"] == letters["front"]["replicates"]
    # 35 to 4 to 2 and back, with biases
    assert front_weights(letters)["35-4-2"] == 36 * 4 + 5 * 2 + 3 * 4 + 5 * 35


def test_the_factorial_has_every_combination_once():
    section = PARAMS["architectures"]
    factorial = section["factorial"]
    result = {
        (factors["depth"], factors["hidden"]): cells(PARAMS, "architectures")[cell]["train"]
        for cell, factors in factorial_factors(section).items()
    }
    assert set(result) == set(itertools.product(factorial["depths"], factorial["widths"]))
    for (depth, width), settings in result.items():
        assert settings["replicates"] == factorial["replicates"]
        architectures = [network["architecture"] for network in settings["networks"].values()]
        assert architectures == [
            [35, *[width] * depth, latent, *[width] * depth, 35] for latent in factorial["latents"]
        ]
        assert all(n["encoder"] == factorial["encoder"] for n in settings["networks"].values())
        names = [name.rsplit("-", 1)[1] for name in settings["networks"]]
        assert names == [str(latent) for latent in factorial["latents"]]


def test_both_readings_of_an_encoder_differ_in_it_alone():
    result = cells(PARAMS, "architectures")
    meant, as_run = (result[f"35-15-2/{name}"]["train"] for name in ("relu", "relu_as_run"))
    networks = [settings["networks"]["35-15-2"] for settings in (meant, as_run)]
    assert [network.pop("encoder") for network in networks] == ["relu", "relu_as_run"]
    assert networks[0] == networks[1]
    assert {k: v for k, v in meant.items() if k != "cell"} == {
        k: v for k, v in as_run.items() if k != "cell"
    }


def test_optimizers_start_alike_and_are_tuned_at_the_budget_of_their_comparison():
    for cell, steps in cells(PARAMS, "optimizers").items():
        optimizer, network = cell.split("/")
        assert steps["train"]["starts_of"] == f"optimizers/{network}"
        (comparison,) = (
            one
            for one in PARAMS["optimizers"]["comparisons"].values()
            if optimizer in one["stages"]
        )
        stages = comparison["stages"][optimizer]
        is_tuned = any(isinstance(value, list) for stage in stages for value in stage.values())
        assert ("tune" in steps) == is_tuned
        assert steps["train"]["evaluations"] == comparison["evaluations"]
        if is_tuned:
            assert steps["tune"]["stages"] == stages
            assert steps["tune"]["evaluations"] == comparison["evaluations"]
            assert steps["tune"]["starts"] >= 5
        assert (steps["train"]["losses"] == ["squared-error"]) == (
            optimizer not in comparison["cross_entropy"]
        )


def test_another_grid_trains_nothing_that_tuning_does_not_change():
    """The trials are what a training depends on, not the list of what was tried."""
    changed = copy.deepcopy(PARAMS)
    (stage,) = changed["optimizers"]["comparisons"]["equal"]["stages"]["adam"]
    stage["learning_rate"].append(0.5)
    before, after = (cells(params, "optimizers")["adam/35-18-2"] for params in (PARAMS, changed))
    assert before["train"] == after["train"]
    assert before["tune"] != after["tune"]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_step_knows_seed_and_cell(experiment):
    for cell, steps in cells(PARAMS, experiment).items():
        for settings in steps.values():
            assert settings["seed"] == PARAMS["seed"]
            assert settings["cell"] == f"{experiment}/{cell}"


def test_evaluation_knobs_do_not_retrain():
    changed = copy.deepcopy(PARAMS)
    for experiment in ("architectures", "optimizers", "letters", "denoising"):
        changed[experiment]["threshold"] = 0.6
    for experiment in ("architectures", "optimizers"):
        changed[experiment]["error_levels"] = [3.0]
    changed["denoising"]["fresh_draws"] = 3
    for experiment, step in itertools.product(EXPERIMENTS, ("train", "evaluate")):
        before = {cell: steps[step] for cell, steps in cells(PARAMS, experiment).items()}
        after = {cell: steps[step] for cell, steps in cells(changed, experiment).items()}
        assert (before == after) == (step == "train" or experiment == "vae")


def test_a_model_without_replicates_on_a_set_is_nowhere_on_it():
    params = copy.deepcopy(PARAMS)
    params["vae"]["models"]["convolutional"]["replicates"]["mnist"] = 0
    result = EXPERIMENTS["vae"].factors(params["vae"])
    assert "digits/convolutional/0" in result
    assert not [cell for cell in result if cell.startswith("mnist/convolutional")]
    assert vae_controls(params, "mnist")["units"] == [2]
    assert list(vae_drawn(params, "mnist")["models"]) == ["published", "autoencoder", "improved"]
    page = explored(params, {name: cells(params, name) for name in EXPERIMENTS})["vae"]
    shown = {images["dataset"]: [model["name"] for model in images["models"]] for images in page}
    assert "convolutional" in shown["digits"]
    assert "convolutional" not in shown["mnist"]


def test_the_explorer_shows_named_networks_denoisers_and_image_models():
    result = explored(PARAMS, {name: cells(PARAMS, name) for name in EXPERIMENTS})
    named = letters_factors(PARAMS["letters"])
    assert [shown["cell"] for shown in result["letters"]] == [f"letters/{cell}" for cell in named]
    assert "powell-adam" in {shown["optimizer"] for shown in result["letters"]}
    assert {"letters", "noise", "network"} <= set(result["denoising"][0])
    assert "noise" not in result["letters"][0]
    models = {model["name"]: model["model"] for model in result["vae"][0]["models"]}
    assert models == vae_drawn(PARAMS, result["vae"][0]["dataset"])["models"]
    trained = cells(PARAMS, "vae")["digits/published/0"]["train"]["model"]
    assert models["published"] == trained
    assert "replicates" not in trained


# --- own fonts ---------------------------------------------------------------------------------


def with_font(tmp_path, text, replaced="font[123]", **data):
    """The study's parameters with another font file; its text stands in params.yaml's place."""
    params = (ROOT / "tests/params.yaml").read_text().replace("data/fonts/font.h", "mine.txt")
    params = re.sub(replaced, "mine", params) if replaced else params
    for key, value in data.items():
        params = params.replace("  fonts: mine.txt", f"  fonts: mine.txt\n  {key}: {value}")
    (tmp_path / "params.yaml").write_text(params)
    if text is not None:
        (tmp_path / "mine.txt").write_text(text)
    return tmp_path / "params.yaml", tmp_path


def drawing(letters):
    rows = "\n".join(["#####", *["....#"] * 6])
    return "\n".join(f"{letter}\n{rows}" for letter in letters)


def test_an_own_font_of_one_array_is_one_line_a_name(tmp_path):
    with pytest.raises(ParamsError) as caught:
        read_params(*with_font(tmp_path, drawing("".join(map(chr, range(64, 96)))), replaced=""))
    lines = str(caught.value).splitlines()
    of_fonts = [line for line in lines if "given, allowed: a font of mine.txt (mine)" in line]
    assert len(of_fonts) == 2  # font2 and font3, which tests/params.yaml names
    assert re.search(r"architectures.font and \d+ more places: 'font2' given", of_fonts[0])
    assert not [line for line in lines if line.endswith("two different letters")]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "data.font_layout",
            {"first": "\U0010ffff"},
            "allowed: one character up to U+FFFF, such as",
        ),
        (
            "data.images.digits",
            {"source": "folder", "path": "x", "test_every": 10**399, "classes": ["a"]},
            "test_every: an integer of many digits given, allowed: an integer from 2 to 1000000 (",
        ),
        (
            "data.images.digits.classes",
            [f"c{i}" for i in range(300)],
            "given, allowed: a list of 1 to 256 class names, none twice",
        ),
    ],
)
def test_the_limit_is_said(path, value, message):
    assert message in errors_of(path.split("."), value)[0]


def test_parameters_in_another_code_are_told_which(tmp_path):
    (tmp_path / "params.yaml").write_bytes("# caf\xe9\n".encode("latin-1"))
    with pytest.raises(ParamsError, match=r"params\.yaml: not text in UTF-8; save it as UTF-8$"):
        read_params(tmp_path / "params.yaml", ROOT)


def test_a_font_file_that_is_missing_names_its_knob(tmp_path):
    with pytest.raises(ParamsError, match=r"params.yaml: data.fonts: .*mine.txt: No such file"):
        read_params(*with_font(tmp_path, None))


def test_letters_that_figures_cannot_show_are_refused(tmp_path):
    with pytest.raises(ParamsError, match="figures cannot show the letter '\u65e5'"):
        read_params(*with_font(tmp_path, drawing("A\u65e5")))


def test_a_layout_is_checked(tmp_path):
    path = with_font(tmp_path, drawing("AB"), font_layout="{bytes: columns, first_bit: 4}")
    with pytest.raises(ParamsError, match=r"font_layout\.first_bit: 4 given, allowed: 0, 1, 6"):
        read_params(*path)
    path = with_font(tmp_path, drawing("AB"), font_layout="{gap: 1}")
    with pytest.raises(ParamsError, match=r"font_layout\.gap: not of a text") as caught:
        read_params(*path)
    assert "data.fonts: " in str(caught.value)


def test_reading_the_parameters_loads_no_library_of_figures_or_networks():
    """Snakemake reads them in the shell's environment, where another package of a name may lie."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r});"
        " import latentlab.experiments.params;"
        " print(*{'matplotlib', 'keras', 'jax', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_model_is_called_as_the_metrics_call_the_controls():
    params = copy.deepcopy(PARAMS)
    models = params["vae"]["models"]
    models["controls"] = models.pop("improved")
    with pytest.raises(NotAllowed) as caught:
        parse_params(params, FONTS)
    (line,) = caught.value.lines
    assert line.startswith("vae.models.controls: this name given, allowed: another")
