"""Generated pages with tags, and an engine that translates by a function."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from translation.languages import Pair
from translation.tags import INLINE_ELEMENTS
from translation.translate import Failed


class Engine:
    """Translates by a function."""

    name = "test"
    longest_bytes = 1000

    def __init__(self, change: Callable[[str], str | Failed], by_sentence: bool = True) -> None:
        self.change, self.by_sentence = change, by_sentence
        self.asked: list[str] = []

    def speaks(self, pair: Pair) -> bool:
        return True

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        self.asked.extend(segments)
        return [self.change(segment) for segment in segments]


BLOCKS = ["p", "div", "li", "td", "h2", "blockquote"]
WORDS = st.lists(
    st.sampled_from("the cat sees a &lt; &amp; &copy; &nbsp; house. It rains! ältere".split()),
    min_size=1,
    max_size=6,
).map(" ".join)
LEAVES = st.one_of(
    WORDS,
    st.sampled_from(
        [
            "<br/>",
            '<img src="a>b.png">',
            "<!-- no <b> text -->",
            "<script>if (a < b) { say('hello world'); }</script>",
            "<code>x = y</code>",
            '<b translate="no">Stay</b>',
        ]
    ),
)


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from([*sorted(INLINE_ELEMENTS)[:12], *BLOCKS])
    titles = st.sampled_from(["", ' class="c"', " title='1 > 0'", ' href="?a=1&amp;b=2"'])
    return st.builds(
        lambda name, title, parts: f"<{name}{title}>{''.join(parts)}</{name}>",
        names,
        titles,
        st.lists(inner, max_size=4),
    )


PAGES = st.lists(st.recursive(LEAVES, _element, max_leaves=12), max_size=5).map(" ".join)
