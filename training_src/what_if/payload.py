"""A portable model as one text for the page: by white list the parts that answer.

What scorer.js does not know for sure is refused.
"""

import base64
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract.visible import visible
from portable.extra_trees import LEAF
from portable.features import DATE_PARTS, DAYS, HOUR
from portable.files import FORMAT, Arrays
from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS
from refused import need
from what_if.columns import FormColumn
from what_if.refused import too_large

KNOWN_KEYS = {
    *("format", "target", "problem", "labels", "learned", "positive", "threshold", "columns"),
    *("features", "texts", "members", "models", "is_weighted", "clips"),
}
TREES = ("feature", "left", "right", "value", "roots")
SPLITS = ("threshold", "missing_left", "first_word", "n_words", "words")
# By kind of member: what a description may say, without what only explains, and its arrays.
MEMBERS: Mapping[str, tuple[set[str], tuple[str, ...]]] = {
    "lightgbm": ({"sigmoid"}, (*TREES, *SPLITS, "score")),
    "xgboost": ({"start", "zero_is_missing"}, (*TREES, *SPLITS, "score")),
    "catboost": ({"is_oblivious", "statistics", "scale", "bias"}, ("feature", *SPLITS)),
    "linear": ({"columns"}, ("weights", "intercepts")),
    "forest": (
        {"inputs", "usual", "share_of_usual"},
        ("roots", "columns", "thresholds", "right", "values"),
    ),
    "guess": ({"always"}, ()),
}
OF_MEMBERS = {"made_by", "players"}
OF_FEATURES = {
    "number": {"column", "part"},
    "truth": {"column", "part", "true"},
    "category": {"column", "part", "categories"},
}
# What a linear model and a forest say of their columns, and an ensemble of its models.
OF_NUMBERS = {"feature", "usual", "low", "high", "mean", "scale"}
OF_CATEGORIES = {"feature", "codes"}
OF_INPUTS = {"feature", "missing"}
OF_MODELS = {"members", "weight", "clips"}
PARTS_OF_DATES = (DAYS, *DATE_PARTS, HOUR)
FLOATS = {"float64": "f8", "float32": "f4"}
INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4")
# What zlib writes with it is gzip.
IN_GZIP = 31
PACKED_AT_A_TIME = 1_000_000


def payload(
    described: Mapping[str, Any],
    arrays: Arrays,
    columns: Sequence[FormColumn],
    checks: Sequence[Mapping[str, Any]],
    most_bytes: int,
) -> str:
    """The model's files and rows with known answers, packed, as ASCII.

    Raises Refused where a part is not known, and NoForm where the text would take more bytes.
    """
    need(described["format"] == FORMAT and set(described) <= KNOWN_KEYS, "the format")
    need(not described["texts"], "scores of texts")
    need(described["problem"] in ("binary", "multiclass", "number"), "the problem")
    kept: dict[str, np.ndarray] = {}
    features = [_feature(one, columns) for one in described["features"]]
    sizes = [len(one.get("categories", ())) for one in described["features"]]
    n_scores = len(described["learned"]) or 1
    models = [{key: one[key] for key in sorted(OF_MODELS)} for one in described["models"]]
    need(all(set(one) <= OF_MODELS | {"name"} for one in described["models"]), "a model")
    members = []
    for number, one in enumerate(described["members"]):
        members.append(_member(one, f"m{number}.", arrays, kept, sizes, n_scores))
    if any(one["made_by"] == "catboost" for one in members):
        kept["hashes"] = arrays["hashes"]
    content = {
        "problem": described["problem"],
        "labels": list(map(visible, described["labels"])),
        "learned": described["learned"],
        "threshold": described["threshold"],
        "is_weighted": described["is_weighted"],
        "clips": described["clips"],
        "columns": [column.described() for column in columns],
        "features": features,
        "members": members,
        "models": models,
        "checks": list(checks),
    }  # fmt: skip
    return _packed(content, kept, most_bytes)


def _feature(described: Mapping[str, Any], columns: Sequence[FormColumn]) -> dict[str, Any]:
    made_as = described["made_as"]
    need(made_as in OF_FEATURES, f"a feature made as {made_as}")
    need(set(described) - {"made_as"} == OF_FEATURES[made_as], f"a {made_as}")
    names = [column.name for column in columns]
    need(described["column"] in names, "a feature of no column")
    place = names.index(described["column"])
    column, part = columns[place], described["part"]
    kind = column.column.kind
    found: dict[str, Any] = {"column": place}
    need((kind == CATEGORY) == _is_of_texts(described), f"a {made_as} of a {kind}")
    if kind == DATE:
        need(part in PARTS_OF_DATES, f"the part {part} of a date")
        found["part"] = part
    elif kind == NUMBERS:
        need(part in map(str, range(column.n_numbers)), f"the part {part}")
        found["part"] = int(part)
    else:
        need(kind in (NUMBER, DURATION, CATEGORY) and part == "value", f"the part {part}")
    if made_as == "category":
        codes = {name: code for code, name in enumerate(described["categories"])}
        found["codes"] = [codes.get(option, -1) for option in column.options]
    elif made_as == "truth":
        true = described["true"]
        options = column.options
        found["is"] = (options.index(true) if true in options else None) if options else true
        need(found["is"] is not None, "a truth that is no option")
    return found


