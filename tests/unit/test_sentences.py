import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.sentences import cut, sentences
from translation.tokens import detokenise, tokenise


@given(st.text(max_size=300), st.integers(8, 60), st.booleans())
def test_units_put_together_are_the_text(text: str, longest: int, by_sentence: bool) -> None:
    units = cut(text, longest, by_sentence)

    assert "".join(unit.before + unit.text + unit.after for unit in units) == text
    assert all(len(unit.text.encode()) <= longest for unit in units)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I came. I saw! I won?", 3),
        ("Dr. Smith and Mr. Jones met at 3 p.m. today.", 1),
        ('He said: "Stop!" Then he left.', 2),
        ("The U.S. is big.", 1),
        ("e.g. this, i.e. that.", 1),
        ("On 3. October it rained.", 1),
        ("No end mark", 1),
        ("Wait... what?", 1),
        ("안녕하세요. 반갑습니다.", 2),
        ("今日は。元気？はい。", 3),
        ("Version 1.2.3 is out. Get it.", 2),
    ],
)
def test_sentences_end_where_people_end_them(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I want to watch a movie.", "I want to watch a movie ."),
        ("Don't (really) go, ⟦0⟧!", "Don't ( really ) go , ⟦0⟧ !"),
        ("“Yes,” she said.", "“ Yes , ” she said ."),
    ],
)
def test_tokens_lie_apart_and_come_together_again(text: str, tokens: str) -> None:
    assert tokenise(text) == tokens
    assert detokenise(tokens) == text


def test_subwords_become_words() -> None:
    assert detokenise("das Haus@@ tier@@ chen .") == "das Haustierchen."
