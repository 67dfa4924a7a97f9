"""How pictures of the report look: colors, fonts, numbers on axes, and SVGs for a page."""

import io
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import matplotlib
import matplotlib.text
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager, get_font
from matplotlib.ticker import FuncFormatter, MaxNLocator

from contract.messages import score_text
from report.language import Language

# Each has a contrast of 3 or more to white, and differs from the others to color-blind eyes too;
# lines also differ by their dashes.
BLUE, GREY, ORANGE = "#0062a3", "#5a6675", "#b84a00"
COLOURS = (BLUE, ORANGE, "#1a202c", "#8f5a9c")
LINES = ("-", "--", ":", "-.")
MARKS = ("o", "s", "^", "D")
PALE, FRAME = "#c3cdda", "#e2e8f0"
LONGEST_NAME = 18
MOST_TICKS, LONG_TICK = 5, 7
STEPS = [1, 2, 2.5, 5, 10]
# In inches, as matplotlib counts.
WIDTH, HEIGHT = 5.0, 4.2
# Class names may be in any script, and no one font has all of them.
FONTS = ("DejaVu Sans", "Noto Sans CJK KR", "Noto Sans CJK TC", "NanumGothic", "Malgun Gothic")
# The first font that has a character draws it, and Chinese ones look different in Korea.
EARLIER = {"zh-TW": ["Noto Sans CJK TC"]}
HERE = {font.name: font.fname for font in fontManager.ttflist if font.name in FONTS}
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    # `1e-6+2.6e-1` is no number on an axis.
    "axes.formatter.useoffset": False,
    # A `$` in a name does not start a formula.
    "text.parse_math": False,
    # Texts stay texts: the browser has fonts for every script.
    "svg.fonttype": "none",
}
Plot = Callable[[Axes], None]


def style(say: Language) -> Any:
    """What matplotlib's rc_context takes."""
    names = dict.fromkeys([FONTS[0], *EARLIER.get(say.name, []), *FONTS])
    return {**STYLE, "font.family": [name for name in names if name in HERE]}


def svg(draw: Plot, say: Language, salt: str, width: float = WIDTH, height: float = HEIGHT) -> str:
    """An SVG element for a page; elements of other `salt` share no name with it."""
    with matplotlib.rc_context({**style(say), "svg.hashsalt": salt}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return _element(written.getvalue())


def _element(svg: str) -> str:
    """The SVG as an element of an HTML page: no declarations, no names that could be there twice,
    and as wide as there is room."""
    # Its words are beside it; a screen reader would read the letters of the axes.
    body = svg[svg.index("<svg") :].replace("<svg", '<svg aria-hidden="true"', 1)
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", body)
    used = set(re.findall(r"#([\w-]+)", body))
    body = re.sub(r'\sid="([^"]*)"', lambda found: found[0] if found[1] in used else "", body)
    return re.sub(
        r'^(<svg[^>]*?)\swidth="[^"]*"',
        r"\1",
        re.sub(r'^(<svg[^>]*?)\sheight="[^"]*"', r"\1", body),
    )


def plain_numbers(axis: Axis) -> None:
    """Few ticks, each a whole number as people write it."""
    axis.set_major_locator(MaxNLocator(MOST_TICKS - 1, steps=STEPS))
    axis.set_major_formatter(FuncFormatter(lambda value, place: _tick(value)))


def _tick(value: float) -> str:
    # Steps of 0.1 add up to 0.30000000000000004.
    return score_text(round(value, 12)).replace("-", "\N{MINUS SIGN}")


def turned(labels: list[str]) -> int:
    """By how many degrees labels below an axis are turned, so that they do not run together."""
    longest = max(map(len, labels), default=0)
    return 90 if longest * len(labels) > MOST_TICKS * LONG_TICK else 0


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def name_what_no_font_has(figure: Figure) -> None:
    """Replace labels without an available glyph by #1, #2, … in the PNG; the report has all."""
    undrawable: dict[str, str] = {}
    for text in figure.findobj(matplotlib.text.Text):
        written = text.get_text()
        if not can_be_drawn(written):
            text.set_text(undrawable.setdefault(written, f"#{len(undrawable) + 1}"))


def can_be_drawn(text: str) -> bool:
    """Whether the fonts of this machine have all of its characters."""
    return set(map(ord, text)) - {ord("\n")} <= _drawable()


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    """Each font tells its tens of thousands of characters anew."""
    return frozenset().union(*(get_font(path).get_charmap() for path in HERE.values()))
