"""What a parameter set lacks, taken from first values: the pool's own parameters, and no others."""

from typing import Any

from isotherm import doors
from isotherm.market.parameters.encoding import NESTED
from isotherm.market.parameters.names import ENCODINGS, quantities_of
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.start import Parameters, Values


def fill_in_missing_values_from_init(
    params: Values,
    rule: str,
    initial_values: Values,
    settings: Values,
    n_assets: int,
    n_parameter_sets: int = 1,
) -> Parameters:
    """A copy of several sets with what the pool reads and no encoding gives, arrays ``(sets, ...)``.

    Args:
        params: raw parameters; None counts as absent. What is not the pool's stays.
        rule: the pool's name.
        initial_values: by key.
        settings: as :func:`~isotherm.market.parameters.pool_start.init_pool_parameters` reads them.
        n_assets: tokens, 1 or more.
        n_parameter_sets: 1 or more.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a value that is absent or out of range, or an unknown pool.
    """
    first = init_pool_parameters(rule, initial_values, settings, n_assets, n_parameter_sets)
    return _filled(doors.mapping("params", params, "a mapping of parameters"), first, rule)


def fill_in_missing_values_from_init_singleton(
    params: Values, rule: str, initial_values: Values, settings: Values, n_assets: int
) -> Parameters:
    """As :func:`fill_in_missing_values_from_init` for one set, arrays ``(n,)``.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a value that is absent or out of range, or an unknown pool.

    >>> fill_in_missing_values_from_init_singleton({}, "hodl", {}, {}, 2)["initial_weights_logits"].tolist()
    [0.0, 0.0]
    """
    first = init_pool_parameters(rule, initial_values, settings, n_assets)
    one = {key: value if key == NESTED else value[0] for key, value in first.items()}
    return _filled(doors.mapping("params", params, "a mapping of parameters"), one, rule)


def _filled(params: Values, first: Parameters, rule: str) -> Parameters:
    given: dict[str, Any] = {key: value for key, value in params.items() if value is not None}
    added = {NESTED: first[NESTED]}
    for quantity in quantities_of(rule):
        keys = ENCODINGS[quantity]
        if not any(key in given for key in keys):
            added |= {key: first[key] for key in keys if key in first}
    return added | given
