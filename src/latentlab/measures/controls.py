"""Images of which it is known what a measure of samples should say: real ones, and poor ones.

A measure of which a single image, repeated, gets as much as real images says nothing of a model
that gets as much.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from latentlab.aliases import Numbers
from latentlab.data.images import Images
from latentlab.measures.sample_quality import Reference, Survey, quality, reference
from latentlab.measures.sample_sizes import coverage_of, other_sizes
from latentlab.measures.samples import Features, principal_features
from latentlab.models.image_model import scaled_single


def control_images(
    images: Images, n: int, units: Collection[int], rng: np.random.Generator
) -> dict[str, Numbers]:
    """Images (n, pixels) of each control, by its name; only training images are used.

    mean_image : the mean image, n times
    class_means : the mean image of the class of n random images
    gaussian_<u> : draws from the normal distribution fitted to the first u principal components,
        cut to [0, 1]: what a linear model through u numbers can do, for each u of ``units``
    real : n random images
    """
    x, labels = scaled_single(images.train_images), np.asarray(images.train_labels)
    drawn = rng.permutation(len(x))[:n]
    of_class = {label: _mean(x[labels == label]) for label in np.unique(labels)}
    components = principal_features(x, max(units, default=1))
    return {
        "mean_image": np.tile(_mean(x), (n, 1)),
        "class_means": np.stack([of_class[label] for label in labels[drawn]]),
        **{f"gaussian_{u}": _gaussian(components, u, n, rng) for u in units},
        "real": x[rng.permutation(len(x))[:n]],
    }


def _mean(x: Numbers) -> Numbers:
    return np.asarray(x.mean(axis=0, dtype=np.float64), x.dtype)


def _gaussian(components: Features, units: int, n: int, rng: np.random.Generator) -> Numbers:
    draws = rng.standard_normal((n, units)) * np.sqrt(components.variances[:units])
    images = components.mean + draws @ components.axes[:, :units].T
    return images.clip(0, 1).astype(np.float32)


def control_scores(
    images: Images,
    surveyed: Survey,
    n: int,
    neighbors: int,
    units: Collection[int],
    generator: Callable[[str], np.random.Generator],
) -> dict[str, dict[str, float]]:
    """What ``sample_quality.quality`` says of every control, by its name.

    surveyed, n, neighbors : as for ``sample_quality.reference``
    generator : random numbers for a use: "controls", and "controls_<size>" for those of
        ``sample_sizes``, which have images of their own
    """
    train, test = scaled_single(images.train_images), scaled_single(images.test_images)

    def compare(n: int, use: str) -> tuple[dict[str, Numbers], Reference]:
        rng = generator(use)
        against = reference(train, test, surveyed, n, neighbors, rng)
        return control_images(images, n, units, rng), against

    controls, against = compare(n, "controls")
    scores = {name: quality(generated, against) for name, generated in controls.items()}
    for size, count in other_sizes(n, neighbors, images).items():
        controls, against = compare(count, f"controls_{size}")
        for name, generated in controls.items():
            scores[name] |= coverage_of(generated, against, size)
    return scores
