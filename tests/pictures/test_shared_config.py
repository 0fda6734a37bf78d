"""Settings that videos, pictures and films share: their ranges in each, their order, and what is said of them."""

from typing import Any

import pytest

from isotherm.pictures.fractal.config import FractalConfig
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.still_config import PictureConfig
from isotherm.settings.config import Config

KINDS: dict[type[Config], dict[str, Any]] = {
    VideoConfig: {"beta": 1.0, "model": "potts"},
    PictureConfig: {"beta": 1.0, "model": "potts"},
    FractalConfig: {},
}
RANGES = {
    (VideoConfig, "size"): (4, 16384),
    (VideoConfig, "states"): (2, 256),
    (VideoConfig, "fps"): (1, 240),
    (VideoConfig, "quality"): (0, 63),
    (VideoConfig, "seed"): (0, 2**32 - 1),
    (PictureConfig, "size"): (4, 4096),
    (PictureConfig, "states"): (2, 256),
    (PictureConfig, "seed"): (0, 2**32 - 1),
    (FractalConfig, "fps"): (1, 240),
    (FractalConfig, "quality"): (0, 63),
}


@pytest.mark.parametrize(("config", "field"), RANGES)
def test_both_ends_are_taken_and_what_lies_beyond_is_refused(config: type[Config], field: str) -> None:
    least, most = RANGES[config, field]
    for value in (least, most):
        assert getattr(config(**KINDS[config], **{field: value}), field) == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValueError, match=f"{field} = {value}: should be"):
            config(**KINDS[config], **{field: value})


@pytest.mark.parametrize(("config", "most"), [(VideoConfig, 16384), (PictureConfig, 4096)])
def test_shapes_have_the_range_of_sizes(config: type[Config], most: int) -> None:
    assert config(beta=1.0, shape=(4, most)).shape == (4, most)
    for shape in ((3, 8), (8, most + 1)):
        with pytest.raises(ValueError, match=r"shape\.\d = "):
            config(beta=1.0, shape=shape)


def test_angles_have_a_range() -> None:
    for config in (VideoConfig, PictureConfig):
        assert config(beta=1.0, model="clock", angles=256).angles == 256
        for angles in (1, 257):
            with pytest.raises(ValueError, match=f"angles = {angles}: should be"):
                config(beta=1.0, model="clock", angles=angles)


@pytest.mark.parametrize("config", KINDS)
def test_each_field_says_what_it_means_in_the_order_of_the_command_line(config: type[Config]) -> None:
    fields = config.model_fields
    assert all(field.description and field.description.endswith(".") for field in fields.values())
    first = {"film"} if config is FractalConfig else {"model"}
    assert set(list(fields)[:1]) == first
    lattice = ["model", "size", "shape", "boundary", "states", "angles", "beta"]
    assert config is FractalConfig or list(fields)[:7] == lattice
    if config is not PictureConfig:
        at = list(fields).index("codec")
        assert list(fields)[at : at + 3] == ["codec", "quality", "effort"]
