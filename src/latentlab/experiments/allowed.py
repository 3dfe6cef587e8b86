"""What a knob may be: types that say in words what they allow, and refuse all else in one line.

A section of the parameters is a class of ``Knobs``, a field a knob. pydantic checks the types;
every error becomes a ``Refusal``, and ``validate`` tells all of them at once.

No step imports this module or one that does: another bound computes nothing anew.
"""

from __future__ import annotations

import base64
import datetime
import difflib
import json
import math
import re
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, NamedTuple, NoReturn, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

# ---------------------------------------------------------------- refusals
from latentlab.aliases import Json
from latentlab.experiments.knobs import slug

SHOWN = 60  # characters of a value, or of a key, in a message


class _Yaml(reprlib.Repr):
    """Values as YAML spells them, cut while they are written: an alias may repeat without end."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxdict = 3, 20, 20
        self.maxstring = self.maxother = SHOWN

    def repr_NoneType(self, _: None, __: int) -> str:
        return "null"

    def repr_bool(self, value: bool, _: int) -> str:
        return str(value).lower()

    def repr_int(self, value: int, _: int) -> str:
        return str(value) if abs(value) < 10**SHOWN else "an integer of many digits"

    def repr_float(self, value: float, _: int) -> str:
        spelled = {math.inf: ".inf", -math.inf: "-.inf"}
        return ".nan" if math.isnan(value) else spelled.get(value, repr(value))

    def repr_str(self, value: str, level: int) -> str:
        # within single quotes YAML has no escapes
        text = super().repr_str(value, level)
        return json.dumps(value[:SHOWN]) if "\\" in text else text

    def repr_bytes(self, value: bytes, _: int) -> str:
        return f"!!binary {base64.b64encode(value[:SHOWN]).decode()}"

    def repr_date(self, value: datetime.date, _: int) -> str:
        return value.isoformat()

    def repr_datetime(self, value: datetime.datetime, _: int) -> str:
        return value.isoformat()

    def repr_set(self, value: set[object], level: int) -> str:
        return f"!!set {self.repr_dict(dict.fromkeys(value), level)}"

    def repr_ordereddict(self, value: dict[object, object], level: int) -> str:
        return f"!!omap {self.repr_dict(value, level)}"

    def repr_tuple(self, value: tuple[object, ...], level: int) -> str:
        return self.repr_list(list(value), level)  # a list as a key, or a pair


_YAML = _Yaml()


def as_yaml(value: object) -> str:
    """A value in a message: one line, as YAML spells it, cut where it is long."""
    text = _YAML.repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


class NotAllowed(Exception):
    """What a file holds is not allowed: a line for each reason."""

    def __init__(self, lines: list[str]) -> None:
        """Keep the lines."""
        super().__init__("\n".join(lines))
        self.lines = lines


Place = tuple[str | int, ...]
"""Where something stands: keys and positions, from whoever says it on down."""


class Refusal(NamedTuple):
    """What is wrong, and where."""

    path: Place
    text: str

    def line(self) -> str:
        """One line: the path with dots, then what is wrong."""
        path = "".join(
            f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in self.path
        )
        return f"{path.removeprefix('.') or 'the file'}: {self.text}"


def _key_text(key: object) -> str:
    """A key, which YAML may have as any value, as part of a place."""
    return key if isinstance(key, str) else as_yaml(key)


def _key(key: str) -> str:
    """A key in a path: in one line whatever it holds."""
    return key if key.isprintable() and len(key) <= SHOWN else as_yaml(key)


def wrong_value(path: Iterable[str | int], value: object, allowed: str) -> Refusal:
    """A refusal of a value."""
    return Refusal(tuple(path), f"{as_yaml(value)} given, allowed: {allowed}")


def _quoted(value: object, fits: Callable[[Any], bool]) -> str:
    """The way out, where a text was meant and YAML has read something else: 0, true, a date.

    The text itself is not known: YAML reads 01 as 1.
    """
    is_scalar = isinstance(value, int | float | datetime.date)
    may_fit = is_scalar and (fits(as_yaml(value)) or fits(f"0{as_yaml(value)}"))
    return "; in quotes, as it was meant ('01', not 01), it is one" if may_fit else ""


def missing_key(path: Iterable[str | int], allowed: str) -> Refusal:
    """A refusal for want of a value."""
    return Refusal(tuple(path), f"missing, allowed: {allowed}")


def unknown_key(path: Iterable[str | int], known: Iterable[str], owner: str = "") -> Refusal:
    """A refusal of a key, the last of the path; ``of`` says whose key it would be."""
    *_, key = path = tuple(path)
    similar = difflib.get_close_matches(str(key)[:SHOWN], known := list(known), n=1)
    hint = f" (meant {similar[0]}?)" if similar else ""
    return Refusal(path, f"unknown key{owner}{hint}, allowed: {', '.join(known)}")


def refuse(refusals: Iterable[Refusal]) -> NoReturn:
    """Raise ValidationError, in which pydantic collects what is refused."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("refused", "{text}", {"text": text}),
            loc=tuple(_encodable(part) for part in path),
            input=None,
        )
        for path, text in refusals
    ]
    raise ValidationError.from_exception_data("knobs", details) from None


