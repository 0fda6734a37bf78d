"""Evidence: UAI's files of both generations, and names with their values. NumPy only."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from isotherm.energy.files.content import Content
from isotherm.energy.tables import Tables
from isotherm.errors import refusal

TWO_FORMS = (
    "the newer form is a count and as many pairs `variable value`; "
    "the older is a number of samples (perhaps after EVID), then each sample in the newer form"
)


class Evidence(NamedTuple):
    """What is held.

    Attributes:
        values: int64, shape ``(n,)``: values counted from 0, -1 where a variable is free.
        said: what was read, in a few words.
    """

    values: np.ndarray
    said: str


MAX_EVIDENCE = 1 << 24
"""Most bytes of a file of evidence."""

_MOST_SIGNS = 20
Pairs = list[tuple[int, int]]


def chosen_sample(lines: Sequence[Sequence[str]], sample: int | None) -> tuple[Pairs, str] | None:
    """The pairs of an evidence file of the older form; None where the file is of the newer one, right or wrong.

    Which it is, counts tell. Where a file can be read both ways, its lines tell: in the older form each sample has a
    line to itself, which holds an odd number of words, while pairs are even.

    Args:
        lines: words of each line that has any.
        sample: which one, from 1; may be left out where there is only one.

    Raises:
        ValueError: if the file can be read in both forms, or holds several samples and none is chosen.
    """
    words = [word for line in lines for word in line]
    has_header = bool(words) and words[0].upper() == "EVID"
    numbers = _numbers(words[has_header:])
    if numbers is None or not numbers:
        if has_header:
            raise refusal(
                "evidence", words[1] if len(words) > 1 else "EVID", f"should be whole numbers: {TWO_FORMS}"
            )
        return None
    is_newer = len(numbers) == 1 + 2 * numbers[0]
    samples = _samples(numbers)
    if not has_header and (samples is None or (is_newer and numbers[0] == 0)):
        return _only(sample)
    if samples is None:
        return _newer(numbers, sample) if is_newer else _neither(numbers)
    if is_newer and not has_header and not _has_lines_of_samples(lines):
        if len(lines) == 1 or all(len(line) % 2 == 0 for line in lines[1:]):
            return _only(sample)
        raise refusal("evidence", " ".join(words)[:40], f"can be read in two forms: {TWO_FORMS}")
    if not is_newer and not has_header and not any(samples) and not _has_lines_of_samples(lines):
        mend = "more numbers are needed, or it is a sample without evidence"
        raise refusal("number", "end of file", f"1 {mend}: {TWO_FORMS}")
    return _pick(samples, sample)


def _only(sample: int | None) -> None:
    if sample not in (None, 1):
        raise refusal("sample", sample, "the evidence file holds a single one")


def _newer(numbers: list[int], sample: int | None) -> tuple[Pairs, str]:
    _only(sample)
    return list(zip(numbers[1::2], numbers[2::2], strict=True)), f"{numbers[0]} observed"


def _neither(numbers: list[int]) -> None:
    raise refusal("evidence", " ".join(map(str, numbers))[:40], f"counts do not fit: {TWO_FORMS}")


def _pick(samples: list[Pairs], sample: int | None) -> tuple[Pairs, str]:
    if not samples:
        raise refusal("evidence", "0 samples", "holds none; leave the file out")
    if sample is None and len(samples) > 1:
        raise refusal(
            "evidence", f"{len(samples)} samples", f"are answered one at a time: --sample 1 .. {len(samples)}"
        )
    at = 1 if sample is None else sample
    if not 1 <= at <= len(samples):
        raise refusal("sample", at, f"should be within 1 .. {len(samples)}")
    return samples[at - 1], f"{len(samples[at - 1])} observed (older form, sample {at} of {len(samples)})"


def _numbers(words: Sequence[str]) -> list[int] | None:
    if not all(word.isascii() and word.removeprefix("-").isdigit() and len(word) < 18 for word in words):
        return None
    return [int(word) for word in words]


def _samples(numbers: list[int]) -> list[Pairs] | None:
    """A number of samples and that many of them, nothing more."""
    found: list[Pairs] = []
    at = 1
    while at < len(numbers) and len(found) < numbers[0]:
        end = at + 1 + 2 * numbers[at]
        if numbers[at] < 0 or end > len(numbers):
            return None
        found.append(list(zip(numbers[at + 1 : end : 2], numbers[at + 2 : end : 2], strict=True)))
        at = end
    return found if len(found) == numbers[0] and at == len(numbers) else None


def _has_lines_of_samples(lines: Sequence[Sequence[str]]) -> bool:
    """Whether the number of samples has a line to itself, and so has each of them."""
    numbers = [_numbers(line) for line in lines]
    return (
        len(lines) > 1
        and numbers[0] is not None
        and len(lines[0]) == 1
        and numbers[0][0] == len(lines) - 1
        and all(line is not None and len(line) == 1 + 2 * line[0] for line in numbers[1:])
    )


def named_evidence(
    given: Sequence[str],
    tables: Tables,
    labels: Sequence[Hashable],
    names: Sequence[Sequence[Hashable]],
    values: np.ndarray,
) -> np.ndarray:
    """Add observations by name.

    Args:
        given: ``NAME=VALUE`` each; either may hold an equals sign of its own.
        tables: the model.
        labels: of its variables.
        names: of their values.
        values: int64, shape ``(n,)``: what is held already, -1 where free.

    Returns:
        A copy of ``values`` with the observations.

    Raises:
        ValueError: naming the variable or value that is unknown, or the variable that is observed twice.
    """
    numbers: dict[str, list[int]] = {}
    for flat, label in enumerate(labels):
        numbers.setdefault(str(label), []).append(flat)
    held = values.copy()
    for said in given:
        flat, value = _one(said, numbers, labels, names)
        if held[flat] >= 0:
            raise refusal("evidence", f"variable {labels[flat]}", "is observed twice")
        held[flat] = value
    return held


def _one(
    said: str, numbers: dict[str, list[int]], labels: Sequence[Hashable], names: Sequence[Sequence[Hashable]]
) -> tuple[int, int]:
    if said.count("=") > _MOST_SIGNS:
        raise refusal(
            "evidence", said[:40], f"has more than {_MOST_SIGNS} equals signs; should be NAME=VALUE"
        )
    splits = [(said[:at].strip(), said[at + 1 :].strip()) for at, sign in enumerate(said) if sign == "="]
    known = [(flat, word) for name, word in splits for flat in numbers.get(name, [])]
    found = [
        (flat, at)
        for flat, word in known
        for at, value in enumerate(names[flat])
        if word in _spellings(value)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise refusal("evidence", said, "names more than one variable and value")
    if not splits:
        raise refusal("evidence", said, "should be NAME=VALUE")
    if not known:
        shown = ", ".join(map(str, labels[:5])) + (", ..." if len(labels) > 5 else "")
        raise refusal("evidence", said, f"no variable of this name; the model has {shown}")
    values = names[known[0][0]]
    shown = ", ".join(map(str, values[:8])) + (", ..." if len(values) > 8 else "")
    raise refusal("evidence", said, f"no value of {labels[known[0][0]]}; it has {shown}")


def _spellings(value: Hashable) -> tuple[str, ...]:
    return (str(value), f"+{value}") if isinstance(value, int) and value > 0 else (str(value),)


def named_lines(content: Content) -> list[str] | None:
    """Lines ``NAME=VALUE`` of a file, those that begin with # left out; None where it is of another kind."""
    lines = [line.strip() for line in content.text().split("\n")]
    said = [line for line in lines if line and not line.startswith("#")]
    return said if any("=" in line for line in said) else None
