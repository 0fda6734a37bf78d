"""Tables of numbers with error bars, for the terminal and for a report."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable
from rich.text import Text

from isotherm.doors import is_number, real_numbers, sequence, text, whole, words
from isotherm.errors import printable, refusal, wrong_kind
from isotherm.study.symbols import greek, outside_code, raised

Real: TypeAlias = float | int

_MARKUP = re.compile(r"[\\*$]|<(?=[a-zA-Z/!?])|&(?=#|\w+;)|(?<![^\W_])_|_(?![^\W_])|\[(?=[^\]]*\]\()")
"""What Markdown would read as more than itself: escapes, stars, dollars, tags, entities, outer underscores, links."""


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` independent runs with its standard error, and optionally a published value beside it.

    Attributes:
        mean: the estimate.
        se: its standard error, at least 0; ``None`` if it cannot be known (a single run).
        n: how many independent runs it averages, at least 1.
        published: the value to compare with.
        published_se: the standard error of that value; ``None`` counts as 0.
    """

    mean: Real
    se: Real | None
    n: int
    published: Real | None = None
    published_se: Real | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "se", "published", "published_se"):
            value = getattr(self, name)
            if not is_number(value) and (value is not None or name == "mean"):
                raise wrong_kind(
                    name, value, "a number" if name == "mean" else "a number, or None where unknown"
                )
            if name in ("se", "published_se") and value is not None and value < 0:
                raise refusal(name, value, "should be at least 0")
        whole("n", self.n, 1)

    @classmethod
    def of(cls, samples: Any, published: Real | None = None, published_se: Real | None = None) -> "Estimate":
        """Mean and standard error (``ddof=1``) of independent values, one a run.

        Raises:
            ValueError: if there is no value, or one that is not finite.
        """
        values = real_numbers("samples", samples).ravel()
        if values.size == 0 or not np.isfinite(values).all():
            raise refusal("samples", samples, "an estimate needs at least one value, all of them finite")
        se = float(values.std(ddof=1) / math.sqrt(values.size)) if values.size > 1 else None
        return cls(float(values.mean()), se, int(values.size), published, published_se)

    def to_json(self) -> dict[str, Any]:
        """``{"mean", "se", "n"}``; ``se`` is ``None`` for a single run."""
        return {"mean": self.mean, "se": self.se, "n": self.n}

    @property
    def deviation(self) -> float | None:
        """Difference to the published value in combined standard errors; ``None`` if that cannot be said."""
        if self.published is None or self.se is None:
            return None
        combined = math.hypot(self.se, self.published_se or 0.0)
        difference = self.mean - self.published
        if combined == 0:
            return 0.0 if difference == 0 else None
        return difference / combined

    def lines(self) -> list[str]:
        """``624.1 ± 2.5 (200)``, and below it ``published 624.8, -0.2 SE`` where that is known."""
        digits = _decimals(self.se) if self.se else None
        error = "n/a" if self.se is None else _number(self.se, digits)
        own = f"{_number(self.mean, digits)} ± {error} ({self.n})"
        if self.published is None:
            return [own]
        difference = "" if self.deviation is None else f", {self.deviation:+.1f} SE"
        return [own, f"published {_number(self.published, digits)}{difference}"]


Cell: TypeAlias = Estimate | str | float | int | None
CELLS = (Estimate, str, float, int, np.integer, np.floating, np.bool_)