def _encodable(part: str | int) -> str | int:
    """A part of a place as pydantic takes it: without halves of surrogate pairs."""
    return part.encode(errors="replace").decode() if isinstance(part, str) else part


def refusals_of(error: ValidationError) -> list[Refusal]:
    """Those among pydantic's errors; its own, in its words, are replaced where they arise."""
    errors = error.errors(include_url=False, include_input=False)
    return [Refusal(e["loc"], e["ctx"]["text"]) for e in errors if e["type"] == "refused"]


# ---------------------------------------------------------------- values


Inner = Callable[[object], Any]
"""pydantic's own check: of a value it makes one of the type, or raises ValidationError."""


@dataclass(frozen=True)
class Check:
    """Stands beside a type in ``Annotated``: our check around pydantic's.

    words : what a message says is allowed
    """

    words: str

    def words_for(self, _: object) -> str:
        """The words, of this type."""
        return self.words

    def check(self, type_: object, value: object, inner: Inner) -> object:
        """The value as one of the type. Raises ValidationError with refusals."""
        raise NotImplementedError

    def inner(self, type_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """pydantic's check."""
        return handler(type_)

    def __get_pydantic_core_schema__(
        self, type_: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """What pydantic looks for."""
        inner = self.inner(type_, handler)
        return core_schema.no_info_wrap_validator_function(partial(self.check, type_), inner)


@dataclass(frozen=True)
class Allowed(Check):
    """A value; without words, one of the names of a ``Literal``.

    fits : whether a value of the type is allowed
    """

    words: str = ""
    fits: Callable[[Any], bool] = lambda _: True

    def words_for(self, type_: object) -> str:
        """The words; of a ``Literal`` its names."""
        return self.words or f"one of {', '.join(get_args(type_))}"

    def check(self, type_: object, value: object, inner: Inner) -> object:
        """The value, if it is of the type and fits. Raises ValidationError else."""
        refusals: list[Refusal] = []  # what is wrong with an item is said of it alone
        try:
            if self.fits(checked := inner(value)):
                return checked + 0.0 if isinstance(checked, float) else checked  # no -0.0
        except ValidationError as error:
            refusals = refusals_of(error)
        words = self.words_for(type_) + (_quoted(value, self.fits) if type_ is str else "")
        refuse(refusals or [wrong_value((), value, words)])


def integer(low: int, high: int | None = None) -> Allowed:
    """Of an int: from ``low`` to ``high``. 3.0 and true are none."""
    words = f"an integer from {low}" + ("" if high is None else f" to {high}")
    return Allowed(words, lambda value: low <= value and (high is None or value <= high))


def number(low: float, high: float, limit: float = math.inf) -> Allowed:
    """Of a float: from ``low`` to ``high``, or to below ``below``. 1 is the same as 1.0."""
    upper = f"to below {limit:g}" if limit < math.inf else f"to {high:g}"
    return Allowed(f"a number from {low:g} {upper}", lambda x: low <= x <= high and x < limit)


def text(words: str, pattern: str = ".+") -> Allowed:
    """Of a str: one that the pattern matches whole. Half a surrogate pair is no character."""
    expressioner = re.compile(rf"(?![^\ud800-\udfff]*[\ud800-\udfff])(?:{pattern})", re.DOTALL)
    return Allowed(words, lambda value: expressioner.fullmatch(value) is not None)


def several(item: str, key: Callable[[Any], object] | None = None, addition: str = "") -> Allowed:
    """Of a list: at least one, none twice.

    key : what may not be the same twice, if not the item itself: what it is called in a path
    """
    words = f"a list of at least one {item}, none twice{addition}"
    return Allowed(words, lambda items: 0 < len(items) == len(set(map(key or str, items))))


def is_finite(value: float) -> bool:
    """Whether a float holds a number, which may be an integer of any size."""
    return abs(value) <= sys.float_info.max


Seed = Annotated[int, integer(0, 2**31 - 1)]
Count = Annotated[int, integer(1, 10**6)]
Size = Annotated[int, integer(1, 1024)]
Positive = Annotated[float, Allowed("a finite number above 0", lambda x: 0 < x < math.inf)]
Share = Annotated[float, number(0, 1)]
Truth = Annotated[bool, Allowed("true or false")]
NAME = text(
    "a name of at most 40 letters without accents, digits, _ and -, not starting with -",
    "[A-Za-z0-9_][A-Za-z0-9_-]{0,39}",
)
Name = Annotated[str, NAME]
Names = Annotated[list[Name], several("name")]
Sizes = Annotated[list[Size], several("integer from 1 to 1024")]
_BY_DIGITS = several("number above 0", key="{:g}".format, addition=", to six digits")
Rates = Annotated[list[Positive], _BY_DIGITS]
Levels = Annotated[  # columns are named by six digits, entries of metrics by six decimals
    list[Positive],
    _BY_DIGITS,
    several("number above 0", key=partial(slug, ""), addition=", to six decimals"),
]


@dataclass(frozen=True)
class Named(Check):
    """A mapping of names, which keep the file's order.

    names : what is allowed of the names
    empty : whether there may be none
    """

    names: Allowed = NAME
    empty: bool = False

    def check(self, type_: object, value: object, inner: Inner) -> object:
        """The mapping, if its names and values are allowed. Raises ValidationError else."""
        if not isinstance(value, dict) or not (value or self.empty):
            refuse([wrong_value((), value, self.words)])
        fits_by_key = {key: isinstance(key, str) and self.names.fits(key) for key in value}
        refusals = [
            Refusal(
                (_key_text(key),),
                f"{as_yaml(key)} given as a name, allowed: {self.names.words}"
                f"{_quoted(key, self.names.fits)}",
            )
            for key, fits in fits_by_key.items()
            if not fits
        ]
        try:
            mapping = inner({key: child for key, child in value.items() if fits_by_key[key]})
        except ValidationError as error:
            refusals += refusals_of(error)
        if refusals:
            refuse(refusals)
        return mapping


# ---------------------------------------------------------------- knobs


class Knobs(BaseModel):
    """A mapping of knobs, all of them needed and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    words: ClassVar[str] = "a mapping of its knobs"

    def refusals(self, _: Any) -> Iterator[Refusal]:
        """What does not go together, of knobs that each are allowed.

        The argument is what whoever checks knows besides: for parameters, the ``FontFile``.
        """
        yield from ()

    @classmethod
    def allowed_words(cls) -> dict[str, str]:
        """What is allowed of each knob that may stand there, in words."""
        return {field.alias or name: _words(field) for name, field in cls.model_fields.items()}

    @classmethod
    def required(cls) -> set[str]:
        """The knobs that have to stand there."""
        fields = cls.model_fields.items()
        return {field.alias or name for name, field in fields if field.is_required()}

    @classmethod
    def owner(cls) -> str:
        """Whose knobs they are, where that is one of several kinds."""
        return ""

    @classmethod
    def read(cls, knobs: Json) -> Json:
        """The knobs, as the file has them, as the fields do."""
        return knobs

    @classmethod
    def in_file(cls, path: Place) -> Place:
        """Where the file has what stands here below the fields."""
        return path

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, value: Any, inner: Inner, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            refuse([wrong_value((), value, cls.words)])
        allowed, required, owner = cls.allowed_words(), cls.required(), cls.owner()
        refusals = [
            missing_key((key,), allowed[key] + f" ({owner} needs it)" * bool(owner))
            for key in allowed
            if key in required and key not in value
        ]
        refusals += [
            unknown_key((_key_text(key),), allowed, f" for {owner}" * bool(owner))
            for key in value
            if key not in allowed
        ]
        try:
            knobs = inner(cls.read({key: value[key] for key in allowed if key in value}))
            refusals += () if refusals else knobs.refusals(info.context)
        except ValidationError as error:
            refusals += [Refusal(cls.in_file(path), text) for path, text in refusals_of(error)]
        if refusals:
            refuse(refusals)
        return knobs


def _words(field: FieldInfo) -> str:
    """What is allowed of a field."""
    for check in field.metadata:
        if isinstance(check, Check):
            return check.words_for(field.annotation)
    return str(getattr(field.annotation, "words", Knobs.words))


KnobsT = TypeVar("KnobsT", bound=Knobs)


def names_of(kind: type[Knobs], key: str) -> tuple[str, ...]:
    """The values that a field of ``Literal`` may have."""
    names: tuple[str, ...] = get_args(kind.model_fields[key].annotation)
    return names


@dataclass(frozen=True)
class Chosen(Check):
    """One of several ``Knobs``, a union: the one whose name stands under a key.

    key : a field of each, the ``Literal`` of its name
    """

    key: str

    def inner(self, type_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """That of the kind that the key names."""
        kinds = {name: handler.generate_schema(kind) for name, kind in self._kinds(type_).items()}
        return core_schema.tagged_union_schema(kinds, discriminator=self.key)

    def check(self, type_: object, value: object, inner: Inner) -> object:
        """The knobs, as the kind that the key names. Raises ValidationError else."""
        kinds = list(self._kinds(type_))
        allowed = f"one of {', '.join(kinds)}"
        if not isinstance(value, dict):
            refuse([wrong_value((), value, self.words)])
        if self.key not in value:
            refuse([missing_key((self.key,), allowed)])
        if value[self.key] not in kinds:
            refuse([wrong_value((self.key,), value[self.key], allowed)])
        try:
            return inner(value)
        except ValidationError as error:
            # a path begins with the kind's name, which does not stand in the file
            refuse(r._replace(path=r.path[1:]) for r in refusals_of(error))

    def _kinds(self, type_: object) -> dict[str, type[Knobs]]:
        return {name: kind for kind in get_args(type_) for name in names_of(kind, self.key)}


def validate(kind: type[KnobsT], content: object, besides: object = None) -> KnobsT:
    """The content of a file as these knobs.

    besides : what ``Knobs.refusals`` are given
    Raises NotAllowed with all refusals.
    """
    try:
        return kind.model_validate(content, context=besides)
    except ValidationError as error:
        raise NotAllowed(list(dict.fromkeys(r.line() for r in refusals_of(error)))) from None
