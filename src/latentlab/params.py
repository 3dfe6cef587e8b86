"""The parameters of the study: read safely, checked completely, expanded into cells.

``params.yaml`` is data: plain YAML 1.2 (the dialect in which DVC rewrites it), nothing in
it is ever executed. A check reports *all* errors at once, a line each: the path, what was
given, what is allowed.

A *cell* is one combination that an experiment fans out over, named by the path of its
results below ``results/<experiment>/cells/``. ``FACTORS`` lists an experiment's cells,
``cells`` gives the settings of the steps that compute them: exactly what a step depends
on, so that editing a knob reruns the steps that use it and no other.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from latentlab import StudyError
from latentlab.fonts import COLUMNS, ROWS, Font, read_fonts
from latentlab.network import Network

Params = dict[str, Any]
Factors = dict[str, dict[str, Any]]
Settings = dict[str, dict[str, Any]]

MAX_BYTES = 1 << 20
PIXELS = ROWS * COLUMNS

ACTIVATIONS = ("encoder", "latent", "decoder", "output", "beta", "biases")
POWELL = ("max_epochs", "xtol", "ftol")
TRAINING = ("optimizer", *POWELL)
WITHOUT_GRADIENT = ("relu_as_run", "step")
_DESCENT = ("max_epochs", "learning_rate", "schedule", "loss", "record_every")
OPTIONS = {
    "powell": POWELL,
    "scipy-powell": POWELL,
    "backpropagation": (*_DESCENT, "momentum", "shuffle_seed"),
    "adam": _DESCENT,
    "rmsprop": _DESCENT,
    "lbfgs": ("max_epochs", "memory", "ftol", "gtol", "loss", "record_every"),
    "stages": ("stages",),
}
"""The knobs of each optimizer, in ``letters.networks`` and ``denoising.networks``."""
REDRAWING = ("adam", "rmsprop")
"""Optimizers that can learn from noise drawn anew for every epoch."""


class ParamsError(StudyError):
    """Parameters that are not allowed: the message has one line an error."""


# ---------------------------------------------------------------- reading


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML 1.2 file as plain Python values, without aliases or tags.

    Raises ParamsError where the file cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text in UTF-8"
        raise ParamsError(f"{path}: {reason}") from None
    if len(text) > MAX_BYTES:
        raise ParamsError(f"{path}: {len(text)} characters, at most {MAX_BYTES} are read")
    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, AssertionError, RecursionError) as error:  # ruamel asserts too
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or type(error).__name__
        raise ParamsError(f"{path}: {line}not valid YAML: {reason}") from None


def read_params(path: str | Path, schema: str | Path, root: str | Path = ".") -> Params:
    """The study's parameters, checked against the schema and the font file below ``root``.

    Raises ParamsError with all errors, FontError where the font file cannot be read.
    """
    params: Params = read_yaml(path)
    errors = schema_errors(params, read_yaml(schema))
    if not errors:
        fonts = read_fonts(Path(root) / params["data"]["fonts"])
        errors = cross_errors(params) + font_errors(params, fonts)
    if errors:
        raise ParamsError("\n".join(f"{path}: {error}" for error in errors))
    return params


# ---------------------------------------------------------------- checking


def _is_number(_: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer}  # no NaN, no infinity, no 3.0
    ),
)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _path(parts: Iterator[str | int] | Any) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _unknown_keys(error: jsonschema.ValidationError) -> Iterator[str]:
    where = list(error.absolute_path)
    known = [str(key) for key in error.schema.get("properties", {})]
    for key in error.instance:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f" (meant {near[0]}?)" if near else ""
            yield f"{_path([*where, key])}: unknown key{hint}, allowed: {', '.join(known)}"


def _messages(error: jsonschema.ValidationError, schema: Mapping[str, Any]) -> Iterator[str]:
    where = list(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        for key in missing:
            allowed = _description(error.schema["properties"].get(key), schema)
            yield f"{_path([*where, key])}: missing, allowed: {allowed}"
    elif "propertyNames" in error.schema_path:
        path = _path([*where, str(error.instance)])
        allowed = _description(error.schema, schema)
        yield f"{path}: {_shown(error.instance)} given as a name, allowed: {allowed}"
    else:
        path = _path(where) or "the file"
        allowed = _description(error.schema, schema)
        yield f"{path}: {_shown(error.instance)} given, allowed: {allowed}"


def _description(part: Any, schema: Mapping[str, Any]) -> str:
    """What a part of the schema allows, in words, through one reference."""
    if isinstance(part, Mapping) and "$ref" in part:
        keys = part["$ref"].removeprefix("#/").split("/")
        part = functools.reduce(lambda node, key: node[key], keys, schema)
    if isinstance(part, Mapping) and "description" in part:
        return str(part["description"])
    return "a mapping of its knobs"


def schema_errors(params: Any, schema: Mapping[str, Any]) -> list[str]:
    """What the schema says against the parameters: path, given, allowed; a line each."""
    errors = _VALIDATOR(schema).iter_errors(params)
    lines = (line for error in errors for line in _messages(error, schema))
    return list(dict.fromkeys(lines))


def _architecture_errors(path: str, units: list[int]) -> Iterator[str]:
    if len(units) % 2 == 0:
        yield f"{path}: {units} given, allowed: an odd number of layers, the middle one latent"
    elif units != units[::-1]:
        yield f"{path}: {units} given, allowed: layer sizes that are the same in reverse"
    if units[0] != PIXELS:
        yield f"{path}[0]: {units[0]} given, allowed: {PIXELS}, the pixels of a letter"


def _gradient_errors(path: str, network: Mapping[str, Any]) -> Iterator[str]:
    for layer in ("encoder", "latent", "decoder", "output"):
        if network[layer] in WITHOUT_GRADIENT:
            given = network[layer]
            yield f"{path}.{layer}: {given!r} given, allowed: an activation with a gradient"


def _factorial_errors(section: Mapping[str, Any]) -> Iterator[str]:
    for cell in factorial_factors(section):
        name = cell.split("/")[0]
        if name in section["networks"]:
            yield f"architectures.networks.{name}: a name of the factorial given, allowed: another"


def _optimizers_errors(section: Mapping[str, Any]) -> Iterator[str]:
    known = {stage for stages in section["stages"].values() for stage in stages}
    if known - {"powell"}:
        yield from _gradient_errors("optimizers", section)
    if "cross-entropy" in section["losses"] and section["output"] != "sigmoid":
        given = section["output"]
        yield f"optimizers.output: {given!r} given, allowed: sigmoid, for cross-entropy"
    if section["losses"] == ["cross-entropy"] and ["powell"] in section["stages"].values():
        yield "optimizers.losses: ['cross-entropy'] given, allowed: squared-error too, for powell"
    for name, stages in section["stages"].items():
        if sum(stage in section["tuning"]["learning_rates"] for stage in stages) > 1:
            allowed = "one optimizer with a learning rate at most"
            yield f"optimizers.stages.{name}: {stages} given, allowed: {allowed}"
    longest = max(map(len, section["stages"].values()))
    for path, evaluations in {
        "evaluations": section["evaluations"],
        "tuning.evaluations": section["tuning"]["evaluations"],
    }.items():
        if evaluations < 4 * longest:
            allowed = f"at least {4 * longest}, a gradient for each of {longest} stages"
            yield f"optimizers.{path}: {evaluations} given, allowed: {allowed}"
    if section["record_every"] < 3:
        yield f"optimizers.record_every: {section['record_every']} given, allowed: at least 3"


def _option_errors(path: str, network: Mapping[str, Any]) -> Iterator[str]:
    optimizer = network["optimizer"]
    every = {option for options in OPTIONS.values() for option in options}
    for option in OPTIONS[optimizer]:
        if option not in network:
            yield f"{path}.{option}: missing, allowed: a value, for {optimizer} needs it"
    for option in every.intersection(network).difference(OPTIONS[optimizer]):
        allowed = ", ".join(OPTIONS[optimizer])
        yield f"{path}.{option}: unknown key for {optimizer}, allowed: {allowed}"
    if optimizer == "stages":
        layers = _pick(network, "encoder", "latent", "decoder", "output")
        for i, stage in enumerate(network.get("stages", [])):
            yield from _option_errors(f"{path}.stages[{i}]", {**layers, **stage})
    elif OPTIONS[optimizer] != POWELL:
        yield from _gradient_errors(path, network)
        if network.get("loss") == "cross-entropy" and network["output"] != "sigmoid":
            yield f"{path}.output: {network['output']!r} given, allowed: sigmoid, for cross-entropy"


def _dataset_errors(params: Params) -> Iterator[str]:
    vae = params["vae"]
    known = list(params["data"]["images"])
    for i, name in enumerate(vae["datasets"]):
        if name not in known:
            path = f"vae.datasets[{i}]"
            yield f"{path}: {name!r} given, allowed: a key of data.images ({', '.join(known)})"
    for name, model in vae["models"].items():
        path = f"vae.models.{name}.replicates"
        for dataset in (d for d in vae["datasets"] if d in known):
            if dataset not in model["replicates"]:
                yield f"{path}.{dataset}: missing, allowed: an integer from 1"
        for dataset in model["replicates"]:
            if dataset not in known:
                yield f"{path}.{dataset}: unknown key, allowed: {', '.join(known)}"
        if model["model"] == "autoencoder" and model["beta"] != 0:
            path = f"vae.models.{name}.beta"
            yield f"{path}: {model['beta']} given, allowed: 0, for an autoencoder has no KL term"


def _denoising_errors(section: Mapping[str, Any]) -> Iterator[str]:
    subsets, networks = section["subsets"], section["networks"]
    vary, relate = section["variations"], section["orthogonality"]
    named = [
        (f"denoising.networks.{name}.subsets[{i}]", subset, subsets)
        for name, network in networks.items()
        for i, subset in enumerate(network["subsets"])
    ]
    named += [
        ("denoising.variations.network", vary["network"], networks),
        ("denoising.variations.subset", vary["subset"], subsets),
    ]
    named += [
        (f"denoising.orthogonality.networks[{i}]", name, networks)
        for i, name in enumerate(relate["networks"])
    ]
    for path, name, known in named:
        if name not in known:
            yield f"{path}: {name!r} given, allowed: one of {', '.join(known)}"
    for name, network in networks.items():
        if network["redraw"] and network["optimizer"] not in REDRAWING:
            path, allowed = f"denoising.networks.{name}.redraw", " or ".join(REDRAWING)
            yield f"{path}: True given, allowed: false, or {allowed} as optimizer"
    if not networks.get(vary["network"], {"redraw": True})["redraw"]:
        path = "denoising.variations.network"
        yield f"{path}: {vary['network']!r} given, allowed: a network whose noise is redrawn"
    sizes = [wanted["size"] for wanted in relate["subsets"]]
    if len(set(sizes)) < len(sizes):
        path = "denoising.orthogonality.subsets"
        yield f"{path}: sizes {sizes} given, allowed: each size once"


def cross_errors(params: Params) -> list[str]:
    """Checks that span several keys, for parameters that fit the schema."""
    errors: list[str] = []
    for experiment in ("architectures", "optimizers"):
        for name, units in params[experiment]["networks"].items():
            errors += _architecture_errors(f"{experiment}.networks.{name}", units)
    errors += _factorial_errors(params["architectures"])
    errors += _optimizers_errors(params["optimizers"])
    for experiment in ("letters", "denoising"):
        for name, network in params[experiment]["networks"].items():
            path = f"{experiment}.networks.{name}"
            errors += _architecture_errors(f"{path}.architecture", network["architecture"])
            errors += _option_errors(path, network)
    errors += _letters_errors(params["letters"])
    errors += _denoising_errors(params["denoising"])
    return errors + list(_dataset_errors(params))


def _letters_errors(letters: Mapping[str, Any]) -> Iterator[str]:
    front = letters["front"]
    yield from _option_errors("letters.front", front)
    for name, units in front["architectures"].items():
        path = f"letters.front.architectures.{name}"
        yield from _architecture_errors(path, units)
        if name in letters["networks"]:
            yield f"{path}: {name!r} given as a name, allowed: one that letters.networks has not"
    low, high = letters["grid"]["published_window"]
    if low >= high:
        path = "letters.grid.published_window"
        yield f"{path}: [{low}, {high}] given, allowed: two numbers, the lower one first"
    known, new = (letters["new_letters"][f"{kind}_distance"] for kind in ("known", "new"))
    if known >= new:
        path = "letters.new_letters.new_distance"
        yield f"{path}: {new} given, allowed: an integer above known_distance, {known}"


def font_errors(params: Params, fonts: Mapping[str, Font]) -> list[str]:
    """Fonts and letters that the parameters name and the font file does not have."""
    known = f"a font of {params['data']['fonts']} ({', '.join(fonts)})"
    named = {f"{name}.font": params[name]["font"] for name in ("architectures", "optimizers")}
    for network, knobs in params["letters"]["networks"].items():
        for i, name in enumerate(knobs["fonts"]):
            if name != "all":
                named[f"letters.networks.{network}.fonts[{i}]"] = name
    for i, name in enumerate(params["letters"]["front"]["fonts"]):
        if name != "all":
            named[f"letters.front.fonts[{i}]"] = name
    denoising = params["denoising"]
    for subset, chosen in denoising["subsets"].items():
        for i, name in enumerate(chosen["fonts"]):
            named[f"denoising.subsets.{subset}.fonts[{i}]"] = name
    for i, name in enumerate(denoising["orthogonality"]["fonts"]):
        named[f"denoising.orthogonality.fonts[{i}]"] = name
    named["denoising.variations.font"] = denoising["variations"]["font"]
    errors = [
        f"{path}: {name!r} given, allowed: {known}"
        for path, name in named.items()
        if name not in fonts
    ]
    errors += _path_errors(params["letters"], fonts)
    for subset, chosen in params["denoising"]["subsets"].items():
        path, letters = f"denoising.subsets.{subset}.letters", chosen["letters"]
        if letters == "all":
            continue
        if len(set(letters)) < len(letters):
            errors.append(f"{path}: {letters!r} given, allowed: each letter once")
        for font in (fonts[name] for name in chosen["fonts"] if name in fonts):
            missing = "".join(c for c in letters if c not in font.characters)
            if missing:
                has = "".join(font.characters)
                errors.append(f"{path}: {missing!r} given, allowed: letters of {font.name} ({has})")
    return errors


def _path_errors(letters: Mapping[str, Any], fonts: Mapping[str, Font]) -> Iterator[str]:
    """Pairs of letters that no font has, and fonts of a network that have no pair."""
    pairs = letters["paths"]["pairs"]
    every = {c for font in fonts.values() for c in font.characters}
    for i, pair in enumerate(pairs):
        if not every.issuperset(pair) or pair[0] == pair[1]:
            yield f"letters.paths.pairs[{i}]: {pair!r} given, allowed: two different letters"
    used = {name for network in letters["networks"].values() for name in network["fonts"]}
    for font in (font for name, font in fonts.items() if name in used):
        if not any(set(pair) <= set(font.characters) for pair in pairs):
            yield f"letters.paths.pairs: {pairs} given, allowed: at least one pair of {font.name}"


# ---------------------------------------------------------------- cells


def slug(prefix: str, value: float) -> str:
    """A number of [0, 10) as a part of a path, without a dot: ("p", 0.1) gives "p-010"."""
    whole, decimals = f"{value:.6f}".split(".")
    return f"{prefix}-{whole}{decimals.rstrip('0').ljust(2, '0')}"


def _pick(section: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: section[key] for key in keys}


def network_factors(section: Mapping[str, Any]) -> Factors:
    """``{network}/{encoder}`` of ``architectures``: the published networks"""
    return {
        f"{network}/{encoder}": {"network": network, "encoder": encoder}
        for network, encoder in itertools.product(section["networks"], section["encoders"])
    }


def factorial_factors(section: Mapping[str, Any]) -> Factors:
    """``depth-{depth}-width-{hidden}/{encoder}`` of ``architectures``: all latent widths in one"""
    factorial = section["factorial"]
    return {
        f"depth-{depth}-width-{width}/{factorial['encoder']}": {"depth": depth, "hidden": width}
        for depth, width in itertools.product(factorial["depths"], factorial["widths"])
    }


def architectures_factors(section: Mapping[str, Any]) -> Factors:
    """``{network}/{encoder}``: those of ``networks``, then those of the factorial"""
    return network_factors(section) | factorial_factors(section)


def optimizers_factors(section: Mapping[str, Any]) -> Factors:
    """``{optimizer}/{network}``, all losses in one"""
    return {
        f"{optimizer}/{network}": {"network": network, "optimizer": optimizer}
        for optimizer, network in itertools.product(section["stages"], section["networks"])
    }


def letters_factors(section: Mapping[str, Any]) -> Factors:
    """``{font}/{network}``"""
    return {
        f"{font}/{name}": {"font": font, "network": name}
        for name, network in section["networks"].items()
        for font in network["fonts"]
    }


def front_factors(section: Mapping[str, Any]) -> Factors:
    """``{font}/{network}`` of the networks on the front of size against wrong pixels"""
    return {
        f"{font}/{name}": {"font": font, "network": name}
        for name in section["front"]["architectures"]
        for font in section["front"]["fonts"]
    }


def front_weights(section: Mapping[str, Any]) -> dict[str, int]:
    """Number of weights of each network on the front."""
    front = section["front"]
    return {
        name: Network(units, **_pick(front, *ACTIVATIONS)).n_weights
        for name, units in front["architectures"].items()
    }


def denoising_noises(chosen: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every combination of the lists kinds, probabilities and ranges, by its part of a path."""
    return {
        f"{kind}/{slug('p', p)}/{slug('r', r)}": {"kind": kind, "probability": p, "range": r}
        for kind, p, r in itertools.product(
            chosen["kinds"], chosen["probabilities"], chosen["ranges"]
        )
    }


