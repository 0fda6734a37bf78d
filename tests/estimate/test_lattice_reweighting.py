import numpy as np
import pytest
from tests.support.drawn_ising import boltzmann, ising_table, log_z, sticky_draws

from isotherm.estimate.quantities import blocked, heat_capacity, mean, moments, quantities
from isotherm.estimate.reweighting import Reweighting, reweighting

TABLE = ising_table()
BETAS = np.array([0.3, 0.38, 0.44, 0.5])
WANTED = np.array([0.29, 0.34, 0.41, 0.4407, 0.47, 0.51])
NAMES = ("energy", "magnetization", "structure_kmin")


def drawn(
    betas: np.ndarray, shape: tuple[int, int], seed: int = 0, keep: float = 0.5
) -> dict[str, np.ndarray]:
    at = sticky_draws(boltzmann(TABLE, betas), shape, keep, seed)
    return {name: TABLE[name][at] for name in NAMES}


def exact(betas: np.ndarray) -> dict[str, np.ndarray]:
    powers = moments({name: TABLE[name] for name in NAMES})
    means = {name: boltzmann(TABLE, betas) @ value for name, value in powers.items()}
    return quantities(means, betas, 16, extent=4)


@pytest.fixture(scope="module")
def joined() -> Reweighting:
    return reweighting(drawn(BETAS, (20, 600)), BETAS, 16)


def test_everything_between_the_temperatures_is_exact_within_errors(joined: Reweighting) -> None:
    found = joined.estimates(WANTED, extent=4)
    for name, value in exact(WANTED).items():
        if name != "magnetization":
            scores = (found[name].value - value) / found[name].error
            assert np.abs(scores).max() < 4.5, (name, scores)
            assert np.all(found[name].error < 0.05 * np.abs(value)), name
    wrong = exact(WANTED * 1.05)["energy"]
    assert np.abs((found["energy"].value - wrong) / found["energy"].error).min() > 4.5


def test_partition_functions(joined: Reweighting) -> None:
    for found, betas in ((joined.log_z, BETAS), (joined.log_z_at(WANTED), WANTED)):
        difference = log_z(TABLE, betas) - log_z(TABLE, BETAS[:1])
        away = found.error > 0
        assert away.sum() >= len(betas) - 1
        assert np.abs((found.value - difference)[away] / found.error[away]).max() < 4.5
        assert np.abs(found.value - difference).max() < 0.05


def test_the_equations_hold(joined: Reweighting) -> None:
    at_samples = joined.log_z_at(BETAS)
    np.testing.assert_allclose(at_samples.value, joined.log_z.value, atol=1e-6)
    np.testing.assert_allclose(at_samples.error, joined.log_z.error, atol=1e-6)


@pytest.mark.slow
def test_errors_are_the_scatter_of_repetitions() -> None:
    values = drawn(BETAS[:2], (40 * 20, 100))
    parts = [{name: value[:, 20 * i : 20 * (i + 1)] for name, value in values.items()} for i in range(40)]
    runs = [reweighting(part, BETAS[:2], 16) for part in parts]
    told = [run.mean("magnetization2", 0.35) for run in runs]
    values, errors = np.array([one.value for one in told]), np.array([one.error for one in told])
    assert values.shape == (40,)
    # a standard deviation of 40 numbers is known to 11 %
    assert abs(values.std(ddof=1) / np.sqrt((errors**2).mean()) - 1) < 0.45
    assert abs(values.mean() - exact(np.array([0.35]))["magnetization2"][0]) < 4.5 * values.std() / np.sqrt(
        60
    )


def test_one_temperature_is_the_plain_mean_there() -> None:
    values = drawn(BETAS[:1], (10, 50), keep=0.0)
    found = reweighting(values, BETAS[:1], 16, num_blocks=10)
    np.testing.assert_allclose(found.mean("energy", BETAS[0]).value, values["energy"].mean())
    plain = mean(blocked(values, 50)["energy"][0])
    np.testing.assert_allclose(found.mean("energy", BETAS[0]).error, plain.error)


def test_a_function_of_means(joined: Reweighting) -> None:
    ratio = joined.jackknife(lambda m: m["magnetization4"] / m["magnetization2"] ** 2, [[0.4], [0.45]])
    assert ratio.value.shape == (2, 1)
    u = joined.estimates([[0.4], [0.45]])["binder"]
    np.testing.assert_allclose(1 - ratio.value / 3, u.value)
    np.testing.assert_allclose(ratio.error / 3, u.error)


def test_refusals_in_one_line(joined: Reweighting) -> None:
    hot = np.array([0.05, 0.1])
    with pytest.raises(ValueError, match=r"beta = 0\.5: too far from the samples at 0\.05 \.\. 0\.1: .*%"):
        reweighting(drawn(hot, (20, 50)), hot, 16).mean("energy", [0.07, 0.5])
    with pytest.raises(ValueError, match="betas = nan: must be finite"):
        joined.mean("energy", np.nan)
    with pytest.raises(ValueError, match="name = 'spin': must be one of energy"):
        joined.mean("spin", 0.4)
    values = drawn(BETAS, (20, 50))
    with pytest.raises(ValueError, match="must be finite and increase"):
        reweighting(values, BETAS[::-1], 16)
    with pytest.raises(ValueError, match=r"values\['energy'\].shape = \(4, 20, 50\): must be \(3, "):
        reweighting(values, BETAS[:3], 16)
    with pytest.raises(ValueError, match=r"num_blocks = 30: leaves 66 samples a block, fewer"):
        reweighting(drawn(BETAS, (5, 400), keep=0.85), BETAS, 16, num_blocks=30)
    with pytest.raises(ValueError, match=r"values = .*: must have energy"):
        reweighting({"magnetization": values["magnetization"]}, BETAS, 16)
    apart = np.array([0.0, 0.9])
    with pytest.raises(ValueError, match=r"betas\[0:2\] = .*energies overlap by"):
        reweighting(drawn(apart, (20, 50)), apart, 16)


@pytest.mark.parametrize("constant", [3e7, 2.0**40])
def test_a_constant_in_the_energy_moves_log_z_and_nothing_else(constant: float) -> None:
    values = drawn(BETAS, (20, 200))
    near = reweighting(values, BETAS, 16)
    far = reweighting(values | {"energy": np.round(values["energy"] * 64) / 64 + constant}, BETAS, 16)
    found, expected = far.estimates(WANTED, extent=4), near.estimates(WANTED, extent=4)
    for name in ("heat_capacity", "binder", "susceptibility"):
        np.testing.assert_allclose(found[name].value, expected[name].value, rtol=1e-5)
        np.testing.assert_allclose(found[name].error, expected[name].error, rtol=1e-4)
    np.testing.assert_allclose(found["energy"].value - constant, expected["energy"].value, atol=1e-3)
    np.testing.assert_allclose(far.mean("energy", 0.4).error, near.mean("energy", 0.4).error, rtol=1e-4)
    back = far.log_z_at(WANTED).value + (WANTED - BETAS[0]) * constant * 16
    np.testing.assert_allclose(back, near.log_z_at(WANTED).value, atol=constant * 1e-14)


def test_a_heat_capacity_without_digits_is_refused() -> None:
    values = drawn(BETAS[:1], (20, 200))
    means = blocked(values | {"energy": values["energy"] + 1e12}, 20)
    with pytest.raises(ValueError, match="lies too far from zero for its fluctuations"):
        heat_capacity(means, 0.3, 16)
    heat_capacity(blocked(values, 20), 0.3, 16)
