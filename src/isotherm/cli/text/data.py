"""What `isotherm data` prints."""

from collections.abc import Sequence

from rich.table import Table as RichTable
from rich.text import Text

from isotherm.cli.text.settings import console
from isotherm.errors import printable
from isotherm.market.prices.clock import span_in_words
from isotherm.market.prices.file_check import FileCheck
from isotherm.market.prices.rewrite import Rewritten

_LONGEST = 200


def print_checks(checks: Sequence[FileCheck]) -> None:
    """One row a file, then what is wrong or odd, a line each."""
    _print(
        ("file", "rows", "first", "last", "verdict"),
        [(one.path, f"{one.rows}", one.start, one.end, _verdict(one)) for one in checks],
    )
    for one in checks:
        said = [(fault.kind, fault.words) for fault in one.faults] + [("note", words) for words in one.notes]
        for kind, words in said:
            _say(f"{one.path}: {kind}: {words}")


def print_fills(written: Sequence[Rewritten]) -> None:
    """One row a file: how much was made up, and the longest run."""
    rows = []
    for one in written:
        fill = one.fill
        assert fill is not None
        run = f"{span_in_words(fill.longest_run)} from {fill.longest_from}" if fill.filled else "none"
        midnight = "yes" if fill.is_midnight_added else "no"
        rows.append(
            (
                one.path,
                f"{fill.rows}",
                f"{fill.filled}",
                f"{fill.share:.3%}",
                run,
                f"{fill.repeated}",
                midnight,
            )
        )
    _print(("written", "rows", "made up", "share", "longest run", "repeated", "midnight added"), rows)


def print_resamples(written: Sequence[Rewritten]) -> None:
    """One row a file: rows before and after, made, dropped."""
    rows = []
    for one in written:
        done = one.resample
        assert done is not None
        rows.append((one.path, f"{done.rows_before}", f"{done.rows}", f"{done.made}", f"{done.dropped}"))
    _print(("written", "rows before", "rows", "made by repeating", "dropped"), rows)


def _verdict(check: FileCheck) -> str:
    kinds = ", ".join(dict.fromkeys(fault.kind for fault in check.faults))
    return f"bad: {kinds}" if kinds else "good"


def _print(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    drawn = RichTable(*heads, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        drawn.add_row(*(Text(printable(cell, _LONGEST)) for cell in row))
    console().print(drawn)


def _say(words: str) -> None:
    console().print(printable(" ".join(words.split())), markup=False, highlight=False, soft_wrap=True)
