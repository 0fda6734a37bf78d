"""Words that settings choose by, and which parameters each pool has."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from isotherm.errors import refusal, shortened
from isotherm.market.objectives.registry import OBJECTIVES
from isotherm.settings.config import unknown_name

HOOKS = ("lvr", "rvr", "bounded", "ensemble")
"""What may stand before a rule, each followed by two underscores; the first has the highest priority."""

TRIPLE = "triple_threat_mean_reversion_channel"

_CHANNEL = ("k", "lambda", "alt_lambda", "exponents", "pre_exp_scaling", "initial_weights")
_INDEX = ("lambda", "memory_days_2", "initial_weights")
_THREE = (
    "k",
    "lambda",
    "lambda_for_ewma",
    "amplitude",
    "width",
    "exponents",
    "pre_exp_scaling",
    "initial_weights",
)

QUANTITIES = {
    "momentum": ("k", "lambda", "alt_lambda", "initial_weights"),
    "anti_momentum": ("k", "lambda", "alt_lambda", "initial_weights"),
    "power_channel": _CHANNEL,
    "mean_reversion_channel": (*_CHANNEL, "amplitude", "width"),
    TRIPLE: _THREE,
    "difference_momentum": ("k", "memory_days_1", "memory_days_2", "initial_weights"),
    "min_variance": ("memory_days_1", "memory_days_2", "initial_weights"),
    "index_market_cap": _INDEX,
    "hodling_index_market_cap": _INDEX,
    "trad_hodling_index_market_cap": _INDEX,
    "balancer": ("initial_weights",),
    "cow": ("initial_weights",),
    "hodl": ("initial_weights",),
    "gyroscope": ("rotation", "alpha", "beta", "stretch", "initial_weights"),
    "reclamm": ("price_ratio", "centeredness_margin", "price_shift", "arc_length_speed", "fees"),
}  # fmt: skip
"""What each rule reads of a parameter set."""

BOUNDS = ("min_budget", "min_logits", "gap_logits")
"""What the hook ``bounded`` reads besides."""

ENCODINGS = {
    "k": ("sp_k", "log_k", "absolute_k", "k"),
    "lambda": ("logit_lamb",),
    "alt_lambda": ("logit_delta_lamb",),
    "lambda_for_ewma": ("logit_lamb_for_ewma",),
    "exponents": ("sp_exponents", "raw_exponents"),
    "width": ("sp_width", "raw_width"),
    "amplitude": ("sp_amplitude", "log_amplitude"),
    "pre_exp_scaling": ("sp_pre_exp_scaling", "logit_pre_exp_scaling", "raw_pre_exp_scaling"),
    "memory_days_1": ("memory_days_1", "logit_lamb"),
    "memory_days_2": ("memory_days_2", "logit_delta_lamb"),
    "initial_weights": ("initial_weights_logits", "initial_weights"),
    "min_budget": ("raw_min_budget",), "min_logits": ("raw_min_logits",), "gap_logits": ("raw_gap_logits",),
    "rotation": ("phi",), "alpha": ("alpha",), "beta": ("beta",), "stretch": ("lam",),
    "price_ratio": ("price_ratio",), "centeredness_margin": ("centeredness_margin",),
    "price_shift": ("daily_price_shift_base", "shift_exponent"),
    "arc_length_speed": ("arc_length_speed",), "fees": ("fees",),
}  # fmt: skip
"""Keys of each quantity, the first that is there counts."""

_MEMORY = ("logit_lamb", "logit_delta_lamb", "initial_weights_logits")
_POWER = ("sp_k", *_MEMORY, "sp_exponents", "sp_pre_exp_scaling")
_VARIANCE = ("memory_days_1", "memory_days_2", "initial_weights_logits")

CREATED = {
    "momentum": ("log_k", *_MEMORY),
    "anti_momentum": ("log_k", *_MEMORY),
    "power_channel": _POWER,
    "mean_reversion_channel": (*_POWER, "sp_amplitude", "sp_width"),
    TRIPLE: (
        "log_k", "logit_lamb", "logit_lamb_for_ewma", "log_amplitude", "raw_width", "raw_exponents",
        "raw_pre_exp_scaling", "initial_weights_logits",
    ),
    "difference_momentum": ("k", *_VARIANCE),
    "min_variance": _VARIANCE,
    "index_market_cap": _MEMORY,
    "hodling_index_market_cap": _MEMORY,
    "trad_hodling_index_market_cap": _MEMORY,
    "balancer": ("initial_weights_logits",),
    "cow": ("initial_weights_logits",),
    "hodl": ("initial_weights_logits",),
    "gyroscope": ("phi", "alpha", "beta", "lam"),
    "reclamm": (
        "price_ratio", "centeredness_margin", "daily_price_shift_base", "shift_exponent", "arc_length_speed", "fees",
    ),
}  # fmt: skip
"""Keys that each rule's first set has; those of ``reclamm`` after the second by its settings."""

CREATED_BY_BOUNDS = ("raw_min_budget", "raw_min_logits", "raw_gap_logits")

TARGET_RULES = (
    "min_variance", "index_market_cap", "hodling_index_market_cap", "trad_hodling_index_market_cap",
)  # fmt: skip
"""Rules that give weights; the others that have rules at all give changes of weights."""

FIXED = frozenset(("initial_weights_logits", "initial_weights", "subsidary_params", *CREATED["gyroscope"]))
"""Keys that are never trained, nor jittered."""

RETURN_VALS = (*OBJECTIVES, "reserves", "reserves_and_values")


class PoolName(NamedTuple):
    """A pool's name in its parts.

    Attributes:
        hooks: in the order of the name, the first has the highest priority.
        rule: the rule or pool below them.
    """

    hooks: tuple[str, ...]
    rule: str


def pool_name(name: Any) -> PoolName:
    """``hook__hook__rule`` in its parts.

    Raises:
        ValueError: naming ``rule``, if a part is unknown, with the nearest name, or a hook stands twice.

    >>> pool_name("lvr__bounded__momentum")
    PoolName(hooks=('lvr', 'bounded'), rule='momentum')
    """
    if not isinstance(name, str):
        raise refusal("rule", name, "must be the name of a pool")
    *hooks, rule = name.split("__")
    known_word("rule", rule, QUANTITIES)
    for hook in hooks:
        known_word("rule", hook, HOOKS)
    if len(set(hooks)) < len(hooks):
        raise refusal("rule", name, "must name each hook once")
    return PoolName(tuple(hooks), rule)


def quantities_of(name: str) -> tuple[str, ...]:
    """What a pool reads of a parameter set, hooks included.

    Raises:
        ValueError: naming ``rule``, if a part of the name is unknown.
    """
    hooks, rule = pool_name(name)
    return QUANTITIES[rule] + (BOUNDS if "bounded" in hooks else ())


def own_keys(name: str) -> frozenset[str]:
    """Every key that a parameter set of this pool may have, in any encoding.

    Raises:
        ValueError: naming ``rule``, if a part of the name is unknown.

    >>> sorted(own_keys("hodl"))
    ['initial_weights', 'initial_weights_logits', 'subsidary_params']
    """
    return frozenset(key for one in quantities_of(name) for key in ENCODINGS[one]) | {"subsidary_params"}


def known_word(field: str, word: Any, known: Iterable[str]) -> str:
    """One of some words.

    Raises:
        ValueError: naming ``field``, with the nearest word, or all if none is near.
    """
    words = list(known)
    if not isinstance(word, str) or word not in words:
        shown = shortened(f"is unknown; {unknown_name(str(word), words)}", 200)
        raise refusal(field, word, shown)
    return word
