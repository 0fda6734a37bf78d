"""What a pool's name and the settings of a run stand for: a rule, a pool, guardrails and costs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.hooks.averaging import averaged
from isotherm.market.hooks.bounds import learned_bounds
from isotherm.market.hooks.rebalancing import lvr, rvr
from isotherm.market.parameters.chain import one_set
from isotherm.market.parameters.keys import DEFAULTS
from isotherm.market.parameters.names import TARGET_RULES, TRIPLE, PoolName, pool_name
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.pool import AbstractPool
from isotherm.market.pools.registry import TO_COME, pool
from isotherm.market.rules.bounds import WeightBounds
from isotherm.market.rules.registry import rule_named
from isotherm.market.rules.rule import Params, WeightRule
from isotherm.market.rules.settings import RuleSettings

INDEX = "index_market_cap"
STREAMING = "trad_hodling_index_market_cap"
HOLDING = ("hodling_index_market_cap", STREAMING)
"""Pools that follow the weights of an index, and trade only while those move."""

CONSTANT = ("balancer", "cow", "hodl", "gyroscope", "reclamm")
"""Pools that follow no rule."""

_RULE_FIELDS = (
    "chunk_period", "weight_interpolation_period", "weight_interpolation_method", "maximum_change", "minimum_weight",
    "max_memory_days", "use_alt_lamb", "use_pre_exp_scaling", "ste_max_change", "ste_min_max_weight",
)  # fmt: skip
_OPTIONAL_RULE_FIELDS = ("guardrail", "cap_weights", "start_from_first_target")
_COSTS = (
    "fees", "gas_cost", "arb_fees", "protocol_fee_split", "noise_trader_ratio", "arb_frequency", "do_arb",
    "arb_quality",
)  # fmt: skip

_GRADIENT_RULES = ("momentum", "anti_momentum", "power_channel", "mean_reversion_channel")
_SCALED_RULES = ("power_channel", "mean_reversion_channel", TRIPLE)
_COSTS_OF_TRADES = ("gas_cost", "arb_fees", "protocol_fee_split", "noise_trader_ratio", "do_arb")
_MOVES = (
    "chunk_period", "weight_interpolation_period", "weight_interpolation_method", "maximum_change", "minimum_weight",
    "weight_calculation_method", "guardrail",
)  # fmt: skip


class Strategy(NamedTuple):
    """A pool's name in parts that work.

    Attributes:
        name: hooks and rule.
        rule: whose weights the pool follows; None where the initial weights stay.
        pool: what trades at those weights.
        settings: timing and guardrails of the rule.
        is_bounded: whether weights are kept within learned bounds.
        are_bounds_frozen: whether no gradient reaches those.
    """

    name: PoolName
    rule: WeightRule | None
    pool: AbstractPool
    settings: RuleSettings
    is_bounded: bool
    are_bounds_frozen: bool

    def bounds(self, params: Params) -> WeightBounds | None:
        """Bounds of each token's weight in float64 from raw parameters of one set, or None."""
        with jax.enable_x64(True):
            return learned_bounds(params, self.are_bounds_frozen) if self.is_bounded else None

    def one_set(self, params: Mapping[str, Any], parameter_set: int | None = None) -> dict[str, np.ndarray]:
        """Arrays of one set; of an ensemble they lead with its members. As :func:`.chain.one_set`.

        Args:
            params: raw parameters, of one set or with a leading axis of sets.
            parameter_set: index of a set; None if there is one only.

        Raises:
            TypeError: naming a parameter that holds no numbers.
            ValueError: naming a parameter with several sets, if none is chosen or there is no such set.
        """
        is_ensemble = "ensemble" in self.name.hooks
        return one_set(params, self.name.rule, parameter_set, keeps_members=is_ensemble)


