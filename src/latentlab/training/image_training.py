"""Training the image autoencoders with Keras on JAX, which take seconds to import.

The published loss per image is 784 * mean binary cross-entropy of the gray levels + KL divergence
of N(mean, variance) from N(0, 1) (Kingma and Welling 2014, appendix B), averaged over the batch;
RMSprop with learning rate 0.001, rho 0.9, epsilon 1e-7 (as Keras 2 used it); 50 epochs, batches of
100.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from latentlab import StudyError, arithmetic
from latentlab.aliases import Array
from latentlab.data.images import Images
from latentlab.files import arrays
from latentlab.models.image_model import (
    Convolution,
    Settings,
    Weights,
    convolution_errors,
    decoder_layers,
    padding,
    reduction,
)
from latentlab.training.products import product

History = dict[str, Array]


Progress = Callable[[int, int, Mapping[str, float]], None]


_CHECKPOINT_SECONDS = 1.0  # at least between two checkpoints: short epochs are not slowed down


class Diverged(StudyError):
    """A training whose loss is no longer a finite number.

    epoch : the epoch (from 1) at whose end it was found
    """

    def __init__(self, epoch: int) -> None:
        super().__init__(f"the training diverged: the loss is not finite after epoch {epoch}")
        self.epoch = epoch


def _backend() -> tuple[Any, Any]:
    """Keras on JAX, and JAX, as ``latentlab.arithmetic`` pins them."""
    with arithmetic.apart():  # Keras imports Matplotlib
        import keras

    if keras.backend.backend() != "jax":
        raise RuntimeError(f"Keras was already imported with {keras.backend.backend()}, not jax")
    keras.config.set_floatx("float32")  # whatever the process has done before
    import jax

    return keras, jax


@cache
def _layers() -> dict[str, Any]:
    """Keras' layers by the names of its classes, computed by ``products.product``.

    XLA's own convolutions are slow on a processor, and choose by it how they add. A kernel is
    m x m blocks of stride x stride pixels, and so is an image: blocks are moved, no single pixels.
    """
    keras, jax = _backend()
    numpy, multiplied = jax.numpy, product()

    def shape(layer: Any) -> tuple[int, int]:
        (size, _), (stride, _) = layer.kernel_size, layer.strides
        return stride, size // stride

    def blocks_of(kernel: Any, stride: int, m: int) -> Any:
        """(k, k, a, b) as (m * m * stride * stride * a, b)."""
        a, b = kernel.shape[2:]
        split = keras.ops.reshape(kernel, (m, stride, m, stride, a, b))
        return split.transpose(0, 2, 1, 3, 4, 5).reshape(-1, b)

    class Dense(keras.layers.Dense):  # type: ignore[misc, name-defined]
        def call(self, inputs: Any) -> Any:
            return self.activation(
                multiplied(inputs, keras.ops.convert_to_tensor(self.kernel)) + self.bias
            )

    class Convolved(keras.layers.Conv2D):  # type: ignore[misc, name-defined]
        def call(self, images: Any) -> Any:
            (side, _, channels), (stride, m) = images.shape[1:], shape(self)
            edge, wide = padding(stride * m, stride), side // stride + m - 1
            images = numpy.pad(images, ((0, 0), edge, edge, (0, 0)))
            blocks = images.reshape(-1, wide, stride, wide, stride, channels)
            blocks = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(
                -1, wide, wide, stride**2 * channels
            )
            small = wide - m + 1
            seen = [
                blocks[:, y : y + small, x : x + small]
                for y, x in itertools.product(range(m), repeat=2)
            ]
            h = multiplied(numpy.concatenate(seen, axis=-1), blocks_of(self.kernel, stride, m))
            return self.activation(h + self.bias)

    class Transposed(keras.layers.Conv2DTranspose):  # type: ignore[misc, name-defined]
        def call(self, images: Any) -> Any:
            (side, _, _), (stride, m) = images.shape[1:], shape(self)
            units, wide = stride**2 * self.filters, side + m - 1
            spread = multiplied(images, blocks_of(self.kernel, stride, m).T)
            total: Any = 0.0
            for at, (y, x) in enumerate(itertools.product(range(m), repeat=2)):
                edges = ((0, 0), (y, m - 1 - y), (x, m - 1 - x), (0, 0))
                total = total + numpy.pad(spread[..., at * units : (at + 1) * units], edges)
            pixels = total.reshape(-1, wide, wide, stride, stride, self.filters)
            pixels = pixels.transpose(0, 1, 3, 2, 4, 5)
            pixels = pixels.reshape(-1, wide * stride, wide * stride, self.filters)
            before, _ = padding(stride * m, stride)
            inside = slice(before, before + side * stride)
            return self.activation(pixels[:, inside, inside] + self.bias)

    return {"Dense": Dense, "Conv2D": Convolved, "Conv2DTranspose": Transposed}


_STEEPER = 10.0
_BIAS = 2.0
"""Of "spread" weights: how many times Glorot's the weights are, and the biases' largest size.

