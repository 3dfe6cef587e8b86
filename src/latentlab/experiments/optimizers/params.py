"""What the section ``optimizers`` of the parameters may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from latentlab.experiments.allowed import (
    Allowed,
    Count,
    Knobs,
    Levels,
    Name,
    Named,
    Rates,
    Refusal,
    Share,
    several,
    wrong_value,
)
from latentlab.experiments.networks import (
    Architectures,
    FontFile,
    Layers,
    Loss,
    Memory,
    Momentum,
    Scheduled,
    Tolerances,
)

Compared = Annotated[Literal["powell", "backpropagation", "adam", "rmsprop", "lbfgs"], Allowed()]


class Options(Knobs):
    """Of each optimizer the knobs that are the same in all trainings."""

    powell: Tolerances
    backpropagation: Momentum
    adam: Scheduled
    rmsprop: Scheduled
    lbfgs: Memory


class LearningRates(Knobs):
    """What is tried, of each optimizer that has one."""

    backpropagation: Rates
    adam: Rates
    rmsprop: Rates


class Tuning(Knobs):
    """How learning rates are chosen."""

    learning_rates: LearningRates
    evaluations: Count
    starts: Count


class OptimizersSection(Layers):
    """The section."""

    font: Name
    networks: Architectures
    losses: Annotated[list[Loss], several("loss")]
    evaluations: Count
    stages: Annotated[
        dict[
            str,
            Annotated[
                list[Compared],
                Allowed("a list of at least one optimizer", lambda stages: 1 <= len(stages) <= 4),
            ],
        ],
        Named("a mapping of at least one name to a list of optimizers"),
    ]
    options: Options
    tuning: Tuning
    replicates: Count
    record_every: Count
    error_levels: Levels
    threshold: Share

    def refusals(self, fonts: FontFile | None) -> Iterator[Refusal]:
        """Fonts that there are not; layers, losses, stages and costs that do not go together."""
        if fonts:
            yield from fonts.refusals({("font",): self.font})
        if {stage for stages in self.stages.values() for stage in stages} - {"powell"}:
            yield from self.without_gradient()
        if "cross-entropy" in self.losses and self.output != "sigmoid":
            yield wrong_value(("output",), self.output, "sigmoid, for cross-entropy")
        if self.losses == ["cross-entropy"] and ["powell"] in self.stages.values():
            yield wrong_value(("losses",), self.losses, "squared-error too, for powell")
        for name, stages in self.stages.items():
            if sum(stage in LearningRates.model_fields for stage in stages) > 1:
                yield wrong_value(
                    ("stages", name), stages, "one optimizer with a learning rate at most"
                )
        longest = max(map(len, self.stages.values()))
        allowed = f"at least {4 * longest}, a gradient for each of {longest} stages"
        if self.evaluations < 4 * longest:
            yield wrong_value(("evaluations",), self.evaluations, allowed)
        if self.tuning.evaluations < 4 * longest:
            yield wrong_value(("tuning", "evaluations"), self.tuning.evaluations, allowed)
        if self.record_every < 3:
            yield wrong_value(("record_every",), self.record_every, "at least 3")
