"""What the section ``optimizers`` of the parameters may hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from latentlab.experiments.allowed import (
    Allowed,
    Chosen,
    Count,
    Knobs,
    Levels,
    Name,
    Named,
    Refusal,
    Share,
    integer,
    several,
    wrong_value,
)
from latentlab.experiments.networks import (
    Architectures,
    FontFile,
    Layers,
    Memory,
    Momentum,
    Schedule,
    Training,
)


def _each(value: float | list[float]) -> bool:
    """Whether a value, or all of a list in which none stands twice, is a positive number."""
    values = value if isinstance(value, list) else [value]
    return 0 < len(values) == len(set(values)) and all(0 < x < math.inf for x in values)


Tried = Annotated[
    float | list[float],
    Allowed("a finite number above 0, or a list of them, none twice: all are tried", _each),
]
TriedSchedule = Annotated[
    Schedule | Annotated[list[Schedule], several("schedule")],
    Allowed("constant, cosine, or a list of both: both are tried"),
]


class Powell(Training):
    """Powell's method."""

    optimizer: Literal["powell"]
    xtol: Tried
    ftol: Tried


class Descent(Training):
    """What has a rate of learning."""

    learning_rate: Tried
    schedule: TriedSchedule


class Backpropagation(Momentum, Descent):
    """The original's own gradient descent."""

    optimizer: Literal["backpropagation"]


class FullBatch(Descent):
    """A step on all samples."""

    optimizer: Literal["adam", "rmsprop"]


class LBFGS(Memory, Training):
    """L-BFGS."""

    optimizer: Literal["lbfgs"]


Stage = Annotated[Powell | Backpropagation | FullBatch | LBFGS, Chosen(Training.words, "optimizer")]


class Comparison(Knobs):
    """Optimizers that may take the same number of evaluations."""

    evaluations: Annotated[int, integer(1, 10**9)]
    record_every: Count
    replicates: Count
    tuning_starts: Count
    stages: Annotated[
        dict[
            Name,
            Annotated[
                list[Stage],
                Allowed(
                    "a list of 1 to 4 mappings, each with an optimizer and its knobs",
                    lambda stages: 1 <= len(stages) <= 4,
                ),
            ],
        ],
        Named("a mapping of at least one name to a list of optimizers with their knobs"),
    ]
    cross_entropy: Annotated[
        list[Name],
        Allowed("a list of names of stages, none twice", lambda x: len(x) == len(set(x))),
    ]

    def refusals(self, _: FontFile | None) -> Iterator[Refusal]:
        """Stages, losses and costs that do not go together."""
        for name, stages in self.stages.items():
            lists = [any(isinstance(v, list) for _, v in stage) for stage in stages]
            if sum(lists) > 1:
                yield wrong_value(("stages", name), name, "lists of what is tried in one stage")
        longest = max(map(len, self.stages.values()))
        if self.evaluations < 4 * longest:
            allowed = f"at least {4 * longest}, a gradient for each of {longest} stages"
            yield wrong_value(("evaluations",), self.evaluations, allowed)
        if self.record_every < 3:
            yield wrong_value(("record_every",), self.record_every, "at least 3")
        by_gradient = [
            name for name, stages in self.stages.items() if not isinstance(stages[-1], Powell)
        ]
        for index, name in enumerate(self.cross_entropy):
            if name not in by_gradient:
                allowed = f"stages that end with a gradient ({', '.join(by_gradient)})"
                yield wrong_value(("cross_entropy", index), name, allowed)


class OptimizersSection(Layers):
    """The section."""

    font: Name
    networks: Architectures
    comparisons: Annotated[
        dict[str, Comparison], Named("a mapping of at least one name to a comparison")
    ]
    error_levels: Levels
    threshold: Share

    def refusals(self, fonts: FontFile | None) -> Iterator[Refusal]:
        """Fonts that there are not; layers that do not fit; names that stand twice."""
        if fonts:
            yield from fonts.refusals({("font",): self.font})
        comparisons = self.comparisons.values()
        stages = [stage for one in comparisons for of in one.stages.values() for stage in of]
        if not all(isinstance(stage, Powell) for stage in stages):
            yield from self.without_gradient()
        if any(one.cross_entropy for one in comparisons) and self.output != "sigmoid":
            yield wrong_value(("output",), self.output, "sigmoid, for cross-entropy")
        seen: set[str] = set()
        for name, comparison in self.comparisons.items():
            for twice in sorted(seen & set(comparison.stages)):
                path = ("comparisons", name, "stages", twice)
                yield wrong_value(path, twice, "a name that no other comparison has")
            seen |= set(comparison.stages)
