"""What the section ``vae`` of the parameters may hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from latentlab.experiments.allowed import (
    Allowed,
    Check,
    Count,
    Inner,
    Knobs,
    Named,
    Names,
    Positive,
    Refusal,
    integer,
    missing_key,
    number,
    refusals_of,
    refuse,
    unknown_key,
    wrong_value,
)

Units = Annotated[int, integer(1, 4096)]


class Convolution(Knobs):
    """A hidden layer; see ``models.image_model.Convolution``."""

    words: ClassVar[str] = "a mapping of filters, kernel and stride"

    filters: Annotated[int, integer(1, 512)]
    kernel: Annotated[int, integer(1, 64)]
    stride: Annotated[int, integer(1, 16)]

    def refusals(self, _: object) -> Iterator[Refusal]:
        """A kernel of which some pixels would meet more than others."""
        if self.kernel % self.stride:
            yield wrong_value(("kernel",), self.kernel, f"a multiple of the stride ({self.stride})")


@dataclass(frozen=True)
class _Layer(Check):
    """Units, or the mapping of a convolution."""

    def inner(self, type_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """That of the one or the other."""
        kinds = {"units": Units, "convolution": Convolution}
        return core_schema.tagged_union_schema(
            {name: handler.generate_schema(kind) for name, kind in kinds.items()},
            discriminator=lambda value: "convolution" if isinstance(value, dict) else "units",
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda layer: dict(layer) if isinstance(layer, Convolution) else layer
            ),
        )

    def check(self, type_: object, value: object, inner: Inner) -> object:
        """The layer. Raises ValidationError with refusals."""
        try:
            return inner(value)
        except ValidationError as error:
            # a path begins with the kind's name, which does not stand in the file
            refuse(r._replace(path=r.path[1:]) for r in refusals_of(error))


_LAYER = "an integer from 1 to 4096, or a mapping of filters, kernel and stride"
Layers = Annotated[
    list[Annotated[int | Convolution, _Layer(_LAYER)]],
    Allowed(f"a list of at most 16 layers, each {_LAYER}", lambda layers: len(layers) <= 16),
]


class Model(Knobs):
    """An image model and its training; see ``models.image_model.Settings``."""

    words: ClassVar[str] = "a mapping with the model's layers and training"

    model: Annotated[Literal["vae", "autoencoder"], Allowed()]
    encoder_layers: Layers
    decoder_layers: Layers
    latent_units: Annotated[int, integer(1, 64)]
    activation: Annotated[Literal["relu", "gelu", "silu", "tanh"], Allowed()]
    initial_weights: Annotated[Literal["glorot", "spread"], Allowed()]
    variance: Annotated[Literal["free", "bounded"], Allowed()]
    input_dropout: Annotated[float, number(0, 0.9)]
    optimizer: Annotated[Literal["rmsprop", "adam"], Allowed()]
    beta_2: Annotated[float, number(0, 0.99999)]  # above, in float32 a step may be none
    learning_rate: Positive
    schedule: Annotated[Literal["constant", "cosine", "linear"], Allowed()]
    kl_weight: Annotated[float, number(0, 1000)]
    kl_warmup: Annotated[int, integer(0, 1000)]
    epochs: Count
    batch_size: Count
    replicates: Annotated[
        dict[str, Annotated[int, integer(0, 10**6)]],
        Named("a mapping of each name in vae.datasets to an integer from 0", empty=True),
    ]

    def refusals(self, _: object) -> Iterator[Refusal]:
        """Layers in an order that cannot be; a weight of what an autoencoder does not have."""
        for part, first in (("encoder_layers", True), ("decoder_layers", False)):
            layers = getattr(self, part)
            convolutional = [isinstance(layer, Convolution) for layer in layers]
            if convolutional != sorted(convolutional, reverse=first):
                values = [layer if isinstance(layer, int) else dict(layer) for layer in layers]
                where = "first" if first else "last"
                yield wrong_value((part,), values, f"convolutions, if any, {where}")
        if self.model == "autoencoder" and self.kl_weight:
            yield wrong_value(
                ("kl_weight",), self.kl_weight, "0, for an autoencoder has no KL term"
            )


class Measures(Knobs):
    """How much is measured; see ``measures.image_scores.Effort``."""

    words: ClassVar[str] = "a mapping that says how much is measured"

    samples: Annotated[int, integer(100, 10**6)]
    components: Count
    neighbors: Annotated[int, integer(1, 50)]
    label_neighbors: Annotated[int, integer(1, 100)]
    likelihood_images: Annotated[int, integer(2, 10**6)]
    likelihood_samples: Count
    quadrature_window: Annotated[float, number(1, 12)]
    quadrature_tolerance: Annotated[float, number(0.0001, 10)]


class VaeSection(Knobs):
    """The section."""

    datasets: Names
    models: Annotated[dict[str, Model], Named("a mapping of at least one named model")]
    measures: Measures
    manifold: Annotated[int, integer(2, 50)]
    drawn: Annotated[int, integer(1, 50)]

    def refusals(self, _: object) -> Iterator[Refusal]:
        """A model with the name under which the metrics have the controls."""
        if "controls" in self.models:
            yield Refusal(
                ("models", "controls"),
                "this name given, allowed: another, for the metrics have controls under it",
            )

    def unknown_sets(self, sets: Collection[str]) -> Iterator[Refusal]:
        """Image sets, of a run or of a model's replicates, that are none or not all of these.

        And those of a run on which no model is trained.
        """
        for i, dataset in enumerate(self.datasets):
            if dataset not in sets:
                allowed = f"a key of data.images ({', '.join(sets)})"
                yield wrong_value(("datasets", i), dataset, allowed)
            elif not any(model.replicates.get(dataset, 1) for model in self.models.values()):
                allowed = "a set of which some model in vae.models has replicates"
                yield wrong_value(("datasets", i), dataset, allowed)
        for name, model in self.models.items():
            path = ("models", name, "replicates")
            for dataset in self.datasets:
                if dataset in sets and dataset not in model.replicates:
                    yield missing_key((*path, dataset), "an integer from 0")
            for dataset in model.replicates:
                if dataset not in sets:
                    yield unknown_key((*path, dataset), sets)
