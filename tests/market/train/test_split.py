"""Parts of a training: what is fitted, what validates, what is left to the test."""

import numpy as np
import pytest

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.align import align
from isotherm.market.prices.synthetic import synthetic_table
from isotherm.market.train.split import SplitPart, split_of

TABLE = synthetic_table(np.ones((41 * 1440, 2)), ["AAA", "BBB"], "2024-01-01 00:00:00")
ALIGNED = align(TABLE, "2024-01-05 00:00:00", "2024-02-04 00:00:00", 3, "2024-02-09 00:00:00")


def split(val_fraction: float = 0.2, **settings):
    training = {"val_fraction": val_fraction}
    return split_of(Fingerprint(optimisation_settings=training, **settings).with_defaults(), ALIGNED)


def test_lengths_are_those_of_the_definition() -> None:
    found = split(bout_offset=2880)
    total = 30 * 1440 + 1
    assert found.first == 3 * 1440
    assert found.validation == int(0.2 * total)
    assert found.fitted == total - found.validation
    assert found.window == found.fitted - 2880
    assert found.room == 2880
    assert found.test == 5 * 1440


def test_parts_meet_without_a_gap_and_end_with_the_test() -> None:
    found = split(bout_offset=2880)
    parts = list(found.parts.values())
    assert [part.first for part in parts] == [0, *(part.last for part in parts[:-1])]
    assert found.parts["validation"].last == 30 * 1440
    assert parts[-1] == SplitPart(30 * 1440, 35 * 1440)
    assert found.minutes == 35 * 1440
    assert found.judged == "validation"


def test_without_validation_the_fitted_minutes_judge() -> None:
    found = split(0.0, bout_offset=1440)
    assert list(found.parts) == ["train", "test"]
    assert (found.judged, found.validation, found.window) == ("train", 0, 29 * 1440 + 1)


@pytest.mark.parametrize(
    ("share", "settings", "words"),
    [
        (
            0.01,
            {},
            "val_fraction = 0.01: holds back 432 of 43201 minutes; must be 0, or hold chunk_period, 1440",
        ),
        (0.0, {"bout_offset": 43200}, "bout_offset = 43200: must be at most 43199"),
        (0.5, {"bout_offset": 30000}, "bout_offset = 30000: must be at most 21599"),
    ],
)
def test_what_leaves_nothing_is_refused(share: float, settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        split(share, **settings)