def strategy_of(settings: Mapping[str, Any], *, spread: Any = None) -> Strategy:
    """What settings stand for.

    Args:
        settings: of a run, defaults filled in, as :meth:`.Fingerprint.with_defaults` gives them.
        spread: bid-ask spread of each token as a share of its price, ``(tokens,)`` or ``(rows, tokens)``; asked for
            by pools that pay it, see :func:`pays_spread`, and not looked at by others.

    Raises:
        ValueError: naming ``rule``, if a part is unknown, not there yet, or does not go with another; ``spread``; or
            a setting that asks for what is not simulated: ``freq``, ``subsidary_pools``, ``numeraire``.

    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> found = strategy_of(Fingerprint(rule="lvr__momentum").with_defaults())
    >>> found.rule.name, type(found.pool).__name__
    ('momentum', 'RebalancedPool')
    """
    name = pool_name(settings["rule"])
    if name.rule in TO_COME:
        raise refusal("rule", settings["rule"], f"names {name.rule}, a pool that is not there yet")
    rule = _rule(name, settings)
    _refuse_unplayed(settings)
    if rule is None and (set(name.hooks) & {"bounded", "ensemble"}):
        raise refusal(
            "rule", settings["rule"], f"{name.rule} has constant weights: no bounds and no ensemble"
        )
    return Strategy(
        name=name,
        rule=rule,
        pool=_pool(name, settings, spread),
        settings=rule_settings(settings),
        is_bounded="bounded" in name.hooks,
        are_bounds_frozen=settings["learnable_bounds_settings"]["freeze_bounds"],
    )


