"""Parameters of a finished or interrupted run, chosen from its result file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.checkpoint import Location, Record, read_records, result_file, trimmed
from isotherm.market.parameters.encoding import NESTED, dict_of_np_to_jnp, numeric
from isotherm.market.parameters.fill import (
    fill_in_missing_values_from_init,
    fill_in_missing_values_from_init_singleton,
)  # fmt: skip
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import FIXED
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.selection import DEFAULT_METRIC, Checkpoint, select
from isotherm.market.parameters.spread import jittered
from isotherm.market.parameters.start import Parameters, Values, initial_values

METADATA = (
    "step", "objective", "train_objective", "test_objective", "continuous_test_metrics", "validation_metrics",
    "hessian_trace", "local_learning_rate", "iterations_since_improvement",
)  # fmt: skip
"""Entries of a step's record that are no parameters."""


class Retrieved(NamedTuple):
    """Parameters of a checkpoint.

    Attributes:
        params: float64 arrays of one set, or with a leading axis of sets where none was chosen.
        step: what the record calls it.
        set: that was chosen, or None.
        metadata: the other entries of the record.
    """

    params: Parameters
    step: int
    set: int | None
    metadata: Record


def split_record(record: Mapping[str, Any]) -> tuple[Parameters, Record]:
    """Parameters of a step's record as float64 arrays, ``(sets, ...)``, and the other entries.

    Raises:
        ValueError: naming a parameter that is no regular array of numbers.
    """
    metadata = {key: record[key] for key in METADATA if key in record}
    own = {key: value for key, value in record.items() if key not in METADATA and value is not None}
    params = {key: numeric(key, value) for key, value in own.items() if key != NESTED}
    return params | {NESTED: [split_record(one)[0] for one in own.get(NESTED, [])]}, metadata


def set_of(params: Parameters, chosen: int) -> Parameters:
    """One set of several, nested ones too: arrays ``(sets, ...)`` to ``(...)``.

    Raises:
        ValueError: naming a parameter that has no such set.
    """
    for key, value in params.items():
        if key != NESTED and (value.ndim == 0 or not 0 <= chosen < value.shape[0]):
            raise refusal(f"{key}.shape", value.shape, f"must be (sets, ...) and have a set {chosen}")
    one = {key: value[chosen] for key, value in params.items() if key != NESTED}
    nested = [set_of(inner, chosen) for inner in params.get(NESTED, [])]
    return {key: np.asarray(value) for key, value in one.items()} | (
        {NESTED: nested} if NESTED in params else {}
    )


def retrieve_best(
    location: Location,
    method: str = "best_train_objective",
    metric_key: str = DEFAULT_METRIC,
    use_continuous_test: bool = True,
    threshold: float | int = 0.0,
) -> Retrieved | list[Retrieved]:
    """Parameters that a method chooses from a result file, and where they stood.

    Args:
        location: of the file, with or without its suffix.
        method: one of :data:`~isotherm.market.parameters.selection.METHODS`.
        metric_key: of metric dicts.
        use_continuous_test: judge by the test slice of the continued run, where there is one.
        threshold: for the ``_min_`` methods.

    Returns:
        One set; with ``"last"`` all sets; a list for ``best_train_objective_for_each_parameter_set``.

    Raises:
        FileNotFoundError: naming ``location``, if there is none.
        ValueError: naming ``location`` if it is damaged, or what was asked for.
    """
    return retrieved(trimmed(read_records(location)), method, metric_key, use_continuous_test, threshold)


def retrieved(
    records: list[Record],
    method: str = "best_train_objective",
    metric_key: str = DEFAULT_METRIC,
    use_continuous_test: bool = True,
    threshold: float | int = 0.0,
) -> Retrieved | list[Retrieved]:
    """As :func:`retrieve_best`, from records that were read.

    Raises:
        ValueError: as there.
    """
    found = select(records, method, metric_key, use_continuous_test, threshold)
    if isinstance(found, list):
        return [_retrieved(records, one) for one in found]
    return _retrieved(records, found)


def _retrieved(records: list[Record], found: Checkpoint) -> Retrieved:
    params, metadata = split_record(records[found.record])
    if found.set is not None:
        params = set_of(params, found.set)
    return Retrieved(params, found.step, found.set, metadata)


