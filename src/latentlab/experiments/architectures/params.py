"""What the section ``architectures`` of the parameters may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from latentlab.experiments.allowed import (
    Count,
    Knobs,
    Levels,
    Name,
    Positive,
    Refusal,
    Share,
    Sizes,
    Truth,
    integer,
    several,
)
from latentlab.experiments.architectures.plan import factorial_factors
from latentlab.experiments.networks import Activation, Architectures, ByPowell, FontFile, Trained


class Factorial(Knobs):
    """Every combination of depth, latent and width."""

    encoder: Activation
    depths: Annotated[list[Annotated[int, integer(1, 6)]], several("integer from 1 to 6")]
    latents: Sizes
    widths: Sizes
    replicates: Count


class ArchitecturesSection(Trained):
    """The section."""

    font: Name
    networks: Architectures
    encoders: Annotated[list[Activation], several("activation")]
    latent: Activation
    decoder: Activation
    output: Activation
    beta: Positive
    biases: Truth
    training: ByPowell
    replicates: Count
    error_levels: Levels
    threshold: Share
    factorial: Factorial

    def refusals(self, fonts: FontFile | None) -> Iterator[Refusal]:
        """Fonts that there are not; names that those of the factorial are too."""
        if fonts:
            yield from fonts.refusals({("font",): self.font})
        for cell in factorial_factors({"factorial": self.factorial.model_dump()}):
            name = cell.split("/")[0]
            if name in self.networks:
                text = "a name of the factorial given, allowed: another"
                yield Refusal(("networks", name), text)
