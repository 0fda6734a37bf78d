"""What the command line prints: a run's tables, a study's settings, lists of studies and runs."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from isotherm.cli.text.settings import console, first_sentence, near, print_examples, print_settings
from isotherm.errors import printable
from isotherm.settings.fields import FieldDoc, as_text, describe
from isotherm.study.base import Study
from isotherm.study.durations import MeasuredDuration, duration_of
from isotherm.study.registry import public_name
from isotherm.study.report.duration import duration
from isotherm.study.report.html import plain
from isotherm.study.report.said import is_trial, sentences
from isotherm.study.run.session import Run
from isotherm.study.run.stored import StoredRun
from isotherm.study.store.catalog import Row
from isotherm.study.store.folder import REPORT
from isotherm.study.tables import Table, to_rich

_SHOWN_CONCLUSIONS = 2
_LONGEST_CELL = 400


def print_run(run: Run | StoredRun) -> None:
    """A run's tables, its first conclusions, and where its report lies."""
    if isinstance(run, Run):
        print_tables(run.study.tables(run.config, run.metrics))
        shown = _SHOWN_CONCLUSIONS + is_trial(run.study, run.config)
        said = [plain(sentence) for sentence in sentences(run.study, run.config, run.metrics)[:shown]]
        changed = run.changed
    else:
        print_tables(run.tables())
        said, changed = [run.facts["headline"], *_how_to_recompute(run)], ()
    for sentence in filter(None, said):
        _say(sentence)
    if changed:
        files = ", ".join(changed)
        _say(f"\n{files}: changed since; the numbers are of the source as it was, the tables of today's")
    _say(f"\n{run.path.name}: {computed(run)}")
    _say(f"report: {near(run.path / REPORT)}", soft_wrap=True)


def _how_to_recompute(run: StoredRun) -> list[str]:
    said = f"{run.name} is no study of this installation: these are the numbers that its folder holds."
    command = run.recompute()
    return [said, f"To recompute them, where its class can be imported: {command}" if command else ""]


def _say(text: str, soft_wrap: bool = False) -> None:
    """A line, nothing in it read as markup or as a terminal's command."""
    console().print(printable(text), markup=False, highlight=False, soft_wrap=soft_wrap)


def computed(run: Run | StoredRun) -> str:
    """Whether a run is shown again, when it was computed, and how long that took."""
    took = f"in {duration(run.facts['seconds'])}"
    if isinstance(run, Run) and not run.is_again:
        return f"computed {took}"
    return f"shown again, computed on {run.facts['finished'][:16].replace('T', ' ')} UTC {took}"


def print_tables(tables: Sequence[Table]) -> None:
    """Tables with a line between."""
    out = console()
    for table in tables:
        out.print(to_rich(table))
        out.print()


def print_studies(studies: Sequence[Study[Any]]) -> None:
    """One line a study: its name, its presets, with what they were measured to take, and what it asks."""
    drawn = RichTable("study", "presets", "what it asks", box=None, pad_edge=False)
    measured: dict[str, None] = {}
    for study in studies:
        names = []
        for preset in study.presets:
            took = duration_of(study, preset)
            names.append(preset if took is None else f"{preset} ({duration(took.first_s)})")
            measured |= {} if took is None else {f"{took.machine}, {took.date}": None}
        drawn.add_row(study.name, " ".join(names), escape(first_sentence(study.summary)))
    console().print(drawn)
    if measured:
        said = f"In brackets: time of one core, nothing compiled before, measured on {'; '.join(measured)}"
        _say(f"\n{said}. `isotherm run STUDY --help` tells more.")


def print_runs(rows: Sequence[Row], store: Path) -> None:
    """One line a run, newest first."""
    if not rows:
        _say(f"no runs yet in {store}; `isotherm list` shows what can be run")
        return
    drawn = RichTable("run", "preset", "status", "begun", "took", "headline", box=None, pad_edge=False)
    for row in rows:
        begun = row.created.replace("T", " ")[:16]
        cells = (row.id, row.preset, row.status, begun, duration(row.seconds), row.headline)
        drawn.add_row(*(Text(printable(cell, _LONGEST_CELL)) for cell in cells))
    console().print(drawn)


def print_study_help(study: Study[Any]) -> None:
    """All that a user may set: presets, every field with type, default, range and meaning, and examples."""
    out, name = console(), public_name(study)
    out.print(
        f"Usage: isotherm run {name} [--preset NAME] [--config FILE.toml] [--FIELD=VALUE ...]", markup=False
    )
    out.print(f"\n{textwrap.fill(study.summary, min(out.width, 100))}\n", markup=False, highlight=False)
    out.print("Presets", style="bold")
    for preset, changes in study.presets.items():
        listed = ", ".join(f"{key} = {as_text(value)}" for key, value in changes.items()) or "the defaults"
        usual = " (used unless --preset says otherwise)" if preset == study.default_preset else ""
        out.print(f"  {preset}: {listed}{usual}", markup=False, highlight=False)
        if (took := duration_of(study, preset)) is not None:
            out.print(f"    {_took(took)}", markup=False, highlight=False)
    print_settings("Settings", study.config)
    print_examples(_examples(name, study, describe(study.config)))


def _took(found: MeasuredDuration) -> str:
    first, again = duration(found.first_s), duration(found.again_s)
    return f"took {first} of one core, {again} with all compiled before ({found.machine}, {found.date})"


def _examples(name: str, study: Study[Any], fields: list[FieldDoc]) -> list[str]:
    examples = [f"isotherm run {name}", f"isotherm run {name} --preset smoke --out /tmp/runs --json"]
    single = next((field for field in fields if field.type in ("int", "float")), None)
    several = next((field for field in fields if field.type.endswith(",...")), None)
    examples += [f"isotherm run {name} {field.flag}={field.default}" for field in (single, several) if field]
    return [
        *examples,
        f"isotherm run {name} --config mine.toml    # FIELD = VALUE a line; flags win over the file",
    ]
