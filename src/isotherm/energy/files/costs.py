"""Cost functions as energies, and the bound beyond which a cost is forbidden. NumPy only."""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from isotherm.energy.files.model import ModelFile, tables_from
from isotherm.energy.tables import total
from isotherm.errors import refusal

_ROUNDING = 1e-12


class CostFunction(NamedTuple):
    """One table.

    Attributes:
        where: what refusals call it.
        scope: numbers of its variables.
        costs: to be minimised, float64, shape ``(*cardinalities,)`` in the order of the scope.
    """

    where: str
    scope: tuple[int, ...]
    costs: np.ndarray


def cost_file(
    form: str,
    read_as: str,
    labels: Sequence[Hashable],
    values: Sequence[Sequence[Hashable]],
    functions: Sequence[CostFunction],
    bound: float,
) -> ModelFile:
    """A network of cost functions with ``E`` the total cost; costs that reach the bound are forbidden.

    What is forbidden is an entry that no state can have without reaching the bound. Where allowed entries can still
    add up to it, a warning says so: such states stay, for the bound of a sum is no table.

    Args:
        form: name of the format.
        read_as: what was read.
        labels: of the variables.
        values: of each variable.
        functions: with costs to be minimised.
        bound: of the total cost; infinite where there is none.

    Raises:
        ValueError: naming the cost function that forbids everything.
    """
    least = [float(function.costs.min()) for function in functions]
    lowest, logs, highest = total(least), [], []
    slack = _ROUNDING * max(1.0, abs(bound), abs(lowest)) if math.isfinite(bound) else 0.0
    for function, low in zip(functions, least, strict=True):
        is_forbidden = function.costs - low + lowest >= bound - slack
        if is_forbidden.all():
            raise refusal(
                function.where,
                "all forbidden",
                f"every cost reaches the bound {bound:g}: no state is possible",
            )
        logs.append(np.where(is_forbidden, -np.inf, -function.costs))
        highest.append(float(function.costs[~is_forbidden].max()))
    warnings = ()
    if total(highest) >= bound - slack:
        warnings = (
            f"states whose total cost reaches the bound {bound:g} by sums of allowed costs are kept; "
            "only tables forbid",
        )
    scopes = [function.scope for function in functions]
    return ModelFile(
        format=form,
        read_as=read_as,
        tables=tables_from([len(held) for held in values], scopes, logs, labels),
        labels=tuple(labels),
        values=tuple(tuple(held) for held in values),
        has_energies=True,
        warnings=warnings,
    )
