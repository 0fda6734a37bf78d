"""A study of links: a long descent into a curved valley, where each task goes on from the one before."""

import functools
from typing import ClassVar

from pydantic import Field

from isotherm.study import Config, Result, Study, Table, Task, named_arrays, tree_of


class ValleyConfig(Config):
    links: int = Field(40, ge=1, le=1000)
    """Links of 25 steps."""


@functools.cache  # made once in a process: of the same objects, later links compile nothing
def descent():
    import jax
    import optax

    from isotherm.learn import Slope, descend, first_state

    def slope(key, x, memory):
        value, gradient = jax.value_and_grad(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)(x)
        return Slope(gradient, memory, value)

    start, adam = jax.numpy.array([-1.0, 1.0]), optax.adam(0.05)
    on = functools.partial(descend, jax.random.key(0), start, slope, adam, steps_per_call=25)
    return on, first_state(start, adam)


class Valley(Study[ValleyConfig]):
    name, title, config = "valley", "How long is the way down?", ValleyConfig
    summary = "How long is the way down a curved valley? Adam in links of 25 steps."
    presets: ClassVar = {"smoke": {"links": 4}, "published": {}}

    def tasks(self, config):
        return [
            Task(f"link-{i}", {"link": i}, after=f"link-{i - 1}" if i else None) for i in range(config.links)
        ]

    def compute(self, config, task):
        return self.proceed(config, task, named_arrays(descent()[1]))

    def proceed(self, config, task, earlier):
        on, start = descent()
        num_steps = 25 * (task.payload["link"] + 1)
        return named_arrays(on(num_steps=num_steps, state=tree_of(earlier, start)).state)

    def combine(self, config, results):
        heights = results[f"link-{config.links - 1}"]["state/values"]
        return Result({"height": float(heights[-1])}, {"heights": heights})

    def tables(self, config, metrics):
        return [Table("The way down", ("steps", "height"), ((25 * config.links, metrics["height"]),))]

    def conclusions(self, config, metrics):
        return [f"After {25 * config.links} steps the height is **{metrics['height']:.2g}**."]

    def figures(self, config, metrics, arrays):
        return iter(())
