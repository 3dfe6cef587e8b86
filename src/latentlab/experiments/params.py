"""The parameters of the study: read, checked, refused in lines."""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from latentlab.data.fonts import Font, read_fonts
from latentlab.experiments.architectures.plan import factorial_factors
from latentlab.experiments.knobs import OPTIONS, PIXELS, POWELL, REDRAWING, WITHOUT_GRADIENT, Params
from latentlab.files.yaml import ParamsError, read_yaml


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
        layers = {layer: network[layer] for layer in ("encoder", "latent", "decoder", "output")}
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
    fonts = subsets.get(vary["subset"], {"fonts": [vary["font"]]})["fonts"]
    if vary["font"] not in fonts:
        path, allowed = "denoising.variations.font", f"a font of its subset ({', '.join(fonts)})"
        yield f"{path}: {vary['font']!r} given, allowed: {allowed}"
    if not networks.get(vary["network"], {"redraw": True})["redraw"]:
        path = "denoising.variations.network"
        yield f"{path}: {vary['network']!r} given, allowed: a network whose noise is redrawn"
    for name in filter(re.compile(r"\d+-\d+").fullmatch, subsets):
        # so are the sampled subsets of orthogonality named
        yield f"denoising.subsets.{name}: this name given, allowed: none of two numbers like it"
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
