"""What the section ``letters`` of the parameters may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from latentlab.experiments.allowed import (
    Allowed,
    Count,
    Knobs,
    Named,
    Names,
    Refusal,
    Share,
    integer,
    number,
    several,
    text,
    wrong_value,
)
from latentlab.experiments.networks import (
    Architecture,
    Architectures,
    ByAny,
    ByOne,
    FontFile,
    TrainedNetwork,
)

Coordinate = Annotated[
    int | float,
    number(-1e6, 1e6),
    AfterValidator(lambda x: int(x) if x == int(x) else x),  # 25.0 is the same as 25
]


class Network(TrainedNetwork):
    """A network, trained on each of its fonts."""

    words: ClassVar[str] = "a mapping with the network's architecture, activations and training"

    fonts: Names
    architecture: Architecture
    training: ByAny
    replicates: Count


class Front(TrainedNetwork):
    """Networks of several sizes, trained alike."""

    words: ClassVar[str] = "a mapping with fonts, architectures and how they are trained"

    fonts: Names
    architectures: Architectures
    training: ByOne
    replicates: Count


class Grid(Knobs):
    """The latent plane, decoded."""

    points: Annotated[int, integer(2, 100)]
    published_window: Annotated[
        list[Coordinate],
        # a rectified unit's half of the plane begins at 0
        Allowed(
            "two numbers, the upper one 0.01 or more, and by as much above the lower",
            lambda x: len(x) == 2 and x[1] >= max(0.0, x[0]) + 0.01,
        ),
    ]


class Paths(Knobs):
    """Lines from letter to letter."""

    pairs: Annotated[
        list[Annotated[str, text("two different letters", "..")]], several("text of two letters")
    ]
    points: Annotated[int, integer(3, 30)]


class NewLetters(Knobs):
    """What counts as a new letter."""

    points: Annotated[int, integer(2, 300)]
    known_distance: Annotated[int, integer(0, 34)]
    new_distance: Annotated[int, integer(1, 35)]
    margin: Annotated[float, number(0, 0.5)]
    drawn: Annotated[int, integer(1, 50)]

    def refusals(self, _: object) -> Iterator[Refusal]:
        """Distances that leave nothing between known and new."""
        if self.known_distance >= self.new_distance:
            allowed = f"an integer above known_distance, {self.known_distance}"
            yield wrong_value(("new_distance",), self.new_distance, allowed)


class LettersSection(Knobs):
    """The section."""

    networks: Annotated[dict[str, Network], Named("a mapping of at least one named network")]
    front: Front
    threshold: Share
    grid: Grid
    paths: Paths
    new_letters: NewLetters

    def refusals(self, fonts: FontFile | None) -> Iterator[Refusal]:
        """Names given twice; fonts and letters that there are not."""
        for name in self.front.architectures:
            if name in self.networks:
                path, allowed = (
                    ("front", "architectures", name),
                    "one that letters.networks has not",
                )
                yield Refusal(path, f"{name!r} given as a name, allowed: {allowed}")
        if fonts:
            lists: dict[tuple[str, ...], list[str]] = {("front",): self.front.fonts}
            lists |= {("networks", name): network.fonts for name, network in self.networks.items()}
            yield from fonts.refusals(
                {
                    (*path, "fonts", i): name
                    for path, names in lists.items()
                    for i, name in enumerate(names)
                    if name != "all"  # the letters of all fonts at once
                }
            )
            yield from self._pairs_refused(fonts)

    def _pairs_refused(self, file: FontFile) -> Iterator[Refusal]:
        """Pairs of letters that no font has, and fonts of a network that have no pair."""
        pairs = self.paths.pairs
        characters = {c for font in file.fonts.values() for c in font.characters}
        for i, pair in enumerate(pairs):
            if not characters.issuperset(pair) or pair[0] == pair[1]:
                allowed = f"two different letters of {file.path} ({''.join(sorted(characters))})"
                yield wrong_value(("paths", "pairs", i), pair, allowed)
        used = {name for network in self.networks.values() for name in network.fonts}
        for font in (font for name, font in file.fonts.items() if name in used):
            if not any(set(pair) <= set(font.characters) for pair in pairs):
                yield wrong_value(("paths", "pairs"), pairs, f"at least one pair of {font.name}")
