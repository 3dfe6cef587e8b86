"""The image autoencoders: definitions by hand, determinism, resumption, divergence."""

import hashlib
import importlib
import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import explorer_page
from image_sets import first_images, small_images
from latentlab import StudyError
from latentlab.data import digits, download, folders, images
from latentlab.files import arrays
from latentlab.measures import likelihood
from latentlab.models import image_model
from latentlab.training import image_training
from support.by_content import by_file

SMALL = explorer_page.model_settings(
    encoder_layers=(12,),
    decoder_layers=(12,),
    optimizer="rmsprop",
    beta_2=0.9,
    epochs=3,
    batch_size=32,
)
PUBLISHED = replace(SMALL, encoder_layers=(256,), decoder_layers=(256,), epochs=50, batch_size=100)
SOURCES = Path(image_training.__file__).parents[2]
SCRIPTS = SOURCES.parent / "workflow" / "scripts"


@pytest.fixture(scope="module")
def data() -> images.Images:
    """200 training images (6 batches of 32 and a rest of 8) and 70 test images of 28 x 28."""
    return first_images(digits.digits(), 200, 70)


@pytest.fixture(scope="module")
def trained(data) -> tuple[image_model.Weights, image_training.History]:
    return image_training.train(SMALL, data, seed=1)


def content(weights: image_model.Weights) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in weights.items()}


def assert_same(a, b):
    """Weights and history equal to the byte."""
    for first, second in zip(a, b, strict=True):
        assert content(first) == content(second)
        assert list(first) == list(second)  # the order of a table's columns


# --- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "gan"),
        ("encoder_layers", (256, 0)),
        ("decoder_layers", (2.5,)),
        ("initial_weights", "zeros"),
        ("variance", "none"),
        ("input_dropout", 0.95),
        ("latent_units", 0),
        ("latent_units", True),
        ("activation", "step"),
        ("optimizer", "sgd"),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("beta_2", 1.0),
        ("beta_2", -0.1),
        ("beta_2", float("nan")),
        ("schedule", "stepwise"),
        ("kl_weight", -1.0),
        ("kl_weight", float("nan")),
        ("kl_warmup", -1),
        ("epochs", 0),
        ("batch_size", 0),
    ],
)
def test_impossible_settings_are_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name}: .* expected, .* given"):
        replace(SMALL, **{name: value})


def test_settings_take_lists():
    assert replace(SMALL, decoder_layers=[8, 4]) == replace(SMALL, decoder_layers=(8, 4))


def test_importing_the_module_imports_neither_keras_nor_jax():
    code = (
        "import sys, latentlab.training.image_training; print({'keras', 'jax'} & set(sys.modules))"
    )
    run = [sys.executable, "-c", code]
    env = os.environ | {"PYTHONPATH": str(SOURCES)}
    assert subprocess.run(run, env=env, capture_output=True, text=True).stdout == "set()\n"


# --- definitions -------------------------------------------------------------------------------


def test_cross_entropy_is_the_published_loss():
    rng = np.random.default_rng(0)
    x, log_odds = rng.uniform(size=(5, 784)), rng.normal(size=(5, 784))
    p = 1 / (1 + np.exp(-log_odds))
    published = 784 * np.mean(-x * np.log(p) - (1 - x) * np.log(1 - p), axis=-1)
    np.testing.assert_allclose(likelihood.cross_entropy(x, log_odds), published, rtol=1e-12)


