"""An answer as text: a table to read, or the result format of the UAI competitions."""

import json
import math

import numpy as np
from rich.markup import escape
from rich.table import Table

from isotherm.cli.text.settings import console
from isotherm.errors import printable, refusal
from isotherm.infer.answer import Answer

_ROWS = 60
_VALUES = 8
_LONGEST, _LONGEST_LINE = 60, 1200
_OF_ENERGIES = ("bqm", "bqm-json", "coo", "coo-spin", "coo-binary", "edges")


def print_answer(answer: Answer) -> None:
    """A readable table, what was done and why."""
    out = console()
    if answer.marginals is not None or answer.map is not None:
        out.print(_variables(answer))
        hidden = len(answer.labels) - _ROWS
        if hidden > 0:
            out.print(f"... and {hidden} more variables; --json gives all", markup=False, highlight=False)
        out.print()
    if answer.samples is not None:
        energies = [None] * len(answer.samples) if answer.sample_energies is None else answer.sample_energies
        for row, energy in zip(answer.samples, energies, strict=True):
            words = " ".join(printable(str(name), _LONGEST) for name in answer.state_names(row))
            beside = "" if energy is None else f"  energy {energy:.10g}"
            out.print(words + beside, markup=False, highlight=False, soft_wrap=True)
        out.print()
    for line in _summary(answer):
        out.print(
            printable(" ".join(line.split()), _LONGEST_LINE), markup=False, highlight=False, soft_wrap=True
        )


def uai_text(answer: Answer) -> str:
    """Results as the competitions exchange them: ``PR`` in log10, ``MAR``, ``MAP``.

    What the format has no place for follows in lines that begin with ``#``: the variables' names in the order of the
    rows where they are no numbers from 0, the names of their values, and warnings.

    Raises:
        ValueError: if samples were asked for, which the format does not know.
    """
    if answer.samples is not None:
        raise refusal("task", "samples", "the UAI result format has none; use --json")
    lines = []
    if answer.log_z is not None:
        lines += ["PR", repr(answer.log_z.value / math.log(10))]
    if answer.marginals is not None:
        rows = [f"{len(row)} {' '.join(map(repr, row.tolist()))}" for row in answer.marginals]
        lines += ["MAR", f"{len(rows)} {' '.join(rows)}"]
    if answer.map is not None:
        state = answer.map.assignment.tolist()
        lines += ["MAP", f"{len(state)} {' '.join(map(str, state))}"]
    return "\n".join(lines + _notes(answer))


def _notes(answer: Answer) -> list[str]:
    """What MAR and MAP leave out, as JSON in comments."""
    found, notes = answer.to_json(), []
    if found["labels"] != list(range(len(answer.labels))):
        notes.append(f"# variables {json.dumps(found['labels'])}")
    if any(values != list(range(len(values))) for values in found["values"]):
        shared = found["values"][:1] if len(set(answer.values)) == 1 else found["values"]
        notes.append(
            f"# values {json.dumps(shared[0])} of each"
            if len(shared) == 1
            else f"# values {json.dumps(shared)}"
        )
    return [*notes, *(f"# warning: {printable(' '.join(warning.split()))}" for warning in answer.warnings)]


def _variables(answer: Answer) -> Table:
    columns = ["variable"]
    columns += ["probabilities of its values" + (" ± standard error" if answer.marginal_errors else "")] * (
        answer.marginals is not None
    )
    columns += ["most probable state" if answer.is_map_proven else "best state seen"] * (
        answer.map is not None
    )
    drawn = Table(*columns, box=None, pad_edge=False)
    for row, label in enumerate(answer.labels[:_ROWS]):
        cells = [escape(printable(str(label), _LONGEST))]
        if answer.marginals is not None:
            errors = None if answer.marginal_errors is None else answer.marginal_errors[row]
            names = _shown_names(answer, row)
            cells.append(escape(_law(answer.marginals[row], errors, names)))
        if answer.map is not None:
            value = int(answer.map.assignment[row])
            name = str(answer.values[row][value] if answer.values else value)
            cells.append(escape(printable(name, _LONGEST)))
        drawn.add_row(*cells)
    return drawn


def _proven(answer: Answer) -> list[str]:
    """What is certain, and what is not."""
    lines, proven = [], answer.proven
    if answer.map is not None:
        if answer.is_map_proven:
            lines.append("proven: no state has a higher weight")
        elif proven.map_at_most is not None and math.isfinite(proven.map_at_most):
            gap = proven.map_at_most - answer.map.log_weight
            lines.append(
                f"proven: no state has a log weight above {proven.map_at_most:.10g}{_as_energy(answer)}; "
                f"whether any comes above the one found, by up to {gap:.4g}, is not known"
            )
        else:
            lines.append("not proven: how far better states may be")
    sides = [
        f"at least {proven.log_z_at_least:.10g}" if proven.log_z_at_least is not None else "",
        f"at most {proven.log_z_at_most:.10g}" if proven.log_z_at_most is not None else "",
    ]
    if any(sides):
        lines.append(f"proven: log Z is {' and '.join(filter(None, sides))}")
    return lines


def _as_energy(answer: Answer) -> str:
    """The bound in the words of the file, where that speaks of energies that fall as log weights rise."""
    found, at_most = answer.map, answer.proven.map_at_most
    if found is None or found.energy is None or at_most is None:
        return ""
    if answer.format not in _OF_ENERGIES or answer.beta <= 0:
        return ""
    lowest = found.energy - (at_most - found.log_weight) / answer.beta
    return f", which is an energy below {lowest:.10g}"


def _shown_names(answer: Answer, row: int) -> list[str]:
    """What stands before each probability: nothing where values are numbers from 0."""
    values = answer.values[row] if answer.values else ()
    is_counted = values == tuple(range(len(values)))
    return [] if is_counted else [f"{printable(str(value), _LONGEST)}: " for value in values[:_VALUES]]


def _law(law: np.ndarray, errors: np.ndarray | None, names: list[str]) -> str:
    shown = [f"{p:.6f}" for p in law[:_VALUES]]
    if errors is not None:
        shown = [f"{p:.4f} ± {e:.4f}" for p, e in zip(law[:_VALUES], errors, strict=False)]
    if names:
        shown = [name + number for name, number in zip(names, shown, strict=False)]
    return "  ".join(shown) + ("  ..." if len(law) > _VALUES else "")


def _summary(answer: Answer) -> list[str]:
    lines = []
    if answer.log_z is not None:
        value, error = answer.log_z
        lines.append(f"log Z = {value:.10g}" + (f" ± {error:.2g}" if error else ""))
    if answer.map is not None:
        kind = "most probable state" if answer.is_map_proven else "best state seen"
        energy = "" if answer.map.energy is None else f", energy {answer.map.energy:.10g}"
        lines.append(f"{kind}: log weight {answer.map.log_weight:.10g}{energy}")
    if answer.method != "exact":
        lines += _proven(answer)
    lines += [warning for warning in answer.warnings if warning.startswith("not converged")]
    if answer.read_as:
        lines.append(f"{answer.model} read as {answer.read_as}")
    lines.append(f"{answer.model}: {answer.method} ({answer.reason}), {answer.seconds:.2f} s")
    return lines