@dataclass(frozen=True)
class Table:
    """A titled table; the first column holds the names of the rows.

    Attributes:
        title: one line.
        columns: headings.
        rows: one tuple of cells a row, as long as ``columns``.
        note: what a reader must know to read it: units, what the brackets mean, how many runs.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = "mean ± standard error (runs)"

    def __post_init__(self) -> None:
        text("title", self.title)
        text("note", self.note)
        columns = words("columns", self.columns)
        for at, row in enumerate(sequence("rows", self.rows, "a tuple of rows")):
            cells = sequence(f"rows[{at}]", row, "a tuple of cells")
            if len(cells) != len(columns):
                raise refusal(f"rows[{at}]", row, f"needs {len(columns)} cells, one for each of columns")
            for cell in cells:
                if cell is not None and not isinstance(cell, CELLS):
                    raise wrong_kind(
                        f"rows[{at}]", cell, "an Estimate, a text, a number or None in each cell"
                    )


def to_rich(table: Table) -> RichTable:
    """The table for a terminal: row names to the left, numbers to the right."""
    # A text, unlike a string, is never read as markup.
    title = Text(printable(table.title), style="bold")
    note = Text(printable(table.note), style="table.caption") if table.note else None
    drawn = RichTable(title=title, caption=note, box=SIMPLE_HEAD, pad_edge=False)
    drawn.title_justify, drawn.caption_justify = "left", "left"
    for index, column in enumerate(table.columns):
        drawn.add_column(Text(printable(column)), justify="left" if index == 0 else "right")
    for row in table.rows:
        drawn.add_row(*(_rich_cell(cell) for cell in row))
    return drawn


def to_html(table: Table) -> str:
    """The table as an HTML ``figure``; text is escaped."""
    head = "".join(f'<th scope="col">{_html(column)}</th>' for column in table.columns)
    body = "\n".join(_html_row(row) for row in table.rows)
    note = f'<p class="note">{_html(table.note)}</p>' if table.note else ""
    return (
        f'<figure class="table"><figcaption>{_html(table.title)}</figcaption>\n<div class="scroll"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>{note}</figure>"
    )


def to_markdown(table: Table) -> str:
    r"""The table as Markdown for the site: row names to the left, numbers to the right.

    What a text holds is shown as it stands: bars are no borders, and stars, dollars and the like no markup. Only code
    between backticks is read as such.

    >>> print(to_markdown(Table("At T*", ("", "|m|"), (("`a|b`", "<1"),), "")))
    **At T\***
    <BLANKLINE>
    |  | \|m\| |
    | :-- | --: |
    | `a\|b` | <1 |
    """
    rows = [_markdown_row(_markdown_cell(cell_lines(cell)) for cell in row) for row in table.rows]
    marks = [":--", *["--:"] * (len(table.columns) - 1)]
    head = [_markdown_row(_markdown_cell([column]) for column in table.columns), _markdown_row(marks)]
    note = f"\n\n<small>{_markdown(table.note)}</small>" if table.note else ""
    return f"**{_markdown(table.title)}**\n\n" + "\n".join([*head, *rows]) + note


def _html(text: str) -> str:
    return raised(escape(printable(greek(text))))


def cell_lines(cell: Cell) -> list[str]:
    """What a cell shows: its value, and below it the comparison with a published value."""
    if isinstance(cell, Estimate):
        return cell.lines()
    if cell is None:
        return ["–"]
    if isinstance(cell, bool):
        return ["yes" if cell else "no"]
    return [_number(cell) if isinstance(cell, float) else printable(str(cell))]


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(lines: list[str]) -> str:
    first, *rest = (_markdown(line).replace("|", "\\|") for line in lines)
    return first + "".join(f"<br><small>{line}</small>" for line in rest)


def _markdown(text: str) -> str:
    """One line that shows a text as it stands, but for code between backticks."""
    return raised(outside_code(lambda part: _MARKUP.sub(r"\\\g<0>", part), printable(greek(text))))


def _rich_cell(cell: Cell) -> Text:
    first, *rest = cell_lines(cell)
    text = Text(first)
    for line in rest:
        text.append(f"\n{line}", style="dim")
    return text


def _html_row(row: tuple[Cell, ...]) -> str:
    name, *cells = (_html_cell(cell) for cell in row)
    return f'<tr><th scope="row">{name}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _html_cell(cell: Cell) -> str:
    first, *rest = (_html(line) for line in cell_lines(cell))
    return first + "".join(f"<br><small>{line}</small>" for line in rest)


def _decimals(se: Real) -> int:
    """Decimals that show two significant digits of a standard error."""
    return min(max(0, 1 - math.floor(math.log10(abs(se)))), 9)


def _number(value: Real, decimals: int | None = None) -> str:
    if not math.isfinite(value):
        return "n/a"
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"
