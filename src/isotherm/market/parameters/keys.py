"""Every setting of a run: its default, its check and what it means."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from isotherm.market.parameters import checks
from isotherm.market.parameters.checks import Check, flag, optional, real, reals, whole, word
from isotherm.market.parameters.names import RETURN_VALS
from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS, TRAINING_KEYS


class RunSetting(NamedTuple):
    """One setting.

    Attributes:
        default: what an absent or None entry becomes.
        check: of a given value.
        meaning: in a line.
    """

    default: Any
    check: Check
    meaning: str


_SHARE = real(least=0, most=1)
_FEE = real(least=0, below=1)
_AT_LEAST_0 = real(least=0)
_POSITIVE = real(above=0)

_BOUNDS = {"freeze_bounds": False, "min_weights_per_asset": None, "max_weights_per_asset": None}

SETTINGS: dict[str, RunSetting] = {
    name: RunSetting(*row)
    for name, row in {
        "freq": ("minute", checks.text, "informational"),
        "startDateString": ("2023-01-01 00:00:00", checks.date, "first minute of training, UTC"),
        "endDateString": ("2023-06-01 00:00:00", checks.date, "end of training, UTC"),
        "endTestDateString": (None, optional(checks.date), "end of the test window, UTC"),
        "tokens": (["BTC", "ETH", "USDC"], checks.tokens, "tickers"),
        "rule": ("mean_reversion_channel", checks.rule, "pool name with optional hooks"),
        "return_val": ("daily_log_sharpe", word(*RETURN_VALS), "objective, or what a simulation returns"),
        "initial_pool_value": (1e6, _POSITIVE, "value at the first minute"),
        "chunk_period": (1440, whole(1), "minutes between two updates"),
        "weight_interpolation_period": (1440, whole(1), "minutes over which a weight moves"),
        "weight_interpolation_method": (
            "linear", word("linear", "approx_optimal", "approx_optimal_compat", "slerp"), "path between weights",
        ),
        "maximum_change": (3e-4, _POSITIVE, "largest step of a weight in a minute"),
        "minimum_weight": (None, optional(real(above=0, below=1)), "floor of weights; None: 0.1 / n"),
        "max_memory_days": (365, _POSITIVE, "cap of memory, and burn-in"),
        "use_alt_lamb": (False, flag, "a second memory in the gradient"),
        "use_pre_exp_scaling": (True, flag, "whether gradients are scaled before the exponent"),
        "weight_calculation_method": ("auto", word("auto", "vectorized", "scan"), "batch or streaming form"),
        "ste_max_change": (False, flag, "straight-through step limit"),
        "ste_min_max_weight": (False, flag, "straight-through weight limits"),
        "fees": (0, _FEE, "swap fee"),
        "gas_cost": (0, _AT_LEAST_0, "gas of a trade, in the numeraire"),
        "arb_fees": (0, _FEE, "fee of the outside venue"),
        "protocol_fee_split": (0, _SHARE, "share of fees that leaves the pool"),
        "arb_frequency": (1, whole(1), "minutes between arbitrages"),
        "arb_quality": (1.0, _SHARE, "mixture of two arbitrageurs"),
        "do_arb": (True, flag, "whether anybody arbitrages"),
        "do_trades": (False, flag, "whether given trades are made"),
        "noise_trader_ratio": (0, _AT_LEAST_0, "noise volume over arbitrage volume"),
        "numeraire": (None, optional(checks.text), "token of the price; None: the last"),
        "bout_offset": (10080, whole(0), "minutes of room for random starts"),
        "turnover_penalty": (0, _AT_LEAST_0, "weight of turnover in the objective"),
        "price_noise_sigma": (0, _AT_LEAST_0, "noise of prices in training"),
        "use_fused_reserves": (True, flag, "daily values without a reserves array"),
        "checkpoint_fused": ("scan", word("none", "vmap", "scan"), "what back-propagation keeps"),
        "initial_memory_length": (10.0, reals(), "days"),
        "initial_memory_length_delta": (0.0, reals(), "days more of the second memory"),
        "initial_k_per_day": (20, reals(), "aggressiveness per day of memory"),
        "initial_weights_logits": (1.0, reals(), "logits of the first weights"),
        "initial_log_amplitude": (0, reals(), "log2 of the amplitude per day of memory"),
        "initial_raw_width": (0, reals(), "log2 of the channel width"),
        "initial_raw_exponents": (0, reals(), "raw exponent"),
        "initial_pre_exp_scaling": (0.5, reals(above=0), "scale of gradients before the exponent"),
        "subsidary_pools": ([], checks.anything, "legacy"),
        "n_ensemble_members": (1, whole(1), "members that are averaged"),
        "ensemble_init_method": (
            "gaussian", word("gaussian", "sobol", "lhs", "centered_lhs", "grid"), "spread of the members",
        ),
        "ensemble_init_scale": (0.5, _AT_LEAST_0, "size of the spread"),
        "ensemble_init_seed": (42, whole(0), "seed of the spread"),
        "learnable_bounds_settings": (_BOUNDS, checks.mapping, "of the hook bounded"),
        "reclamm_interpolation_method": ("geometric", word("geometric", "constant_arc_length"), "path of balances"),
        "reclamm_arc_length_speed": (None, optional(_POSITIVE), "None: calibrated"),
        "reclamm_centeredness_scaling": (False, flag, "speed by centeredness"),
        "reclamm_learn_arc_length_speed": (False, flag, "speed is a parameter"),
        "reclamm_use_shift_exponent": (False, flag, "shift by its exponent"),
        "reclamm_learn_fees": (False, flag, "fee is a parameter"),
        "initial_arc_length_speed": (1e-4, _POSITIVE, "of virtual balances"),
        "initial_shift_exponent": (1.0, _POSITIVE, "of the daily shift"),
        "initial_price_ratio": (4.0, real(above=1), "highest over lowest price"),
        "initial_centeredness_margin": (0.2, _SHARE, "below which balances move"),
        "initial_daily_price_shift_base": (1 - 1 / 124000, real(above=0, below=1), "decay of a second"),
        "optimisation_settings": (TRAINING_DEFAULTS, checks.mapping, "of training"),
    }.items()
}  # fmt: skip

WITHOUT_DEFAULT: dict[str, Check] = {
    "cap_weights": optional(reals(above=0)),
    "annual_streaming_fee": optional(real(least=0, below=1)),
    "reclamm_initial_state": optional(checks.mapping),
    "guardrail": word("clip", "projection", "kl_projection"),
    "start_from_first_target": flag,
    "rotation_angle": reals(),
    "alpha": reals(above=0),
    "beta": reals(above=0),
    "lam": reals(above=0),
}
"""Settings that stay absent unless given."""

BOUNDS_KEYS: dict[str, Check] = {
    "freeze_bounds": flag,
    "min_weights_per_asset": optional(reals()),
    "max_weights_per_asset": optional(reals()),
}

CHECKS: Mapping[str, Any] = {
    **{name: setting.check for name, setting in SETTINGS.items()},
    **WITHOUT_DEFAULT,
    "learnable_bounds_settings": BOUNDS_KEYS,
    "optimisation_settings": TRAINING_KEYS,
}
"""Check of each known setting; a mapping for nested ones."""

DEFAULTS: dict[str, Any] = {name: setting.default for name, setting in SETTINGS.items()}
"""What absent settings become. Copied before it is given to anybody."""

BOOKKEEPING = ("alphabetic", "training_method", "evaluation_starts")
"""Keys that a stored fingerprint may have besides, which never name a run."""

NOT_READ_FORWARD = frozenset(
    {"optimisation_settings", "startDateString", "endDateString", "endTestDateString", "subsidary_pools"}
    | {"bout_offset", "freq", *BOOKKEEPING}
    | {name for name in SETTINGS if name.startswith("initial_")} - {"initial_pool_value"}
)
"""What no forward pass reads: another value needs no other compiled function."""
