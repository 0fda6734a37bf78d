"""A network turns points into observations, trained through the inference that reads them; an agent then uses it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from isotherm.act import AbstractAgent, ActiveInference, Transition, rollout
from isotherm.energy import generative_model
from isotherm.plot.style import RC
from isotherm.random import run_keys
from isotherm.world import AbstractWorld, Step

PLACES, LENGTH, NOISE, SHARPNESS, WEIGHT = 5, 6, 0.1, 1 / 0.15, 8.0
ANGLES = 2 * np.pi * np.arange(PLACES) / PLACES
LOOKS = jnp.asarray(3.2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1), jnp.float32)  # centres in the plane


def line_model():
    """Five places in a row; back, stay, forward: nine times of ten as told, else anywhere. The last is preferred."""
    to = np.clip(np.arange(PLACES)[:, None] + [-1, 0, 1], 0, PLACES - 1)  # (place, action)
    B = (1 - NOISE) * np.eye(PLACES)[to].transpose(2, 0, 1) + NOISE / PLACES
    A = (np.eye(PLACES) + 1e-4) / (1 + 1e-4 * PLACES)
    return generative_model([A], [B], C=[8.0 * np.eye(PLACES)[-1]], D=[np.full(PLACES, 1 / PLACES)])


class Line(AbstractWorld):
    """The same line, seen as points of unit spread around each place's centre."""

    law: jax.Array
    first: jax.Array

    def reset(self, key):
        place_key, look_key = jax.random.split(key)
        place = jax.random.categorical(place_key, jnp.log(self.first)).astype(jnp.int32)
        return self.look(look_key, place), place

    def step(self, key, place, action):
        move_key, look_key = jax.random.split(key)
        place = jax.random.categorical(move_key, jnp.log(self.law[:, place, action])).astype(jnp.int32)
        no = jnp.zeros((), bool)
        return Step(self.look(look_key, place), place, jnp.float32(0), no, no, {})

    def look(self, key, place):
        return LOOKS[place] + jax.random.normal(key, (2,))


class Wanderer(AbstractAgent):
    """Moves at random: what there is to learn from."""

    def init(self, key):
        return jnp.int32(0)

    def act(self, key, state, observation):
        return jax.random.randint(key, (), 0, 3), state

    def learn(self, key, state, transition):
        return state


def agent_of(network, model, policy_len=1):
    """An agent that looks through the network."""
    encode = lambda x: (jax.nn.softmax(SHARPNESS * network(x)),)  # noqa: E731
    return ActiveInference(model, policy_len=policy_len, categorical_obs=True, preprocess=encode)


def log(x):
    return jnp.log(jnp.maximum(x, 1e-30))


def believed(network, model, seen, actions):
    """Of one walk: beliefs, free energy, and how far each observation is from its prediction, in nats a step."""
    agent, A = agent_of(network, model), model.A[0]
    key, nothing = jax.random.key(0), jnp.zeros((), bool)

    def step(mind, at):
        x, u = at
        (o,), (prior,) = agent.preprocess(x), agent.empirical_prior(mind)
        mind = agent.observed(mind, x)
        (q,) = mind.beliefs
        free_energy = (q * (log(q) - log(prior))).sum() - o @ log(A) @ q
        distance = (o * (log(o) - log(A @ prior))).sum()
        mind = agent.learn(key, mind, Transition(x, u, jnp.float32(0), nothing, nothing, x))
        return mind, (q, free_energy, distance)

    return jax.lax.scan(step, agent.init(key), (seen, actions))[1]


def train(key, model, seen, actions, num_steps=200, batch=16):
    """One start: the network and its losses."""
    build_key, rows_key = jax.random.split(key)
    parts, static = eqx.partition(eqx.nn.MLP(2, PLACES, 256, 3, key=build_key), eqx.is_array)
    optimiser = optax.sgd(1e-3)

    def loss(parts, x, u):
        network = eqx.combine(parts, static)
        _, free_energy, distance = jax.vmap(lambda x, u: believed(network, model, x, u))(x, u)
        return free_energy.mean() + WEIGHT * distance[:, 1:].mean()

    def step(carry, rows):
        parts, state = carry
        value, slope = jax.value_and_grad(loss)(parts, seen[rows], actions[rows])
        change, state = optimiser.update(slope, state)
        return (eqx.apply_updates(parts, change), state), value

    rows = jax.random.randint(rows_key, (num_steps, batch), 0, len(seen))
    (parts, _), losses = jax.lax.scan(step, (parts, optimiser.init(parts)), rows)
    return eqx.combine(parts, static), losses


