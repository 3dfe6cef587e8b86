"""What the section ``denoising`` of the parameters may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar, Literal

from latentlab.experiments.allowed import (
    Allowed,
    Chosen,
    Count,
    Knobs,
    Name,
    Named,
    Names,
    Place,
    Refusal,
    Share,
    Sizes,
    Truth,
    integer,
    names_of,
    number,
    several,
    text,
    wrong_value,
)
from latentlab.experiments.knobs import slug
from latentlab.experiments.networks import (
    LBFGS,
    REDRAWING,
    Adam,
    Architecture,
    Backpropagation,
    FontFile,
    Powell,
    RMSprop,
    ScipyPowell,
    TrainedNetwork,
    Training,
)

Kind = Annotated[
    Literal["uniform", "uniform_as_run", "salt_and_pepper", "bit_flip", "gaussian", "masking"],
    Allowed(),
]
Range = Annotated[float, number(0, 2)]
_in_path = partial(slug, "")


class Noise(Knobs):
    """One noise."""

    words: ClassVar[str] = "a mapping with kind, probability and range"

    kind: Kind
    probability: Share
    range: Range


class Noises(Knobs):
    """Every combination of three lists; numbers are part of paths, to six decimals."""

    kinds: Annotated[list[Kind], several("kind of noise")]
    probabilities: Annotated[
        list[Share], several("number from 0 to 1", _in_path, ", to six decimals")
    ]
    ranges: Annotated[list[Range], several("number from 0 to 2", _in_path, ", to six decimals")]


class Subset(Knobs):
    """Letters of some fonts, or "all"."""

    words: ClassVar[str] = "a mapping with fonts and letters"

    fonts: Names
    letters: Annotated[str, text('letters that the fonts have, or "all"', ".{1,96}")]

    def refusals(self, file: FontFile | None) -> Iterator[Refusal]:
        """Fonts and letters that there are not."""
        if not file:
            return
        yield from file.refusals({("fonts", i): name for i, name in enumerate(self.fonts)})
        if self.letters == "all":
            counts = {n: len(file.fonts[n].characters) for n in self.fonts if n in file.fonts}
            if len(set(counts.values())) > 1:
                has = ", ".join(f"{name} {count}" for name, count in counts.items())
                allowed = f"fonts of equally many letters, or a subset each (letters: {has})"
                yield wrong_value(("fonts",), self.fonts, allowed)
            return
        if len(set(self.letters)) < len(self.letters):
            yield wrong_value(("letters",), self.letters, "each letter once")
        for font in (file.fonts[name] for name in self.fonts if name in file.fonts):
            missing = "".join(c for c in self.letters if c not in font.characters)
            if missing:
                allowed = f"letters of {font.name} ({''.join(font.characters)})"
                yield wrong_value(("letters",), missing, allowed)


AIMED = "within-one-pixel"
"""The loss that is the score of denoisers, made smooth."""

_Loss = Annotated[Literal["squared-error", "cross-entropy", "within-one-pixel"], Allowed()]


class AimedAdam(Adam):
    """Adam, by the losses of denoisers."""

    loss: _Loss  # type: ignore[assignment]  # one more than elsewhere


class AimedRMSprop(RMSprop):
    """RMSprop, by the same."""

    loss: _Loss  # type: ignore[assignment]  # one more than elsewhere


class Denoiser(TrainedNetwork, Noises):
    """A network that learns every subset and every combination of its lists."""

    words: ClassVar[str] = "a mapping with the denoiser's letters, noise, layers and training"

    subsets: Names
    architecture: Architecture
    copies: Count
    redraw: Truth
    training: Annotated[
        Powell | ScipyPowell | Backpropagation | AimedAdam | AimedRMSprop | LBFGS,
        Chosen(Training.words, "optimizer"),
    ]
    replicates: Count

    def refusals(self, besides: object) -> Iterator[Refusal]:
        """Layers and noise that do not fit the training."""
        yield from super().refusals(besides)
        if self.redraw and not isinstance(self.training, REDRAWING):
            allowed = " or ".join(
                name for kind in REDRAWING for name in names_of(kind, "optimizer")
            )
            yield wrong_value(("redraw",), self.redraw, f"false, or {allowed} as optimizer")
        if not self.redraw and getattr(self.training, "loss", "") == AIMED:
            allowed = "squared-error or cross-entropy, where no noise is redrawn"
            yield wrong_value(("loss",), AIMED, allowed)


class Variations(Knobs):
    """One knob of a network moved."""

    network: Name
    font: Name
    subset: Name
    noise: Noise
    max_epochs: Count
    copies: Sizes
    latent: Sizes
    replicates: Count


class Sampled(Knobs):
    """So many subsets of one size."""

    words: ClassVar[str] = "a mapping with size and count"

    size: Annotated[int, integer(2, 32)]
    count: Count


class Orthogonality(Knobs):
    """Whether similar letters resist noise less."""

    networks: Names
    fonts: Names
    noise: Noise
    subsets: Annotated[
        list[Sampled], Allowed("a list of at least one mapping with size and count", bool)
    ]
    replicates: Count

    def refusals(self, file: FontFile | None) -> Iterator[Refusal]:
        """Fonts that there are not; a size given twice."""
        sizes = [sampled.size for sampled in self.subsets]
        if len(set(sizes)) < len(sizes):
            yield Refusal(("subsets",), f"sizes {sizes} given, allowed: each size once")
        if file:
            yield from file.refusals({("fonts", i): name for i, name in enumerate(self.fonts)})
            for font in (file.fonts[name] for name in self.fonts if name in file.fonts):
                for i, sampled in enumerate(self.subsets):
                    if sampled.size > (most := len(font.characters)):
                        path = ("subsets", i, "size")
                        yield wrong_value(path, sampled.size, f"at most {most}, all of {font.name}")


class DenoisingSection(Knobs):
    """The section."""

    subsets: Annotated[
        dict[str, Subset], Named("a mapping of at least one name to fonts and letters")
    ]
    networks: Annotated[dict[str, Denoiser], Named("a mapping of at least one named denoiser")]
    tests: Noises
    linear_copies: Count
    variations: Variations
    orthogonality: Orthogonality
    fresh_draws: Count
    threshold: Share
    drawn_above: Share

    def refusals(self, _: object) -> Iterator[Refusal]:
        """Names of subsets and networks that there are not, or that clash; what cannot vary."""
        yield from self._unknown_names()
        vary = self.variations
        subset, network = self.subsets.get(vary.subset), self.networks.get(vary.network)
        if subset and vary.font not in subset.fonts:
            allowed = f"a font of its subset ({', '.join(subset.fonts)})"
            yield wrong_value(("variations", "font"), vary.font, allowed)
        if network and not network.redraw:
            path = ("variations", "network")
            yield wrong_value(path, vary.network, "a network whose noise is redrawn")
        for name in filter(re.compile(r"\d+-\d+").fullmatch, self.subsets):
            # so are the sampled subsets of orthogonality named
            text = "this name given, allowed: none of two numbers like it"
            yield Refusal(("subsets", name), text)
        yield from self._same_figures()

    def _unknown_names(self) -> Iterator[Refusal]:
        vary, relate = self.variations, self.orthogonality
        networks: dict[Place, str] = {("variations", "network"): vary.network}
        networks |= {("orthogonality", "networks", i): n for i, n in enumerate(relate.networks)}
        subsets: dict[Place, str] = {("variations", "subset"): vary.subset}
        for name, network in self.networks.items():
            subsets |= {("networks", name, "subsets", i): s for i, s in enumerate(network.subsets)}
        for places, names in ((networks, self.networks), (subsets, self.subsets)):
            for path, name in places.items():
                if name not in names:
                    yield wrong_value(path, name, f"one of {', '.join(names)}")

    def _same_figures(self) -> Iterator[Refusal]:
        """Figures are named <subset>-<network>: "a-b" of "c" is "a" of "b-c"."""
        pairs: dict[str, tuple[str, str]] = {}
        for name, network in self.networks.items():
            for i, subset in enumerate(network.subsets):
                other = pairs.setdefault(f"{subset}-{name}", (subset, name))
                if other != (subset, name):
                    allowed = f"another name: {other[0]} of {other[1]} makes the same"
                    path = ("networks", name, "subsets", i)
                    yield wrong_value(path, subset, f"{allowed} figure, {subset}-{name}")
