"""Epochs of the VAE against a bare jitted loop of the same model: seconds and ratios.

    PYTHONPATH=src python benchmarks/vae.py FOLDER [--epochs N]

FOLDER holds a decoded data set. The bare loop is JAX alone, one ``lax.scan`` over the batches of
an epoch, with the same steps, and the same pass over the test images after each; both run by
turns, with one thread and with all cores, in processes of their own, after a first epoch that
compiles. Printed are medians over the epochs, and the seconds from the end of the imports to the
first epoch's first step, compilation included.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import latentlab  # noqa: F401 (before NumPy: it pins how libraries compute)

# isort: split
import numpy as np

from latentlab.data import images
from latentlab.models import image_model
from latentlab.training import image_training

PUBLISHED = image_model.Settings(
    model="vae",
    encoder_layers=(256,),
    decoder_layers=(256,),
    latent_units=2,
    activation="relu",
    initial_weights="glorot",
    variance="free",
    input_dropout=0.0,
    optimizer="rmsprop",
    beta_2=0.9,
    learning_rate=0.001,
    schedule="constant",
    kl_weight=1.0,
    kl_warmup=0,
    epochs=1,
    batch_size=100,
)


def bare_epochs(data: images.Images, hidden: int = 256, latent: int = 2, batch: int = 100):
    """Endless epochs of the published VAE without Keras, each yielding its mean loss."""
    import jax
    import jax.numpy as jnp

    train, test = (
        jax.device_put(x.reshape(len(x), -1)) for x in (data.train_images, data.test_images)
    )
    rng = np.random.default_rng(0)
    pixels = train.shape[1]
    shapes = [(pixels, hidden), (hidden, latent), (hidden, latent), (latent, hidden)]
    shapes.append((hidden, pixels))
    weights = [
        (rng.uniform(-1, 1, s).astype(np.float32) * math.sqrt(6 / sum(s)), np.zeros(s[1], "f4"))
        for s in shapes
    ]

    def loss(weights, x, noise):
        (w0, b0), (w1, b1), (w2, b2), (w3, b3), (w4, b4) = weights
        x = x.astype(jnp.float32) / 255
        h = jax.nn.relu(x @ w0 + b0)
        mean, log_variance = h @ w1 + b1, h @ w2 + b2
        z = mean + jnp.exp(0.5 * log_variance) * noise
        log_odds = jax.nn.relu(z @ w3 + b3) @ w4 + b4
        reconstruction = (jax.nn.softplus(log_odds) - x * log_odds).sum()
        kl = -0.5 * (1 + log_variance - mean**2 - jnp.exp(log_variance)).sum()
        return (reconstruction + kl) / len(x)

    @partial(jax.jit, donate_argnums=0)
    def epoch(state, order, noise):
        def step(state, batch):
            weights, squares = state
            rows, noise = batch
            value, gradient = jax.value_and_grad(loss)(weights, train[rows], noise)
            squares = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, squares, gradient)
            weights = jax.tree.map(
                lambda w, g, v: w - 0.001 * g * jax.lax.rsqrt(v + 1e-14), weights, gradient, squares
            )
            return (weights, squares), value

        return jax.lax.scan(step, state, (order, noise))

    @jax.jit
    def test_loss(weights, noise):
        batches = (test.reshape(-1, 500, pixels), noise.reshape(-1, 500, latent))
        return jax.lax.map(lambda batch: loss(weights, *batch), batches).mean()

    n = len(train) // batch * batch
    state = weights, jax.tree.map(np.zeros_like, weights)
    test_noise = rng.standard_normal((len(test), latent), np.float32)
    while True:
        order = rng.permutation(len(train))[:n].astype(np.int32).reshape(-1, batch)
        noise = rng.standard_normal((*order.shape, latent), np.float32)
        state, values = epoch(state, order, noise)
        test_loss(state[0], test_noise).block_until_ready()
        yield float(values.mean())


def product_seconds(data: images.Images, epochs: int) -> Iterator[float]:
    """Seconds of every epoch of ``image_training.train``, the first with everything before it."""
    from dataclasses import replace

    marks = [time.perf_counter()]

    def progress(*_: object) -> None:
        marks.append(time.perf_counter())

    image_training.train(replace(PUBLISHED, epochs=epochs), data, seed=0, progress=progress)
    yield from np.diff(marks)


def timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def measure(folder: str, epochs: int) -> None:
    """Print one line of figures for the number of threads that ``main`` has set."""
    data = images.load(folder)
    image_training._backend()
    bare_loop = bare_epochs(data)
    bare, product, first = [], [], []
    for _ in range(3):  # by turns: other work on the machine hits both
        begun, *rest = product_seconds(data, epochs + 1)
        first.append(begun)
        product += rest
        bare += [timed(lambda: next(bare_loop)) for _ in range(epochs)]
    mid_bare, mid_product = statistics.median(bare[1:]), statistics.median(product)
    print(
        f"threads {os.environ['PJRT_NPROC']}: epoch {mid_product:.3f} s, "
        f"bare {mid_bare:.3f} s, ratio {mid_product / mid_bare:.3f}, "
        f"fastest {min(product) / min(bare[1:]):.3f}; "
        f"first step after {first[0] - mid_product:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--child", metavar="THREADS", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        os.environ["PJRT_NPROC"] = args.child  # in the place of what is pinned; JAX comes later
        measure(args.folder, args.epochs)
        return
    for threads in ("1", str(os.cpu_count())):
        subprocess.run(
            [
                *(sys.executable, __file__, args.folder),
                *("--epochs", str(args.epochs), "--child", threads),
            ],
            check=True,
        )


if __name__ == "__main__":
    main()