def test_cross_entropy_of_certainty_is_finite():
    log_odds = np.array([[1e4, -1e4], [-1e4, 1e4]])
    x = np.array([[1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(likelihood.cross_entropy(x, log_odds), [0.0, 2e4])


def test_divergence_is_the_integral_that_defines_it():
    mean, deviation = 0.7, 0.4

    def integrand(z):
        q = norm(mean, deviation)
        return q.pdf(z) * (q.logpdf(z) - norm.logpdf(z))

    expected = quad(integrand, -5, 5)[0]
    found = likelihood.divergence(np.array([[mean, 0.0]]), np.array([[2 * np.log(deviation), 0.0]]))
    np.testing.assert_allclose(found, [expected], rtol=1e-8)


@pytest.mark.parametrize("model", ["vae", "autoencoder"])
@pytest.mark.parametrize("activation", sorted(image_model.ACTIVATIONS))
def test_numpy_codes_and_decodes_as_keras_does(data, model, activation):
    settings = replace(
        SMALL,
        model=model,
        activation=activation,
        encoder_layers=(20, 9),
        decoder_layers=(7, 8, 9),
        latent_units=3,
    )
    encoder, decoder = image_training.build(settings, 784, seed=3)
    weights = keras_weights(encoder, decoder)
    x = image_model.scaled(data.test_images)
    mean, log_variance = image_model.encode(settings, weights, x)
    found = mean if log_variance is None else [mean, log_variance]
    np.testing.assert_allclose(found, np.asarray(encoder(x.astype("f4"))), atol=1e-5)
    images_expected = 1 / (1 + np.exp(-np.asarray(decoder(mean.astype("f4")), float)))
    np.testing.assert_allclose(
        image_model.decode(settings, weights, mean), images_expected, atol=1e-5
    )


FILTERS = {"filters": 4, "kernel": 2, "stride": 2}, {"filters": 6, "kernel": 4, "stride": 2}


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        ((*FILTERS, 16), (16, *FILTERS)),
        (FILTERS[:1], FILTERS[1:]),
        (({"filters": 2, "kernel": 5, "stride": 1},), (9, 8, *reversed(FILTERS))),
    ],
)
def test_numpy_convolves_as_keras_does(data, encoder, decoder):
    settings = replace(SMALL, encoder_layers=encoder, decoder_layers=decoder)
    models = image_training.build(settings, 784, seed=3)
    weights = keras_weights(*models)
    rng = np.random.default_rng(0)
    for model in models:  # biases begin as zeros
        for variable in model.trainable_variables:
            name = f"{model.name}/{variable.path}"
            if name.endswith("bias"):
                weights[name] = rng.normal(0, 0.1, weights[name].shape).astype("f4")
                variable.assign(weights[name])
    x = image_model.scaled(data.test_images)
    mean, log_variance = image_model.encode(settings, weights, x)
    np.testing.assert_allclose(
        [mean, log_variance], np.asarray(models[0](x.astype("f4"))), atol=1e-5
    )
    found = image_model.logits(settings, weights, mean)
    np.testing.assert_allclose(found, np.asarray(models[1](mean.astype("f4"))), atol=1e-5)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (4, 2), (2, 2), (6, 2), (9, 3)])
@pytest.mark.parametrize("kind", ["Conv2D", "Conv2DTranspose"])
def test_products_of_windows_are_the_convolutions_of_keras(kind, kernel, stride):
    keras, _ = image_training._backend()
    layer = image_training._layers()[kind](5, kernel, strides=stride, padding="same")
    x = np.random.default_rng(0).normal(size=(2, 12, 12, 3)).astype("f4")
    found = np.asarray(layer(x))
    expected = np.asarray(getattr(keras.layers, kind).call(layer, x))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_transposed_convolution_is_the_transpose():
    """Its matrix is that of the convolution with the same kernel, rows and columns exchanged."""
    rng = np.random.default_rng(0)
    for size, stride in ((3, 1), (4, 1), (4, 2), (6, 2), (2, 2), (4, 4)):
        kernel = rng.normal(size=(size, size, 2, 3))  # 2 channels in, 3 out
        small = 8 // stride
        forth = image_model.convolved(kernel, np.zeros(3), stride, np.eye(8 * 8 * 2))
        back = image_model.transposed(kernel, np.zeros(2), stride, np.eye(small * small * 3))
        np.testing.assert_allclose(back, forth.T, atol=1e-14)


def test_a_model_of_convolutions_learns_and_a_resumed_one_has_its_bytes(data, tmp_path):
    settings = replace(
        SMALL, encoder_layers=(*FILTERS, 16), decoder_layers=(16, *FILTERS), optimizer="adam"
    )
    weights, history = image_training.train(settings, data, seed=1)
    assert history["loss"][-1] < history["loss"][0]
    assert content((weights, history)[0]) == content(
        image_training.train(settings, data, seed=1)[0]
    )
    x = image_model.scaled(data.test_images)
    codes = image_model.encode(settings, weights, x)[0]
    assert image_model.decode(settings, weights, codes).shape == (len(codes), 784)
    # convolutions go by parts of 500 images: none is lost, left out or out of order
    many = np.resize(np.arange(len(x)), 1001)
    np.testing.assert_allclose(
        image_model.encode(settings, weights, x[many])[0], codes[many], atol=1e-12
    )


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        (
            {"encoder_layers": (16, FILTERS[0])},
            "encoder_layers: convolutions, if any, first expected",
        ),
        (
            {"decoder_layers": (FILTERS[0], 16)},
            "decoder_layers: convolutions, if any, last expected",
        ),
        (
            {"encoder_layers": ({**FILTERS[1], "stride": 3},)},
            r"kernel: a multiple of the stride \(3\) expected",
        ),
        (
            {"encoder_layers": ({**FILTERS[0], "filters": 0},)},
            "filters: a whole number from 1 expected",
        ),
    ],
)
def test_layers_that_cannot_be_are_refused(knobs, line):
    with pytest.raises(ValueError, match=line):
        replace(SMALL, **knobs)


