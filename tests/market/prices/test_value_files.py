"""Fees, gas, supplies and swaps from files."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.market.prices.price_files import MINUTE, START, write

from isotherm.market.prices.shipped import shipped
from isotherm.market.prices.value_files import read_fees, read_gas, read_swaps, read_values

TIMES = [START, START + 5 * MINUTE, START + 7 * MINUTE]


def series(
    tmp_path: Path, name: str = "fee", values: tuple = (0.001, 0.002, 0.003), times: list = TIMES
) -> Path:
    return write(pl.DataFrame({"unix": times, name: values}), tmp_path / "series.csv")


def test_values_keep_their_own_times(tmp_path: Path) -> None:
    """D24: a series has absolute times, so that a test period finds its own."""
    found = read_fees(series(tmp_path))
    assert found.unix.tolist() == TIMES
    assert found.values.tolist() == [0.001, 0.002, 0.003]
    assert len(found.digest) == 64
    assert found.notes == ()


def test_the_column_of_values_is_value_or_the_only_one_or_named(tmp_path: Path) -> None:
    both = pl.DataFrame({"unix": TIMES, "value": [1.0, 2.0, 3.0], "other": [4.0, 5.0, 6.0]})
    path = write(both, tmp_path / "two.parquet")
    assert read_values(path).values[0] == 1.0
    assert read_values(path, "other").values[0] == 4.0
    with pytest.raises(ValueError, match="has no column third; it has unix, value, other"):
        read_values(path, "third")
    with pytest.raises(ValueError, match="has columns a, b; name the one of values"):
        read_values(write(both.rename({"value": "a", "other": "b"}), tmp_path / "ab.parquet"))
    with pytest.raises(ValueError, match="has columns unix alone; name"):
        read_values(write(both.select("unix"), tmp_path / "none.parquet"))


@pytest.mark.parametrize(
    ("values", "times", "words"),
    [
        (
            (0.0, -0.1, 0.0),
            TIMES,
            "has fee -0.1 in row 1, 2022-07-19 00:05:00; values are finite, at least 0, below 1",
        ),
        ((0.0, 0.0, 1.0), TIMES, "has fee 1 in row 2"),
        ((0.0, None, 0.0), TIMES, "has fee nan in row 1"),
        ((0.0, 0.0, 0.0), [START, START, START + 1], "has 2022-07-19 00:00:00 twice"),
        ((0.0, 0.0, 0.0), [START, START - MINUTE, START], "goes back in row 1"),
    ],
)
def test_bad_series_are_refused(values: tuple, times: list, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        read_fees(series(tmp_path, "fee", values, times))


def test_a_fee_of_zero_is_one(tmp_path: Path) -> None:
    assert read_fees(series(tmp_path, "fee", (0.0, 0.0, 0.999))).values[2] == 0.999


def test_gas_is_in_gwei_whatever_the_file_has(tmp_path: Path) -> None:
    daily = [1_600_000_000 + 86_400 * i for i in range(3)]
    found = read_gas(series(tmp_path, "wei", (2e10, 3e10, 4e10), daily))
    assert found.values.tolist() == [20.0, 30.0, 40.0]
    assert found.unix[1] == 1_600_086_400_000
    (note,) = found.notes
    assert note.endswith("column unix holds seconds, read as such")
    assert read_gas(series(tmp_path, "gwei", (2e10, 3e10, 4e10))).values[0] == 2e10
    assert read_gas(series(tmp_path, "price", (2.0, 3.0, 4.0)), unit="wei").values[0] == 2e-9


@pytest.mark.parametrize(("value", "gwei"), [(1e6, 1e-3), (999_999.0, 999_999.0)])
def test_a_unit_that_is_not_told_is_taken_by_size_and_noted(
    value: float, gwei: float, tmp_path: Path
) -> None:
    found = read_gas(series(tmp_path, "price", (value,) * 3))
    np.testing.assert_allclose(found.values, gwei)
    assert "by their size" in found.notes[-1]


def test_shipped_gas_is_in_gwei() -> None:
    found = read_gas(shipped("gas_1m_2023_08"))
    assert found.notes == ()
    assert 36 < found.values.min() < found.values.max() < 9559
    with pytest.raises(ValueError, match="values are finite, at least 0"):
        read_values(shipped("uniswap_usdc_weth_1m"), "net_usdc", least=0)


def swaps(tmp_path: Path, **changes: list) -> Path:
    columns = {
        "unix": [START, START, START + MINUTE], "token_in": ["A", "B", "A"], "token_out": ["B", "C", "C"],
        "amount_in": [1.0, 0.0, 2.5],
    }  # fmt: skip
    return write(pl.DataFrame(columns | changes), tmp_path / "swaps.parquet")


def test_swaps_may_share_a_minute_and_name_their_tokens(tmp_path: Path) -> None:
    found = read_swaps(swaps(tmp_path), ("A", "B", "C"))
    assert (found.token_in, found.token_out) == (("A", "B", "A"), ("B", "C", "C"))
    assert found.amount_in.tolist() == [1.0, 0.0, 2.5]
    assert found.unix.tolist() == [START, START, START + MINUTE]
    assert read_swaps(swaps(tmp_path)).token_in[0] == "A"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token_out": ["B", "D", "C"]}, r"names token 'D' in row 1; the pool holds A, B, C"),
        ({"token_out": ["B", "B", "C"]}, "swaps B for itself in row 1"),
        ({"amount_in": [1.0, -1.0, 2.0]}, "has amount_in -1 in row 1"),
        ({"amount_in": [1.0, np.inf, 2.0]}, "has amount_in inf in row 1"),
        ({"unix": [START, START - 1, START]}, "goes back in row 1"),
        ({"token_in": ["A", None, "A"]}, "column token_in should be texts, none of them empty"),
        ({"token_in": [0, 1, 0]}, "column token_in should be texts"),
    ],
)
def test_bad_swaps_are_refused(changes: dict, words: str, tmp_path: Path) -> None:
    """D25: an unknown token is no token 0."""
    with pytest.raises(ValueError, match=words):
        read_swaps(swaps(tmp_path, **changes), ("A", "B", "C"))
