"""Strategies for what people and machines may send."""

from hypothesis import strategies as st

PARTS = st.sampled_from(
    [
        *("_train", "_test", "_translate", ".csv", ".csv.gz", ".parquet", ".xlsx", ".json", ".CSV"),
        *("/", "..", ".", " ", "_refused", "en-de", "translation/", "data/", "%2F", "+", "\0"),
        *("\n", "\\", "한", "x", "é", "\u202e", "\ufeff", "'", '"', "`id`", "-", "x" * 200),
    ]
)
TEXTS = st.text(max_size=40)
KEYS = st.builds(
    lambda folder, parts: folder + "".join(parts),
    st.sampled_from(["data/", "translation/"]),
    st.lists(PARTS | TEXTS, max_size=6),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
