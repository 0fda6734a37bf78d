"""A result file as text: settings, the best by each method, effective parameters, what is wrong."""

from typing import Any

from isotherm.cli.text.export import token_table
from isotherm.cli.text.runs import print_tables
from isotherm.cli.text.settings import console
from isotherm.errors import printable, shortened
from isotherm.market.deployment.result_file import SHOWN_SETTINGS, ResultFileLook
from isotherm.study.tables import Cell, Table

_LONGEST = 70


def print_look(look: ResultFileLook) -> None:
    """All of it."""
    tables = [_facts(look)]
    if look.best:
        tables.append(_best(look))
    if look.effective is not None and look.chosen is not None:
        tokens = tuple(sorted(map(str, look.settings.get("tokens") or ()))) or ("all",)
        title = f"Effective parameters of record {look.chosen['record']}, set {look.chosen['set']}"
        width = max(len(value) for value in look.effective.values())
        shown = tokens if len(tokens) >= width else tuple(f"token {i}" for i in range(width))
        tables.append(token_table(title, shown, look.effective))
    print_tables(tables)
    for kind, lines in (("note", look.notes), ("problem", look.faults)):
        for line in lines:
            console().print(f"{kind}: {printable(line)}", markup=False, highlight=False, soft_wrap=True)


def _facts(look: ResultFileLook) -> Table:
    settings = look.settings
    facts: dict[str, Any] = {
        "encoding": look.encoding,
        "records of steps": look.records,
        "steps": "none" if look.steps is None else f"{look.steps[0]} .. {look.steps[1]}",
        "parameter sets": look.num_sets,
        "objectives": look.metrics,
        **{name: _word(settings.get(name)) for name in SHOWN_SETTINGS},
        "settings not known": ", ".join(look.unknown) or "none",
    }
    rows = tuple((name, shortened(str(value), _LONGEST)) for name, value in facts.items())
    return Table(look.path, ("", "value"), rows, "")


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "not given" if value is None else str(value)


def _best(look: ResultFileLook) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for method, found in look.best.items():
        if isinstance(found, str):
            rows.append((method, None, None, None, None, shortened(found, _LONGEST)))
            continue
        each = found.get("of_each_set", [found])
        for one in each:
            step, chosen = one["step"], one["set"]
            rows.append(
                (method, one["record"], step, "all" if chosen is None else chosen, one["train"], one["test"])
            )
    return Table(
        "Best record", ("by", "record", "step", "set", "on train data", "on test data"), tuple(rows), ""
    )