With biases 0 all units of the decoder's first layer bend at the origin, and each is nearly a plane
over the codes. A network of few inputs learns fine detail late (Rahaman et al. 2019, "On the
Spectral Bias of Neural Networks"; Tancik et al. 2020, "Fourier Features Let Networks Learn High
Frequency Functions"): here it starts with units that bend all over the plane of codes.
"""


class _Maker:
    """Makes the layers of a model, with initial weights of one stream of random numbers."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self._activation = settings.activation
        self._random = _random(seed, 0)

    def _glorot_uniform(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        # Keras' default, with NumPy's generator: JAX would compile one anew for every shape
        limit = math.sqrt(6.0 / (math.prod(shape[:-2]) * sum(shape[-2:])))
        return self._random.uniform(-limit, limit, shape).astype(dtype)

    def _steep(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return np.float32(_STEEPER) * self._glorot_uniform(shape, dtype)

    def _biases(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return self._random.uniform(-_BIAS, _BIAS, shape).astype(dtype)

    def dense(self, units: int, name: str, hidden: bool = True, spread: bool = False) -> Any:
        return _layers()["Dense"](
            units,
            self._activation if hidden else None,
            kernel_initializer=self._steep if spread else self._glorot_uniform,
            bias_initializer=self._biases if spread else "zeros",
            name=name,
            dtype="float32",
        )

    def convolution(
        self, kind: str, found: Convolution, channels: int, name: str, hidden: bool = True
    ) -> Any:
        return _layers()[kind](
            channels,
            found.kernel,
            strides=found.stride,
            padding="same",
            data_format="channels_last",
            activation=self._activation if hidden else None,
            kernel_initializer=self._glorot_uniform,
            name=name,
            dtype="float32",
        )


def _encoded(settings: Settings, make: _Maker, side: int, h: Any) -> Any:
    """The hidden layers of the encoder, applied to images (n, side * side): (n, units)."""
    keras, _ = _backend()
    images = False
    for index, layer in enumerate(settings.encoder_layers):
        if isinstance(layer, Convolution):
            h = h if images else keras.layers.Reshape((side, side, 1))(h)
            h = make.convolution("Conv2D", layer, layer.filters, f"convolution_{index}")(h)
            images = True
        else:
            h = keras.layers.Flatten()(h) if images else h
            h = make.dense(layer, f"dense_{index}")(h)
            images = False
    return keras.layers.Flatten()(h) if images else h


def _decoded(settings: Settings, make: _Maker, side: int, pixels: int, h: Any) -> Any:
    """All layers of the decoder, applied to codes (n, latent): log-odds (n, pixels)."""
    keras, _ = _backend()
    small = side // reduction(settings.decoder_layers)
    layers = decoder_layers(settings)
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        name, found = layer.name.removeprefix("decoder/"), layer.convolution
        if found is not None:
            hidden = after is not None
            h = make.convolution("Conv2DTranspose", found, layer.units, name, hidden)(h)
        elif after is not None and after.convolution is not None:
            shape = small, small, after.convolution.filters
            h = make.dense(math.prod(shape), name)(h)
            h = keras.layers.Reshape(shape)(h)
        else:
            hidden = after is not None
            spread = settings.initial_weights == "spread" and layer is layers[0] and hidden
            h = make.dense(layer.units or pixels, name, hidden, spread)(h)
    return keras.layers.Flatten()(h) if layers[-1].convolution else h


def build(settings: Settings, pixels: int, seed: int) -> tuple[Any, Any]:
    """Encoder and decoder as Keras models, with initial weights.

    They are Glorot uniform, biases 0; "spread" ones differ in the decoder's first layer, where a
    dense one: weights ``_STEEPER`` times as large, biases uniform in +-``_BIAS``.

    The encoder maps (n, pixels) to [mean, log-variance], each (n, latent), where the variance is
    bounded to its log-odds instead, and of an autoencoder to the code alone; the decoder maps
    codes to log-odds, whose sigmoid is the image: the loss needs them unrounded.
    Raises ValueError where the images do not suit the convolutions.
    """
    keras, _ = _backend()
    side = math.isqrt(pixels)
    if lines := convolution_errors(settings, side, pixels // side):
        raise ValueError("; ".join(lines))
    make = _Maker(settings, seed)
    x = keras.Input((pixels,), dtype="float32")
    h = _encoded(settings, make, side, x)
    codes = make.dense(settings.latent_units, "mean", hidden=False)(h)
    if settings.variational:
        codes = [codes, make.dense(settings.latent_units, "log_variance", hidden=False)(h)]
    encoder = keras.Model(x, codes, name="encoder")
    z = keras.Input((settings.latent_units,), dtype="float32")
    decoder = keras.Model(z, _decoded(settings, make, side, pixels, z), name="decoder")
    return encoder, decoder


def _optimizer(settings: Settings, steps: int) -> Any:
    keras, _ = _backend()
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    elif settings.schedule == "linear":
        rate = keras.optimizers.schedules.PolynomialDecay(rate, steps, 0.0)
    # the defaults of the time, spelled out: Keras may change its own
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(rate, beta_1=0.9, beta_2=settings.beta_2, epsilon=1e-7)
    # Keras 3 adds epsilon under the root, where 1e-7 would keep steps small; Keras 2 added 1e-7
    # to the root, as Adam still does
    return keras.optimizers.RMSprop(
        rate, rho=settings.beta_2, momentum=0.0, epsilon=1e-14, centered=False
    )


def _random(seed: int, *stream: int) -> np.random.Generator:
    """One stream of a training's randomness: (0,) weights, (1,) test noise, (2, epoch)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))


def _noise(settings: Settings, rng: np.random.Generator, n: int) -> np.ndarray | None:
    """Standard normal noise (n, latent) for the codes of n images; None where none is needed."""
    if not settings.variational:
        return None
    # drawn in float64: float32 draws call a libm's log1pf, whose bits differ between glibc's
    return rng.standard_normal((n, settings.latent_units)).astype(np.float32)


def _terms(
    settings: Settings, models: Any, variables: Any, pixels: Any, noise: Any, mask: Any = 1.0
) -> Any:
    """Reconstruction and KL term in nats, summed over the images (n, pixels), uint8, of a batch.

    mask : factors of the encoder's inputs, (n, pixels) or 1
    """
    _, jax = _backend()
    encoder, decoder = models
    split = len(encoder.trainable_variables)
    x = pixels.astype(np.float32) / 255.0
    codes, _ = encoder.stateless_call(variables[:split], [], x * mask)
    z, kl = codes, np.float32(0.0)
    if settings.variational:
        mean, log_variance = codes
        if settings.variance == "bounded":
            log_variance = jax.nn.log_sigmoid(log_variance)
        z = mean + jax.numpy.exp(0.5 * log_variance) * noise
        kl = -0.5 * (1.0 + log_variance - mean**2 - jax.numpy.exp(log_variance)).sum()
    log_odds, _ = decoder.stateless_call(variables[split:], [], z)
    # written out like ``cross_entropy``: the gradient of jax.nn.softplus takes half as long again
    fall = jax.numpy.log1p(jax.numpy.exp(-abs(log_odds)))
    return (jax.numpy.maximum(log_odds, 0.0) + fall - x * log_odds).sum(), kl


def _dropout(settings: Settings, seed: Any, step: Any, shape: tuple[int, ...]) -> Any:
    """Factors of the encoder's inputs in a step: 0 for the share dropped, 1 / (1 - share) else."""
    _, jax = _backend()
    dropped = round(256 * settings.input_dropout)
    if not dropped:
        return 1.0
    key = jax.random.fold_in(jax.random.key(seed), step)
    kept = jax.random.bits(key, shape, "uint8") >= dropped
    return kept * np.float32(256 / (256 - dropped))


def _scan(jax: Any, step: Any, carry: Any, data: Any, size: int) -> Any:
    """``jax.lax.scan`` over batches of ``data``, the last one smaller where its length demands it.

    data : tuple of arrays (n, ...), or None for one that is not there
    step : (carry, batch of data) -> new carry, pair of numbers
    Returns the last carry and the pairs as an array (batches, 2).
    """
    full, rest = divmod(len(data[0]), size)
    batches = jax.tree.map(lambda a: a[: full * size].reshape(full, size, *a.shape[1:]), data)
    carry, pairs = jax.lax.scan(step, carry, batches)
    pairs = jax.numpy.stack(pairs, axis=-1)
    if rest:
        carry, pair = step(carry, jax.tree.map(lambda a: a[full * size :], data))
        pairs = jax.numpy.concatenate([pairs, jax.numpy.stack(pair)[None]])
    return carry, pairs


def _compiled(settings: Settings, models: Any, optimizer: Any, steps: int) -> tuple[Any, Any]:
    """The two compiled passes over images x (n, pixels), uint8.

    run_epoch(state, x, order, noise, seed) -> state, terms (batches, 2): trains on the images in
        ``order`` with the codes' noise in that order; ``state`` is (trainable variables,
        optimizer variables)
    run_test(variables, x, noise) -> terms (batches, 2)
    """
    _, jax = _backend()
    warmup = settings.kl_warmup * steps
    iterations = [v.path for v in optimizer.variables].index(optimizer.iterations.path)

    def run_epoch(state: Any, x: Any, order: Any, noise: Any, seed: Any) -> Any:
        def step(state: Any, batch: Any) -> Any:
            (variables, slots), (rows, noise) = state, batch
            ramp = jax.numpy.minimum(slots[iterations] / warmup, 1.0) if warmup else 1.0
            pixels = x[rows]
            mask = _dropout(settings, seed, slots[iterations], pixels.shape)

            def objective(variables: Any) -> Any:
                reconstruction, kl = _terms(settings, models, variables, pixels, noise, mask)
                loss = reconstruction + settings.kl_weight * ramp * kl
                return loss / len(rows), (reconstruction, kl)

            gradients, terms = jax.grad(objective, has_aux=True)(variables)
            variables, slots = optimizer.stateless_apply(slots, gradients, variables)
            return (variables, slots), terms

        return _scan(jax, step, state, (order, noise), settings.batch_size)

    def run_test(variables: Any, x: Any, noise: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            return carry, _terms(settings, models, variables, *batch)

        return _scan(jax, step, (), (x, noise), min(1000, len(x)))[1]

    return jax.jit(run_epoch, donate_argnums=0), jax.jit(run_test)


def train(
    settings: Settings,
    images: Images,
    seed: int,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> tuple[Weights, History]:
    """Train from random weights; the same arguments give the same bytes on one kind of machine.

    seed : from 0; initial weights, the order of the images and the codes' noise derive from it
    progress : called after every epoch with its number (from 1), the number of epochs and the
        epoch's row of the history
    checkpoint : a file that takes the state after an epoch, at most once a second; a training
        that finds the state of the same settings, seed, images and library versions there goes
        on from it and ends with the bytes of an uninterrupted one. Any other content is
        ignored and replaced. The file stays: remove it when the results are safe.

    Returns the weights and the history: per epoch, in nats per image, arrays (epochs,)
    'loss', 'reconstruction', 'kl' : means over the training images while the weights change
    'test_loss', 'test_reconstruction', 'test_kl' : on the test images after the epoch, with one
        code per image as in the published validation loss, its noise the same in every epoch
    (no KL for an autoencoder). A loss is reconstruction + kl_weight * KL, with the full weight
    during warm-up too, so that epochs can be compared.
    Raises Diverged at the end of the first epoch that leaves a loss that is not finite.
    """
    _, jax = _backend()
    with jax.enable_x64(False):  # another module of the process may have asked for 64 bits
        return _train(jax, settings, images, seed, progress, checkpoint)


def _train(
    jax: Any,
    settings: Settings,
    images: Images,
    seed: int,
    progress: Progress | None,
    checkpoint: str | Path | None,
) -> tuple[Weights, History]:
    train_x, test_x = (
        jax.device_put(x.reshape(len(x), -1)) for x in (images.train_images, images.test_images)
    )
    steps = -(-len(train_x) // settings.batch_size)
    models = build(settings, train_x.shape[1], seed)
    optimizer = _optimizer(settings, steps * settings.epochs)
    trainable = [v for model in models for v in model.trainable_variables]
    optimizer.build(trainable)
    run_epoch, run_test = _compiled(settings, models, optimizer, steps)
    test_noise = _noise(settings, _random(seed, 1), len(test_x))

    identity = _identity(settings, images, seed) if checkpoint else ""
    stored = _restored(checkpoint, identity) if checkpoint else None
    flat, history = stored or ([v.value for v in [*trainable, *optimizer.variables]], {})
    state = (flat[: len(trainable)], flat[len(trainable) :])
    rows = [dict(zip(history, row, strict=True)) for row in zip(*history.values(), strict=True)]
    saved = time.monotonic()
    for epoch in range(len(rows), settings.epochs):
        # everything random hangs on seed and epoch alone: nothing of it is in a checkpoint
        rng = _random(seed, 2, epoch)
        order = rng.permutation(len(train_x)).astype(np.int32)
        noise = _noise(settings, rng, len(train_x))
        state, terms = run_epoch(state, train_x, order, noise, np.uint32(seed % 2**32))
        test_terms = run_test(state[0], test_x, test_noise)
        row = _row(settings, "", terms, len(train_x))
        row |= _row(settings, "test_", test_terms, len(test_x))
        if not all(map(math.isfinite, row.values())):
            raise Diverged(epoch + 1)
        rows.append(row)
        last = epoch + 1 == settings.epochs
        if checkpoint and (last or time.monotonic() - saved >= _CHECKPOINT_SECONDS):
            _store(checkpoint, identity, [*state[0], *state[1]], rows)
            saved = time.monotonic()
        if progress:
            progress(epoch + 1, settings.epochs, row)
    names = [
        f"{part}/{variable.path}"
        for part, model in zip(("encoder", "decoder"), models, strict=True)
        for variable in model.trainable_variables
    ]
    return dict(zip(names, map(np.asarray, state[0]), strict=True)), _columns(rows)


def _row(settings: Settings, prefix: str, terms: Any, n: int) -> dict[str, float]:
    """One epoch's means per image from its batches' sums (batches, 2)."""
    reconstruction, kl = np.asarray(terms, np.float64).sum(axis=0) / n
    row = {"loss": reconstruction, "reconstruction": reconstruction}
    if settings.variational:
        row |= {"loss": reconstruction + settings.kl_weight * kl, "kl": kl}
    return {prefix + name: float(value) for name, value in row.items()}


def _columns(rows: list[dict[str, float]]) -> History:
    # in an order of its own: rows from a checkpoint come sorted
    terms = [part + term for part in ("", "test_") for term in ("loss", "reconstruction", "kl")]
    return {name: np.array([row[name] for row in rows]) for name in terms if name in rows[0]}


def _identity(settings: Settings, images: Images, seed: int) -> str:
    """What a training's result depends on, as text."""
    keras, jax = _backend()
    data = hashlib.sha256()
    for x in (images.train_images, images.test_images):
        data.update(np.ascontiguousarray(x).data)
    parts = {
        "settings": asdict(settings),
        "seed": seed,
        "images": [images.train_images.shape, images.test_images.shape, data.hexdigest()],
        "versions": [keras.__version__, jax.__version__, np.__version__],
        "platform": jax.default_backend(),
    }
    return json.dumps(parts, sort_keys=True)


def _store(path: str | Path, identity: str, state: list[Any], rows: list[dict[str, float]]) -> None:
    content = {f"state/{index:03}": np.asarray(value) for index, value in enumerate(state)}
    content |= {f"history/{name}": column for name, column in _columns(rows).items()}
    arrays.save_npz(path, content | {"identity": np.array(identity)})


def _restored(path: str | Path, identity: str) -> tuple[list[np.ndarray], History] | None:
    """State and history of a checkpoint; None where it is missing, damaged or of another run."""
    try:
        content = arrays.load_npz(path)
    except (FileNotFoundError, ValueError):
        return None
    if str(content.pop("identity", "")) != identity:
        return None
    state = [content[name] for name in sorted(content) if name.startswith("state/")]
    prefix = "history/"
    return state, {n.removeprefix(prefix): content[n] for n in content if n.startswith(prefix)}
