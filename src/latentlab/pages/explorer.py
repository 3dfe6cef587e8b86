"""The explorer: one page in which the study's decoders run, in plain JavaScript.

Here the models become data for the page, and the page is put together. A network of any kind is
a list of ``Layer``, so that the browser has one forward pass for letters and images alike.

Weights are stored as what is smallest and changes no picture. *int16*, one step a unit: the
networks of letters, unless they changed by more than ``NOTICED``: Powell's method leaves weights
anywhere up to 1e34, then they are *float32* or *float64*. *int8*, one step a unit: the large layers
of the image decoders, which would fill the page otherwise. Their rounding is not to the nearest:
what rounding a weight does to a unit is made good by the weights not yet rounded, as far as inputs
that occur can tell (Frantar et al. 2023, "GPTQ"; on MNIST an eighteenth of the error of plain
rounding). What is lost in all is measured, and said on the page.
"""

from __future__ import annotations

import base64
import gettext
import itertools
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from latentlab.aliases import Array, Fields, Json
from latentlab.data.fonts import Font, character_name
from latentlab.data.images import Images
from latentlab.measures import latent
from latentlab.measures.metrics import wrong_pixels
from latentlab.models import image_model, network
from latentlab.models.image_model import Settings, Weights
from latentlab.models.network import Network
from latentlab.pages import languages
from latentlab.words import names
from latentlab.words.texts import ENGLISH, Language

ACTIVATIONS: dict[str, Callable[[Array, float], Array]] = {
    **network.ACTIVATIONS,
    "gelu": lambda h, beta: image_model.ACTIVATIONS["gelu"](h),
    "silu": lambda h, beta: image_model.ACTIVATIONS["silu"](h),
}
"""Activations f(h, beta) that the page knows; gelu and silu have no steepness."""

NOTICED = 1e-3
"""Change of a pixel, of its range, from which on a letter network is stored more finely."""

LARGE = 2**15  # weights from which on an image decoder's layer is stored in 8 bits
_BYTE, _WORD = 2**7 - 1, 2**15 - 1  # the largest whole numbers of 8 and of 16 bits
_DAMPING = 1e-4  # of the inputs' second moments, as a share of their mean: keeps them invertible
_CALIBRATION, _CHECK = 33, 41  # side of the grids of codes: to round by, to measure on
IMAGE_MODEL_BYTES = 3_800_000
"""Of all image models together: with them the page of the default study stays below 5 MB."""
_CODES = 1000  # test images whose codes the page has
_PER_CLASS = 2  # test images that the page has


# --- layers ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """What makes a layer a transposed convolution of square images, channels last.

    side : of the images that it reads; kernel, stride : as of ``image_model.Convolution``
    """

    side: int
    kernel: int
    stride: int


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: activation(weights x + bias), fully connected or a transposed convolution.

    weights : (units out, units in); of a convolution (kernel * kernel * channels out, channels in)
    bias : (units out,) or of a convolution (channels out,), or None
    activation, beta : a key of ``ACTIVATIONS`` and its steepness
    steps : (units out,) of which the weights are whole multiples, of up to 16 bits; None for any
    """

    weights: Array
    bias: Array | None
    activation: str
    beta: float
    steps: Array | None = None
    grid: Grid | None = None


def letter_layers(net: Network, weights: Array) -> list[Layer]:
    """All layers of a letter network with flat weights (n_weights,), first hidden layer first."""
    layers = []
    for w, activation in zip(network.unflatten(net, weights), net.activations, strict=True):
        bias = w[:, -1] if net.biases else None
        kernel = w[:, :-1] if net.biases else w
        layers.append(Layer(kernel, bias, activation, net.beta))
    return layers


