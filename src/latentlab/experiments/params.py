"""The parameters of the study: read, checked, refused in lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from latentlab.aliases import Fields
from latentlab.data.font_files import fonts_of
from latentlab.data.fonts import LETTERS, Font, FontError, character_name, read_fonts
from latentlab.data.jittered import MAX_SHIFT
from latentlab.experiments.allowed import (
    Allowed,
    Chosen,
    Count,
    Knobs,
    Named,
    NotAllowed,
    Refusal,
    Seed,
    Size,
    integer,
    text,
    validate,
    wrong_value,
)
from latentlab.experiments.architectures.params import ArchitecturesSection
from latentlab.experiments.conclusions.params import ConclusionsSection
from latentlab.experiments.denoising.params import DenoisingSection
from latentlab.experiments.knobs import Params
from latentlab.experiments.letters.params import LettersSection
from latentlab.experiments.networks import FontFile
from latentlab.experiments.optimizers.params import OptimizersSection
from latentlab.experiments.vae.params import VaeSection
from latentlab.files.yaml import ParamsError, read_yaml
from latentlab.glyphs import drawable

FONTS = text(
    "a path inside the project, without .., of letters without accents, digits, _, ., / and -",
    r"(?!/)(?!.*\.\.)[A-Za-z0-9_./-]+",
)

# ---------------------------------------------------------------- images

Classes = Annotated[
    list[
        Annotated[
            str,
            Allowed(
                "a text of 1 to 40 characters that figures can show",
                lambda name: 1 <= len(name) <= 40 and drawable(name),
            ),
        ]
    ],
    Allowed(
        "a list of 1 to 256 class names, none twice",
        lambda names: 0 < len(names) == len(set(names)) <= 256,
    ),
]
Sha256 = Annotated[str, text("64 hexadecimal digits", "[0-9a-f]{64}")]


class ScikitLearn(Knobs):
    """The digits that scikit-learn brings."""

    source: Literal["scikit-learn"]
    classes: Classes


class Digests(Knobs):
    """Of the four files of a set."""

    words: ClassVar[str] = "a mapping of the four files to their SHA-256"

    train_images: Sha256 = Field(alias="train-images-idx3-ubyte.gz")
    train_labels: Sha256 = Field(alias="train-labels-idx1-ubyte.gz")
    test_images: Sha256 = Field(alias="t10k-images-idx3-ubyte.gz")
    test_labels: Sha256 = Field(alias="t10k-labels-idx1-ubyte.gz")


class Download(Knobs):
    """Files from the first mirror that has them."""

    source: Literal["download"]
    mirrors: Annotated[
        list[
            Annotated[
                str, text("an address that starts with http:// or https://", r"https?://[^\s]+")
            ]
        ],
        Allowed("a list of at least one address", bool),
    ]
    sha256: Digests
    classes: Classes


class Folder(Knobs):
    """Files of whoever runs the study."""

    source: Literal["folder"]
    path: Annotated[
        str, text("a path, seen from the project, without ..", r"(?!.*\.\.)[^\s][^\n]*")
    ]
    test_every: Annotated[
        int,
        Allowed(
            "an integer from 2 to 1000000 (every n-th image of a class is a test image)",
            lambda n: 2 <= n <= 10**6,
        ),
    ] = 0  # absent: the folder has test images of its own
    resize: Annotated[
        list[Size],
        Allowed(
            "two integers, height and width, of at most 16384 pixels together",
            lambda sides: len(sides) == 2 and sides[0] * sides[1] <= 2**14,
        ),
    ] = Field(default_factory=list)  # absent: all images have one size
    classes: Classes


class FontLetters(Knobs):
    """Letters of a font, drawn off the middle by chance; see ``data.jittered``."""

    source: Literal["font"]
    fonts: Annotated[str, FONTS]  # a header laid out like font.h
    font: Annotated[str, text("a text")]
    classes: Classes  # letters of it
    train: Annotated[int, integer(1, 10**6)]
    test: Annotated[int, integer(1, 10**6)]
    shift: Annotated[int, integer(0, MAX_SHIFT)]
    seed: Seed


class FontLayout(Knobs):
    """How the font file holds letters; of each knob the default is that of ``font.h``."""

    words: ClassVar[str] = (
        "a mapping of bytes, first_bit, first, letters, gap, ink, as far as needed"
    )

    bytes: Annotated[Literal["rows", "columns"], Allowed()] = "rows"
    first_bit: Annotated[int, integer(0, 7)] = 4
    first: Annotated[str, text('one character up to U+FFFF, such as "A"', "[\0-\uffff]")] = " "
    letters: Annotated[str, text("2 to 256 characters, those that are used", ".{2,256}")] = ""
    gap: Annotated[int, integer(0, 16)] = 0
    ink: Annotated[Literal["dark", "light"], Allowed()] = "dark"

    def refusals(self, _: object) -> Iterator[Refusal]:
        """A first bit from which a column of 7 does not fit into a byte."""
        is_given = "first_bit" in self.model_fields_set
        if self.bytes == "columns" and is_given and 2 <= self.first_bit <= 5:
            yield wrong_value(("first_bit",), self.first_bit, "0, 1, 6 or 7, for columns of 7")


class Data(Knobs):
    """What is learned."""

    fonts: Annotated[str, FONTS]
    font_layout: FontLayout = FontLayout()
    images: Annotated[
        dict[
            str,
            Annotated[
                ScikitLearn | Download | Folder | FontLetters,
                Chosen(
                    "a mapping whose source is scikit-learn, download, folder or font", "source"
                ),
            ],
        ],
        Named("a mapping of names to image sets", empty=True),
    ]


# ---------------------------------------------------------------- all of them


class Study(Knobs):
    """The parameters; a section for every experiment."""

    seed: Seed
    shards: Count
    data: Data
    architectures: ArchitecturesSection
    optimizers: OptimizersSection
    letters: LettersSection
    denoising: DenoisingSection
    vae: VaeSection
    conclusions: ConclusionsSection

    def refusals(self, _: object) -> Iterator[Refusal]:
        """Image sets that there are not."""
        for path, reason in self.vae.unknown_sets(self.data.images):
            yield Refusal(("vae", *path), reason)


def parse_params(content: object, fonts: FontFile | None) -> Params:
    """The content of a file as the study's parameters: names in its order, knobs in ours.

    fonts : those of the font file, where it is known
    Raises NotAllowed with all that is wrong.
    """
    try:
        study = validate(Study, content, fonts)
    except NotAllowed as error:
        raise NotAllowed(_gathered(error.lines)) from None
    return study.model_dump(by_alias=True, exclude_unset=True)


def _gathered(lines: list[str]) -> list[str]:
    """The same, but each font that there is not in one line: a file names it in many places."""
    places: dict[str, list[str]] = {}
    for line in lines:
        place, _, text = line.partition(": ")
        of_font = "allowed: a font of " in text
        places.setdefault(text if of_font else line, []).append(place)
    more = {text: f" and {len(of) - 1} more places" * (len(of) > 1) for text, of in places.items()}
    return [
        f"{of[0]}{more[text]}: {text}" if text not in lines else text for text, of in places.items()
    ]


def read_params(path: str | Path, root: str | Path = ".") -> Params:
    """The study's parameters, checked, with the font file below ``root``; see ``parse_params``.

    Raises ParamsError with all errors, or with what is wrong with the font file.
    """
    content = _content(Path(path))
    fonts, unread = None, None
    try:
        fonts = _fonts(content, Path(root))
    except FontError as error:
        unread = f"{path}: data.fonts: {error}"
    try:
        params = parse_params(content, fonts)
    except NotAllowed as error:
        raise ParamsError("\n".join(f"{path}: {line}" for line in error.lines)) from None
    if unread:
        raise ParamsError(unread)
    if fonts:
        _count_letters(params, fonts)
    for name, source in params["data"]["images"].items():
        if source["source"] == "font":
            try:
                letters_of(source, Path(root))
            except FontError as error:
                raise ParamsError(f"{path}: data.images.{name}.{error}") from None
    return params


def letters_of(source: Fields, root: Path) -> Font:
    """The letters of an image set whose source is a font, below a folder.

    Raises FontError, the knob first.
    """
    try:
        fonts = read_fonts(root / source["fonts"])
    except FontError as error:
        raise FontError(f"fonts: {error}") from None
    if source["font"] not in fonts:
        raise FontError(f"font: {source['font']!r} given, allowed: {', '.join(fonts)}")
    font = fonts[source["font"]]
    unknown = [letter for letter in source["classes"] if letter not in font.characters]
    if unknown:
        raise FontError(f"classes: {unknown[0]!r} given, allowed: letters of {font.name}")
    return font.subset("".join(source["classes"]))


def _content(path: Path) -> object:
    """The content of a file of parameters. Raises ParamsError, with the way out."""
    try:
        return read_yaml(path)
    except ParamsError as error:
        way_out = "; save it as UTF-8" * ("not text in UTF-8" in str(error))
        raise ParamsError(f"{error}{way_out}") from None


def _count_letters(params: Params, file: FontFile) -> None:
    """Write down how many letters "all" are in subsets of fonts that have not 32, as the study's.

    Tables of scores need it, trainings do not.
    """
    for subset in params["denoising"]["subsets"].values():
        count = len(file.fonts[subset["fonts"][0]].characters)
        if subset["letters"] == "all" and count != LETTERS:
            subset["all"] = count


def _fonts(content: object, root: Path) -> FontFile | None:
    """The fonts of the file that parameters name, if they name one and say its layout rightly."""
    data = content.get("data") if isinstance(content, dict) else None
    file = data.get("fonts") if isinstance(data, dict) else None
    if data is None or not isinstance(file, str) or not FONTS.fits(file):
        return None
    try:
        validate(FontLayout, data.get("font_layout", {}))
    except NotAllowed:
        return None
    fonts = fonts_of(data, root)
    for font in fonts.values():
        for character in font.characters:
            if not drawable(character_name(character)):
                raise FontError(
                    f"{root / file}: {font.name}: figures cannot show the letter {character!r}"
                    f" ({ord(character):#06x}); draw it under another one"
                )
    return FontFile(file, fonts)
