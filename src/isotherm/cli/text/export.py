"""A bundle as text: what a pool is deployed with, a column a token."""

from collections.abc import Mapping
from typing import Any

from isotherm.cli.text.runs import print_tables
from isotherm.cli.text.settings import console
from isotherm.errors import printable
from isotherm.market.deployment.bundle import digest_of, is_sound
from isotherm.market.prices.clock import date_of
from isotherm.study.tables import Table

_LONGEST = 60


def print_bundle(bundle: Mapping[str, Any]) -> None:
    """Parameters, guardrails, state and weights as numbers; where it comes from; whether its hash holds."""
    tokens = tuple(map(str, bundle["tokens"]))
    titles = {"parameters": "Parameters", "guardrails": "Guardrails", "state": "State", "weights": "Weights"}
    held = {part: bundle[part]["values"] for part in titles if bundle[part] is not None}
    print_tables([token_table(titles[part], tokens, values) for part, values in held.items() if values])
    for line in _lines(bundle):
        console().print(printable(line), markup=False, highlight=False, soft_wrap=True)


def token_table(title: str, tokens: tuple[str, ...], values: Mapping[str, Any]) -> Table:
    """Numbers by name, a column a token; what all tokens share stands in the first."""
    rows: list[tuple[str, ...]] = []
    for name, value in values.items():
        nested = value if value and isinstance(value[0], list) else [value]
        for number, row in enumerate(nested, 1):
            label = name if len(nested) == 1 else f"{name} {number}"
            cells = [f"{one:.10g}" for one in row]
            rows.append((label, *cells, *[""] * (len(tokens) - len(cells))))
    return Table(title, ("", *(token[:_LONGEST] for token in tokens)), tuple(rows), "")


def _lines(bundle: Mapping[str, Any]) -> list[str]:
    guards, weights = bundle["guardrails"], bundle["weights"]
    lines = [f"{bundle['rule']} on {', '.join(map(str, bundle['tokens']))}: {bundle['run_location']}"]
    lines.append(f"guardrail {guards['kind']}, interpolation {guards['weight_interpolation_method']}")
    if weights is None:
        lines.append("state and weights: none, a result file has parameters only; a run of backtest has them")
    else:
        packed = weights["packed"]
        lines.append(f"last update {date_of(1000 * weights['start_s'])} UTC; packed for a contract:")
        lines += [f"  {name} {_joined(value)}" for name, value in packed.items()]
    lines += [f"prices {name}: {digest}" for name, digest in bundle["prices"].items()]
    verdict = "holds" if is_sound(bundle) else f"does not hold, of the contents it is {digest_of(bundle)}"
    return [*lines, f"sha256 {bundle['sha256']}: {verdict}"]


def _joined(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