def denoising_families(section: Mapping[str, Any]) -> Factors:
    """``{font}/{subset}/{network}``: denoisers that differ by the noise they learned alone"""
    return {
        f"{font}/{subset}/{name}": {"font": font, "subset": subset, "network": name}
        for name, network in section["networks"].items()
        for subset in network["subsets"]
        for font in section["subsets"][subset]["fonts"]
    }


def denoising_factors(section: Mapping[str, Any]) -> Factors:
    """``{font}/{subset}/{network}/{kind}/{probability}/{range}``"""
    return {
        f"{family}/{name}": {**factors, **noise}
        for family, factors in denoising_families(section).items()
        for name, noise in denoising_noises(section["networks"][factors["network"]]).items()
    }


def vae_factors(section: Mapping[str, Any]) -> Factors:
    """``{dataset}/{model}/{replicate}``"""
    return {
        f"{dataset}/{name}/{replicate}": {"dataset": dataset, "model": name, "replicate": replicate}
        for dataset, (name, model) in itertools.product(
            section["datasets"], section["models"].items()
        )
        for replicate in range(model["replicates"][dataset])
    }


FACTORS: dict[str, Callable[[Mapping[str, Any]], Factors]] = {
    "architectures": architectures_factors,
    "optimizers": optimizers_factors,
    "letters": lambda section: letters_factors(section) | front_factors(section),
    "denoising": denoising_factors,
    "vae": vae_factors,
}
"""What each experiment fans out over: its section of the parameters gives, for every cell,
the values of its factors. A cell's name joins them in this order, numbers as a ``slug``."""