def _is_of_texts(described: Mapping[str, Any]) -> bool:
    return described["made_as"] == "category" or isinstance(described.get("true"), str)


def _member(
    described: Mapping[str, Any],
    prefix: str,
    arrays: Arrays,
    kept: dict[str, np.ndarray],
    sizes: Sequence[int],
    n_scores: int,
) -> dict[str, Any]:
    """The member as the scorer wants it; its arrays go to `kept`."""
    kind = described["made_by"]
    need(kind in MEMBERS, f"a member made by {kind}")
    said, names = MEMBERS[kind]
    need(said <= set(described) <= said | OF_MEMBERS, f"a member made by {kind}")
    found = {"made_by": kind, **{name: described[name] for name in sorted(said)}}
    kept |= {prefix + name: arrays[prefix + name] for name in names}
    if kind == "lightgbm":
        found["scores"] = n_scores
    elif kind == "xgboost":
        by_set = set(arrays[f"{prefix}feature"][arrays[f"{prefix}first_word"] >= 0].tolist())
        found["categories"] = [feature in by_set for feature in range(len(sizes))]
    elif kind == "linear":
        known = all(set(one) in (OF_NUMBERS, OF_CATEGORIES) for one in described["columns"])
        need(known, "a column of a linear model")
    elif kind == "forest":
        inputs = all(set(one) - {"numbers"} == OF_INPUTS for one in described["inputs"])
        need(inputs, "an input of a forest")
        leaves = arrays[f"{prefix}columns"] == LEAF
        kept[f"{prefix}leaf"] = np.cumsum(leaves) - leaves
    elif kind == "catboost":
        _catboost(found, prefix, arrays, kept, sizes)
    return found


def _catboost(
    found: dict[str, Any],
    prefix: str,
    arrays: Arrays,
    kept: dict[str, np.ndarray],
    sizes: Sequence[int],
) -> None:
    found["sizes"], found["oblivious"] = list(sizes), found.pop("is_oblivious")
    own = ["leaves", *(("asked", "first_leaf") if found["oblivious"] else ())]
    if not found["oblivious"]:
        own += [f"tree.{name}" for name in TREES]
    for number, one in enumerate(found["statistics"]):
        need(set(one) == {"parts", "unseen"}, "a statistic")
        need({what for what, _ in one["parts"]} <= {"category", "split"}, "a combination")
        own += [f"s{number}.keys", f"s{number}.values"]
    kept |= {prefix + name: arrays[prefix + name] for name in own}


def _packed(content: dict[str, Any], arrays: Mapping[str, np.ndarray], most_bytes: int) -> str:
    """The length of the arrays, the arrays, and the description; in gzip and base64."""
    blocks, places, at = list[bytes](), dict[str, tuple[str, int, int]](), 8
    for name, array in arrays.items():
        kind = _kind(array)
        block = np.ascontiguousarray(array, f"<{kind}").tobytes()
        places[name] = (kind, at, array.size)
        # Views of eight bytes begin at multiples of eight.
        blocks.append(block + bytes(-len(block) % 8))
        at += len(blocks[-1])
    text = json.dumps({**content, "arrays": places}, ensure_ascii=False, allow_nan=False)
    return _in_base64([struct.pack("<II", at - 8, 0), *blocks, text.encode()], most_bytes)


def _in_base64(blocks: Sequence[bytes], most_bytes: int) -> str:
    """The blocks in gzip and base64; of a model that is far too large, not all is packed."""
    packer, packed = zlib.compressobj(9, wbits=IN_GZIP), bytearray()
    for block in blocks:
        for at in range(0, len(block), PACKED_AT_A_TIME):
            packed += packer.compress(block[at : at + PACKED_AT_A_TIME])
            if 4 * len(packed) > 3 * most_bytes:
                raise too_large(most_bytes)
    return base64.b64encode(bytes(packed + packer.flush())).decode()


def _kind(array: np.ndarray) -> str:
    """The smallest kind of array that holds these numbers as they are."""
    if array.dtype == np.uint64:
        return "u8"
    if array.dtype.kind == "f":
        need(array.dtype.name in FLOATS, f"an array of {array.dtype}")
        return FLOATS[array.dtype.name]
    need(array.dtype.kind in "iub", f"an array of {array.dtype}")
    for kind in INTEGERS:
        if not array.size or np.array_equal(array.astype(kind).astype(np.int64), array):
            return kind
    need(False, "a large number")
    raise AssertionError
