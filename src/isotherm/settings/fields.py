"""What a config's fields are, for people: type, default, range and documentation, read from the class."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from isotherm.settings.config import Config

_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below", "multiple_of": "a multiple of"}
_LENGTHS = {"min_length": "at least", "max_length": "at most"}


@dataclass(frozen=True)
class FieldDoc:
    """One field of a config.

    Attributes:
        name: dotted if nested.
        annotation: the bare type, without its range.
        type: the type in words.
        default: as it would be written after ``--field=``.
        allowed: the range in words; empty if the type says it all.
        doc: what it means.
    """

    name: str
    annotation: Any
    type: str
    default: str
    allowed: str
    doc: str

    @property
    def flag(self) -> str:
        """The flag that sets it, ``--field-name``."""
        return "--" + self.name.replace("_", "-")


def describe(config: type[Config], prefix: str = "") -> list[FieldDoc]:
    """The fields in order; those of nested configs follow under their dotted names."""
    return list(_describe(config, prefix))


def as_text(value: Any) -> str:
    """A value as one would write it after ``--field=``."""
    if isinstance(value, tuple | list):
        return ",".join(map(as_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return "none" if value is None else str(value)


def _describe(config: type[Config], prefix: str) -> Iterator[FieldDoc]:
    for name, info in config.model_fields.items():
        nested = info.annotation
        if isinstance(nested, type) and issubclass(nested, Config):
            yield from _describe(nested, f"{prefix}{name}.")
            continue
        default = "none" if info.is_required() else as_text(info.get_default(call_default_factory=True))
        bare, elements = _unwrap(info.annotation)
        doc = " ".join((info.description or "").split())
        unit = "characters" if bare is str else "values"
        yield FieldDoc(prefix + name, bare, _in_words(bare), default, _allowed(info, elements, unit), doc)


def _unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """The annotation without ``Annotated``, and the metadata of a sequence's elements."""
    if get_origin(annotation) is tuple:
        first, *_ = get_args(annotation)
        return annotation, list(getattr(first, "__metadata__", ()))
    return annotation, []


def _in_words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if hasattr(annotation, "__metadata__"):
        return _in_words(annotation.__origin__)
    if origin is tuple:
        return f"{_in_words(arguments[0])},..."
    if origin in (Union, types.UnionType):
        return " | ".join("none" if one is types.NoneType else _in_words(one) for one in arguments)
    return getattr(annotation, "__name__", str(annotation))


def _allowed(info: FieldInfo, elements: list[Any], unit: str) -> str:
    own = _bounds(info.metadata)
    lengths = [f"{word} {value} {unit}" for word, value in _limits(info.metadata, _LENGTHS)]
    each = [bound for element in elements for bound in _bounds(getattr(element, "metadata", [element]))]
    return ", ".join(own + lengths + ([f"each {' and '.join(each)}"] if each else []))


def _bounds(metadata: list[Any]) -> list[str]:
    return [f"{word} {as_text(value)}" for word, value in _limits(metadata, _BOUNDS)]


def _limits(metadata: list[Any], words: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for limit in metadata:
        for name, word in words.items():
            value = getattr(limit, name, None)
            if value is not None:
                yield word, value
