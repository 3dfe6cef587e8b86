"""What the section ``vae`` of the parameters may hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Any, ClassVar, Literal

from latentlab.experiments.allowed import (
    Allowed,
    Count,
    Knobs,
    Named,
    Names,
    Positive,
    Refusal,
    missing_key,
    number,
    unknown_key,
    whole,
    wrong_value,
)

Units = Annotated[
    list[Annotated[int, whole(1, 4096)]],
    Allowed("a list of at most 16 layer sizes from 1 to 4096", lambda units: len(units) <= 16),
]


class Model(Knobs):
    """An image model and its training; see ``models.image_model.Settings``."""

    words: ClassVar[str] = "a mapping with the model's layers and training"

    model: Annotated[Literal["vae", "autoencoder"], Allowed()]
    encoder: Units
    decoder: Units
    latent: Annotated[int, whole(1, 64)]
    activation: Annotated[Literal["relu", "gelu", "silu", "tanh"], Allowed()]
    variance: Annotated[Literal["free", "bounded"], Allowed()]
    input_dropout: Annotated[float, number(0, 0.9)]
    optimizer: Annotated[Literal["rmsprop", "adam"], Allowed()]
    learning_rate: Positive
    schedule: Annotated[Literal["constant", "cosine"], Allowed()]
    beta: Annotated[float, number(0, 1000)]
    kl_warmup: Annotated[int, whole(0, 1000)]
    epochs: Count
    batch_size: Count
    replicates: Annotated[
        dict[str, Count],
        Named("a mapping of each name in vae.datasets to an integer from 1", empty=True),
    ]

    def refusals(self, _: Any) -> Iterator[Refusal]:
        """A weight of what an autoencoder does not have."""
        if self.model == "autoencoder" and self.beta:
            yield wrong_value(("beta",), self.beta, "0, for an autoencoder has no KL term")


class Measures(Knobs):
    """How much is measured; see ``measures.image_scores.Effort``."""

    words: ClassVar[str] = "a mapping that says how much is measured"

    samples: Annotated[int, whole(100, 10**6)]
    components: Count
    neighbors: Annotated[int, whole(1, 50)]
    label_neighbors: Annotated[int, whole(1, 100)]
    likelihood_images: Annotated[int, whole(2, 10**6)]
    likelihood_samples: Count


class VaeSection(Knobs):
    """The section."""

    datasets: Names
    models: Annotated[dict[str, Model], Named("a mapping of at least one named model")]
    measures: Measures
    manifold: Annotated[int, whole(2, 50)]
    drawn: Annotated[int, whole(1, 50)]

    def unknown_sets(self, sets: Collection[str]) -> Iterator[Refusal]:
        """Image sets, of a run or of a model's replicates, that are none or not all of these."""
        for i, dataset in enumerate(self.datasets):
            if dataset not in sets:
                allowed = f"a key of data.images ({', '.join(sets)})"
                yield wrong_value(("datasets", i), dataset, allowed)
        for name, model in self.models.items():
            path = ("models", name, "replicates")
            for dataset in self.datasets:
                if dataset in sets and dataset not in model.replicates:
                    yield missing_key((*path, dataset), "an integer from 1")
            for dataset in model.replicates:
                if dataset not in sets:
                    yield unknown_key((*path, dataset), sets)