def _architectures_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    if "network" in factors:
        name, encoder, replicates = factors["network"], factors["encoder"], section["replicates"]
        architectures = {name: section["networks"][name]}
    else:
        factorial = section["factorial"]
        hidden = [factors["hidden"]] * factors["depth"]
        encoder, replicates = factorial["encoder"], factorial["replicates"]
        architectures = {
            "-".join(map(str, [PIXELS, *hidden, latent])): [
                PIXELS, *hidden, latent, *hidden, PIXELS
            ]
            for latent in factorial["latents"]
        }  # fmt: skip
    kinds = {"encoder": encoder, **_pick(section, *ACTIVATIONS[1:])}
    networks = {name: {"architecture": units, **kinds} for name, units in architectures.items()}
    common = {"font": section["font"], "networks": networks}
    training = _pick(section, *TRAINING)
    return {
        "train": {**common, "training": training, "replicates": replicates},
        "evaluate": {**common, **_pick(section, "threshold")},
    }


def _optimizers_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    stages = section["stages"][factors["optimizer"]]
    common = {
        "font": section["font"],
        "network": {
            "architecture": section["networks"][factors["network"]],
            **_pick(section, *ACTIVATIONS),
        },
    }
    training = {
        **common,
        # the starts are the network's, the same for all optimizers and losses
        "starts_of": f"optimizers/{factors['network']}",
        "losses": ["squared-error"] if set(stages) == {"powell"} else section["losses"],
        "stages": [{"optimizer": stage, **section["options"][stage]} for stage in stages],
    }
    steps = {
        "train": {**training, **_pick(section, "evaluations", "record_every", "replicates")},
        "evaluate": {**common, **_pick(section, "threshold")},
    }
    tuning = section["tuning"]
    tuned = [stage for stage in stages if stage in tuning["learning_rates"]]
    if tuned:
        rates = tuning["learning_rates"][tuned[-1]]
        steps["tune"] = {
            **training, **_pick(tuning, "evaluations", "starts"), "learning_rates": rates
        }  # fmt: skip
    return steps