def test_images_that_cannot_be_halved_are_refused():
    settings = replace(SMALL, encoder_layers=FILTERS, decoder_layers=(16,))
    assert image_model.convolution_errors(settings, 28, 28) == []
    for size in ((30, 30), (28, 32)):
        (line,) = image_model.convolution_errors(settings, *size)
        assert line.startswith(
            f"encoder_layers: convolutions given for images of {size[0]} x {size[1]}"
        )
        assert line.endswith("allowed: square ones whose side is a multiple of 4")
    with pytest.raises(ValueError, match="multiple of 4"):
        image_training.build(settings, 30 * 30, seed=1)


def keras_weights(encoder, decoder):
    return {
        f"{model.name}/{variable.path}": np.asarray(variable.value)
        for model in (encoder, decoder)
        for variable in model.trainable_variables
    }


def test_weights_have_their_names_and_shapes(trained):
    shapes = {name: array.shape for name, array in trained[0].items()}
    assert shapes == {
        "encoder/dense_0/kernel": (784, 12),
        "encoder/dense_0/bias": (12,),
        "encoder/mean/kernel": (12, 2),
        "encoder/mean/bias": (2,),
        "encoder/log_variance/kernel": (12, 2),
        "encoder/log_variance/bias": (2,),
        "decoder/dense_0/kernel": (2, 12),
        "decoder/dense_0/bias": (12,),
        "decoder/output/kernel": (12, 784),
        "decoder/output/bias": (784,),
    }
    assert {array.dtype for array in trained[0].values()} == {np.dtype(np.float32)}


def loss_by_hand(settings, weights, x, noise):
    """The published loss of a batch in NumPy, float64."""
    mean, log_variance = image_model.encode(settings, weights, x)
    z = mean + np.exp(0.5 * log_variance) * noise
    p = image_model.decode(settings, weights, z)
    entropy = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    kl = -0.5 * (1 + log_variance - mean**2 - np.exp(log_variance))
    return np.mean(entropy.sum(1) + settings.kl_weight * kl.sum(1))


