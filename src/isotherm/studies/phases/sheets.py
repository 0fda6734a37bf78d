"""Sheets made of the pictures: what was stuck, a showcase, diagrams side by side, the numbers in one place."""

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.figure import Figure
from isotherm.plot.raster import lattice
from isotherm.studies.phases.curves import both, mark
from isotherm.studies.phases.view import (
    HEAD,
    ORDERS,
    STARTS,
    SYMBOLS,
    TITLES,
    View,
    canvas,
    headed,
    on_ground,
    plus_minus,
    settled,
    small_title,
)

LOCAL = "#ff5b5b"
COLUMNS = 6
"""Stills in a row of the showcase."""


@on_ground
def stuck(view: View) -> Figure:
    """Single-site updates from random starts: frozen states, and what they do to the diagram."""
    models = [name for name in ("ising", "potts") if name in view.wheres]
    figure = canvas(4.6 * len(models))
    figure.suptitle(headed(view, "Why the published diagrams are stuck", *models), **HEAD)
    rows = figure.add_gridspec(len(models), 2, width_ratios=(1, 1.05))
    for row, model in enumerate(models):
        stills = rows[row, 0].subgridspec(2, 2)
        for place, (at, chain) in enumerate(_furthest(view, model)):
            axes = figure.add_subplot(stills[place // 2, place % 2])
            _still(view, axes, model, view.arrays[f"{model}/local/states"][at, chain])
            temperature, order = (
                view.arrays[f"{model}/pictured"][at],
                view.arrays[f"{model}/local/orders"][at, chain],
            )
            small_title(axes, f"T = {temperature:.3g}, {'⟨|m|⟩' if model == 'ising' else 'f'} = {order:.2f}")
        _local_diagram(view, figure.add_subplot(rows[row, 1]), model)
    return Figure(
        "stuck",
        "Single-site updates from random starts, as in the published program: at four temperatures the chain "
        "furthest from equilibrium, frozen in stripes and domains; and what every such chain says of the order.",
        figure,
    )


@on_ground
def showcase(view: View) -> Figure:
    """A row of states a model, from cold to hot."""
    figure = canvas(0.5 + 1.75 * len(view.wheres))
    words = " in equilibrium" if all("not" not in settled(view, model) for model in view.wheres) else ""
    figure.suptitle(headed(view, f"Spin lattices{words}, from cold to hot", *view.wheres), **HEAD)
    grid = figure.add_gridspec(len(view.wheres), COLUMNS)
    for row, model in enumerate(view.wheres):
        temperatures = view.arrays[f"{model}/pictured"]
        order = np.argsort(temperatures)
        chosen = order[np.unique(np.linspace(0, len(order) - 1, COLUMNS).round().astype(int))]
        for column, place in enumerate(chosen):
            axes = figure.add_subplot(grid[row, column])
            _still(view, axes, model, view.arrays[f"{model}/states"][place, 0, 0, -1])
            if model == "xy":
                shape = view.arrays["xy/states"].shape[-2:]
                lattice.draw_vortices(
                    axes, view.arrays["xy/charges"][place], shape, view.ground, radius=0.5, stroke=0.7
                )
            small_title(axes, f"{f'{TITLES[model]}, ' if column == 0 else ''}T = {temperatures[place]:.2f}")
    return Figure(
        "showcase",
        f"States{words}, a row a model: Ising spins, Potts states, and angles with their vortices and antivortices.",
        figure,
    )


@on_ground
def side_by_side(view: View) -> Figure:
    """The diagrams of all models in a row."""
    figure = canvas(3.4)
    figure.suptitle(headed(view, "Phase diagrams side by side", *view.wheres), **HEAD)
    panels = np.atleast_1d(figure.subplots(1, len(view.wheres)))
    labels = {"ising": "⟨|m|⟩", "potts": "largest fraction f", "xy": "helicity modulus Υ, edges joined"}
    for axes, model in zip(panels, view.wheres, strict=True):
        quantity = "helicity_modulus" if model == "xy" else ORDERS[model]
        both(view, axes, model, quantity, labels[model])
        mark(view, axes, view.metrics[model]["critical_temperature"], SYMBOLS[model])
        axes.set_title(f"{TITLES[model]}, {view.wheres[model]}", pad=18, fontsize=9.5)
    panels[0].legend(fontsize=8, labelcolor=view.look.ink)
    return Figure(
        "side-by-side",
        "Order or stiffness over temperature from both starts, a panel a model, with the transitions of "
        "infinite lattices.",
        figure,
    )


@on_ground
def summary(view: View) -> Figure:
    """The numbers of all pictures."""
    columns = {
        "energy": "energy a site",
        "heat_capacity": "heat capacity",
        "susceptibility": "susceptibility",
    }
    rows = sum(len(view.metrics[model]["rows"]) + 1.6 for model in view.wheres)
    figure = canvas(0.6 + 0.2 * rows)
    figure.suptitle(headed(view, "Summary of statistics", *view.wheres), **HEAD)
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(rows, 0))
    axes.set_axis_off()
    at, places = 0.6, (0.02, 0.16, 0.4, 0.6, 0.82)
    for model in view.wheres:
        heads = (TITLES[model], "order", *columns.values())
        for x, text in zip(places, heads, strict=True):
            axes.text(x, at, text, fontsize=9, fontweight="bold", va="center")
        axes.axhline(at + 0.55, color=view.look.line, linewidth=0.8)
        for row in view.metrics[model]["rows"]:
            at += 1
            cells = [f"T = {row['temperature']:.3f}"]
            cells += [plus_minus(**row[what]) for what in (ORDERS[model], *columns)]
            for x, text in zip(places, cells, strict=True):
                axes.text(
                    x,
                    at,
                    text,
                    fontsize=8.5,
                    va="center",
                    color=view.look.soft if x == 0.02 else view.look.ink,
                )
        at += 1.6
    return Figure(
        "summary", "What was measured at the temperatures of the pictures, with standard errors.", figure
    )


def _furthest(view: View, model: str) -> list[tuple[int, int]]:
    """Temperature and chain of the local runs furthest below equilibrium, one a temperature, at most four.

    Well below the transition first; above it nothing is stuck, and nothing shown.
    """
    pictured, critical = view.arrays[f"{model}/pictured"], view.metrics[model]["critical_temperature"]
    temperatures, values, _ = view.line(model, "all", ORDERS[model])
    orders = view.arrays[f"{model}/local/orders"]
    level = values[[int(np.argmin(np.abs(temperatures - one))) for one in pictured]]
    share = orders.min(1) / level + 10.0 * (pictured > 0.9 * critical)
    found = [at for at in np.argsort(share, kind="stable") if pictured[at] < critical][:4]
    return [(int(at), int(np.argmin(orders[at]))) for at in sorted(found, key=lambda i: pictured[i])]


def _still(view: View, axes: Axes, model: str, state: np.ndarray) -> None:
    if model == "ising":
        lattice.draw_spins(axes, state)
    elif model == "potts":
        lattice.draw_states(axes, state, view.num_states)
    else:
        lattice.draw_angles(axes, state * (2 * np.pi / view.num_angles), view.palette)


def _local_diagram(view: View, axes: Axes, model: str) -> None:
    """Every chain of the local run, and equilibrium."""
    pictured = view.arrays[f"{model}/pictured"]
    orders = view.arrays[f"{model}/local/orders"]
    temperatures, values, _ = view.line(model, "all", ORDERS[model])
    label = f"{settled(view, model).removeprefix('in ')}, both starts"
    axes.plot(temperatures, values, color=STARTS["order"], linewidth=1.8, label=label)
    axes.plot(np.repeat(pictured, orders.shape[1]), orders.ravel(), ".", color=LOCAL, markersize=5)
    axes.plot(
        pictured, orders.mean(1), "_", color=LOCAL, markersize=11, label="local updates from random; – mean"
    )
    axes.set_xlabel("temperature")
    axes.set_ylabel("⟨|m|⟩" if model == "ising" else "largest fraction f")
    axes.set_ylim(0, 1.04)
    axes.set_title(f"{TITLES[model]}, {view.wheres[model]}", pad=18, fontsize=9.5)
    axes.legend(fontsize=8, labelcolor=view.look.ink)
    mark(view, axes, view.metrics[model]["critical_temperature"], SYMBOLS[model])
