"""First raw parameters of each pool, in its own encodings."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters import host
from isotherm.market.parameters.encoding import NESTED
from isotherm.market.parameters.memory import LONGEST
from isotherm.market.parameters.names import FIXED, TRIPLE, known_word, pool_name
from isotherm.market.parameters.spread import NOISES, ensemble_members, jittered
from isotherm.market.parameters.start import Parameters, Values, needed, process_initial_values
from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS


class PoolStart:
    """Initial values of one pool, asked for by key."""

    def __init__(
        self, values: Values, settings: Values, n_assets: int, sets: int, force_scalar: bool
    ) -> None:
        self.values, self.settings, self.n_assets, self.sets = values, settings, n_assets, sets
        self.force_scalar = force_scalar

    def array(self, key: str, **bounds: float | int) -> Float[np.ndarray, "sets tokens"]:
        """A value for each token, ``(sets, n)``, or with ``force_scalar`` for all, ``(sets, 1)``.

        Raises:
            ValueError: naming the key, if it is absent, out of bounds or of another shape.
        """
        found = process_initial_values(self.values, key, self.n_assets, self.sets, self.force_scalar)
        doors.numbers(key, found, **bounds)
        return found[:, None] if found.ndim == 1 else found

    def scalar(self, key: str, **bounds: float | int) -> Float[np.ndarray, " sets"]:
        """A number for each set, ``(sets,)``.

        Raises:
            ValueError: as :meth:`array`.
        """
        found = process_initial_values(self.values, key, 1, self.sets)
        doors.numbers(key, found, **bounds)
        return found[:, 0]

    def weights(self) -> Parameters:
        """Logits of the first weights, always one for each token."""
        values = {"initial_weights_logits": 0.0, **{k: v for k, v in self.values.items() if v is not None}}
        found = process_initial_values(values, "initial_weights_logits", self.n_assets, self.sets)
        return {"initial_weights_logits": found}

    def memory(self) -> Float[np.ndarray, "sets tokens"]:
        """Days, above 0 and at most a million, ``(sets, n)``."""
        return self.array("initial_memory_length", above=0, most=LONGEST)

    def later_memory(self) -> Float[np.ndarray, "sets tokens"]:
        """Days of the second memory, likewise, ``(sets, n)``."""
        found = self.memory() + self.array("initial_memory_length_delta")
        return doors.numbers(
            "initial_memory_length + initial_memory_length_delta", found, above=0, most=LONGEST
        )

    def logit_lambda(self, memory_days: Float[np.ndarray, "sets tokens"]) -> Float[np.ndarray, "sets tokens"]:
        """Raw form of a memory, ``(sets, n)``."""
        found = host.memory_days_to_logit_lambda(memory_days, needed(self.settings, "chunk_period"))
        return np.asarray(found)

    def lambdas(self) -> Parameters:
        """Both memories in raw form."""
        first = self.logit_lambda(self.memory())
        return {"logit_lamb": first, "logit_delta_lamb": self.logit_lambda(self.later_memory()) - first}


def _momentum(start: PoolStart) -> Parameters:
    return {"log_k": np.log2(start.array("initial_k_per_day", above=0)), **start.lambdas(), **start.weights()}


def _power_channel(start: PoolStart) -> Parameters:
    return {
        "sp_k": host.inverse_squareplus(start.array("initial_k_per_day", above=0)),
        **start.lambdas(),
        "sp_exponents": start.array("initial_raw_exponents"),
        "sp_pre_exp_scaling": host.inverse_squareplus(start.array("initial_pre_exp_scaling", above=0)),
        **start.weights(),
    }


def _mean_reversion_channel(start: PoolStart) -> Parameters:
    return {
        **_power_channel(start),
        "sp_amplitude": host.inverse_squareplus(np.exp2(start.array("initial_log_amplitude"))),
        "sp_width": host.inverse_squareplus(np.exp2(start.array("initial_raw_width"))),
    }


def _triple_threat(start: PoolStart) -> Parameters:
    logit_lambda = start.logit_lambda(start.memory())
    return {
        "log_k": np.log2(start.array("initial_k_per_day", above=0)),
        "logit_lamb": np.repeat(logit_lambda[:, None], 3, axis=1),
        "logit_lamb_for_ewma": logit_lambda,
        "log_amplitude": start.array("initial_log_amplitude"),
        "raw_width": start.array("initial_raw_width"),
        "raw_exponents": start.array("initial_raw_exponents"),
        "raw_pre_exp_scaling": np.log2(start.array("initial_pre_exp_scaling", above=0)),
        **start.weights(),
    }


def _min_variance(start: PoolStart) -> Parameters:
    return {"memory_days_1": start.memory(), "memory_days_2": start.later_memory(), **start.weights()}


def _difference_momentum(start: PoolStart) -> Parameters:
    return {"k": start.array("initial_k_per_day"), **_min_variance(start)}


def _index_market_cap(start: PoolStart) -> Parameters:
    first = start.logit_lambda(start.memory())
    return {"logit_lamb": first, "logit_delta_lamb": np.zeros_like(first), **start.weights()}


def _gyroscope(start: PoolStart) -> Parameters:
    low, high = start.scalar("alpha", above=0), start.scalar("beta", above=0)
    if not (low < high).all():
        raise refusal("alpha", low.tolist(), f"must be below beta, {high.tolist()}")
    stretch = start.scalar("lam", least=1)
    return {"phi": start.scalar("rotation_angle"), "alpha": low, "beta": high, "lam": stretch}


def _reclamm(start: PoolStart) -> Parameters:
    uses = start.settings.get
    names = ["price_ratio", "centeredness_margin"]
    names += ["shift_exponent" if uses("reclamm_use_shift_exponent") else "daily_price_shift_base"]
    names += ["arc_length_speed"] if uses("reclamm_learn_arc_length_speed") else []
    found = {name: start.scalar(f"initial_{name}")[:, None] for name in names}
    if uses("reclamm_learn_fees"):
        found["fees"] = np.full(
            (start.sets, 1), doors.number("fees", needed(start.settings, "fees"), least=0, below=1)
        )
    return found


_STARTS: dict[str, Callable[[PoolStart], Parameters]] = {
    "momentum": _momentum,
    "anti_momentum": _momentum,
    "power_channel": _power_channel,
    "mean_reversion_channel": _mean_reversion_channel,
    TRIPLE: _triple_threat,
    "difference_momentum": _difference_momentum,
    "min_variance": _min_variance,
    "index_market_cap": _index_market_cap,
    "hodling_index_market_cap": _index_market_cap,
    "trad_hodling_index_market_cap": _index_market_cap,
    "balancer": PoolStart.weights,
    "cow": PoolStart.weights,
    "hodl": PoolStart.weights,
    "gyroscope": _gyroscope,
    "reclamm": _reclamm,
}


MOST_SEED = 2**32 - 1
"""Of points that fill the space."""


def init_pool_parameters(
    rule: str,
    initial_values: Values,
    settings: Values,
    n_assets: int,
    n_parameter_sets: int = 1,
    noise: str = "none",
    noise_scale: float | int | None = None,
    key: Key[Array, ""] | None = None,
    seed: int = 0,
    noise_scales: Mapping[str, float | int] | None = None,
) -> Parameters:
    """First raw parameters of a pool with its hooks.

    The first set is exact. In the others every array but the initial weights gets noise: normal draws, or points that
    fill the space of all trained numbers evenly, taken through the inverse of the normal law.

    Args:
        rule: the pool's name, with hooks.
        initial_values: by key, as :func:`~isotherm.market.parameters.start.initial_values` finds them.
        settings: with ``chunk_period``, and of hooks and pools what they read.
        n_assets: tokens, 1 or more.
        n_parameter_sets: sets, 1 or more.
        noise: ``"gaussian"``, ``"sobol"``, ``"lhs"``, ``"centered_lhs"``, ``"grid"`` or ``"none"``.
        noise_scale: deviation of the noise, at least 0; None takes that of the settings of training, or 0.1.
        key: a JAX key; needed for Gaussian noise in two sets or more.
        seed: of points that fill the space, at least 0.
        noise_scales: other deviations, by parameter.

    Returns:
        Arrays ``(sets, n)``; with ``force_scalar`` of the settings of training ``(sets, 1)`` but for weights. The
        hook ``ensemble`` puts an axis of members after that of sets.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a value that is absent or out of range, or another name.

    >>> values = {"initial_memory_length": 10.0, "initial_memory_length_delta": 5.0, "initial_weights_logits": 1.0}
    >>> init_pool_parameters("min_variance", values, {"chunk_period": 1440}, 2)["memory_days_2"].tolist()
    [[15.0, 15.0]]
    """
    hooks, base = pool_name(rule)
    doors.mapping(
        "initial_values", initial_values, "a mapping of initial values, of which initial_values finds all"
    )
    doors.mapping("settings", settings, "a mapping of settings")
    known_word("noise", noise, NOISES)
    doors.whole("seed", seed, 0, MOST_SEED)
    doors.whole("n_assets", n_assets, 1)
    sets = doors.whole("n_parameter_sets", n_parameter_sets, 1)
    training = settings.get("optimisation_settings") or {}
    force_scalar = bool(training.get("force_scalar"))
    found = _STARTS[base](PoolStart(initial_values, settings, n_assets, sets, force_scalar))
    if "bounded" in hooks:
        found |= bounds_start(initial_values, n_assets, sets)
    told = training.get("noise_scale") if noise_scale is None else noise_scale
    deviation = doors.number(
        "noise_scale", TRAINING_DEFAULTS["noise_scale"] if told is None else told, least=0
    )
    scales = {name: deviation for name in found if name not in FIXED}
    scales_given = (
        {} if noise_scales is None else doors.mapping("noise_scales", noise_scales, "deviations by name")
    )
    for name, scale in scales_given.items():
        known_word("noise_scales", name, scales)
        scales[name] = doors.number(f"noise_scales.{name}", scale, least=0)
    if noise != "none" and sets > 1 and scales:
        found |= jittered({name: found[name] for name in scales}, scales, noise, key, seed)
    if "ensemble" in hooks:
        found = ensemble_members(found, settings)
    return found | {NESTED: []}


def bounds_start(initial_values: Values, n_assets: int, sets: int) -> Parameters:
    """Raw form of bounds of weights, of ``min_weights_per_asset`` and ``max_weights_per_asset`` or of defaults.

    Returns:
        ``raw_min_budget`` ``(sets,)``, ``raw_min_logits`` and ``raw_gap_logits`` ``(sets, n)``.

    Raises:
        ValueError: naming bounds of another length, or that no weights could keep.
    """
    lows, highs = (initial_values.get(f"{end}_weights_per_asset") for end in ("min", "max"))
    if lows is None and highs is None:
        raw = {"raw_min_budget": host.logit(0.25), "raw_min_logits": np.zeros(n_assets)}
        raw["raw_gap_logits"] = np.zeros(n_assets)
    else:
        low = (
            np.zeros(n_assets)
            if lows is None
            else np.asarray(host.real_values("min_weights_per_asset", lows))
        )
        high = (
            np.ones(n_assets)
            if highs is None
            else np.asarray(host.real_values("max_weights_per_asset", highs))
        )
        _check_bounds(low, high, n_assets)
        gap = np.clip((high - low) / (1 - low + 1e-8), 1e-6, 1 - 1e-6)
        raw = {
            "raw_min_budget": host.logit(np.clip(low.sum(), 1e-6, 1 - 1e-6)),
            "raw_min_logits": np.log(low / (low.sum() + 1e-8) + 1e-8),
            "raw_gap_logits": host.logit(gap),
        }
    return {name: np.tile(value, (sets, *(1,) * np.ndim(value))) for name, value in raw.items()}


def _check_bounds(low: np.ndarray, high: np.ndarray, n_assets: int) -> None:
    for field, bounds in (("min_weights_per_asset", low), ("max_weights_per_asset", high)):
        if bounds.shape != (n_assets,):
            raise refusal(f"{field}.shape", bounds.shape, f"must be ({n_assets},)")
        doors.numbers(field, bounds, least=0, most=1)
    faults = ["must be below max_weights_per_asset"] if not (low < high).all() else []
    faults += [f"sums to {low.sum():g}, must be at most 1"] if low.sum() > 1 else []
    faults += [f"max_weights_per_asset sums to {high.sum():g}, must be at least 1"] if high.sum() < 1 else []
    if faults:
        raise refusal("min_weights_per_asset", low.tolist(), "; ".join(faults))
