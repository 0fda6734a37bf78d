"""Price files filled or resampled into new files: all of them whole or none, and none overwritten unasked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from isotherm.doors import flag
from isotherm.errors import refusal
from isotherm.files.content import digest, write_atomic
from isotherm.market.prices.clock import MINUTE_MS
from isotherm.market.prices.faults import price_faults
from isotherm.market.prices.file_check import price_files
from isotherm.market.prices.fill import FillLimits, fill
from isotherm.market.prices.price_file import SUFFIXES, TableFile
from isotherm.market.prices.resample import Label, ResampleReport, to_coarser, to_finer
from isotherm.market.prices.table import FillReport
from isotherm.market.prices.time_column import as_milliseconds, whole_times
from isotherm.market.prices.write import table_bytes

_TEXTS = ("date", "symbol")


class Rewritten(NamedTuple):
    """One file that was written.

    Attributes:
        path: of the file.
        sha256: of its bytes.
        sources: SHA-256 of each file it was made of, by path.
        fill: what was made up, where it was filled.
        resample: what was done, where it was resampled.
        notes: lines for people.
    """

    path: str
    sha256: str
    sources: dict[str, str]
    fill: FillReport | None
    resample: ResampleReport | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it as what JSON has."""
        done = {
            name: report._asdict()
            for name in ("fill", "resample")
            if (report := getattr(self, name)) is not None
        }
        return {
            "path": self.path,
            "sha256": self.sha256,
            "sources": self.sources,
            "notes": list(self.notes),
        } | done


class _Input(NamedTuple):
    """A file as it is, its times in milliseconds."""

    path: Path
    table: pl.DataFrame
    sha256: str
    notes: tuple[str, ...]


class _Made(NamedTuple):
    """What will be written, and what will be told of it."""

    told: Rewritten
    content: bytes


def fill_files(
    files: Sequence[Path], out: Path, interval_minutes: int, limits: FillLimits, force: bool = False
) -> list[Rewritten]:
    """Fill files.

    Args:
        files: sources of one ticker in order of priority; or one folder, whose files are filled one by one.
        out: the file to be written, or the folder for those of a folder.
        interval_minutes: of the grid.
        limits: how much may be made up.
        force: whether what lies at ``out`` may be overwritten.

    Returns:
        What was written.

    Raises:
        ValueError: one line, if a file cannot be read, too much would be made up, or something is in the way.
    """
    made = []
    for group, target in _jobs(files, out, flag("force", force)):
        inputs = [_read(path, interval_minutes) for path in group]
        shown = ", ".join(str(one.path) for one in inputs)
        table, report = fill([one.table for one in inputs], interval_minutes, limits, shown)
        _require_prices(shown, table)
        made.append(_made(target, table, inputs, report, None))
    return _written(made)


def resample_files(
    files: Sequence[Path],
    out: Path,
    to_minutes: int,
    interval_minutes: int | None = None,
    label: Label = "last",
    force: bool = False,
) -> list[Rewritten]:
    """Put one file, or each of a folder, on another grid.

    Args:
        files: one file or one folder.
        out: the file to be written, or the folder for those of a folder.
        to_minutes: of the new grid.
        interval_minutes: of the files' grid; None takes the shortest step between their rows.
        label: ``last`` or ``first``: whose time a coarser bar has.
        force: whether what lies at ``out`` may be overwritten.

    Returns:
        What was written.

    Raises:
        ValueError: one line, if a file cannot be read, has gaps, fits neither grid, or something is in the way.
    """
    if len(files) != 1:
        raise refusal("files", [str(one) for one in files], "should be one file or one folder")
    made = []
    for (path,), target in _jobs(files, out, flag("force", force)):
        source = _read(path, interval_minutes or 1)
        own = interval_minutes or _shortest_step(source)
        _require_prices(str(path), source.table)
        if to_minutes <= own:
            table, report = to_finer(source.table, own, to_minutes, str(path))
        else:
            table, report = to_coarser(source.table, to_minutes, own, label, str(path))
        made.append(_made(target, table, [source], None, report))
    return _written(made)


def _jobs(files: Sequence[Path], out: Path, force: bool) -> list[tuple[tuple[Path, ...], Path]]:
    """Files that belong together, and where each group goes; everything that is in the way is refused first."""
    if len(files) == 1 and files[0].is_dir():
        if out.suffix.lower() in SUFFIXES or (out.exists() and not out.is_dir()):
            raise refusal("out", str(out), "should be a folder, as the input is one")
        jobs = [((path,), out / path.name) for path in price_files(files[0])]
    else:
        for one in files:
            if one.is_dir():
                raise refusal("files", str(one), "should be a file; a folder stands alone")
        target = out / files[0].name if out.is_dir() else out
        if target.suffix.lower() not in SUFFIXES:
            raise refusal(
                "out", str(target), f"should be a file called {' or '.join('*' + one for one in SUFFIXES)}"
            )
        jobs = [(tuple(files), target)]
    for _, target in jobs:
        if target.exists() and not force:
            raise refusal("out", str(target), "is there; --force overwrites it")
    return jobs


def _read(path: Path, interval_minutes: int) -> _Input:
    file = TableFile(path)
    file.require("close")
    shown = str(path)
    times = as_milliseconds(
        shown, file.time, whole_times(shown, file.time, file.times()), MINUTE_MS * interval_minutes
    )
    is_off = times.unix % MINUTE_MS != 0
    if is_off.any():
        row = int(is_off.argmax())
        raise refusal("prices", shown, f"has {times.unix[row]} ms in row {row}, off the whole minutes of UTC")
    notes = (
        (f"{shown}: column {file.time} holds seconds; milliseconds are written",)
        if times.were_seconds
        else ()
    )
    columns: dict[str, Any] = {"unix": times.unix}
    for name in file.names:
        if name != file.time:
            columns[name] = file.frame([name])[name] if name in _TEXTS else _numbers(file, name)
    file.settle()
    return _Input(path, pl.DataFrame(columns), file.digest, notes)


def _numbers(file: TableFile, name: str) -> pl.Series:
    """A column of numbers, null where it is empty; whole ones stay whole."""
    column = file.frame([name])[name]
    if column.dtype.is_integer():
        return column
    return pl.Series(name, file.numbers(name)).fill_nan(None)


def _require_prices(shown: str, table: pl.DataFrame) -> None:
    close = table["close"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    for fault in price_faults(table["unix"].to_numpy(), close):
        raise refusal("prices", shown, fault.words)


def _shortest_step(source: _Input) -> int:
    steps = np.diff(source.table["unix"].to_numpy())
    least = int(steps.min()) if len(steps) else 0
    if least <= 0 or least % MINUTE_MS:
        allowed = "tells no grid of whole minutes by its times; say --interval, or check it"
        raise refusal("prices", str(source.path), allowed)
    return least // MINUTE_MS


def _made(
    target: Path,
    table: pl.DataFrame,
    inputs: Sequence[_Input],
    filled: FillReport | None,
    resampled: ResampleReport | None,
) -> _Made:
    content = table_bytes(table, target)
    notes = tuple(note for one in inputs for note in one.notes)
    sources = {str(one.path): one.sha256 for one in inputs}
    return _Made(Rewritten(str(target), digest(content), sources, filled, resampled, notes), content)


def _written(made: Sequence[_Made]) -> list[Rewritten]:
    """Files on disk, once none of them was refused."""
    for one in made:
        write_atomic(Path(one.told.path), one.content)
    return [one.told for one in made]
