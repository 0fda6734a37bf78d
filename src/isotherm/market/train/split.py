"""Which minutes are fitted, which validate, and which are never looked at: parts of a run. Section 7.1."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from isotherm.errors import refusal
from isotherm.market.prices.align import Alignment


class SplitPart(NamedTuple):
    """Minutes ``first .. last - 1`` of a run that begins with the training window."""

    first: int
    last: int


class TrainingSplit(NamedTuple):
    """Minutes of a training, counted in rows of its aligned prices, or from its first minute.

    Attributes:
        first: row of the training window's first minute.
        fitted: bout length of what is fitted, ``B - validation``; a bout of length L has L - 1 minutes.
        validation: minutes held back at the end of the training window; 0: none.
        window: bout length of a sampled window, ``fitted - bout_offset``.
        test: minutes after the training window.
    """

    first: int
    fitted: int
    validation: int
    window: int
    test: int

    @property
    def room(self) -> int:
        """Minutes within which windows may start."""
        return self.fitted - self.window

    @property
    def minutes(self) -> int:
        """Of the run through all parts."""
        return self.fitted + self.validation + self.test - 1

    @property
    def parts(self) -> dict[str, SplitPart]:
        """``train``, and ``validation`` and ``test`` where there are any, from the first minute of the run."""
        ends = (self.fitted - 1, self.fitted + self.validation - 1, self.minutes)
        found = {"train": SplitPart(0, ends[0])}
        if self.validation:
            found["validation"] = SplitPart(ends[0], ends[1])
        if self.test:
            found["test"] = SplitPart(ends[1], ends[2])
        return found

    @property
    def judged(self) -> str:
        """The part by which steps are chosen: never the test."""
        return "validation" if self.validation else "train"


def split_of(settings: Mapping[str, Any], aligned: Alignment) -> TrainingSplit:
    """The parts that settings ask for.

    Args:
        settings: of a run, defaults filled in.
        aligned: the rows of its dates.

    Raises:
        ValueError: naming ``val_fraction``, if what it holds back is shorter than a chunk or all there is, or
            ``bout_offset``, if it leaves no window.

    >>> import numpy as np
    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> from isotherm.market.prices.align import align
    >>> from isotherm.market.prices.synthetic import synthetic_table
    >>> table = synthetic_table(np.ones((41 * 1440, 2)), ["AAA", "BBB"], "2024-01-01 00:00:00")
    >>> aligned = align(table, "2024-01-05 00:00:00", "2024-02-04 00:00:00", 3)
    >>> settings = Fingerprint(bout_offset=1440, optimisation_settings={"val_fraction": 0.1}).with_defaults()
    >>> split = split_of(settings, aligned)
    >>> split.fitted, split.validation, split.window, split.parts["validation"]
    (38881, 4320, 37441, SplitPart(first=38880, last=43200))
    """
    share, period = settings["optimisation_settings"]["val_fraction"], settings["chunk_period"]
    total = aligned.bout_length
    validation = int(total * share)
    if share > 0 and validation < period:
        raise refusal(
            "val_fraction",
            share,
            f"holds back {validation} of {total} minutes; must be 0, or hold chunk_period, {period}",
        )
    fitted, offset = total - validation, settings["bout_offset"]
    if fitted - offset < 2:
        allowed = f"must be at most {fitted - 2}: of {total} minutes {validation} are held back"
        raise refusal("bout_offset", offset, allowed)
    test = aligned.test_end_idx - aligned.end_idx
    return TrainingSplit(aligned.start_idx, fitted, validation, fitted - offset, test)
