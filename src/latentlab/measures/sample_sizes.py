"""Coverage at other numbers of samples: what it says of poor images depends on the number."""

from __future__ import annotations

from latentlab.aliases import Numbers
from latentlab.data.images import Images
from latentlab.measures.sample_quality import Reference, neighborhood_measures


def other_sizes(n: int, neighbors: int, images: Images) -> dict[str, int]:
    """The other numbers of samples, by name: fewer, a quarter of n, and more, four times n.

    One that the images do not allow, or that leaves no neighborhood, is left out.
    """
    most = min(len(images.test_images), len(images.train_images))
    sizes = {"fewer": n // 4, "more": 4 * n}
    return {name: size for name, size in sizes.items() if neighbors < size <= most}


def coverage_of(generated: Numbers, against: Reference, size: str) -> dict[str, float]:
    """coverage_<size> of generated images (n, pixels), real_coverage_<size> of training images.

    Both as in ``sample_quality.quality``, against as many test images (n, pixels).
    """
    held_out = against.features(against.held_out)

    def coverage(images: Numbers) -> float:
        features = against.features(images)
        return neighborhood_measures(held_out, features, against.neighbors)["coverage"]

    return {
        f"coverage_{size}": coverage(generated),
        f"real_coverage_{size}": coverage(against.real),
    }