def unread_settings(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Settings with another value than their default that this pool does not look at, by name.

    Those of training and of first parameters are not counted: they are for others to read.

    Args:
        settings: of a run, defaults filled in.

    Raises:
        ValueError: naming ``rule``, if a part of it is unknown.

    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> unread_settings(Fingerprint(rule="momentum", arb_quality=0.5, cap_weights=0.4, fees=0.01).with_defaults())
    ('arb_quality', 'cap_weights')
    """
    unread = _unread_by(pool_name(settings["rule"]))
    return tuple(
        key for key in settings if key in unread and settings[key] not in (None, DEFAULTS.get(key, None))
    )


def _unread_by(name: PoolName) -> set[str]:
    hooks, rule = name
    readers = {
        "arb_quality": rule == "cow",
        "annual_streaming_fee": rule == STREAMING,
        "cap_weights": rule in (INDEX, *HOLDING),
        "use_alt_lamb": rule in _GRADIENT_RULES,
        "use_pre_exp_scaling": rule in _SCALED_RULES,
        "start_from_first_target": rule in TARGET_RULES,
        "learnable_bounds_settings": "bounded" in hooks,
        "n_ensemble_members": "ensemble" in hooks,
        **{f"ensemble_init_{part}": "ensemble" in hooks for part in ("method", "scale", "seed")},
        **dict.fromkeys(("rotation_angle", "alpha", "beta", "lam"), rule == "gyroscope"),
        **dict.fromkeys(_MOVES, rule not in CONSTANT),
    }
    readers |= dict.fromkeys(_COSTS_OF_TRADES, rule != "hodl" and not is_on_market(name))
    readers |= {"fees": rule != "hodl", "arb_frequency": rule != "hodl" and not {"lvr", "rvr"} & set(hooks)}
    of_reclamm = {key for key in (*DEFAULTS, "reclamm_initial_state") if key.startswith("reclamm_")}
    return {key for key, is_read in readers.items() if not is_read} | of_reclamm


def _refuse_unplayed(settings: Mapping[str, Any]) -> None:
    """Refuse settings that ask for another simulation than there is."""
    if settings["freq"] != "minute":
        raise refusal("freq", settings["freq"], "must be 'minute': pools are played minute by minute")
    if settings["subsidary_pools"]:
        raise refusal(
            "subsidary_pools", settings["subsidary_pools"], "must be empty: pools hold no other pools"
        )
    if settings["numeraire"] is not None:
        allowed = "must be left out: only the pool gyroscope reads it, which is not there yet"
        raise refusal("numeraire", settings["numeraire"], allowed)


def is_on_market(name: PoolName) -> bool:
    """Whether a pool rebalances on a market at its swap fee instead of being arbitraged."""
    return name.rule == STREAMING or bool({"lvr", "rvr"} & set(name.hooks))


def pays_spread(name: PoolName) -> bool:
    """Whether a pool pays bid-ask spreads: under the hook ``rvr``, or as the index pool that streams a fee."""
    return name.rule == STREAMING or "rvr" in name.hooks


def check_spread(rule: str, spread: Any, field: str = "spread") -> None:
    """Refuse a bid-ask spread for a pool that pays none.

    Raises:
        ValueError: naming ``field``, or a part of the pool's name that is unknown.
    """
    if spread is not None and not pays_spread(pool_name(rule)):
        raise refusal(field, "given", f"must be left out: {rule} pays no bid-ask spread")


def rule_settings(settings: Mapping[str, Any]) -> RuleSettings:
    """Timing and guardrails that settings ask for.

    Raises:
        ValueError: naming what is out of range.
    """
    doors.mapping("settings", settings, "a mapping of settings")
    lacking = [field for field in _RULE_FIELDS if field not in settings]
    if lacking:
        raise refusal(
            "settings", f"without {lacking[0]}", "must have their defaults: Fingerprint.with_defaults"
        )
    given = {field: settings[field] for field in _RULE_FIELDS}
    extra = {field: settings[field] for field in _OPTIONAL_RULE_FIELDS if settings.get(field) is not None}
    caps = extra.get("cap_weights")
    if isinstance(caps, list):
        extra["cap_weights"] = tuple(map(float, caps))
    return RuleSettings(**given, **extra)


def costs_of(settings: Mapping[str, Any], **others: Any) -> Costs:
    """What trading costs by settings.

    Args:
        settings: of a run, defaults filled in.
        **others: fields of :class:`.Costs` that take the place of settings, where not None.

    Raises:
        TypeError: if a field is unknown or of another kind.
        ValueError: naming what is out of range, or ``do_trades`` where no trades are given.
    """
    if settings["do_trades"] and others.get("trades") is None:
        raise refusal("do_trades", True, "needs trades: give them, or leave it out")
    return Costs(
        **{field: settings[field] for field in _COSTS} | {k: v for k, v in others.items() if v is not None}
    )


def _rule(name: PoolName, settings: Mapping[str, Any]) -> WeightRule | None:
    if name.rule in CONSTANT:
        return None
    rule = rule_named(INDEX if name.rule in HOLDING else name.rule)
    members = settings["n_ensemble_members"]
    if "ensemble" in name.hooks:
        return averaged(rule, members)
    if members > 1:
        allowed = f"needs the hook: rule = 'ensemble__{settings['rule']}'"
        raise refusal("n_ensemble_members", members, allowed)
    return rule


def _pool(name: PoolName, settings: Mapping[str, Any], spread: Any) -> AbstractPool:
    periods = {key: settings[key] for key in ("chunk_period", "weight_interpolation_period")}
    if name.rule in HOLDING:
        own = periods
        if name.rule == STREAMING:
            fee = settings.get("annual_streaming_fee")
            own = (
                periods
                | {"spread": _needed(spread, settings)}
                | ({} if fee is None else {"annual_streaming_fee": fee})
            )
        found = pool(name.rule, **own)
    else:
        found = pool(name.rule)
    benchmark = next((hook for hook in name.hooks if hook in ("lvr", "rvr")), None)
    if benchmark == "lvr":
        return lvr(found)
    return found if benchmark is None else rvr(found, _needed(spread, settings))


def _needed(spread: Any, settings: Mapping[str, Any]) -> Any:
    if spread is None:
        raise refusal("spread", None, f"must be given: {settings['rule']} pays bid-ask spreads")
    return spread