@pytest.fixture(scope="module")
def first_step(data):
    """One step of all optimizers starts here: weights, batch, noise and NumPy's gradient.

    tanh, because the finite differences of ReLU are wrong where a kink is crossed.
    """
    settings = replace(SMALL, activation="tanh", epochs=1, batch_size=200)
    weights = keras_weights(*image_training.build(settings, 784, seed=1))
    rng = image_training._random(1, 2, 0)
    order = rng.permutation(200)
    noise = rng.standard_normal((200, 2)).astype(np.float32)
    x = image_model.scaled(data.train_images)[order]

    def gradient(name, index, step=1e-5):
        moved = []
        for sign in (1, -1):
            array = weights[name].astype(float)
            array[index] += sign * step
            moved.append(loss_by_hand(settings, weights | {name: array}, x, noise))
        return (moved[0] - moved[1]) / (2 * step)

    picks = [(n, i) for n, a in weights.items() for i in (0, a.size // 2, a.size - 1)]
    picks = [(n, np.unravel_index(i, weights[n].shape)) for n, i in picks]
    return settings, weights, {pick: gradient(*pick) for pick in picks}


def test_the_first_step_of_rmsprop_is_the_one_computed_by_hand(data, first_step):
    settings, start, gradients = first_step
    weights, _ = image_training.train(settings, data, seed=1)
    for (name, index), g in gradients.items():
        step = 0.001 * g / np.sqrt(0.1 * g**2 + 1e-14)
        np.testing.assert_allclose(
            weights[name][index] - start[name][index], -step, rtol=1e-2, atol=2e-7
        )


def test_the_first_step_of_adam_with_a_cosine_schedule(data, first_step):
    settings, start, gradients = first_step
    settings = replace(settings, optimizer="adam", beta_2=0.999, schedule="cosine")
    weights, _ = image_training.train(settings, data, seed=1)
    for (name, index), g in gradients.items():
        step = 0.001 * g / (np.abs(g) + 1e-7 / np.sqrt(0.001))
        np.testing.assert_allclose(
            weights[name][index] - start[name][index], -step, rtol=1e-2, atol=2e-7
        )


@pytest.mark.parametrize(("name", "quarter"), [("cosine", 0.5 + np.sqrt(0.125)), ("linear", 0.75)])
def test_a_schedule_ends_at_rest(name, quarter):
    schedule = image_training._optimizer(replace(SMALL, schedule=name), 100)._learning_rate
    rates = [float(schedule(step)) for step in (0, 25, 50, 100)]
    np.testing.assert_allclose(rates, 0.001 * np.array([1, quarter, 0.5, 0]), atol=1e-9)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_beta_2_is_the_share_of_the_squares_that_a_step_keeps(optimizer):
    settings = replace(SMALL, optimizer=optimizer, beta_2=0.7, learning_rate=0.1)
    made = image_training._optimizer(settings, 100)
    keras = image_training._backend()[0]
    weight = keras.Variable(np.zeros(1, "f4"))
    made.build([weight])
    steps = []
    for gradient in (2.0, 1.0):
        before = float(weight.value[0])
        made.apply([np.array([gradient], "f4")], [weight])
        steps.append(before - float(weight.value[0]))
    squares = 0.7 * (0.3 * 4) + 0.3 * 1
    # of Adam the mean gradient, and both means divided by what they would be of ones
    means = {"adam": 0.1 * ((0.9 * 2 + 1) / 0.19) / np.sqrt(squares / (1 - 0.7**2)) * 0.1,
             "rmsprop": 0.1 / np.sqrt(squares)}  # fmt: skip
    np.testing.assert_allclose(steps[1], means[optimizer], rtol=1e-4)


def test_the_kl_term_warms_up_linearly(data):
    # with weight 0 in its only step, the warm-up of one epoch equals beta = 0
    one_step = replace(SMALL, epochs=1, batch_size=200)
    warmed = image_training.train(replace(one_step, kl_warmup=1), data, seed=1)[0]
    assert content(warmed) == content(
        image_training.train(replace(one_step, kl_weight=0.0), data, seed=1)[0]
    )
    # over two epochs of one step each it is then 1/2
    two = replace(one_step, epochs=2)
    half = image_training.train(replace(two, kl_warmup=2), data, seed=1)[0]
    assert content(half) != content(
        image_training.train(replace(two, kl_warmup=1), data, seed=1)[0]
    )


def test_spread_weights_are_glorot_s_but_in_the_first_layer_of_the_decoder():
    deep = replace(SMALL, decoder_layers=(400, 40))
    glorot, spread = (
        keras_weights(*image_training.build(replace(deep, initial_weights=kind), 784, 1))
        for kind in ("glorot", "spread")
    )
    first = "decoder/dense_0"
    steeper = 10 * glorot[f"{first}/kernel"]
    np.testing.assert_allclose(spread[f"{first}/kernel"], steeper, rtol=1e-6)
    biases = spread[f"{first}/bias"]
    assert np.abs(biases).max() <= 2.0
    np.testing.assert_allclose([biases.mean(), biases.std()], [0.0, 2 / np.sqrt(3)], atol=0.15)
    for name in glorot.keys() - {f"{first}/kernel", f"{first}/bias"}:
        if name.startswith("encoder") or name.endswith("bias"):
            np.testing.assert_array_equal(spread[name], glorot[name])
        else:  # drawn after the biases: other numbers, as large
            np.testing.assert_allclose(spread[name].std(), glorot[name].std(), rtol=0.03)


def test_without_hidden_layers_the_decoder_has_nothing_to_spread():
    linear = replace(SMALL, decoder_layers=())
    glorot, spread = (
        keras_weights(*image_training.build(replace(linear, initial_weights=kind), 784, 1))
        for kind in ("glorot", "spread")
    )
    assert content(spread) == content(glorot)


def test_a_training_from_spread_weights_resumes(data, tmp_path, every_epoch):
    settings = replace(SMALL, initial_weights="spread")
    whole = image_training.train(settings, data, 1)
    with pytest.raises(Stopped):
        image_training.train(settings, data, 1, stop_after(2), tmp_path / "c.npz")
    assert_same(whole, image_training.train(settings, data, 1, None, tmp_path / "c.npz"))


def test_a_bounded_variance_is_the_logistic_function_of_the_output(data, first_step):
    _, weights, _ = first_step
    x = image_model.scaled(data.test_images)
    free, bounded = (
        image_model.encode(replace(SMALL, activation="tanh", variance=variance), weights, x)
        for variance in ("free", "bounded")
    )
    np.testing.assert_array_equal(free[0], bounded[0])
    odds = np.exp(free[1])
    np.testing.assert_allclose(np.exp(bounded[1]), odds / (1 + odds))


def test_a_bounded_variance_is_trained_as_it_is_scored(data):
    settings = replace(SMALL, variance="bounded")
    weights, history = image_training.train(settings, data, seed=1)
    scores = likelihood.evaluate(settings, weights, data.test_images, samples=50)
    np.testing.assert_allclose(history["test_kl"][-1], scores["kl"], rtol=1e-5)
    np.testing.assert_allclose(history["test_loss"][-1], scores["loss"], rtol=0.01)


def test_dropped_inputs_are_the_share_asked_for_and_others_make_up_for_it():
    settings = replace(SMALL, input_dropout=0.25)
    mask, other = (
        np.asarray(image_training._dropout(settings, 1, step, (500, 784))) for step in (0, 1)
    )
    assert set(np.unique(mask)) == {np.float32(0), np.float32(4 / 3)}
    np.testing.assert_allclose([np.mean(mask == 0), mask.mean()], [0.25, 1.0], atol=0.005)
    assert np.mean(mask != other) > 0.3
    assert image_training._dropout(SMALL, 1, 0, (500, 784)) == 1.0


@pytest.mark.slow
def test_dropout_is_of_training_alone_and_resumes(data, tmp_path, every_epoch):
    settings = replace(SMALL, input_dropout=0.3)
    whole = image_training.train(settings, data, 1)
    scores = likelihood.evaluate(settings, whole[0], data.test_images, samples=50)
    np.testing.assert_allclose(whole[1]["test_kl"][-1], scores["kl"], rtol=1e-5)
    assert whole[1]["loss"][0] != image_training.train(SMALL, data, 1)[1]["loss"][0]
    with pytest.raises(Stopped):
        image_training.train(settings, data, 1, stop_after(2), tmp_path / "c.npz")
    assert_same(whole, image_training.train(settings, data, 1, None, tmp_path / "c.npz"))


def test_a_bounded_variance_does_not_overflow(data):
    weights = keras_weights(*image_training.build(SMALL, 784, seed=1))
    weights["encoder/log_variance/bias"] = np.full(2, 1e4, np.float32)
    scores = likelihood.evaluate(replace(SMALL, variance="bounded"), weights, data.test_images)
    assert np.isfinite(scores["loss"])


# --- training ----------------------------------------------------------------------------------


def test_history(trained, data):
    weights, history = trained
    assert sorted(history) == sorted(
        prefix + name for prefix in ("", "test_") for name in ("loss", "reconstruction", "kl")
    )
    assert {column.shape for column in history.values()} == {(3,)}
    assert history["test_loss"][-1] < history["test_loss"][0]
    for prefix in ("", "test_"):
        total = history[f"{prefix}reconstruction"] + history[f"{prefix}kl"]
        np.testing.assert_allclose(history[f"{prefix}loss"], total)
    # the same quantity, there with one code per image, here with many
    scores = likelihood.evaluate(SMALL, weights, data.test_images, samples=50)
    np.testing.assert_allclose(history["test_loss"][-1], scores["loss"], rtol=0.01)
    np.testing.assert_allclose(history["test_kl"][-1], scores["kl"], rtol=1e-5)


def test_the_same_seed_gives_the_same_bytes(trained, data):
    assert_same(trained, image_training.train(SMALL, data, seed=1))


def test_another_seed_gives_other_weights(trained, data):
    assert content(trained[0]) != content(image_training.train(SMALL, data, seed=2)[0])


def test_64_bits_asked_for_elsewhere_change_nothing(trained, data):
    import jax

    with jax.enable_x64(True):
        assert_same(trained, image_training.train(SMALL, data, seed=1))


def test_an_autoencoder_has_no_kl_term(data):
    settings = replace(SMALL, model="autoencoder")
    weights, history = image_training.train(settings, data, seed=1)
    assert sorted(history) == ["loss", "reconstruction", "test_loss", "test_reconstruction"]
    assert not any("log_variance" in name for name in weights)
    np.testing.assert_array_equal(history["loss"], history["reconstruction"])
    scores = likelihood.evaluate(settings, weights, data.test_images)
    assert sorted(scores) == ["loss", "reconstruction"]
    np.testing.assert_allclose(scores["loss"], history["test_loss"][-1], rtol=1e-5)
    assert image_model.encode(settings, weights, image_model.scaled(data.test_images))[1] is None
    # nothing of the variational settings matters
    assert_same(
        (weights, history), image_training.train(replace(settings, kl_weight=9.0), data, seed=1)
    )


def test_images_of_any_size():
    data = small_images(train=9, test=2, size=(4, 7))
    weights, _ = image_training.train(replace(SMALL, epochs=1), data, seed=1)
    assert image_model.decode(SMALL, weights, np.zeros((5, 2))).shape == (5, 28)


def test_progress_is_told_every_epoch(data, trained):
    told = []
    image_training.train(SMALL, data, seed=1, progress=lambda *row: told.append(row))
    assert [(epoch, epochs) for epoch, epochs, _ in told] == [(1, 3), (2, 3), (3, 3)]
    assert [row["test_loss"] for *_, row in told] == trained[1]["test_loss"].tolist()


@pytest.mark.parametrize("model", ["vae", "autoencoder"])
def test_a_training_that_diverges_is_stopped_at_once_and_named(data, model, tmp_path):
    told = []
    settings = replace(SMALL, model=model, learning_rate=1e30, epochs=50)
    with pytest.raises(image_training.Diverged, match=r"not finite after epoch 1$") as caught:
        image_training.train(
            settings, data, 1, lambda *row: told.append(row), tmp_path / "checkpoint"
        )
    assert caught.value.epoch == 1
    assert not told
    assert not list(tmp_path.iterdir())


TRAIN = """
import os, sys, hashlib
if sys.argv[1] == "pinned":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from latentlab.data import images
from latentlab.models import image_model
from latentlab.training import image_training

settings = image_model.Settings(
    "vae", (256,), (256,), 2, "relu", "glorot", "free", 0.0,
    "rmsprop", 0.9, 0.001, "constant", 1.0, 0, 2, 100,
)
weights, history = image_training.train(settings, images.load(sys.argv[2]), seed=1)
for array in [*weights.values(), *history.values()]:
    print(hashlib.sha256(array.tobytes()).hexdigest())
"""


def run(code, *args):
    environment = {k: v for k, v in os.environ.items() if k not in ("PJRT_NPROC", "KERAS_BACKEND")}
    command = [sys.executable, "-c", code, *map(str, args)]
    environment["PYTHONPATH"] = str(SOURCES)
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_the_number_of_cores_changes_no_byte(tmp_path):
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("one core only")
    images.save(digits.digits(), tmp_path)
    pinned, free = (
        run(TRAIN, kind, tmp_path).communicate(timeout=120)[0] for kind in ("pinned", "free")
    )
    assert len(pinned.split()) == 16
    assert pinned == free


class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


def test_progress_is_a_bar_in_a_terminal_and_a_few_lines_in_a_log(capsys, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    train_vae = importlib.import_module("train_vae")
    screen = Screen(terminal=True)
    show = train_vae.shown_progress(screen, "a")
    for epoch in range(41, 101):  # a checkpoint held the first 40
        show(epoch, 100, {"test_loss": 151.26})
    assert "100/100" in screen.getvalue()
    assert "test loss 151.26" in screen.getvalue()
    assert "\n" not in screen.getvalue().rstrip("\n")
    assert capsys.readouterr().err == ""
    show = train_vae.shown_progress(Screen(terminal=False), "digits/published/0")
    for epoch in range(1, 101):
        show(epoch, 100, {"test_loss": 151.26})
    assert capsys.readouterr().err.count("\n") == 10


@pytest.mark.slow
def test_a_job_of_a_workflow_shows_its_progress_in_a_terminal_too(tmp_path):
    """Snakemake leaves a job its stdout and sends stderr to the log."""
    images.save(digits.digits(), tmp_path / "data")
    settings = {"seed": 1, "cell": "vae/digits/small/0", "model": asdict(SMALL) | {"epochs": 2}}
    shown, terminal = os.openpty()
    command = [
        sys.executable, SCRIPTS / "train_vae.py", "--settings", by_file(settings, tmp_path),
        "--images", tmp_path / "data", "--checkpoint", tmp_path / "c.npz",
        "--weights", tmp_path / "w.npz", "--history", tmp_path / "h.csv",
    ]  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        subprocess.run(command, stdout=terminal, stderr=log, check=True, timeout=120)
    os.close(terminal)
    line = os.read(shown, 10_000).decode().splitlines()[-1]
    os.close(shown)
    assert line.startswith("vae/digits/small/0: epoch 2 of 2: loss ")
    assert line.removeprefix("vae/digits/small/0: ") in (tmp_path / "log").read_text()


def test_a_job_that_diverges_says_which_it_is(monkeypatch, tmp_path, data):
    monkeypatch.syspath_prepend(SCRIPTS)
    train_vae = importlib.import_module("train_vae")
    images.save(data, tmp_path)
    monkeypatch.setattr(
        image_training, "train", lambda *_, **__: (_ for _ in ()).throw(image_training.Diverged(3))
    )
    settings = {"seed": 1, "cell": "vae/digits/small/0", "model": asdict(SMALL)}
    paths = [f"--{name}={tmp_path}" for name in ("images", "weights", "history", "checkpoint")]
    with pytest.raises(StudyError, match=r"^vae/digits/small/0: the training diverged: .*epoch 3"):
        train_vae.main(["--settings", by_file(settings, tmp_path), *paths])


def test_a_step_has_one_thread_whatever_the_shell_says():
    code = "import os, step; print(*(os.environ[name] for name in sys.argv[1:]))"
    names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "PJRT_NPROC")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}", *names], cwd=SCRIPTS, text=True, check=True,
        env={**os.environ, **dict.fromkeys(names, "8")}, capture_output=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1"] * 3


# --- checkpoints -------------------------------------------------------------------------------


class Stopped(Exception):
    pass


def stop_after(epoch):
    def progress(now, *_):
        if now == epoch:
            raise Stopped

    return progress


@pytest.fixture
def every_epoch(monkeypatch):
    monkeypatch.setattr(image_training, "_CHECKPOINT_SECONDS", 0.0)


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_stopped_training_ends_with_the_same_bytes(data, trained, tmp_path, every_epoch, epoch):
    checkpoint, told = tmp_path / "new" / "checkpoint.npz", []
    with pytest.raises(Stopped):
        image_training.train(SMALL, data, 1, stop_after(epoch), checkpoint)
    resumed = image_training.train(SMALL, data, 1, lambda now, *_: told.append(now), checkpoint)
    assert told == [1, 2, 3][epoch:]
    assert_same(trained, resumed)


@pytest.mark.slow
def test_resuming_adam_schedule_and_warmup(data, tmp_path, every_epoch):
    settings = replace(SMALL, optimizer="adam", schedule="cosine", kl_warmup=2)
    with pytest.raises(Stopped):
        image_training.train(settings, data, 1, stop_after(1), tmp_path / "c.npz")
    resumed = image_training.train(settings, data, 1, None, tmp_path / "c.npz")
    assert_same(image_training.train(settings, data, 1), resumed)


def test_another_checkpoint_is_replaced(data, trained, tmp_path, every_epoch):
    path, told = tmp_path / "checkpoint.npz", []
    with pytest.raises(Stopped):
        image_training.train(SMALL, data, 2, stop_after(1), path)
    assert_same(
        trained, image_training.train(SMALL, data, 1, lambda now, *_: told.append(now), path)
    )
    assert told == [1, 2, 3]
    assert image_training._restored(path, image_training._identity(SMALL, data, 1)) is not None


def test_a_checkpoint_is_that_of_its_settings_seed_and_images(data):
    other = replace(data, train_images=255 - data.train_images)
    runs = [(SMALL, data, 1), (SMALL, data, 2), (SMALL, other, 1)]
    runs += [(replace(SMALL, epochs=4), data, 1), (replace(SMALL, model="autoencoder"), data, 1)]
    assert len({image_training._identity(*run) for run in runs}) == len(runs)


@pytest.mark.parametrize("kind", ["damaged", "cut", "other"])
def test_a_damaged_checkpoint_is_ignored(tmp_path, kind):
    path = tmp_path / "checkpoint.npz"
    image_training._store(path, "identity", [np.arange(3000.0)], [{"loss": 1.0}])
    stored = path.read_bytes()
    state, history = image_training._restored(path, "identity")
    assert np.array_equal(state, [np.arange(3000.0)])
    assert history == {"loss": [1.0]}
    if kind == "damaged":
        path.write_bytes(stored[:3000] + b"damage" + stored[3006:])
    if kind == "cut":
        path.write_bytes(stored[: len(stored) // 2])
    if kind == "other":
        arrays.save_npz(path, {"a": np.ones(3)})
    assert image_training._restored(path, "identity") is None


def test_checkpoints_are_not_written_more_often_than_once_a_second(data, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(image_training, "_store", lambda *args: written.append(args))
    image_training.train(replace(SMALL, epochs=10), data, 1, None, tmp_path / "c.npz")
    assert len(written) <= 3


KILLED = """
import sys
from latentlab.data import images
from latentlab.files import arrays
from latentlab.models import image_model
from latentlab.training import image_training

image_training._CHECKPOINT_SECONDS = 0.0
settings = image_model.Settings(
    "vae", (64,), (64,), 2, "relu", "glorot", "free", 0.0, "adam", 0.999, 0.001, "cosine",
    1.0, 5, 40, 100
)
weights, history = image_training.train(
    settings, images.load(sys.argv[1]), 1, lambda *_: print(flush=True), sys.argv[2]
)
arrays.save_npz(sys.argv[3], weights | history)
"""


@pytest.mark.slow
def test_kill_9_and_the_same_command_again(tmp_path):
    images.save(digits.digits(), tmp_path / "data")
    arguments = tmp_path / "data", tmp_path / "checkpoint.npz"
    for epochs in (1, 7, 20):
        process = run(KILLED, *arguments, tmp_path / "resumed.npz")
        for _ in range(epochs):
            process.stdout.readline()
        time.sleep(0.003)  # into the next epoch, or the writing of its state
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert not (tmp_path / "resumed.npz").exists()
    last = run(KILLED, *arguments, tmp_path / "resumed.npz")
    shown = last.communicate(timeout=120)[0].count("\n")
    assert shown <= 40 - 28
    whole = run(KILLED, tmp_path / "data", tmp_path / "other.npz", tmp_path / "whole.npz")
    assert whole.communicate(timeout=120)[0].count("\n") == 40
    assert (tmp_path / "resumed.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


# --- scores ------------------------------------------------------------------------------------


def test_scores_are_the_definitions(trained, data):
    weights, x = trained[0], image_model.scaled(data.test_images)
    settings = replace(SMALL, kl_weight=2.0)
    scores = likelihood.evaluate(settings, weights, data.test_images, samples=3, seed=5)
    mean, log_variance = image_model.encode(settings, weights, x)
    noise = np.random.default_rng(5).standard_normal((len(x), 3, 2))
    assert len(x) <= 500  # drawn for so many at a time
    z = mean[:, None] + np.exp(0.5 * log_variance[:, None]) * noise
    p = image_model.decode(settings, weights, z.reshape(-1, 2)).reshape(len(x), 3, -1)
    target = x[:, None]
    reconstruction = -(target * np.log(p) + (1 - target) * np.log1p(-p)).sum(-1).mean()
    kl = likelihood.divergence(mean, log_variance).mean()
    expected = {
        "loss": reconstruction + 2 * kl,
        "reconstruction": reconstruction,
        "kl": kl,
        "elbo": -reconstruction - kl,
    }
    assert scores == pytest.approx(expected, rel=1e-6)  # in single precision


def test_scores_do_not_depend_on_how_images_are_chunked(trained, data, monkeypatch):
    whole = likelihood.evaluate(SMALL, trained[0], data.test_images)
    assert whole == likelihood.evaluate(SMALL, trained[0], data.test_images)
    chunks = likelihood._chunks
    monkeypatch.setattr(likelihood, "_chunks", lambda images, _: chunks(images, 13))
    assert likelihood.evaluate(SMALL, trained[0], data.test_images) == pytest.approx(
        whole, rel=1e-7
    )


@pytest.mark.slow
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR is not set")
@pytest.mark.parametrize(("name", "bound"), [("mnist", 168.0), ("fashion_mnist", 276.0)])
def test_three_epochs_of_the_published_configuration(name, bound, tmp_path):
    mirror = os.environ["DATA_MIRROR"]
    digests = {
        file: hashlib.sha256((Path(mirror) / name / file).read_bytes()).hexdigest()
        for file in folders.IDX_FILES.values()
    }
    download.fetch(name, mirror, [], digests, tmp_path)
    data = folders.load_idx_folder(tmp_path)
    _, history = image_training.train(replace(PUBLISHED, epochs=3), data, seed=0)
    assert history["test_loss"][-1] < bound
