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
        preset: one of the study's presets; ``None`` is its default.
        file: a TOML file of fields.
        flags: values by field, nested as the config is.

    Raises:
        ValueError: one line that names the field, the value and what is allowed.
    """
    name = preset or study.default_preset
    if name not in study.presets:
        known = list(study.presets)
        raise refusal("preset", name, f"is not a preset of {study.name}; {unknown_name(name, known)}")
    values = merge(study.presets[name], read_toml(file) if file else {})
    return study.config(**merge(values, flags or {}))
