"""What the parameters may say of a network that learns letters, and of its training.

The optimizers and the knobs of each stand here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

from pydantic import AfterValidator, model_serializer

from latentlab.aliases import Json
from latentlab.data.fonts import Font
from latentlab.experiments.allowed import (
    Allowed,
    Chosen,
    Count,
    Knobs,
    Named,
    Place,
    Positive,
    Refusal,
    Size,
    Truth,
    names_of,
    number,
    refuse,
    wrong_value,
)
from latentlab.experiments.knobs import PIXELS

# ---------------------------------------------------------------- layers

Activation = Annotated[
    Literal["linear", "relu", "relu_as_run", "sigmoid", "tanh", "step"], Allowed()
]
WITHOUT_GRADIENT = ("relu_as_run", "step")


def _mirrored(units: list[int]) -> list[int]:
    if len(units) % 2 == 0:
        refusals = [wrong_value((), units, "an odd number of layers, the middle one latent")]
    elif units != units[::-1]:
        refusals = [wrong_value((), units, "layer sizes that are the same in reverse")]
    else:
        refusals = []
    if units[0] != PIXELS:
        refusals.append(wrong_value((0,), units[0], f"{PIXELS}, the pixels of a letter"))
    if refusals:
        refuse(refusals)
    return units


Architecture = Annotated[
    list[Size],
    Allowed(
        "a list of an odd number of layer sizes from 1 to 1024, mirrored",
        lambda units: 3 <= len(units) <= 15,
    ),
    AfterValidator(_mirrored),
]
Architectures = Annotated[
    dict[str, Architecture], Named("a mapping of at least one name to a list of layer sizes")
]


class Layers(Knobs):
    """What a network's layers compute; see ``models.network.Network``."""

    encoder: Activation
    latent: Activation
    decoder: Activation
    output: Activation
    beta: Positive
    biases: Truth

    def without_gradient(self) -> Iterator[Refusal]:
        """Layers that no gradient passes."""
        for layer in ("encoder", "latent", "decoder", "output"):
            if getattr(self, layer) in WITHOUT_GRADIENT:
                yield wrong_value((layer,), getattr(self, layer), "an activation with a gradient")


# ---------------------------------------------------------------- optimizers

Loss = Annotated[Literal["squared-error", "cross-entropy"], Allowed()]
Schedule = Annotated[Literal["constant", "cosine"], Allowed()]


class Tolerances(Knobs):
    """When Powell ends a line search, and when it ends."""

    xtol: Positive
    ftol: Positive


class Scheduled(Knobs):
    """How a learning rate falls."""

    schedule: Schedule


class Momentum(Knobs):
    """What backpropagation has besides."""

    momentum: Annotated[float, number(0, 1, limit=1)]
    shuffle_seed: Annotated[
        int | None,
        Allowed(
            "an integer from 0 to 2147483647, or null for samples in the given order",
            lambda seed: seed is None or 0 <= seed < 2**31,
        ),
    ]


class Memory(Knobs):
    """How much L-BFGS remembers, and when it ends."""

    memory: Count
    ftol: Positive
    gtol: Positive


class Training(Knobs):
    """An optimizer and its knobs."""

    words: ClassVar[str] = "a mapping with an optimizer and its knobs"

    optimizer: str

    @classmethod
    def owner(cls) -> str:
        """The optimizer's."""
        return names_of(cls, "optimizer")[0]

    def parts(self) -> list[Training]:
        """The trainings that follow one another."""
        return [self]


class Epochs(Training):
    """A training that ends after so many epochs at the latest."""

    max_epochs: Count


class ByGradient(Epochs):
    """A training that follows a loss's gradient."""

    loss: Loss
    record_every: Count


class Powell(Tolerances, Epochs):
    """Powell's method, compiled."""

    optimizer: Literal["powell"]


class ScipyPowell(Tolerances, Epochs):
    """The slow reference of the same."""

    optimizer: Literal["scipy-powell"]


