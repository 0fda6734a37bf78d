"""Marginals as a table for other programs."""

import csv
import io

from isotherm.errors import refusal
from isotherm.infer.answer import Answer


def marginals_csv(answer: Answer) -> str:
    """A line a value: ``variable,value,probability,standard_error``, the last empty where exact or not known.

    Raises:
        ValueError: if no marginals came out.
    """
    if answer.marginals is None:
        raise refusal(
            "--csv", True, "no marginals came out; raise --time-limit, or ask for --task marginals alone"
        )
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("variable", "value", "probability", "standard_error"))
    for row, (label, law) in enumerate(zip(answer.labels, answer.marginals, strict=True)):
        values = answer.values[row] if answer.values else range(len(law))
        errors = [""] * len(law) if answer.marginal_errors is None else answer.marginal_errors[row].tolist()
        for value, probability, error in zip(values, law.tolist(), errors, strict=True):
            lines.writerow((label, value, probability, error))
    return out.getvalue()
