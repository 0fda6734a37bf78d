"""What a run's sentences may claim: one as small as a smoke run, or of few runs, says first how little follows."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from isotherm.settings.config import Config
from isotherm.study.base import Study
from isotherm.study.presets import build_config
from isotherm.study.tables import Estimate, Table

TRIAL = "**Too small to conclude from** (preset smoke): what follows shows that the study runs, and no more."
"""Before the conclusions of a smoke run."""

FEW = 8
"""Runs below which a standard error is itself so uncertain, by more than a quarter, that a report says so."""


def sentences(study: Study[Any], config: Config, metrics: Mapping[str, Any]) -> list[str]:
    """The conclusions of a run, most important first, as they are printed and put on its page."""
    found = study.conclusions(config, metrics)
    return [TRIAL, *found] if is_trial(study, config) else found


def banner(study: Study[Any], config: Config, tables: Iterable[Table]) -> str:
    """What stands above a report whose numbers are too few to conclude from; empty where they are not."""
    warnings = [TRIAL] if is_trial(study, config) else []
    count = fewest(tables)
    if count == 1:
        warnings.append("**A single run**: no error is known, so that nothing is told from chance.")
    elif count is not None and count < FEW:
        share = 1 / math.sqrt(2 * (count - 1))
        warnings.append(
            f"**Few runs**: averages over {count} of them, whose standard errors are themselves uncertain by "
            f"{share:.0%}."
        )
    return " ".join(warnings)


def fewest(tables: Iterable[Table]) -> int | None:
    """The smallest number of runs that an estimate of the tables averages; None where there is no estimate."""
    cells = (cell for table in tables for row in table.rows for cell in row)
    return min((cell.n for cell in cells if isinstance(cell, Estimate)), default=None)


def is_trial(study: Study[Any], config: Config) -> bool:
    """Whether the settings are those of the preset smoke, whatever the seeds, and not those of another preset too."""
    own, smoke = _unseeded(config), _unseeded(build_config(study, "smoke"))
    others = (build_config(study, preset) for preset in study.presets if preset != "smoke")
    return own == smoke and all(own != _unseeded(other) for other in others)


def _unseeded(config: Config) -> dict[str, Any]:
    return {name: value for name, value in config.settings().items() if not name.endswith("seed")}
