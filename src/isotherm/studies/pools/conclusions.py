"""Sentences of the routing of swaps."""

from collections.abc import Mapping, Sequence
from typing import Any

from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.pools.names import labels
from isotherm.studies.routing.world_study import Cell, with_error
from isotherm.study.ties import are_apart, best_and_tied, tied_with

CLEAR = 3.0
"""Standard errors from which on a difference is said to be one."""


def conclusions(config: PoolRoutingConfig, cells: Sequence[Cell], metrics: Mapping[str, Any]) -> list[str]:
    """Who gets the best price, who is right most often, whether a joint model pays, and what to beware of.

    Args:
        config: of the run.
        cells: of it.
        metrics: as :func:`isotherm.studies.pools.results.combined` makes them.
    """
    names = labels(config)
    said = [_answer(cells, metrics["advantage"])] if "advantage" in metrics else []
    said += [_against_fixed(config, cells, metrics), _worst(cells[0], metrics, names)]
    said += [_standing(config, cell, metrics, names) for cell in cells]
    if "advantage" in metrics:
        said += [_worth(cell, metrics["advantage"][cell.name], names) for cell in cells]
    gain = metrics["per_order"][cells[0].name][config.agents[0]]["split_gain"]
    cheapest = metrics["per_order"][cells[0].name][_cheapest(config, cells[0], metrics)]
    little = "less" if _mean(gain) < _mean(cheapest["regret"]) else "more"
    than = f"{little} than" if are_apart(gain, cheapest["regret"]) else "about as much as"
    said.append(
        f"The best division of each order over the available pools would pay {with_error(gain)} bp more than the "
        f"best of them ({cells[0].title}), {than} learners lose by their choice."
    )
    said.append(
        "Agents learn whether they were within the tolerance, not by how much they missed it: what is most often "
        "right need not be cheapest. The floor sees every offer before it chooses, and nobody can know it."
    )
    said.append(
        f"All runs are drawn from one history of {config.ticker}; they overlap, so that standard errors over runs "
        "tell how contexts, orders and starts scatter, not how another history would differ."
    )
    return said


def failures(config: PoolRoutingConfig, cells: Sequence[Cell], metrics: Mapping[str, Any]) -> list[str]:
    """A line where pools are all alike, so that no routing could be told from another."""
    names, found = labels(config), metrics["worst_over_best"][cells[0].name]
    if _is_clear(found, 1):
        return []
    worst, best = (names[metrics[key][cells[0].name]] for key in ("worst_fixed", "best_fixed"))
    return [f"pools are alike: {worst} loses {with_error(found)} bp an order more than {best}"]


def _answer(cells: Sequence[Cell], found: Mapping[str, Any]) -> str:
    right = [cell for cell in cells if _is_clear(found[cell.name]["success"]["difference"], 1)]
    cheap = [cell for cell in cells if _is_clear(found[cell.name]["regret"]["difference"], -1)]
    where = f" ({'; '.join(cell.title for cell in cheap)})" if cheap else ""
    return (
        f"**A joint model** of all outcomes is right more often than the best other learner in {len(right)} of "
        f"{len(cells)} markets, and gets a better price in {len(cheap)}{where}."
    )


def _against_fixed(config: PoolRoutingConfig, cells: Sequence[Cell], metrics: Mapping[str, Any]) -> str:
    over = metrics["over_best_fixed"]
    cheap = [cell for cell in cells if _is_clear(over[cell.name][_cheapest(config, cell, metrics)], -1)]
    where = f" ({'; '.join(cell.title for cell in cheap)})" if cheap else ""
    return (
        "In price, the best learner beats an agent that is fixed on the best pool in hindsight in "
        f"{len(cheap)} of {len(cells)} markets{where}."
    )


def _standing(
    config: PoolRoutingConfig, cell: Cell, metrics: Mapping[str, Any], names: Mapping[str, str]
) -> str:
    found = metrics["per_order"][cell.name]
    by_price = _cheapest(config, cell, metrics)
    _, *as_cheap = best_and_tied({name: found[name]["regret"] for name in config.agents}, lowest=True)
    right = {name: found[name]["success"] for name in config.agents}
    by_success, *as_right = best_and_tied(right, lowest=False)
    best = metrics["best_fixed"][cell.name]
    over = metrics["over_best_fixed"][cell.name][by_price]
    verdict = (
        "less than" if _is_clear(over, -1) else "more than" if _is_clear(over, 1) else "about as much as"
    )
    said = (
        f"{_title(cell)}: **{names[by_price]}** gets the best price of those that learn"
        f"{tied_with([names[name] for name in as_cheap])}, "
        f"{with_error(found[by_price]['regret'])} bp an order below the best available pool, {verdict} an agent that "
        f"is {names[best]}, {with_error(found[best]['regret'])}"
    )
    rate = f"{with_error(right[by_success])} of orders{tied_with([names[name] for name in as_right])}"
    if by_success == by_price:
        return f"{said}; it is also right most often, {rate}."
    price = with_error(found[by_success]["regret"])
    return f"{said}; {names[by_success]} is right most often, {rate}, and loses {price} bp."


def _worth(cell: Cell, found: Mapping[str, Any], names: Mapping[str, str]) -> str:
    price, success = found["regret"], found["success"]
    pays = [_is_clear(price["difference"], -1), _is_clear(success["difference"], 1)]
    verdict = {
        (True, True): "a joint model pays, in price and in success",
        (True, False): "a joint model pays in price, not in success",
        (False, True): "a joint model is right more often, but that does not show in the price",
        (False, False): "a joint model has no advantage",
    }[pays[0], pays[1]]
    parts = _compared(price, names, "bp an order", -1), _compared(success, names, "of orders right", 1)
    return f"{_title(cell)}: {verdict}. {'; '.join(parts)}."


def _compared(found: Mapping[str, Any], names: Mapping[str, str], unit: str, better: int) -> str:
    known = [part for part in found["by_period"] if part]
    alike = sum(better * _mean(part) > 0 for part in known)
    return (
        f"{names[found['joint']]} less {names[found['other']]}: {with_error(found['difference'])} {unit}, better in "
        f"{alike} of {len(known)} parts of the prices"
    )


def _worst(cell: Cell, metrics: Mapping[str, Any], names: Mapping[str, str]) -> str:
    best, worst = (names[metrics[key][cell.name]] for key in ("best_fixed", "worst_fixed"))
    found = metrics["worst_over_best"][cell.name]
    if not _is_clear(found, 1):
        return f"Pools are alike: {worst} loses {with_error(found)} bp an order more than {best}."
    return f"Pools differ: {worst} loses {with_error(found)} bp an order more than {best}, run by run."


def _cheapest(config: PoolRoutingConfig, cell: Cell, metrics: Mapping[str, Any]) -> str:
    """The learner of the best price."""
    found = metrics["per_order"][cell.name]
    return min(config.agents, key=lambda name: _mean(found[name]["regret"]))


def _title(cell: Cell) -> str:
    return cell.title[0].upper() + cell.title[1:]


def _mean(found: Mapping[str, Any]) -> float:
    return float(found["mean"])


def _is_clear(found: Mapping[str, Any], sign: int) -> bool:
    """Whether a difference has a sign beyond doubt; of a single run none has."""
    return found["se"] is not None and sign * found["mean"] > CLEAR * found["se"]