def best_of_starts(model, seen, actions, num_starts=8):
    """Starts side by side; some end with two places under one name, which their loss tells."""
    networks, losses = eqx.filter_jit(eqx.filter_vmap(train, in_axes=(0, None, None, None)))(
        jax.random.split(jax.random.key(0), num_starts), model, seen, actions
    )
    best = int(losses[:, -50:].mean(1).argmin())
    return jax.tree.map(lambda leaf: leaf[best] if eqx.is_array(leaf) else leaf, networks), np.asarray(losses)


def walks(world, count=640):
    """Of a wanderer: places, points seen, and the action after each, ``(walks, steps, ...)``."""
    keep = lambda m: (m.world_state, m.transition.observation, m.transition.action)  # noqa: E731
    return rollout(run_keys(0, 0, count), Wanderer(), world, LENGTH, keep=keep).kept


def planned(network, model, world, count=200, num_steps=8):
    """Places of an agent that plans four steps ahead, ``(runs, steps)``."""
    agent = agent_of(network, model, policy_len=4)
    return np.asarray(
        rollout(run_keys(1, 0, count), agent, world, num_steps, keep=lambda m: m.world_state).kept
    )


def found():
    """Everything that is said and drawn."""
    model = line_model()
    everywhere, start = jnp.full(PLACES, 1 / PLACES), jnp.eye(PLACES)[0]
    places, seen, actions = walks(Line(model.B[0], everywhere))
    network, losses = best_of_starts(model, seen, actions)
    beliefs = jax.vmap(lambda x, u: believed(network, model, x, u)[0])(seen, actions)
    return {
        "places": np.asarray(places),
        "seen": np.asarray(seen),
        "named": np.asarray(jax.vmap(jax.vmap(network))(seen)).argmax(-1),
        "believed": np.asarray(beliefs).argmax(-1),
        "losses": losses,
        "planned": planned(network, model, Line(model.B[0], start)),
    }


def draw(result):
    figure, (plane, curves, ways) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.95, PLACES))
    plane.scatter(*result["seen"].reshape(-1, 2).T, s=3, c=colours[result["named"].ravel()], linewidths=0)
    plane.scatter(*LOOKS.T, s=60, c=colours, edgecolors="black")
    plane.set(title="Points, coloured by the network's symbol", xlabel="x", ylabel="y", aspect="equal")
    smooth = result["losses"].reshape(len(result["losses"]), -1, 10).mean(-1)
    best = smooth[:, -5:].mean(1).argmin()
    for start, curve in enumerate(smooth):
        look = {"color": "black", "lw": 2, "zorder": 3} if start == best else {"color": "0.7", "lw": 1}
        curves.plot(10 * np.arange(len(curve)) + 5, curve, **look)
    curves.set(
        title="Loss of eight starts, the best in black", xlabel="step of descent", ylabel="nats a step"
    )
    shares = np.stack([(result["planned"] == place).mean(0) for place in range(PLACES)])
    ways.stackplot(
        np.arange(shares.shape[1]), shares, colors=colours, labels=[f"place {p}" for p in range(PLACES)]
    )
    ways.set(
        title="Where 200 agents are that plan", xlabel="moves made", ylabel="share", xlim=(0, 7), ylim=(0, 1)
    )
    ways.legend(loc="upper right", frameon=True)
    return figure


def main():
    result = found()
    places = result["places"]
    print(f"right symbols: {(result['named'] == places).mean():.3f}")
    print(f"right beliefs: {(result['believed'] == places).mean():.3f}")
    print(f"agents at the end after four moves: {(result['planned'][:, 4] == PLACES - 1).mean():.2f}")
    with plt.rc_context(RC):
        draw(result).savefig("encoder.png", dpi=130)


if __name__ == "__main__":
    main()
