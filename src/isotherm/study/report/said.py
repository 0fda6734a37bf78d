"""What a run's sentences may claim: one as small as a smoke run says first that nothing follows from it."""

from collections.abc import Mapping
from typing import Any

from isotherm.settings.config import Config
from isotherm.study.base import Study
from isotherm.study.presets import build_config

TRIAL = "**Too small to conclude from** (preset smoke): what follows shows that the study runs, and no more."
"""Before the conclusions of a smoke run."""


def sentences(study: Study[Any], config: Config, metrics: Mapping[str, Any]) -> list[str]:
    """The conclusions of a run, most important first, as they are printed and put on its page."""
    found = study.conclusions(config, metrics)
    return [TRIAL, *found] if is_trial(study, config) else found


def is_trial(study: Study[Any], config: Config) -> bool:
    """Whether the settings are those of the preset smoke, whatever the seeds, and not those of another preset too."""
    own, smoke = _unseeded(config), _unseeded(build_config(study, "smoke"))
    others = (build_config(study, preset) for preset in study.presets if preset != "smoke")
    return own == smoke and all(own != _unseeded(other) for other in others)


def _unseeded(config: Config) -> dict[str, Any]:
    return {name: value for name, value in config.settings().items() if not name.endswith("seed")}
