"""Settings of training: defaults and checks."""

from typing import Any

from isotherm.market.parameters import checks
from isotherm.market.parameters.checks import Check, flag, optional, real, whole, word
from isotherm.random.keys import SEEDS

_POSITIVE, _AT_LEAST_0, _SHARE = real(above=0), real(least=0), real(least=0, most=1)
_DTYPE = word("float32", "float64")


def _range(low: float | int, high: float | int, log_scale: bool = False) -> dict[str, Any]:
    return {"low": low, "high": high, "log_scale": log_scale, "scalar": False}


_WIDE = ("log_k", "weights_logits", "log_amplitude", "raw_width", "raw_pre_exp_scaling", "logit_lamb")

SEARCH_RANGES: dict[str, dict[str, Any]] = {
    "memory_length": _range(1, 200, True),
    "memory_length_delta": _range(0.1, 100, True),
    "k_per_day": _range(0.1, 1000, True),
    **{name: _range(-10, 10) for name in _WIDE},
    "raw_exponents": _range(0, 10),
    "memory_days_1": _range(0.5, 200, True),
    "memory_days_2": _range(0.5, 200, True),
}
"""Where a search without gradients looks, by parameter."""

_OPTUNA_STOPPING = {
    "enabled": (False, flag),
    "patience": (100, whole(1)),
    "min_improvement": (1e-3, _AT_LEAST_0),
}
_STORAGE = {"type": ("sqlite", checks.text), "url": (None, optional(checks.text))}
_OPTUNA = {
    "study_name": (None, optional(checks.text)),
    "storage": _STORAGE,
    "n_trials": (20, whole(1)),
    "n_jobs": (4, whole(1)),
    "timeout": (7200, _POSITIVE),
    "n_startup_trials": (10, whole(0)),
    "early_stopping": _OPTUNA_STOPPING,
    "multi_objective": (False, flag),
    "make_scalar": (False, flag),
    "expand_around": (True, flag),
    "overfitting_penalty": (0.2, _AT_LEAST_0),
    "parameter_config": (SEARCH_RANGES, checks.search_ranges),
}
_BFGS = {
    "maxiter": (100, whole(1)),
    "tol": (1e-6, _POSITIVE),
    "n_evaluation_points": (20, whole(1)),
    "compute_dtype": ("float64", _DTYPE),
    "memory_budget": (None, optional(_POSITIVE)),
}
_CMA_ES = {
    "population_size": (None, optional(whole(2))),
    "memory_budget": (None, optional(_POSITIVE)),
    "n_generations": (300, whole(1)),
    "sigma0": (0.5, _POSITIVE),
    "tol": (1e-8, _POSITIVE),
    "n_evaluation_points": (20, whole(1)),
    "compute_dtype": ("float64", _DTYPE),
}
SELECTION_METRICS = (
    "sharpe", "daily_log_sharpe", "return", "returns_over_hodl", "returns_over_uniform_hodl", "calmar", "sterling",
    "ulcer",
)  # fmt: skip
"""Metrics of a period by which the best step is chosen."""

_TRAINING: dict[str, Any] = {
    "method": ("gradient_descent", word("gradient_descent", "optuna", "bfgs", "cma_es")),
    "optimiser": ("adamw", word("adam", "adamw", "sgd")),
    "base_lr": (0.1, _POSITIVE),
    "weight_decay": (0.01, _AT_LEAST_0),
    "lr_schedule_type": ("constant", word("constant", "cosine", "exponential", "warmup_cosine")),
    "lr_decay_ratio": (1000, _POSITIVE),
    "min_lr": (1e-6, _POSITIVE),
    "warmup_steps": (100, whole(0)),
    "decay_lr_ratio": (0.8, real(above=0, most=1)),
    "decay_lr_plateau": (100, whole(1)),
    "use_plateau_decay": (False, flag),
    "use_gradient_clipping": (True, flag),
    "clip_norm": (10, _POSITIVE),
    "batch_size": (8, whole(1)),
    "n_iterations": (1000, whole(1)),
    "n_parameter_sets": (4, whole(1)),
    "iterations_per_print": (25, whole(1)),
    "evaluation_interval": (10, whole(1)),
    "align_starts": (True, flag),
    "n_cycles": (5, whole(1)),
    "sample_method": ("uniform", word("uniform", "exponential", "stratified")),
    "parameter_init_method": ("gaussian", word("gaussian", "sobol", "lhs", "centered_lhs", "grid", "none")),
    "noise_scale": (0.1, _AT_LEAST_0),
    "training_data_kind": ("historic", word("historic", "step", "mc")),
    "max_mc_version": (9, whole(0)),
    "include_flipped_training_data": (False, flag),
    "initial_random_key": (0, whole(0, SEEDS - 1)),
    "force_scalar": (False, flag),
    "train_on_hessian_trace": (False, flag),
    "early_stopping": (True, flag),
    "early_stopping_patience": (200, whole(1)),
    "early_stopping_metric": ("daily_log_sharpe", word(*SELECTION_METRICS)),
    "val_fraction": (0.2, real(least=0, below=1)),
    "use_swa": (False, flag),
    "swa_start_frac": (0.75, _SHARE),
    "swa_freq": (10, whole(1)),
    "track_checkpoints": (False, flag),
    "checkpoint_interval": (10, whole(1)),
    "bfgs_settings": _BFGS,
    "cma_es_settings": _CMA_ES,
    "optuna_settings": _OPTUNA,
}

_NO_DEFAULT = ("memory_budget",)
"""Entries of ``bfgs_settings`` that stay absent unless given."""


def _defaults(rows: dict[str, Any], absent: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        key: _defaults(row, _NO_DEFAULT if key == "bfgs_settings" else ())
        if isinstance(row, dict)
        else row[0]
        for key, row in rows.items()
        if key not in absent
    }


def _checks(rows: dict[str, Any]) -> dict[str, Any]:
    return {key: _checks(row) if isinstance(row, dict) else row[1] for key, row in rows.items()}


TRAINING_DEFAULTS: dict[str, Any] = _defaults(_TRAINING)
"""Default of each setting of training, nested."""

TRAINING_KEYS: dict[str, Check | dict[str, Any]] = _checks(_TRAINING)
"""Check of each; nested settings are mappings of checks."""
