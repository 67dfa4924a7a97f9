"""A small graph in columns, as SVG: what came from what, each a link."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape, unescape

WIDTH, HEIGHT, GAP_X, GAP_Y = 205, 44, 60, 14
TOP, PADDING = 28, 9
# Of text in a node; a character of East Asia counts twice.
MOST_LETTERS, MOST_SOFT = 25, 31
Place = tuple[int, str]
"""Column and name of a node."""


@dataclass(frozen=True)
class Node:
    """What a box says; all texts are HTML."""

    text: str
    soft: str
    link: str | None = None
    marked: bool = False


@dataclass
class Lineage:
    """Nodes in columns and rows; a node that is there already stays where it is."""

    heads: Sequence[str]
    nodes: dict[Place, tuple[float, Node]] = field(default_factory=dict)
    edges: list[tuple[Place, Place]] = field(default_factory=list)
    _tops: list[float] = field(default_factory=list)

    def new_row(self) -> float:
        """Where the next row begins: below all that there is."""
        below = [y + HEIGHT + GAP_Y for y, _ in self.nodes.values()]
        return max(below, default=float(TOP))

    def add(self, row: float, column: int, name: str, node: Node) -> None:
        """Put a node into a column, in or below the row."""
        if (column, name) in self.nodes:
            return
        taken = [y + HEIGHT + GAP_Y for (place, _), (y, _) in self.nodes.items() if place == column]
        self.nodes[column, name] = (max([row, *taken]), node)

    def connect(self, before: Place, after: Place) -> None:
        self.edges.append((before, after))


def draw(lineage: Lineage) -> str:
    """An SVG as wide as its columns."""
    width = len(lineage.heads) * (WIDTH + GAP_X) - GAP_X
    height = lineage.new_row() if lineage.nodes else TOP
    heads = "".join(
        f'<text x="{_x(column)}" y="14" class="soft">{head}</text>'
        for column, head in enumerate(lineage.heads)
    )
    edges = "".join(_edge(lineage, before, after) for before, after in lineage.edges)
    nodes = "".join(_box(_x(column), y, node) for (column, _), (y, node) in lineage.nodes.items())
    return (
        f'<svg width="{width + 2}" height="{height:g}" viewBox="-1 0 {width + 2} {height:g}">'
        f"{heads}{edges}{nodes}</svg>"
    )


def _x(column: int) -> int:
    return column * (WIDTH + GAP_X)


def _edge(lineage: Lineage, before: Place, after: Place) -> str:
    x1, y1 = _x(before[0]) + WIDTH, lineage.nodes[before][0] + HEIGHT / 2
    x2, y2 = _x(after[0]), lineage.nodes[after][0] + HEIGHT / 2
    middle = (x1 + x2) / 2
    return f'<path d="M{x1} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2} {y2:g}"/>'


def _box(x: int, y: float, node: Node) -> str:
    whole = " · ".join(filter(None, (node.text, node.soft)))
    box = (
        f'<title>{whole}</title><rect x="{x}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{x + PADDING}" y="{y + 18:g}">{_short(node.text, MOST_LETTERS)}</text>'
        f'<text x="{x + PADDING}" y="{y + 34:g}" class="soft">{_short(node.soft, MOST_SOFT)}</text>'
    )
    kind = ' class="mark"' if node.marked else ""
    if node.link is None:
        return f"<g{kind}>{box}</g>"
    return f'<g{kind}><a href="{escape(node.link)}">{box}</a></g>'


def _short(text: str, most: int) -> str:
    """A text that fits, cut at its end."""
    letters, taken = unescape(text), 0
    for place, letter in enumerate(letters):
        taken += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if taken > most:
            return escape(f"{letters[:place].rstrip()}…")
    return escape(letters)