def _letters_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    network = letters_network(section, factors["network"])
    common = {
        "font": factors["font"],
        "network": _pick(network, "architecture", *ACTIVATIONS),
    }
    return {
        "train": {
            **common,
            "training": _pick(network, "optimizer", *OPTIONS[network["optimizer"]]),
            **_pick(network, "replicates"),
        },
        "evaluate": {
            **common,
            **_pick(section, "threshold"),
            "new_letters": {k: v for k, v in section["new_letters"].items() if k != "drawn"},
        },
        "draw": {**common, **_pick(section, "threshold", "grid", "paths", "new_letters")},
    }


def _denoiser(network: Mapping[str, Any]) -> dict[str, Any]:
    """A denoiser of ``denoising.networks`` in the form in which it is trained."""
    return {
        "network": _pick(network, "architecture", *ACTIVATIONS),
        "training": _pick(network, "optimizer", *OPTIONS[network["optimizer"]]),
        **_pick(network, "copies", "redraw"),
    }


def letters_network(section: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The knobs of a named network, or of one on the front."""
    front = section["front"]
    if name in front["architectures"]:
        return {**front, "architecture": front["architectures"][name]}
    network: Mapping[str, Any] = section["networks"][name]
    return network


def _denoising_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    network = section["networks"][factors["network"]]
    common = {
        "font": factors["font"],
        "letters": section["subsets"][factors["subset"]]["letters"],
        "noise": _pick(factors, "kind", "probability", "range"),
        **_denoiser(network),
    }
    scored = {**common, **_pick(section, "threshold")}
    return {
        "train": {**common, **_pick(network, "replicates")},
        "evaluate": {**scored, **_pick(section, "fresh_draws")},
        "plot": {**scored, **_pick(section, "drawn_above")},
    }


def denoising_plots(section: Mapping[str, Any]) -> list[str]:
    """The figures of all denoisers together: those of a subset and network, and the others."""
    pairs = dict.fromkeys(
        (factors["subset"], factors["network"]) for factors in denoising_families(section).values()
    )
    of_pairs = [
        f"{figure}/{subset}-{network}"
        for subset, network in pairs
        for figure in ("scores", "baselines", "transfer")
        # by probability, there is something to see from two on
        if figure != "scores" or len(section["networks"][network]["probabilities"]) > 1
    ]
    return ["kinds", "variations", "orthogonality", "subset_sizes", *of_pairs]


def denoising_comparison(params: Params) -> dict[str, Any]:
    """The settings of the baselines: the letters of every font and subset, and all test noises."""
    section = params["denoising"]
    return {
        "seed": params["seed"],
        "sets": [
            {"font": font, "subset": subset, "letters": chosen["letters"]}
            for subset, chosen in section["subsets"].items()
            for font in chosen["fonts"]
        ],
        "tests": list(denoising_noises(section["tests"]).values()),
        **_pick(section, "linear_copies", "fresh_draws", "threshold"),
    }


def denoising_variations(params: Params) -> dict[str, Any]:
    """The settings of the denoiser of ``denoising.variations``, and what is varied."""
    section = params["denoising"]
    vary = section["variations"]
    base = _denoiser(section["networks"][vary["network"]])
    return {
        "seed": params["seed"],
        "cell": "denoising/variations",
        "letters": section["subsets"][vary["subset"]]["letters"],
        **_pick(vary, "font", "subset", "noise", "replicates"),
        **base,
        "training": {**base["training"], **_pick(vary, "max_epochs")},
        "vary_copies": vary["copies"],
        "vary_latent": vary["latent"],
        **_pick(section, "fresh_draws", "threshold"),
    }


def denoising_orthogonality(params: Params) -> dict[str, dict[str, Any]]:
    """For every font of ``denoising.orthogonality``, the settings of its subsets' denoisers."""
    section = params["denoising"]
    relate = section["orthogonality"]
    return {
        font: {
            "seed": params["seed"],
            "cell": f"denoising/orthogonality/{font}",
            "font": font,
            "marked": {
                subset: chosen["letters"]
                for subset, chosen in section["subsets"].items()
                if font in chosen["fonts"] and chosen["letters"] != "all"
            },
            "networks": {name: _denoiser(section["networks"][name]) for name in relate["networks"]},
            **_pick(relate, "noise", "subsets", "replicates"),
            **_pick(section, "fresh_draws", "threshold"),
        }
        for font in relate["fonts"]
    }


def _vae_settings(section: Mapping[str, Any], factors: Mapping[str, Any]) -> Settings:
    model = {
        key: value
        for key, value in section["models"][factors["model"]].items()
        if key != "replicates"
    }
    return {
        "train": {"model": model},
        "evaluate": {"model": model, **_pick(section, "measures")},
    }


_SETTINGS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Settings]] = {
    "architectures": _architectures_settings,
    "optimizers": _optimizers_settings,
    "letters": _letters_settings,
    "denoising": _denoising_settings,
    "vae": _vae_settings,
}


def cells(params: Params, experiment: str) -> dict[str, Settings]:
    """For every cell of an experiment, the settings of each step that computes it.

    Every step's settings hold the global seed and the cell's identity, of which all its
    random numbers are made, and exactly the knobs that the step uses.
    """
    section = params[experiment]
    return {
        cell: {
            step: {"seed": params["seed"], "cell": f"{experiment}/{cell}", **settings}
            for step, settings in _SETTINGS[experiment](section, factors).items()
        }
        for cell, factors in FACTORS[experiment](section).items()
    }
