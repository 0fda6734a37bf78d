"""Tables of fees and trades on the minutes of a run."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from isotherm.market.pools.tables import trades_on_grid, values_on_grid

MINUTE = 60_000
START = 1_700_000_040_000


def table(minutes: list[int], values: list[float]) -> dict[str, Any]:
    return {"unix": [START + MINUTE * m for m in minutes], "value": values}


@pytest.mark.parametrize("kind", [dict, pl.DataFrame])
def test_values_hold_on_or_stand_alone(kind: Any) -> None:
    given = kind(table([-5, 2, 4, 6], [0.1, 0.2, 0.0, 0.9]))
    held = values_on_grid(given, START, START + 6 * MINUTE)
    np.testing.assert_array_equal(held, [0.1, 0.1, 0.2, 0.2, 0.2, 0.2])
    alone = values_on_grid(given, START, START + 6 * MINUTE, "base")
    np.testing.assert_array_equal(alone, [0, 0, 0.2, 0, 0, 0])


def test_without_an_earlier_value_the_first_one_holds_from_the_beginning() -> None:
    np.testing.assert_array_equal(
        values_on_grid(table([3, 1], [5.0, 4.0]), START, START + 5 * MINUTE), [4, 4, 4, 5, 5]
    )


def test_between_minutes_the_value_holds_from_the_next_one() -> None:
    given = table([0], [1.0])
    given = {"unix": [*given["unix"], START + MINUTE + 1], "value": [1.0, 2.0]}
    np.testing.assert_array_equal(values_on_grid(given, START, START + 4 * MINUTE), [1, 1, 2, 2])
    with pytest.raises(ValueError, match="unix = 1700000100001: must be whole minutes"):
        values_on_grid(given, START, START + 4 * MINUTE, "base")


def trades(minutes: list[int], pairs: list[tuple[str, str]], amounts: list[float]) -> dict[str, Any]:
    return {
        "unix": [START + MINUTE * m for m in minutes],
        "token_in": [one for one, _ in pairs],
        "token_out": [other for _, other in pairs],
        "amount_in": amounts,
    }


TOKENS = ["BTC", "ETH", "USDC"]


@pytest.mark.parametrize("kind", [dict, pl.DataFrame])
def test_trades_stand_in_their_minutes(kind: Any) -> None:
    """The last boundary is left out, and so is what lies outside."""
    given = kind(
        trades(
            [2, 0, -1, 4],
            [("ETH", "BTC"), ("BTC", "USDC"), ("BTC", "ETH"), ("BTC", "ETH")],
            [1.0, 2.0, 3.0, 4.0],
        )
    )
    found = trades_on_grid(given, TOKENS, START, START + 4 * MINUTE)
    np.testing.assert_array_equal(found, [[0, 2, 2], [0, 0, 0], [1, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            trades([0], [("DOGE", "BTC")], [1.0]),
            "token_in = 'DOGE': must be one of the pool's tokens, BTC, ETH, USDC",
        ),
        (trades([0], [("BTC", "DOGE")], [1.0]), "token_out = 'DOGE'"),
        (trades([9], [("DOGE", "BTC")], [1.0]), "token_in = 'DOGE'"),
        (trades([0], [("BTC", "BTC")], [1.0]), "token_out = 'BTC': must be another"),
        (trades([0], [("BTC", "ETH")], [-1.0]), "amount_in = -1.0"),
        (
            trades([0, 0], [("BTC", "ETH")] * 2, [1.0, 1.0]),
            "unix = 1700000040000: must have one trade a minute",
        ),
        (trades([0], [("BTC", "ETH")], [1.0, 2.0]), r"len\(amount_in\) = 2"),
        ({"unix": [START]}, "lacks the column 'amount_in'"),
        (trades([0], [("BTC", "ETH")], [1.0]) | {"unix": [START + 1]}, "unix = 1700000040001"),
        (trades([0], [("BTC", "ETH")], [1.0]) | {"unix": [0.5]}, "unix"),
    ],
)
def test_tables_of_trades_that_do_not_fit_are_refused(given: dict[str, Any], line: str) -> None:
    """D25: an unknown token is nobody's first."""
    with pytest.raises(ValueError, match=line):
        trades_on_grid(given, TOKENS, START, START + 4 * MINUTE)


@pytest.mark.parametrize(
    ("given", "more", "line"),
    [
        (table([0], [1.0]), {"fill": "back"}, "fill = 'back'"),
        (table([0], [1.0]), {"end": START}, "end = "),
        (table([0], [1.0]), {"end": START + 1}, "whole minutes"),
        (table([0], [0.0]), {}, "must have one other than 0"),
        (table([9], [1.0]), {}, "must have one other than 0"),
        (table([4], [1.0]), {}, "must have one other than 0"),
        (table([0], [1.0, 2.0]), {}, r"len\(value\) = 2"),
        (table([0], [np.nan]), {}, "value = nan"),
        ({"value": [1.0]}, {}, "lacks the column 'unix'"),
    ],
)
def test_tables_of_values_that_do_not_fit_are_refused(
    given: dict[str, Any], more: dict[str, Any], line: str
) -> None:
    with pytest.raises(ValueError, match=line):
        values_on_grid(given, **({"start": START, "end": START + 4 * MINUTE} | more))


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(TypeError, match="table"):
        values_on_grid(3, START, START + MINUTE)
    with pytest.raises(TypeError, match="start"):
        values_on_grid(table([0], [1.0]), 0.5, START)
