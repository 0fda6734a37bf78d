"""The maps of ``maps.py`` and ``memory.py`` in NumPy, float64, with refusals: for initial values and exports."""

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import special

from isotherm import doors
from isotherm.market.parameters.memory import MINUTES_A_DAY

Values = Float[np.ndarray, "*shape"] | np.float64


def real_values(field: str, values: Any, **bounds: float | int) -> Values:
    """A number, nested lists of equal lengths, or an array, as float64.

    Args:
        field: what refusals call it.
        values: finite, no bools.
        **bounds: ``least``, ``above``, ``most``, ``below``, as :func:`isotherm.doors.numbers` has them.

    Raises:
        TypeError: naming the field, if it holds anything else than real numbers.
        ValueError: naming the field, if one is out of bounds or rows differ in length.

    >>> real_values("k", [1, 2.5], above=0).tolist()
    [1.0, 2.5]
    """
    given = values if doors.is_number(values) else doors.real_array(field, values)
    return doors.real_numbers(field, doors.numbers(field, given, **bounds))[()]


def squareplus(x: Any) -> Values:
    """``(x + sqrt(x**2 + 4)) / 2`` to rounding, shaped as it.

    Raises:
        ValueError: if ``x`` holds anything but finite numbers.

    >>> float(squareplus(-1e8))
    1e-08
    """
    x = real_values("x", x)
    larger = 0.5 * (np.abs(x) + np.hypot(x, 2.0))
    return np.where(x >= 0, larger, 1 / larger)[()]


def inverse_squareplus(y: Any) -> Values:
    """What :func:`squareplus` maps to ``y``, shaped as it.

    Raises:
        ValueError: naming a ``y`` that is not above 0.

    >>> float(inverse_squareplus(2.0))
    1.5
    """
    y = real_values("y", y, above=0)
    return (y - 1) * ((y + 1) / y)


def logistic(x: Any) -> Values:
    """``1 / (1 + exp(-x))``, shaped as it, without overflow.

    Raises:
        ValueError: if ``x`` holds anything but finite numbers.

    >>> float(logistic(-1000.0))
    0.0
    """
    return special.expit(real_values("x", x))


def logit(p: Any) -> Values:
    """What :func:`logistic` maps to ``p``, shaped as it.

    Raises:
        ValueError: naming a ``p`` that is not between 0 and 1.

    >>> float(logit(0.5))
    0.0
    """
    return special.logit(real_values("p", p, above=0, below=1))


def get_raw_value(value: Any) -> Values:
    """``log2(value)``, shaped as it.

    Raises:
        ValueError: naming a value that is not above 0.

    >>> float(get_raw_value(0.25))
    -2.0
    """
    return np.log2(real_values("value", value, above=0))


def get_log_amplitude(amplitude: Any, memory_days: Any) -> Values:
    """``log2(amplitude / memory_days)``, of any shapes that broadcast.

    Raises:
        ValueError: naming an argument that is not above 0.

    >>> float(get_log_amplitude(40.0, 10.0))
    2.0
    """
    return np.log2(
        real_values("amplitude", amplitude, above=0) / real_values("memory_days", memory_days, above=0)
    )


def lambda_to_memory(decay: Any) -> Values:
    """Memory in steps, ``4 cbrt(6 lambda / (1 - lambda)**3)``, shaped as it; infinite at 1.

    Raises:
        ValueError: naming a decay that is not within 0 .. 1.

    >>> round(float(lambda_to_memory(0.5)), 4)
    11.538
    """
    decay = real_values("lambda", decay, least=0, most=1)
    with np.errstate(divide="ignore"):
        return 4 * np.cbrt(6 * decay) / (1 - decay)


def lambda_to_memory_days(decay: Any, chunk_period: Any) -> Values:
    """Memory in days of a decay with one step every ``chunk_period`` minutes, shaped as it; infinite at 1.

    Raises:
        ValueError: naming a decay that is not within 0 .. 1, or a period that is not above 0.

    >>> round(float(lambda_to_memory_days(0.5, 60)), 4)
    0.2404
    """
    period = real_values("chunk_period", chunk_period, above=0)
    return lambda_to_memory(decay) * period / (2 * MINUTES_A_DAY)


def lambda_to_memory_days_clipped(decay: Any, chunk_period: Any, max_memory_days: Any) -> Values:
    """As :func:`lambda_to_memory_days`, within 0 .. ``max_memory_days``.

    Raises:
        ValueError: as there, or naming a maximum below 0.

    >>> float(lambda_to_memory_days_clipped(0.985, 60, 5.0))
    5.0
    """
    most = real_values("max_memory_days", max_memory_days, least=0)
    return np.clip(lambda_to_memory_days(decay, chunk_period), 0.0, most)


def memory_days_to_lambda(memory_days: Any, chunk_period: Any) -> Values:
    """The decay of a memory in days, shaped as it, within 0 .. 1; exactly 0 for none.

    Raises:
        ValueError: naming a memory below 0, or a period that is not above 0.

    >>> round(float(memory_days_to_lambda(365.0, 1)), 10)
    0.9999930856
    """
    x = _in_half_steps(memory_days, chunk_period, least=0)
    s, u = x**3 / 6, _rest(x)
    return np.where(s < 1, s * u**3, 1 - u)[()]


def memory_days_to_logit_lambda(memory_days: Any, chunk_period: Any) -> Values:
    """``logit(lambda)`` of a memory in days, shaped as it.

    Raises:
        ValueError: naming a memory or a period that is not above 0.

    >>> round(float(memory_days_to_logit_lambda(10.0, 1440)), 4)
    0.7554
    """
    x = _in_half_steps(memory_days, chunk_period, above=0)
    return 3 * np.log(x) - np.log(6.0) + 2 * np.log(_rest(x))


def logit_lambda_to_lambda(logit_lambda: Any) -> Values:
    """The decay of its raw form, shaped as it, within 0 .. 1.

    Raises:
        ValueError: if it holds anything but finite numbers.

    >>> float(logit_lambda_to_lambda(0.0))
    0.5
    """
    return special.expit(real_values("logit_lamb", logit_lambda))


def _in_half_steps(memory_days: Any, chunk_period: Any, **bounds: float | int) -> Values:
    days = real_values("memory_days", memory_days, **bounds)
    return days * (MINUTES_A_DAY / 2) / real_values("chunk_period", chunk_period, above=0)


def _rest(x: Values) -> Values:
    """The real root ``u`` of ``x**3 u**3 / 6 + u = 1``."""
    z = np.sqrt(x**3 / 2)
    inside = np.where(z == 0, 1.0, z)
    return np.where(z == 0, 1.0, 2 / inside * np.sinh(np.arcsinh(1.5 * inside) / 3))