class Backpropagation(Momentum, Scheduled, ByGradient):
    """The original's own gradient descent."""

    optimizer: Literal["backpropagation"]
    learning_rate: Positive


class Adam(Scheduled, ByGradient):
    """Adam."""

    optimizer: Literal["adam"]
    learning_rate: Positive


class RMSprop(Scheduled, ByGradient):
    """RMSprop."""

    optimizer: Literal["rmsprop"]
    learning_rate: Positive


class LBFGS(Memory, ByGradient):
    """L-BFGS."""

    optimizer: Literal["lbfgs"]


Stage = Annotated[
    Powell | Backpropagation | Adam | RMSprop | LBFGS, Chosen(Training.words, "optimizer")
]


class Stages(Training):
    """One optimizer after the other."""

    optimizer: Literal["stages"]
    stages: Annotated[
        list[Stage],
        Allowed(
            "a list of 2 to 8 mappings, each with an optimizer and its knobs",
            lambda stages: 2 <= len(stages) <= 8,
        ),
    ]

    def parts(self) -> list[Training]:
        """The stages."""
        return list(self.stages)


ByPowell = Annotated[Powell | ScipyPowell, Chosen(Training.words, "optimizer")]
ByOne = Annotated[
    Powell | ScipyPowell | Backpropagation | Adam | RMSprop | LBFGS,
    Chosen(Training.words, "optimizer"),
]
ByAny = Annotated[
    Powell | ScipyPowell | Backpropagation | Adam | RMSprop | LBFGS | Stages,
    Chosen(Training.words, "optimizer"),
]
REDRAWING = (Adam, RMSprop)
"""Trainings that can learn from noise drawn anew for every epoch."""


class Trained(Knobs):
    """Knobs of what is trained: in the file those of the training stand beside them."""

    training: Training  # of each class: the optimizers it may have

    @classmethod
    def allowed_words(cls) -> dict[str, str]:
        """Its own, and those of all optimizers it may have."""
        of_training = {
            knob: words
            for kind in get_args(cls.model_fields["training"].annotation)
            for knob, words in kind.allowed_words().items()
        }
        knobs = super().allowed_words()
        return {knob: knobs[knob] for knob in knobs if knob != "training"} | of_training

    @classmethod
    def required(cls) -> set[str]:
        """Its own: what an optimizer needs, the optimizer says."""
        return super().required() - {"training"}

    @classmethod
    def read(cls, knobs: Json) -> Json:
        """Those of the training in a mapping of their own."""
        fields = {key: value for key, value in knobs.items() if key in cls.model_fields}
        return fields | {"training": {key: knobs[key] for key in knobs if key not in fields}}

    @classmethod
    def in_file(cls, path: Place) -> Place:
        """Without that mapping."""
        return path[path[:1] == ("training",) :]

    @model_serializer(mode="wrap")
    def _as_in_file(self, dumped: Callable[[object], Json]) -> Json:
        knobs = dumped(self)
        training: Json = knobs.pop("training")
        return knobs | training


class TrainedNetwork(Trained, Layers):
    """Layers, and how they are trained."""

    def refusals(self, _: object) -> Iterator[Refusal]:
        """Layers that do not fit the training."""
        losses = {part.loss for part in self.training.parts() if isinstance(part, ByGradient)}
        if losses:
            yield from self.without_gradient()
        for loss in sorted(losses - {"squared-error"}):
            if self.output != "sigmoid":
                yield wrong_value(("output",), self.output, f"sigmoid, for {loss}")


# ---------------------------------------------------------------- letters


class FontFile(NamedTuple):
    """The fonts there are: the file's path, as the parameters have it, and its content."""

    path: str
    fonts: Mapping[str, Font]

    def refusals(self, names: Mapping[Place, str]) -> Iterator[Refusal]:
        """Of names by the knobs' paths, those of no font."""
        for path, name in names.items():
            if name not in self.fonts:
                yield wrong_value(path, name, f"a font of {self.path} ({', '.join(self.fonts)})")