def image_layers(settings: Settings, weights: Weights) -> list[Layer]:
    """The decoder of an image autoencoder."""
    layers: list[Layer] = []
    for layer in image_model.decoder_layers(settings):
        kernel, bias = (
            weights[f"{layer.name}/{kind}"].astype(np.float64) for kind in ("kernel", "bias")
        )
        last = layer.name == "decoder/output"
        # the logistic function: 1 / (1 + exp(-2 beta h))
        kind, beta = ("sigmoid", 0.5) if last else (settings.activation, 1.0)
        if (convolution := layer.convolution) is None:
            layers.append(Layer(kernel.T, bias, kind, beta))
            continue
        channels = kernel.shape[-1]
        previous = layers[-1]
        units = len(previous.weights) if previous.grid is None else _units_out(previous)
        grid = Grid(math.isqrt(units // channels), convolution.kernel, convolution.stride)
        layers.append(Layer(kernel.reshape(-1, channels), bias, kind, beta, grid=grid))
    return layers


def _units_out(layer: Layer) -> int:
    """Units that a transposed convolution gives."""
    assert layer.grid is not None
    channels = len(layer.weights) // layer.grid.kernel**2
    return (layer.grid.side * layer.grid.stride) ** 2 * channels


def forward(layers: Sequence[Layer], x: Array) -> Array:
    """Outputs (n, units out) of inputs (n, units in): what the page computes, in NumPy."""
    for layer in layers:
        bias = np.zeros(1) if layer.bias is None else layer.bias
        if layer.grid is None:
            h = x @ layer.weights.T + bias
        else:
            size, channels = layer.grid.kernel, layer.weights.shape[1]
            kernel = layer.weights.reshape(size, size, -1, channels)
            h = image_model.transposed(kernel, bias, layer.grid.stride, x)
        x = ACTIVATIONS[layer.activation](h, layer.beta)
    return x


# --- rounding ----------------------------------------------------------------------------------


def steps_of(weights: Array, most: int = _BYTE) -> Array:
    """The step (units out,) with which each row of (units out, units in) fits -most to most.

    Float32 values, as stored; 1 for a row of zeros.
    """
    largest = np.abs(weights).max(axis=1)
    steps = (np.where(largest > 0, largest, most) / most).astype(np.float32)
    return np.maximum(steps, np.finfo(np.float32).tiny).astype(np.float64)


def quantized(weights: Array, inputs: Array) -> tuple[Array, Array]:
    """Whole numbers (units out, units in) from -127 to 127, and steps (units out,), for weights.

    inputs : (n, units in) that the layer meets; outputs on inputs like these change little.

    Weights are rounded one input unit after the other, those with the most to say first; each
    error is spread over the units still to come, so that the expected squared change of the
    outputs is smallest (Frantar et al. 2023, algorithm 1, from optimal brain surgery).
    """
    moments = inputs.T @ inputs / len(inputs)
    moments += (_DAMPING * np.mean(np.diag(moments)) + 1e-12) * np.eye(len(moments))
    order = np.argsort(-np.diag(moments), kind="stable")
    inverse = np.linalg.inv(moments[np.ix_(order, order)])
    spread = np.linalg.cholesky((inverse + inverse.T) / 2).T
    steps = steps_of(weights)
    rest, whole = weights[:, order].copy(), np.zeros_like(weights)
    for at, unit in enumerate(order):
        whole[:, unit] = np.clip(np.rint(rest[:, at] / steps), -_BYTE, _BYTE)
        error = (rest[:, at] - whole[:, unit] * steps) / spread[at, at]
        rest[:, at:] -= np.outer(error, spread[at, at:])
    return whole, steps


def as_stored(layers: Sequence[Layer], inputs: Array | None = None) -> list[Layer]:
    """The layers with the weights that the page will have.

    inputs : (n, units in) of the first layer, for the rounding of layers with ``LARGE`` weights
        or more to 8 bits; None keeps all of them in float32
    """
    rounded = []
    for layer in layers:
        bias = None if layer.bias is None else _narrow(layer.bias)
        if inputs is not None and layer.grid is None and layer.weights.size >= LARGE:
            whole, steps = quantized(layer.weights, inputs)
            stored = replace(layer, weights=whole * steps[:, None], bias=bias, steps=steps)
        else:
            stored = replace(layer, weights=_narrow(layer.weights), bias=bias)
        rounded.append(stored)
        if inputs is not None:
            inputs = forward([stored], inputs)
    return rounded


def _narrow(values: Array) -> Array:
    """In float32, unless a value is beyond its range: Powell's weights may run away."""
    if np.abs(values).max(initial=0.0) > np.finfo(np.float32).max:
        return values
    return values.astype(np.float32).astype(np.float64)


def _fits_float32(values: Array) -> bool:
    with np.errstate(over="ignore"):
        return np.array_equal(values.astype(np.float32), values)


def in_words(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with weights rounded to 16 bits, a step a unit; biases in float32."""
    rounded = []
    for layer in layers:
        steps = steps_of(layer.weights, _WORD)
        whole = np.rint(layer.weights / steps[:, None]).clip(-_WORD, _WORD)
        bias = None if layer.bias is None else _narrow(layer.bias)
        rounded.append(replace(layer, weights=whole * steps[:, None], bias=bias, steps=steps))
    return rounded


def letters_as_stored(layers: Sequence[Layer], inputs: Array, start: int = 0) -> list[Layer]:
    """The layers of a letter network as the page will have them.

    inputs : (n, units in) of the first layer. Of 16 bits, float32 and float64 each layer has the
        first by which no output changes by more than ``NOTICED``, those of the layers before it
        included: neither of the whole network, nor of the layers from ``start`` on, given the
        values that the exact network gives them.
    """
    between, outputs = forward(layers[:start], inputs), forward(layers, inputs)

    def change(stored: Sequence[Layer]) -> float:
        answers = forward(stored, inputs), forward(stored[start:], between)
        return max(largest_difference(outputs, answer) for answer in answers)

    stored = list(layers)
    for i, layer in enumerate(layers):
        for shorten in (in_words, as_stored):
            with np.errstate(over="ignore", invalid="ignore"):
                candidate = [*stored[:i], *shorten([layer]), *stored[i + 1 :]]
                if change(candidate) <= NOTICED:
                    stored = candidate
                    break
    return stored


def largest_difference(a: Array, b: Array) -> float:
    """The largest absolute difference of two arrays (...) of one shape; infinity for no number."""
    return float(np.nan_to_num(np.abs(a - b), nan=np.inf).max())


# --- data for the page -------------------------------------------------------------------------


_SAFE = bytes.maketrans(b"&<>", b",./")
"""Of the characters of ``base64.b85encode`` those of HTML, and what the page has instead."""


def tensor(values: np.ndarray, kind: str) -> Json:
    """An array (...) as JSON: its type, its bytes in base 85, and how many they are.

    Little endian, row by row. Base 85 takes a sixteenth less than base 64.
    """
    data = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
    text = base64.b85encode(data, pad=True).translate(_SAFE).decode("ascii")
    return {"type": kind, "data": text, "bytes": len(data)}


def floats(values: Array) -> Json:
    """A ``tensor`` (...) of float32 where that holds the values as they are, else of float64."""
    return tensor(values, "f4" if _fits_float32(values) else "f8")


def layer_json(layer: Layer) -> Json:
    """A layer of ``as_stored`` as JSON."""
    if layer.steps is None:
        weights = floats(layer.weights)
    else:
        whole = np.rint(layer.weights / layer.steps[:, None])
        kind = "i1" if np.abs(whole).max() <= _BYTE else "i2"
        weights = {**tensor(whole, kind), "steps": floats(_narrow(layer.steps))}
    rows, columns = layer.weights.shape
    return {
        "rows": rows,
        "columns": columns,
        "weights": weights,
        "bias": None if layer.bias is None else floats(layer.bias),
        **({} if layer.grid is None else {"grid": asdict(layer.grid)}),
        "activation": layer.activation,
        "beta": layer.beta,
    }


def alphabet(font: Font) -> Json:
    """A font's letters: their names, and each one's 35 pixels as a text of 0 and 1."""
    return {
        "characters": [character_name(c) for c in font.characters],
        "pixels": ["".join("01"[int(p)] for p in letter) for letter in font.pixels],
    }


def _facts(settings: Fields, starts: int, error: float) -> Json:
    """What is said of a letter network: where it is from and how it learned."""
    shape = settings["network"]
    return {
        "architecture": shape["architecture"],
        "activations": [shape[part] for part in ("encoder", "latent", "decoder", "output")],
        "optimizer": settings["optimizer"],
        "starts": starts,
        "error": error,
        "threshold": settings["threshold"],
    }


def letter_model(settings: Fields, font: Font, weights: Array, starts: int, error: float) -> Json:
    """A network of the experiment ``letters``, and where its letters are.

    settings : cell ("letters/<font>/<network>"), network, threshold, optimizer
    weights : (n_weights,) of the start shown, the one of ``starts`` with the lowest error
    """
    net = Network(**settings["network"])
    codes = network.encode(net, weights, font.pixels)
    plane = latent.principal_plane(codes)
    points = plane.project(codes)
    layers, middle = letter_layers(net, weights), net.latent_layer + 1
    stored = letters_as_stored(layers, font.pixels, middle)
    outputs = forward(layers, font.pixels)
    wrong = wrong_pixels(outputs, font.pixels, settings["threshold"])
    _, font_name, name = settings["cell"].split("/")
    return {
        "id": f"{font_name}/{name}",
        "font": font_name,
        "name": str(names.called(names.LETTER_NETWORKS, name)),
        **_facts(settings, starts, error),
        **alphabet(font),
        "exact": int((wrong == 0).sum()),
        "worst": int(wrong.max()),
        **_place(plane, latent.fitting_window(points)),
        "codes": points.tolist(),
        "encoder": [layer_json(layer) for layer in stored[:middle]],
        "layers": [layer_json(layer) for layer in stored[middle:]],
        "rounding": max(
            largest_difference(outputs, forward(stored, font.pixels)),
            largest_difference(outputs, forward(stored[middle:], codes)),
        ),
    }


def denoiser(settings: Fields, font: Font, weights: Array, starts: int, error: float) -> Json:
    """A network of the experiment ``denoising``, weights (n_weights,), with what it learned.

    settings : cell ("denoising/..."), name, font, network, noise, threshold, optimizer
    font : the letters of the cell's subset alone
    """
    layers = letter_layers(Network(**settings["network"]), weights)
    stored = letters_as_stored(layers, font.pixels)
    _, cell = settings["cell"].split("/", 1)
    return {
        "id": cell,
        "name": str(names.called(names.DENOISERS, settings["name"])),
        "font": settings["font"],
        "noise": dict(settings["noise"]),
        **_facts(settings, starts, error),
        **alphabet(font),
        "layers": [layer_json(layer) for layer in stored],
        "rounding": largest_difference(forward(layers, font.pixels), forward(stored, font.pixels)),
    }


def _size_text(layer: image_model.Hidden) -> str:
    """A hidden layer as the page names it: "256", "16 x 4 x 4" (filters, kernel)."""
    if isinstance(layer, image_model.Convolution):
        return f"{layer.filters} x {layer.kernel} x {layer.kernel}"
    return str(layer)


def image_set(name: str, classes: Sequence[str], images: Images) -> Json:
    """An image set: its classes, and some test images of each. Models are added to "models"."""
    chosen = _samples(images.test_labels)
    return {
        "name": name,
        "title": str(names.called(names.IMAGE_SETS, name)),
        "classes": list(classes),
        "size": list(images.test_images.shape[1:]),
        "samples": {
            "images": tensor(images.test_images[chosen], "u1"),
            "labels": [int(label) for label in images.test_labels[chosen]],
        },
        "models": [],
    }


def within(image_sets: Sequence[Json], most: int = IMAGE_MODEL_BYTES) -> list[Json]:
    """The same image sets with as many of their models as fit into so many bytes of the page.

    Sets take turns: the first model of each, then the second of each; one that is too large makes
    way for a smaller one.
    """
    kept: list[list[Json]] = [[] for _ in image_sets]
    turns = itertools.zip_longest(*(image_set["models"] for image_set in image_sets))
    for models in turns:
        for of_set, model in zip(kept, models, strict=True):
            size = len(json.dumps(model)) if model else most + 1
            if size <= most:
                of_set.append(model)
                most -= size
    return [
        {**image_set, "models": of_set} for image_set, of_set in zip(image_sets, kept, strict=True)
    ]


def _samples(labels: np.ndarray) -> np.ndarray:
    """Numbers of the first test images of each class, class by class."""
    return np.concatenate([np.flatnonzero(labels == c)[:_PER_CLASS] for c in np.unique(labels)])


def image_autoencoder(name: str, settings: Settings, weights: Weights, images: Images) -> Json:
    """A model of the experiment ``vae``: its decoder, and where it codes test images."""
    x = image_model.scaled(images.test_images)
    codes = image_model.encode(settings, weights, x[: 2 * _CODES])[0]
    sample_codes = image_model.encode(settings, weights, x[_samples(images.test_labels)])[0]
    plane = latent.coordinate_plane(settings.latent_units)
    points = plane.project(codes)
    window = latent.quantile_window(points, 0.005, 0.995)

    def grid(side: int) -> Array:
        rows = side if settings.latent_units > 1 else 1
        return plane.lift(latent.grid(window, side, rows)).reshape(-1, settings.latent_units)

    layers = image_layers(settings, weights)
    stored = as_stored(layers, np.concatenate([grid(_CALIBRATION), codes[:_CODES]]))
    # measured where it was not rounded for: another grid, other test images
    check = np.concatenate([grid(_CHECK), codes[_CODES:]])
    change = np.abs(forward(layers, check) - forward(stored, check))
    return {
        "id": name,
        "name": str(names.called(names.IMAGE_MODELS, name)),
        "variational": settings.variational,
        "hidden": [_size_text(layer) for layer in settings.decoder_layers],
        "activation": settings.activation,
        **_place(plane, window),
        "codes": floats(_narrow(points[:_CODES])),
        "labels": tensor(images.test_labels[:_CODES], "u1"),
        "samples": plane.project(sample_codes).tolist(),
        "layers": [layer_json(layer) for layer in stored],
        "rounding": float(change.max()),
        "rounding_mean": float(change.mean()),
    }


def _place(plane: latent.Plane, window: latent.Window) -> Json:
    """A plane of the latent space and the window of it that holds the codes' points."""
    return {
        "origin": plane.origin.tolist(),
        "basis": plane.basis.tolist(),
        "axes": list(plane.names),
        "window": [list(side) for side in window],
    }


# --- what learns in the page -------------------------------------------------------------------

LIVE = ("adam", "rmsprop", "backpropagation", "powell")
"""Optimizers that the page has itself (training.js)."""


def recipes(settings: Sequence[Fields]) -> list[Json]:
    """What the page offers to train: networks of the study, each as the study trains it.

    settings : of each network group, name, fonts, network, training and threshold; those trained
        by what the page has not are left out
    """
    kept = ("group", "name", "fonts", "network", "threshold")
    return [
        {
            **{key: recipe[key] for key in kept},
            "title": str(names.called(names.LETTER_NETWORKS, recipe["name"])),
            "training": {
                key: value for key, value in recipe["training"].items() if key != "record_every"
            },
        }
        for recipe in settings
        if recipe["training"]["optimizer"] in LIVE
    ]


def races(settings: Sequence[Fields], tuned: Sequence[Fields]) -> list[Json]:
    """Networks on which optimizers race at equal cost, each with the knobs that the study chose.

    settings : of each network name, font, network, threshold, evaluations and its entrants: stage
        (an optimizer and its knobs, None for those tuned), name and loss
    tuned : rows with network, optimizer, loss and the knobs chosen
    """
    chosen = {(row["network"], row["optimizer"], row["loss"]): row for row in tuned}
    return [
        {
            **{key: value for key, value in race.items() if key != "entrants"},
            "entrants": [
                {
                    "loss": entrant["loss"],
                    **{
                        knob: chosen[race["name"], entrant["name"], entrant["loss"]][knob]
                        if value is None
                        else value
                        for knob, value in entrant["stage"].items()
                    },
                }
                for entrant in race["entrants"]
                if entrant["stage"]["optimizer"] in LIVE
            ],
        }
        for race in settings
    ]


# --- the page ----------------------------------------------------------------------------------


def rounding_notes(content: Fields) -> Json:
    """What storing the weights costs, as the page says it: largest change of any pixel.

    letters and denoising in shares of a pixel's range [0, 1], images in gray levels of 255.
    """
    models = [model for images in content["vae"] for model in images["models"]]
    return {
        "letters": significant(_largest(content["letters"] + content["denoising"], "rounding")),
        "images": significant(255 * _largest(models, "rounding")),
        "mean": significant(255 * _largest(models, "rounding_mean")),
    }


def _largest(models: Sequence[Fields], key: str) -> float:
    return max((float(model[key]) for model in models), default=0.0)


def json_in_script(content: Fields) -> str:
    """JSON that no name in it can end the script element of; the same bytes for equal content.

    Raises ValueError where a number is no number.
    """
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def significant(value: float) -> str:
    """Two significant digits, as one would write them: 0.000012, 4.1, or 0."""
    if value == 0:
        return "0"
    digits = 1 - math.floor(math.log10(abs(value)))
    return f"{value:.{max(0, digits)}f}" if digits < 8 else f"{value:.1e}"


_MESSAGE = re.compile(r'\b(?:tell|count|mark)\(\s*("(?:[^"\\]|\\.)*")')


def messages(script: str) -> list[str]:
    """The messages of a script: what stands first, in quotes, in tell(), count() and mark()."""
    return sorted({json.loads(quoted) for quoted in _MESSAGE.findall(script)})


def _titles(content: Fields) -> set[str]:
    """What of the content is a message too."""
    named = [*content["letters"], *content["denoising"]]
    named += [model for images in content["vae"] for model in images["models"]]
    titled = [*content["vae"], *content["learning"]]
    classes = {name for images in content["vae"] for name in images["classes"]} & set(names.CLASSES)
    return {model["name"] for model in named} | {entry["title"] for entry in titled} | classes


def words(language: Language, said: Sequence[str]) -> Json:
    """What a script needs to say messages in a language, of those that it has.

    plural : for each number n from 0 to 199 which form stands with it, a digit; larger numbers are
        as 100 and their last two digits
    """
    form = gettext.c2py(language.plural)
    texts = {message: language.texts[message] for message in said if message in language.texts}
    if language.missing is not None:
        language.missing.update(set(said) - set(texts))
    return {"plural": "".join(str(int(form(n))) for n in range(200)), "texts": texts}


@dataclass(frozen=True)
class Sources:
    """What the page is made of besides its data: texts of files.

    styles : style sheets, in their order
    script : of the page; language : what changes its language
    """

    template: str
    styles: Sequence[str]
    script: str
    language: str


UNSCRIPTED = "This page computes everything while you look: it needs JavaScript."
"""What is said in every language: without scripts the page changes to none."""


def render(content: Fields, sources: Sources, others: Sequence[Language] = ()) -> str:
    """The page.

    content : letters, denoising (lists of models), vae (a list of image sets), fonts (alphabets by
        name), learning (``recipes``), races (``races``)
    others : languages besides English, whose texts travel with the page
    Raises ValueError where a style sheet or a script would end its element.
    """
    style = "\n".join(sources.styles)
    inlined = {"style sheet": style, "script": sources.script, "language script": sources.language}
    for name, text in inlined.items():
        if "</" in text:
            raise ValueError(f"the {name} may not hold the characters </")
    said = messages(sources.script)
    known = {ENGLISH.code: words(ENGLISH, [])}
    known |= {to.code: words(to, said) for to in others}
    for to in others:  # names of a user's own networks and classes are no messages
        known[to.code]["texts"] |= {
            title: to.texts[title] for title in sorted(_titles(content)) if title in to.texts
        }
    frame = {
        "letters": content["letters"],
        "denoising": content["denoising"],
        "images": content["vae"],
        "learning": content["learning"],
        "races": content["races"],
        "rounding": rounding_notes(content),
        "unscripted": {to.code: to.form(UNSCRIPTED) for to in others},
        "style": languages.Verbatim(style),
        "script": languages.Verbatim(sources.script),
        "language": languages.Verbatim(sources.language),
        "data": languages.Verbatim(json_in_script({**content, "words": known})),
    }
    return languages.page(frame, sources.template, others)
