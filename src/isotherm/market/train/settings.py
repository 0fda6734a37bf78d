"""Which settings of training are played, which are refused and why, and which a given training does not look at."""

from collections.abc import Callable, Mapping
from typing import Any

from isotherm.errors import refusal
from isotherm.market.objectives.registry import OBJECTIVES
from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS
from isotherm.market.train.rates import least_rate

_REFUSED = {
    "include_flipped_training_data": "must be False: prices that run backwards are of no market",
    "train_on_hessian_trace": "must be False: objectives are values of pools, not of curvature",
}
_OTHER_DATA = {
    "step": "must be 'historic': make a table of step_prices with synthetic_table and train on that",
    "mc": "must be 'historic': a table holds one path; train on each of several",
}
_OF_NO_METHOD = ("n_cycles", "max_mc_version")
_OF_GRADIENT = (
    "optimiser", "base_lr", "weight_decay", "lr_schedule_type", "lr_decay_ratio", "min_lr", "warmup_steps",
    "decay_lr_ratio", "decay_lr_plateau", "use_plateau_decay", "use_gradient_clipping", "clip_norm", "batch_size",
    "n_iterations", "sample_method", "use_swa", "swa_start_frac", "swa_freq",
)  # fmt: skip
_NOT_OF_TRIALS = ("n_parameter_sets", "evaluation_interval", "early_stopping", "early_stopping_patience")
_UNREAD_PARTS = {
    "bfgs": ("memory_budget",),
    "cma_es": ("memory_budget",),
    "optuna": ("storage", "timeout"),
}
"""Of the settings of a method: nothing is measured in bytes or seconds, and states are kept by who runs links."""

LEAST_POPULATION = 4
"""Candidates of a generation of CMA-ES: of fewer, one alone is learned from, and no covariance."""


_NUM_STEPS: Mapping[str, Callable[[Mapping[str, Any]], int]] = {
    "gradient_descent": lambda training: training["n_iterations"] + 1,
    "bfgs": lambda training: training["bfgs_settings"]["maxiter"] + 1,
    "cma_es": lambda training: training["cma_es_settings"]["n_generations"],
    "optuna": lambda training: -(-training["optuna_settings"]["n_trials"] // num_sets_of(training)),
}


def num_steps_of(training: Mapping[str, Any]) -> int:
    """Steps in all: the iterations 0 .. n_iterations, evaluations after the first, generations, or rounds of trials.

    Args:
        training: settings of training, defaults filled in.
    """
    return _NUM_STEPS[training["method"]](training)


def num_sets_of(training: Mapping[str, Any]) -> int:
    """Parameter sets that a training has at once: as many as it is told, or the trials of a round.

    Args:
        training: settings of training, defaults filled in.
    """
    if training["method"] != "optuna":
        return training["n_parameter_sets"]
    return min(training["optuna_settings"]["n_jobs"], training["optuna_settings"]["n_trials"])


def check_played(settings: Mapping[str, Any]) -> None:
    """Refuse settings that ask for another training than there is.

    Args:
        settings: of a run, defaults filled in.

    Raises:
        ValueError: naming the setting.

    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> check_played(Fingerprint(optimisation_settings={"training_data_kind": "mc"}).with_defaults())
    Traceback (most recent call last):
    ValueError: training_data_kind = 'mc': must be 'historic': a table holds one path; train on each of several
    """
    training = settings["optimisation_settings"]
    for key, allowed in _REFUSED.items():
        if training[key]:
            raise refusal(key, training[key], allowed)
    population = training["cma_es_settings"]["population_size"]
    if training["method"] == "cma_es" and population is not None and population < LEAST_POPULATION:
        raise refusal("cma_es_settings.population_size", population, f"must be at least {LEAST_POPULATION}")
    if training["training_data_kind"] != "historic":
        raise refusal(
            "training_data_kind", training["training_data_kind"], _OTHER_DATA[training["training_data_kind"]]
        )
    if settings["return_val"] not in OBJECTIVES:
        raise refusal("return_val", settings["return_val"], "must be an objective to be trained")
    is_gradient = training["method"] == "gradient_descent"
    if is_gradient and training["use_swa"] and training["val_fraction"] > 0:
        allowed = "needs val_fraction = 0: a mean of steps is no step that validation could choose"
        raise refusal("use_swa", True, allowed)
    interval = 1 if training["method"] == "optuna" else training["evaluation_interval"]
    if training["track_checkpoints"] and training["checkpoint_interval"] % interval:
        allowed = f"must be a multiple of evaluation_interval, {interval}"
        raise refusal("checkpoint_interval", training["checkpoint_interval"], allowed)
    if is_gradient:
        _check_least_rate(training)


def _check_least_rate(training: Mapping[str, Any]) -> None:
    least = least_rate(training)
    if training["min_lr"] not in (TRAINING_DEFAULTS["min_lr"], least):
        allowed = (
            f"is not looked at: lr_decay_ratio makes it base_lr / {training['lr_decay_ratio']:g} = {least:g}"
        )
        raise refusal("min_lr", training["min_lr"], allowed)
    if least > training["base_lr"]:
        allowed = f"must be at least 1: the least rate, {least:g}, would be above base_lr"
        raise refusal("lr_decay_ratio", training["lr_decay_ratio"], allowed)


def unread_by_training(settings: Mapping[str, Any], has_periods: bool = False) -> tuple[str, ...]:
    """Settings of training with another value than their default that this training does not look at, by name.

    Args:
        settings: of a run, defaults filled in.
        has_periods: whether periods take the place of sampled windows.

    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> told = {"optimiser": "adam", "weight_decay": 0.1, "warmup_steps": 5}
    >>> unread_by_training(Fingerprint(optimisation_settings=told).with_defaults())
    ('weight_decay', 'warmup_steps')
    """
    training = settings["optimisation_settings"]
    method = training["method"]
    kind, is_sgd = training["lr_schedule_type"], training["optimiser"] == "sgd"
    has_plateaus = is_sgd or training["use_plateau_decay"]
    readers = {
        "weight_decay": training["optimiser"] == "adamw",
        "warmup_steps": kind == "warmup_cosine",
        "lr_decay_ratio": kind != "constant" or has_plateaus,
        "use_plateau_decay": not is_sgd,
        "decay_lr_ratio": has_plateaus,
        "decay_lr_plateau": has_plateaus,
        "clip_norm": training["use_gradient_clipping"],
        "early_stopping_patience": training["early_stopping"],
        "swa_start_frac": training["use_swa"],
        "swa_freq": training["use_swa"],
        "checkpoint_interval": training["track_checkpoints"],
        **dict.fromkeys(("batch_size", "sample_method", "align_starts"), not has_periods),
        **{f"{name}_settings": name == method for name in _UNREAD_PARTS},
        **dict.fromkeys(_OF_NO_METHOD, False),
    }
    if method != "gradient_descent":
        readers |= dict.fromkeys(_OF_GRADIENT, False)
    if method == "optuna":
        readers |= dict.fromkeys(_NOT_OF_TRIALS, False)
    unread = [
        key
        for key, is_read in readers.items()
        if not is_read and training[key] not in (None, TRAINING_DEFAULTS[key])
    ]
    return (*unread, *_unread_parts(training))


def _unread_parts(training: Mapping[str, Any]) -> list[str]:
    """Of the settings of the method itself."""
    where = f"{training['method']}_settings"
    own, defaults = training.get(where, {}), TRAINING_DEFAULTS.get(where, {})
    return [
        f"{where}.{key}"
        for key in _UNREAD_PARTS.get(training["method"], ())
        if own.get(key) not in (None, defaults.get(key))
    ]
