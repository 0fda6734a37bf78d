"""The directive ``rooms``: the rooms of the package as a picture, drawn from the imports themselves."""

from collections.abc import Iterator

import rustworkx
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from tools.house import FLOORS, all_imports, between_rooms, files, room

WIDTH, ROW, BOX, HEIGHT = 760, 74, 92, 40


def _levels(edges: list[tuple[str, str]]) -> dict[str, int]:
    """How many rooms lie below each, at most, one upon another."""
    level = dict.fromkeys(FLOORS, 0)
    for name in reversed(FLOORS):
        level[name] = 1 + max((level[below] for above, below in edges if above == name), default=-1)
    return level


def _bare(edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without those that others imply."""
    graph: rustworkx.PyDiGraph = rustworkx.PyDiGraph()
    place = {name: graph.add_node(name) for name in FLOORS}
    graph.add_edges_from_no_data([(place[above], place[below]) for above, below in edges])
    reduced, _ = rustworkx.transitive_reduction(graph)
    return [(reduced[above], reduced[below]) for above, below in reduced.edge_list()]


def _drawn() -> Iterator[str]:
    edges = list(between_rooms(all_imports()))
    levels, sizes = _levels(edges), [room(file) for file in files()]
    top = max(levels.values())
    centre = {}
    for level in range(top + 1):
        row = [name for name in FLOORS if levels[name] == level]
        for i, name in enumerate(row):
            centre[name] = (WIDTH * (i + 1) / (len(row) + 1), (top - level) * ROW + ROW / 2)
    yield f'<svg viewBox="0 0 {WIDTH} {(top + 1) * ROW}" role="img" class="rooms">'
    for above, below in _bare(edges):
        (x0, y0), (x1, y1) = centre[above], centre[below]
        yield f'<line x1="{x0:.0f}" y1="{y0 + HEIGHT / 2:.0f}" x2="{x1:.0f}" y2="{y1 - HEIGHT / 2:.0f}"/>'
    for name, (x, y) in centre.items():
        yield f'<rect x="{x - BOX / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{BOX}" height="{HEIGHT}" rx="6"/>'
        count = f"{sizes.count(name)} file{'s' if sizes.count(name) > 1 else ''}"
        yield f'<text x="{x:.0f}" y="{y - 2:.0f}">{name}<tspan x="{x:.0f}" dy="14">{count}</tspan></text>'
    yield "</svg>"


class Rooms(Directive):
    """``{rooms}``, without content."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", "\n".join(_drawn()), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("rooms", Rooms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