def load(
    location: Location,
    initial: Values | None = None,
    method: str = "best_train_objective",
    metric_key: str = DEFAULT_METRIC,
    use_continuous_test: bool = True,
    threshold: float | int = 0.0,
) -> Retrieved:
    """Parameters of a result file as JAX arrays of float64, with what the pool lacks from initial values.

    Args:
        location: of the file, with or without its suffix.
        initial: initial values; by default those of the run's settings.
        method: one that chooses one checkpoint.
        metric_key: of metric dicts.
        use_continuous_test: judge by the test slice of the continued run, where there is one.
        threshold: for the ``_min_`` methods.

    Raises:
        FileNotFoundError: naming ``location``, if there is none.
        ValueError: naming ``location`` if it is damaged, or what was asked for.
    """
    records = trimmed(read_records(location))
    found = retrieved(records, method, metric_key, use_continuous_test, threshold)
    if isinstance(found, list):
        raise refusal("method", method, "chooses several checkpoints; take retrieve_best")
    settings = Fingerprint.foreign(records[0]).with_defaults()
    values = initial_values(settings) if initial is None else initial
    rule = settings["rule"]
    n_assets = len(settings["tokens"]) if records[0].get("tokens") else _num_tokens(found.params)
    if found.set is None:
        sets = next(value.shape[0] for key, value in found.params.items() if key != NESTED)
        params = fill_in_missing_values_from_init(found.params, rule, values, settings, n_assets, sets)
    else:
        params = fill_in_missing_values_from_init_singleton(found.params, rule, values, settings, n_assets)
    with jax.enable_x64(True):
        return found._replace(params=dict_of_np_to_jnp(params))


def load_or_init(
    fingerprint: Fingerprint,
    results_dir: str | Path,
    initial: Values | None = None,
    n_parameter_sets: int | None = None,
    key: Key[Array, ""] | None = None,
    method: str = "best_train_objective",
    metric_key: str = DEFAULT_METRIC,
    force_init: bool = False,
) -> tuple[Parameters, bool]:
    """Parameters of the run's result file if there is one, else first ones; and whether they were loaded.

    Args:
        fingerprint: settings of the run, which name its file.
        results_dir: folder of result files.
        initial: initial values; by default those of the settings.
        n_parameter_sets: None for one set without an axis. Otherwise sets that differ by the settings' noise from the
            one that was loaded, or from the initial values; the first is exact.
        key: a JAX key, for Gaussian noise.
        method: one that chooses one set.
        metric_key: of metric dicts.
        force_init: do not look for a file.

    Returns:
        JAX arrays of float64, ``(sets, ...)`` if a number of sets is given.

    Raises:
        TypeError: naming an argument of another kind.
        ValueError: naming the file if it is damaged, or a value.
    """
    doors.instance("fingerprint", fingerprint, Fingerprint, "a Fingerprint")
    settings = fingerprint.with_defaults()
    training = settings["optimisation_settings"]
    values = initial_values(settings) if initial is None else initial
    sets = 1 if n_parameter_sets is None else doors.whole("n_parameter_sets", n_parameter_sets, 1)
    is_loaded = not doors.flag("force_init", force_init) and _exists(
        Path(results_dir) / fingerprint.run_location()
    )
    noise, scale = training["parameter_init_method"], training["noise_scale"]
    if is_loaded:
        found = load(Path(results_dir) / fingerprint.run_location(), values, method, metric_key)
        if found.set is None:
            raise refusal("method", method, "chooses no set; choose one that does")
        params = _repeated(found.params, sets, noise, scale, key)
    else:
        n_assets = len(settings["tokens"])
        params = init_pool_parameters(settings["rule"], values, settings, n_assets, sets, noise, scale, key)
    params = set_of(params, 0) if n_parameter_sets is None else params
    with jax.enable_x64(True):
        return dict_of_np_to_jnp(params), is_loaded


def _num_tokens(params: Parameters) -> int:
    """Of settings that do not name them: the longest last axis."""
    return max((value.shape[-1] for key, value in params.items() if key != NESTED and value.ndim), default=1)


def _exists(location: Path) -> bool:
    try:
        return result_file(location).is_file()
    except FileNotFoundError:
        return False


def _repeated(
    params: Parameters, sets: int, noise: str, scale: float | int, key: Key[Array, ""] | None
) -> Parameters:
    """One set several times, with noise in all but the first."""
    found = {
        name: np.repeat(np.asarray(value)[None], sets, axis=0)
        for name, value in params.items()
        if name != NESTED
    }
    trained = {name: value for name, value in found.items() if name not in FIXED}
    if sets > 1 and noise != "none" and trained:
        found |= jittered(trained, dict.fromkeys(trained, scale), noise, key, 0)
    return found | {NESTED: [_repeated(inner, sets, "none", scale, key) for inner in params.get(NESTED, [])]}
