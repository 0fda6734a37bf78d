import json

import jax
import numpy as np
import pytest

from isotherm.data.images import read_images
from isotherm.studies.digits.config import DigitsConfig
from isotherm.studies.digits.machine import as_rows, two_tori
from isotherm.studies.digits.study import DigitsStudy, chosen_images, naive_bayes

TINY = DigitsConfig(**dict(DigitsStudy.presets["smoke"]))


def test_images_are_split_by_digit_and_look_like_digits() -> None:
    training, test = read_images((0, 1))
    assert training.pixels.shape == (round(0.8 * 1001) + round(0.8 * 1127), 784)
    assert len(test.labels) == 1001 + 1127 - len(training.labels)
    ones = training.pixels[training.labels == 1].mean(axis=0).reshape(28, 28)
    assert ones[13:16, 13:15].min() > 0.3
    assert max(ones[:, :2].max(), ones[:, -2:].max()) < -0.99
    ring = training.pixels[training.labels == 0].mean(axis=0).reshape(28, 28)
    assert ring[14, 14] < -0.5


def test_the_graph_is_that_of_the_reference() -> None:
    config = DigitsConfig()
    graph = two_tori(jax.random.key(3), config)
    assert graph.num_variables == 3200
    assert {name: group.size for name, group in graph.groups} == {
        "image": 784,
        "label": 30,
        "upper": 786,
        "lower": 1600,
    }
    pairs = [factor.scope for factor in graph.factors if factor.scope.arity == 2]
    assert sum(map(len, pairs)) == 1600 * 13
    degrees = np.bincount(np.concatenate([scope.variables[:, 1] for scope in pairs]), minlength=1600)
    assert (degrees == 13).all()
    other = two_tori(jax.random.key(4), config)
    assert graph.scopes != other.scopes


def test_rows_repeat_the_label() -> None:
    graph = two_tori(jax.random.key(3), TINY)
    training, _ = chosen_images(TINY)
    rows = as_rows(graph, training, TINY)
    labels = np.asarray(rows.values["label"]).reshape(-1, 2, TINY.label_repeats)
    assert (labels == labels[:, :, :1]).all()
    assert (labels[:, :, 0].argmax(axis=1) == training.labels).all()
    assert not rows.masks("sometimes")["lower"].any()
    assert rows.masks("never")["lower"].all()


def test_naive_bayes_tells_noughts_from_ones() -> None:
    training, test = read_images((0, 1))
    assert (naive_bayes(training, 2, test.pixels) == test.labels).mean() > 0.95


@pytest.mark.slow
def test_a_small_training_tells_noughts_from_ones() -> None:
    config = TINY.model_copy(
        update={"num_training": 400, "num_epochs": 6, "num_test": 100, "learning_rate": 0.02}
    )
    study = DigitsStudy()
    (task,) = study.tasks(config)
    found = study.combine(config, {task.name: study.compute(config, task)})
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    assert metrics["accuracy"]["mean"] > 0.85
    assert study.tables(config, metrics)
    names = [figure.name for figure in study.figures(config, metrics, found.arrays)]
    assert names == ["accuracy", "confusion", "imagined"]


def test_a_torus_that_cannot_hold_the_visible_spins_is_refused() -> None:
    with pytest.raises(ValueError, match="should hold the 934 visible ones"):
        DigitsConfig(torus=29, label_repeats=30, digits=(0, 3, 4, 5, 6))


def test_a_reach_around_the_torus_is_refused() -> None:
    with pytest.raises(ValueError, match="below half the side"):
        DigitsConfig(reach=(1, 20))


def test_too_large_a_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="batch"):
        DigitsStudy().check(DigitsConfig(batch=5000))
