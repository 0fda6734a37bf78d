"""A study's config from its four sources: defaults < preset < TOML file < flags."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isotherm.errors import refusal
from isotherm.settings.config import Config, unknown_name
from isotherm.settings.layers import merge, read_toml
from isotherm.study.base import Study


def build_config(
    study: Study[Any],
    preset: str | None = None,
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """The config of a run.

    Args:
        study: whose config.
        preset: one of the study's presets; ``None`` is the one that goes with what is given.
        file: a TOML file of fields.
        flags: values by field, nested as the config is.

    Raises:
        ValueError: one line that names the field, the value and what is allowed.
    """
    given = merge(read_toml(file) if file else {}, flags or {})
    name = preset or study.preset_of(given)
    if name not in study.presets:
        known = list(study.presets)
        raise refusal("preset", name, f"is not a preset of {study.name}; {unknown_name(name, known)}")
    return study.config(**merge(study.presets[name], given))
