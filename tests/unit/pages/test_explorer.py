"""The explorer's data: layers, rounding, and a page that holds no more than it says."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import explorer_page
from latentlab.data.fonts import Font
from latentlab.models import image_model, network
from latentlab.models.network import Network
from latentlab.pages import explorer
from latentlab.pages.explorer import Layer
from latentlab.words import names
from latentlab.words.texts import Language

TYPES = {"f8": "<f8", "f4": "<f4", "i2": "<i2", "i1": "i1", "u1": "u1"}
HTML = str.maketrans(",./", "&<>")  # what base 85 has instead


def read(tensor):
    data = base64.b85decode(tensor["data"].translate(HTML))
    return np.frombuffer(data[: tensor["bytes"]], TYPES[tensor["type"]])


def read_weights(layer):
    """As the page reads them."""
    values = read(layer["weights"]).astype(np.float64).reshape(layer["rows"], layer["columns"])
    steps = layer["weights"].get("steps")
    return values * read(steps)[:, None] if steps else values


finite = st.floats(-1e6, 1e6, allow_nan=False, width=32)
matrices = st.tuples(st.integers(1, 5), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=finite)
)


@given(matrices)
def test_independent_inputs_are_rounded_to_the_nearest_step(weights):
    whole, steps = explorer.quantized(weights, np.eye(weights.shape[1]))
    assert np.array_equal(whole, np.rint(whole))
    assert np.abs(whole).max() <= 127
    # the step itself is a float32, in which multiples may come out a little larger
    assert np.all(np.abs(whole * steps[:, None] - weights) <= 0.5001 * steps[:, None])


@given(matrices, st.integers(0, 2**32 - 1))
def test_integers_stay_in_range_whatever_the_inputs(weights, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(3, 1)) * np.ones(weights.shape[1])  # all units say the same
    whole, steps = explorer.quantized(weights, inputs)
    assert np.abs(whole).max() <= 127
    assert np.all(np.isfinite(whole))
    assert np.all(steps > 0)


def test_errors_cancel_on_inputs_that_occur():
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(50, 80))
    inputs = np.maximum(rng.normal(size=(400, 4)) @ rng.normal(size=(4, 80)), 0)
    whole, steps = explorer.quantized(weights, inputs[:200])
    nearest = np.rint(weights / steps[:, None])

    def error(rounded):
        return np.sqrt(np.mean((inputs[200:] @ (rounded * steps[:, None] - weights).T) ** 2))

    assert error(whole) < 0.35 * error(nearest)


@given(matrices)
def test_float32_keeps_seven_digits(weights):
    layer = Layer(weights, weights[:, 0], "linear", 1.0)
    stored = explorer.layer_json(explorer.as_stored([layer])[0])
    assert np.allclose(read_weights(stored), weights, rtol=2**-23, atol=1e-40)
    assert stored["weights"]["type"] == "f4"


def test_weights_that_ran_away_stay_what_they_are():
    layer = Layer(np.array([[1e200, 1.1]]), None, "sigmoid", 0.8)
    stored = explorer.layer_json(explorer.as_stored([layer])[0])
    assert read_weights(stored).tolist() == [[1e200, 1.1]]


def test_a_letter_network_is_stored_as_coarsely_as_changes_nothing():
    ones = np.ones((1, 2))
    for weights, kind in (
        ([123456789.0, -123456788.0], "f8"),
        ([65537.1, -65537.0], "f4"),
        ([1.1, -0.1], "i2"),
    ):
        layer = Layer(np.array([weights]), None, "sigmoid", 0.1)
        stored = explorer.letters_as_stored([layer], ones)
        exported = explorer.layer_json(stored[0])
        assert exported["weights"]["type"] == kind
        assert read_weights(exported).tolist() == stored[0].weights.tolist()
        change = explorer.forward(stored, ones) - explorer.forward([layer], ones)
        assert np.abs(change).max() <= explorer.NOTICED


def test_each_layer_of_a_letter_network_is_judged_by_what_comes_out():
    rng = np.random.default_rng(2)
    wild = np.concatenate([rng.normal(size=(4, 5)), 1e6 * np.ones((4, 1))], axis=1)
    encoder = Layer(wild, None, "tanh", 1e-3)
    decoder = Layer(rng.normal(size=(6, 4)), rng.normal(size=6), "sigmoid", 1.0)
    inputs = np.concatenate([rng.random((9, 5)), 1e-6 * np.ones((9, 1))], axis=1)
    stored = explorer.letters_as_stored([encoder, decoder], inputs, 1)
    kinds = [explorer.layer_json(layer)["weights"]["type"] for layer in stored]
    assert kinds == ["i2", "i2"]  # 1e6 swallows the others, but with this beta nobody sees it
    steep = replace(encoder, beta=1.0)
    stored = explorer.letters_as_stored([steep, decoder], inputs, 1)
    kinds = [explorer.layer_json(layer)["weights"]["type"] for layer in stored]
    assert kinds[0] != "i2"
    assert kinds[1] == "i2"


def test_large_layers_alone_are_rounded_to_bytes():
    rng = np.random.default_rng(0)
    sizes = [(100, 2), (400, 100), (30, 400)]
    layers = [Layer(rng.normal(size=s), rng.normal(size=s[0]), "tanh", 1.0) for s in sizes]
    stored = explorer.as_stored(layers, rng.normal(size=(50, 2)))
    exported = [explorer.layer_json(layer) for layer in stored]
    assert [layer["weights"]["type"] for layer in exported] == ["f4", "i1", "f4"]
    for layer, data in zip(stored, exported, strict=True):
        assert np.allclose(read_weights(data), layer.weights, rtol=1e-6, atol=0)
    assert len(read(exported[1]["weights"])) == 40_000
    assert len(exported[1]["weights"]["data"]) == 50_000
    assert all(layer.steps is None for layer in explorer.as_stored(layers))


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("decoder", list(network.ACTIVATIONS))
def test_layers_compute_what_the_letter_network_does(biases, decoder):
    net = Network((35, 6, 2, 6, 35), "relu", "linear", decoder, "sigmoid", 0.8, biases)
    rng = np.random.default_rng(1)
    w, x = rng.normal(size=net.n_weights), rng.random((5, 35))
    layers = explorer.letter_layers(net, w)
    assert np.allclose(explorer.forward(layers, x), network.forward(net, w, x), atol=1e-14)
    codes = network.encode(net, w, x)
    decoded = explorer.forward(layers[net.latent_layer + 1 :], codes)
    assert np.allclose(decoded, network.decode(net, w, codes), atol=1e-14)


@pytest.mark.parametrize("activation", list(image_model.ACTIVATIONS))
def test_layers_compute_what_the_image_decoder_does(activation):
    knobs = explorer_page.model_settings(
        encoder_layers=(7, 5), decoder_layers=(5, 7), activation=activation, latent_units=3
    )
    weights = explorer_page.model_weights(knobs, 64, 0)
    z = np.random.default_rng(1).normal(size=(6, 3))
    decoded = explorer.forward(explorer.image_layers(knobs, weights), z)
    assert np.allclose(decoded, image_model.decode(knobs, weights, z), atol=1e-14)


@pytest.mark.parametrize("name", explorer_page.CONVOLUTIONS)
def test_transposed_convolutions_compute_what_the_image_decoder_does(name):
    knobs = explorer_page.model_settings(**explorer_page.CONVOLUTIONS[name])
    weights = explorer_page.model_weights(knobs, 64, 0)
    z = np.random.default_rng(1).normal(size=(6, 2))
    layers = explorer.image_layers(knobs, weights)
    assert any(layer.grid for layer in layers) == (name != "none")
    decoded = explorer.forward(layers, z)
    assert decoded.shape == (6, 64)
    assert np.allclose(decoded, image_model.decode(knobs, weights, z), atol=1e-14)
    stored = explorer.as_stored(layers, z)  # small layers stay in float32
    assert np.allclose(explorer.forward(stored, z), decoded, atol=1e-6)


def test_a_letter_model_says_how_well_it_does():
    knobs = explorer_page.settings("letters/font2/n", [35, 35, 35], encoder="linear",
                                   decoder="linear", output="linear", biases=False)  # fmt: skip
    font = explorer_page.FONTS["font2"]
    identity = np.concatenate([np.eye(35).ravel()] * 2)
    model = explorer.letter_model(knobs, font, identity, 4, 0.0)
    assert (model["exact"], model["worst"]) == (32, 0)
    assert model["rounding"] < 1e-6
    assert (model["font"], model["name"], model["starts"]) == ("font2", "n", 4)
    model = explorer.letter_model(knobs, font, 0 * identity, 4, 0.0)
    on = font.pixels.sum(axis=1)
    assert (model["exact"], model["worst"]) == ((on == 0).sum(), on.max())


def test_models_that_float32_would_change_are_shown_as_they_are():
    knobs = explorer_page.settings("letters/font2/n", [35, 35, 35], encoder="linear",
                                   decoder="linear", output="linear", biases=False)  # fmt: skip
    font = explorer_page.FONTS["font2"]
    decoder = np.eye(35)
    decoder[0, :2] = 123456789.0, -123456788.0
    weights = np.concatenate([np.eye(35).ravel(), decoder.ravel()])
    letter = explorer.letter_model(knobs, font, weights, 4, 0.0)
    denoiser = explorer.denoiser(knobs | {"font": "font2", "noise": {}}, font, weights, 4, 0.0)
    assert letter["rounding"] == denoiser["rounding"] == 0.0


def test_codes_lie_in_the_window():
    for model in explorer_page.content()["letters"]:
        window = np.array(model["window"])
        codes = np.array(model["codes"])
        assert np.all((codes > window[:, 0]) & (codes < window[:, 1]))
        assert len(codes) == len(model["characters"]) == len(model["pixels"])


def test_the_loss_by_rounding_is_measured():
    knobs = explorer_page.model_settings(encoder_layers=(256,), decoder_layers=(256,))
    data = explorer_page.random_images(100, 28)
    weights = explorer_page.model_weights(knobs, 784, 0)
    model = explorer.image_autoencoder("improved", knobs, weights, data)
    assert [layer["weights"]["type"] for layer in model["layers"]] == ["f4", "i1"]
    assert 0 < model["rounding_mean"] < model["rounding"] < 4 / 255
    assert model["name"] == str(names.IMAGE_MODELS["improved"])


def test_test_images_of_every_class_are_shown():
    data = explorer_page.random_images(60, 8)
    shown = explorer.image_set("digits", list("0123456789"), data)
    assert shown["samples"]["labels"] == [c for c in range(10) for _ in range(2)]
    pictures = read(shown["samples"]["images"]).reshape(-1, 8, 8)
    assert np.array_equal(pictures[2], data.test_images[1])


def test_the_page_is_the_same_bytes_and_asks_for_nothing():
    page = explorer_page.render(explorer_page.content())
    assert page == explorer_page.render(explorer_page.content())
    assert not re.search(r"https?://|@import|<link|src=|url\(", page)
    assert str(explorer_page.ROOT) not in page


def test_names_cannot_end_the_script():
    content = explorer_page.content()
    evil = "</script><script>alert(1)</script>&<!--"
    content["letters"][0]["name"] = evil
    page = explorer_page.render(content)
    assert page.count("<script") == 4
    assert page.count("</script>") == 4
    start = page.index('id="data">') + len('id="data">')
    data = json.loads(page[start : page.index("</script>", start)])
    assert data["letters"][0]["name"] == evil
    assert {key: data[key] for key in content} == content


@pytest.mark.parametrize("missing", ["letters", "denoising", "vae"])
def test_what_is_not_there_has_no_room(missing):
    content = {**explorer_page.content(), missing: []}
    page = explorer_page.render(content)
    room = {"letters": "letters", "denoising": "denoiser", "vae": "images"}
    for experiment, name in room.items():
        assert (f'<section class="chapter room" id="{name}"' in page) == (experiment != missing)


def test_the_loss_by_rounding_is_said():
    content = explorer_page.content()
    for model in content["letters"] + content["denoising"]:
        model["rounding"] = 0.000123
    content["vae"][0]["models"][0]["rounding"] = 0.1
    words = " ".join(explorer_page.render(content).split())
    assert "0.00012 of its range" in words
    assert "by 26 at most" in words
    assert "26 como máximo" in words


def test_what_would_end_its_element_is_refused():
    whole = explorer_page.sources()
    for part in ({"styles": ["</style>"]}, {"script": "</script>"}, {"language": "</script>"}):
        with pytest.raises(ValueError, match="may not hold"):
            explorer.render(explorer_page.content(), replace(whole, **part))


def test_a_page_of_the_full_study_is_below_five_megabytes():
    models = {
        "published": explorer_page.model_settings(encoder_layers=(256,), decoder_layers=(256,)),
        "autoencoder": explorer_page.model_settings(
            encoder_layers=(256,), decoder_layers=(256,), model="autoencoder", kl_weight=0.0
        ),
        "improved": explorer_page.model_settings(
            encoder_layers=(256,) * 4, decoder_layers=(256,) * 3, activation="silu"
        ),
    }
    sets = explorer_page.image_set("digits", models, side=28, n=1100)
    content = {**explorer_page.content(), "vae": [sets] * 3}
    content["letters"] = content["letters"] * 4
    content["denoising"] = content["denoising"] * 15
    assert len(explorer_page.render(content)) < 5_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.0000123, "0.000012"), (4.07, "4.1"), (26.4, "26"), (1e-12, "1.0e-12")],
)
def test_two_significant_digits(value, text):
    assert explorer.significant(value) == text


def test_letters_without_a_name_get_one():
    font = Font("f", (" ", "A"), np.zeros((2, 35)))
    assert explorer.alphabet(font) == {"characters": ["space", "A"], "pixels": ["0" * 35] * 2}


def test_only_what_the_page_can_train_is_offered():
    adam = explorer_page.recipe("two-numbers", [35, 4, 2, 4, 35])
    stages = explorer_page.recipe("hybrid", [35, 4, 2, 4, 35]) | {
        "training": {"optimizer": "stages"}
    }
    adam["training"]["record_every"] = 100
    (offered,) = explorer.recipes([adam, stages])
    assert (offered["name"], offered["title"]) == (
        "two-numbers", str(names.LETTER_NETWORKS["two-numbers"]),
    )  # fmt: skip
    assert offered["training"]["learning_rate"] == 0.02
    assert "record_every" not in offered["training"]


def test_racers_have_the_knobs_that_were_chosen():
    (race,) = explorer_page.races()
    by_name = {entrant["optimizer"]: entrant for entrant in race["entrants"]}
    assert list(by_name) == ["powell", "adam", "rmsprop", "backpropagation"]
    assert (by_name["powell"]["xtol"], by_name["powell"]["ftol"]) == (0.01, 1e-4)
    assert (by_name["adam"]["learning_rate"], by_name["adam"]["loss"]) == (0.01, "squared-error")
    assert race["evaluations"] == 3000


def test_messages_of_a_script():
    script = """tell("a \\"b\\"", { tell: 1 }); count("{n} c", "{n} d", 2); mark(
      "e"); retell("no"); tell(other);"""
    assert explorer.messages(script) == ['a "b"', "e", "{n} c"]


def test_words_of_a_language():
    to = Language("x", "X", "n == 1 ? 0 : n < 5 ? 1 : 2", {"a": "b", "c": ["1", "2", "3"]}, set())
    words = explorer.words(to, ["a", "c", "d"])
    assert words["texts"] == {"a": "b", "c": ["1", "2", "3"]}
    assert (len(words["plural"]), words["plural"][:7]) == (200, "1011122")
    assert to.missing == {"d"}


def test_names_of_networks_travel_with_the_page():
    recipe, model = names.LETTER_NETWORKS["two-numbers"], names.IMAGE_MODELS["improved"]
    to = Language("x", "X", "n != 1", {str(recipe): "r", str(model): "m", "other": "o"}, set())
    page = explorer.render(explorer_page.content(), explorer_page.sources(), [to])
    start = page.index('id="data">') + len('id="data">')
    texts = json.loads(page[start : page.index("</script>", start)])["words"]["x"]["texts"]
    assert texts == {str(recipe): "r", str(model): "m"}


def test_as_many_image_models_as_fit_sets_taking_turns():
    def model(name, size):
        return {"id": name, "layers": "x" * size}

    sets = [
        {"name": "a", "models": [model("one", 100), model("two", 1000), model("three", 100)]},
        {"name": "b", "models": [model("one", 100), model("two", 1000)]},
        {"name": "c", "models": []},
    ]

    def kept(most):
        return [[m["id"] for m in s["models"]] for s in explorer.within(sets, most)]

    assert kept(10**6) == [["one", "two", "three"], ["one", "two"], []]
    assert kept(1500) == [["one", "two", "three"], ["one"], []]
    assert kept(900) == [["one", "three"], ["one"], []]
    assert kept(150) == [["one"], [], []]
    assert [s["name"] for s in explorer.within(sets, 0)] == ["a", "b", "c"]
    whole = sum(len(json.dumps(m)) for s in sets for m in s["models"])
    assert kept(whole) == kept(10**6)
    assert kept(whole - 1) != kept(10**6)
