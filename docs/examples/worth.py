"""A study: how much does a free look at one venue help, against the coupling inside its group?"""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from isotherm.study import Config, Figure, Result, Study, Table, Task


class WorthConfig(Config):
    inside: tuple[Annotated[float, Field(ge=0, le=2)], ...] = (0.0, 0.2, 0.4, 0.6)
    """Coupling of two venues of the same group."""


class Worth(Study[WorthConfig]):
    name, title, config = "worth", "What is a free look worth?", WorthConfig
    summary = "How much does a free look at one venue help? Nine venues in three groups, by enumeration."
    presets: ClassVar = {"smoke": {"inside": (0.0, 0.6)}, "published": {}}

    def tasks(self, config):
        return [Task(f"inside-{i}", {"inside": w}) for i, w in enumerate(config.inside)]

    def compute(self, config, task):
        from isotherm.world.routing.venues import grouped_couplings, venue_market, worth_of_context

        couplings = grouped_couplings(9, 3, task.payload["inside"], across=-0.15)
        market = venue_market(np.linspace(0.3, -0.3, 9), couplings, context_mode="random", outcome="own")
        return {"success": np.array(worth_of_context(market))}

    def combine(self, config, results):
        success = np.stack([results[task.name]["success"] for task in self.tasks(config)])
        return Result({"success": success.tolist()}, {"inside": np.array(config.inside), "success": success})

    def tables(self, config, metrics):
        rows = tuple((w, *row) for w, row in zip(config.inside, metrics["success"], strict=True))
        return [Table("Success of the best route", ("coupling", "blind", "looking"), rows, "exact")]

    def conclusions(self, config, metrics):
        blind, looking = metrics["success"][-1]
        return [f"At the last coupling a look lifts success from {blind:.1%} to **{looking:.1%}**."]

    def figures(self, config, metrics, arrays):
        from matplotlib.figure import Figure as Canvas

        figure = Canvas(figsize=(5, 3), layout="constrained")
        axes = figure.add_subplot(xlabel="coupling inside a group", ylabel="success of the best route")
        axes.plot(arrays["inside"], arrays["success"], label=["blind", "looking"])
        axes.legend()
        yield Figure("worth", "Success of the best route without and with a look at one venue.", figure)
