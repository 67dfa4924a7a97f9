"""The form of the report is made of what is known for sure; else there is none, and a reason."""

import base64
import gzip
import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import train
from contract.bounds import WHAT_IF_WISHES, WhatIfWish
from export_portable import export_portable
from model_code.predictions import Model
from pipeline.errors import RefusedError
from pipeline.settings import Settings, apply_settings
from portable.files import FOLDER, read_files
from portable.model import KnownColumn, load_model
from prepare import Prepared
from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS, Column
from reading.numbers import NumberStyle
from refused import Refused
from report.language import Language
from tests.small_models import KINDS, fitted, prepared_of, rows
from tests.what_if import form_value
from what_if import make
from what_if.columns import KNOWN_FIELDS, UNSEEN, FormColumn, form_columns
from what_if.form import form_fields
from what_if.make import WhatIf, make_what_if
from what_if.payload import payload
from what_if.rows import TrainRows

SAY = Language("en")
MANY = 10**9


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Path]:
    """What a model with several kinds of members has learned from, and its portable form."""
    folder = tmp_path_factory.mktemp("trained")
    file = folder / "yes_no_train.csv"
    rows().drop(columns=["kind", "price", "text"]).to_csv(file, index=False)
    prepared = prepared_of(file)
    models = KINDS["lightgbm"] | KINDS["catboost"]
    return prepared, exported(fitted(prepared, folder, models), prepared, folder)


def exported(model: Model, prepared: Prepared, folder: Path) -> Path:
    light = folder / FOLDER
    export_portable(model.predictor, model.preprocessor, light, prepared.rows)
    return light


def made(prepared: Prepared, light: Path, wish: WhatIfWish = "auto") -> WhatIf | None:
    return make_what_if(light, prepared.rows, prepared.preprocessor, ["city"], SAY, wish)


def reason(found: WhatIf | None) -> str:
    assert found is not None and found.section is None and found.reason is not None
    assert found.to_json()["left_out"]["code"] == found.reason.code
    return found.reason.code


def test_there_is_a_form_unless_it_is_switched_off(trained: tuple[Prepared, Path]) -> None:
    found = made(*trained)
    assert found is not None and found.section is not None and found.reason is None
    assert found.row is not None and next(iter(found.row)) == "city"
    assert found.probabilities is not None and sum(found.probabilities.values()) == pytest.approx(1)
    assert made(*trained, wish="off") is None


def test_a_model_of_free_texts_has_none(tmp_path: Path) -> None:
    file = tmp_path / "yes_no_train.csv"
    rows().drop(columns=["kind", "price"]).to_csv(file, index=False)
    prepared = prepared_of(file)
    light = exported(fitted(prepared, tmp_path, KINDS["guess"]), prepared, tmp_path)
    assert reason(made(prepared, light)) == "what_if.texts"


def test_a_model_without_a_portable_form_has_none(trained: tuple[Prepared, Path]) -> None:
    prepared, light = trained
    assert reason(made(prepared, light / "none")) == "what_if.no_portable"


def test_what_is_embedded_counts_the_options_and_the_code_too(
    trained: tuple[Prepared, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = made(*trained)
    assert found is not None and found.section is not None
    size = len(found.section.encode())
    monkeypatch.setattr(make, "WHAT_IF_BYTES", {"auto": size - 1, "on": size})
    assert reason(made(*trained)) == "what_if.too_large"
    monkeypatch.setattr(make, "WHAT_IF_BYTES", {"auto": 1000, "on": size})
    assert reason(made(*trained)) == "what_if.too_large"
    wanted = made(*trained, wish="on")
    assert wanted is not None and wanted.section == found.section


def test_a_part_that_is_not_known_is_named(
    trained: tuple[Prepared, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "read_files", lambda folder: ({"format": 2}, {}))
    assert reason(made(*trained)) == "what_if.unknown"


def with_key(where: Callable[[Any], Any]) -> Callable[[Any, Any], None]:
    return lambda described, arrays: where(described).update(new=1)


def other_forest(described: Any, arrays: Any) -> None:
    said = {"inputs": [{"feature": 0, "missing": 0.0, "new": 1}], "usual": [], "share_of_usual": 0}
    described["members"][0] = {"made_by": "forest", **said}
    names = ("roots", "columns", "thresholds", "right", "values")
    arrays.update({f"m0.{name}": np.zeros(1) for name in names})


def other_linear(described: Any, arrays: Any) -> None:
    described["members"][0] = {"made_by": "linear", "columns": [{"feature": 0}]}
    arrays.update({f"m0.{name}": np.zeros(1) for name in ("weights", "intercepts")})


def other_kind(described: Any, arrays: Any) -> None:
    described["members"][0]["made_by"] = "unheard"


def other_array(described: Any, arrays: Any) -> None:
    name = next(name for name in arrays if name.endswith(".threshold"))
    arrays[name] = arrays[name].astype(np.float16)


def other_part(described: Any, arrays: Any) -> None:
    feature = next(one for one in described["features"] if one["part"] == "year")
    feature["part"] = "quarter"


def other_combination(described: Any, arrays: Any) -> None:
    member = next(one for one in described["members"] if one["made_by"] == "catboost")
    member["statistics"] = [{"parts": [["unheard", 0]], "unseen": 0.0}]


@pytest.mark.parametrize(
    "change",
    [
        with_key(lambda described: described),
        with_key(lambda described: described["features"][0]),
        *(with_key(lambda described, n=n: described["members"][n]) for n in range(2)),
        with_key(lambda described: described["models"][0]),
        other_forest,
        other_linear,
        other_kind,
        other_array,
        other_part,
        other_combination,
        lambda described, arrays: described.update(format=2),
        lambda described, arrays: described.update(texts=[{}]),
        lambda described, arrays: described.update(problem="quantile"),
    ],
)
def test_what_is_not_known_for_sure_is_refused(
    trained: tuple[Prepared, Path], change: Callable[[Any, Any], None]
) -> None:
    _, light = trained
    described, arrays = read_files(light)
    described, arrays = json.loads(json.dumps(described)), dict(arrays)
    columns = form_columns(load_model(light))
    assert {one["made_by"] for one in described["members"]} >= {"lightgbm", "catboost"}
    payload(described, arrays, columns, [], MANY)
    change(described, arrays)
    with pytest.raises(Refused):
        payload(described, arrays, columns, [], MANY)


@pytest.mark.parametrize(
    "column",
    [Column("x", NUMBER, offset=2**53), Column("x", DURATION, offset=1), Column("x", "unheard")],
)
def test_columns_whose_numbers_a_form_cannot_send_are_refused(
    trained: tuple[Prepared, Path], column: Column
) -> None:
    model = load_model(trained[1])
    place, known = next((n, one) for n, one in enumerate(model.columns) if one.name == "amount")
    columns = list(model.columns)
    columns[place] = KnownColumn(replace(column, name=known.name))
    with pytest.raises(Refused):
        form_columns(replace(model, columns=tuple(columns)))


def test_numbers_are_packed_to_the_last_bit(trained: tuple[Prepared, Path]) -> None:
    _, light = trained
    described, arrays = read_files(light)
    packed = payload(described, arrays, form_columns(load_model(light)), [], MANY)
    whole = gzip.decompress(base64.b64decode(packed))
    length, _ = struct.unpack_from("<II", whole)
    kept = json.loads(whole[8 + length :])["arrays"]
    assert len(kept) > 10
    for name, (kind, at, size) in kept.items():
        found = np.frombuffer(whole, f"<{kind}", size, at)
        if name in arrays:
            assert np.array_equal(found, arrays[name].ravel()), name
        assert at % found.itemsize == 0
    of_reasons = {name for name in arrays if name.endswith((".cover", ".player"))}
    assert of_reasons and not of_reasons & set(kept)


WORDS = ("a", "b c", "東京")
FORM_COLUMNS = [
    FormColumn(KnownColumn(Column("x", NUMBER)), ()),
    FormColumn(KnownColumn(Column("x", NUMBER, wide=True, offset=1900)), ()),
    FormColumn(KnownColumn(Column("x", NUMBER, style=NumberStyle(",", signs=("%",)))), ()),
    FormColumn(KnownColumn(Column("x", DURATION)), ()),
    FormColumn(KnownColumn(Column("x", NUMBERS, gaps=("", "/", ""))), ()),
    FormColumn(
        KnownColumn(Column("x", NUMBERS, gaps=("(", ",", ")"), style=NumberStyle(","))), ()
    ),
    FormColumn(KnownColumn(Column("x", DATE, order="day_first", timed=True)), ()),
    FormColumn(KnownColumn(Column("x", CATEGORY, categories=WORDS)), WORDS),
]  # fmt: skip


@pytest.mark.parametrize("column", FORM_COLUMNS)
@given(data=st.data())
def test_a_cell_says_what_the_field_sends(column: FormColumn, data: st.DataObject) -> None:
    numbers = st.floats(-1e6, 1e6).map(lambda number: round(number, 4) + 0.0)
    by_kind = {
        NUMBERS: st.lists(numbers.map(abs), min_size=2, max_size=2),
        DATE: st.integers(-60_000_000, 250_000_000_0).map(lambda seconds: 1000.0 * seconds),
        CATEGORY: st.sampled_from([0.0, 1.0, 2.0, float(UNSEEN)]),
    }
    value = data.draw(st.one_of(by_kind.get(column.column.kind, numbers), st.just(math.nan)))
    cell = column.cell(value)
    if isinstance(cell, float):
        assert column.column.value_of_number(cell) + column.column.offset == pytest.approx(value)
        return
    found = form_value(column, "" if cell is None else cell)
    if isinstance(value, float) and math.isnan(value):
        assert np.isnan(found).all()
    else:
        assert found == pytest.approx(value, rel=1e-12)


def test_fields_begin_with_the_middle_and_the_most_frequent(
    trained: tuple[Prepared, Path],
) -> None:
    prepared, light = trained
    columns = form_columns(load_model(light))
    typical = TrainRows(prepared.rows, prepared.preprocessor, columns).typical()
    fields = {field.name: field for field in form_fields(columns, typical, SAY)}
    frame = rows()
    assert fields["size"].options is not None
    named = dict(fields["size"].options)
    assert named[fields["size"].inputs[0].value] == frame["size"].mode()[0]
    lows = sorted(float(text.removesuffix(" %")) for text in frame["share"])
    (share,) = fields["share"].inputs
    assert (share.low, share.high) == (lows[0], lows[-1]) and fields["share"].unit == "%"
    assert abs(float(share.value) - np.median(lows)) < 1
    assert fields["day"].attributes["type"] == "date"
    assert [one.label for one in fields["pressure"].inputs] == ["pressure [1]", "pressure [2]"]
    assert [text for _, text in fields["sure"].options or ()] == ["(missing)", "no", "yes"]


def test_the_code_of_the_page_is_plain_ascii_and_ends_no_element() -> None:
    for path in Path(make.__file__).parent.glob("*.js"):
        code = path.read_text("ascii")
        assert "</" not in code and "<!--" not in code, path
        assert not {"eval", "innerHTML", "fetch", "document.write"} & set(code.split(".")), path


@pytest.mark.parametrize(
    ("made_of", "wish", "noted"),
    [
        (WhatIf(reason=train.note("no_tests")), "on", ["note.no_what_if"]),
        (WhatIf(reason=train.note("no_tests")), "auto", []),
        (ZeroDivisionError("x"), "auto", ["note.part_failed"]),
    ],
)
def test_no_form_costs_no_report(
    made_of: Any, wish: str, noted: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def make_it(*_: Any) -> Any:
        if isinstance(made_of, Exception):
            raise made_of
        return made_of

    monkeypatch.setattr(train, "make_what_if", make_it)
    spec = SimpleNamespace(what_if=wish, report_language="en")
    prepared = SimpleNamespace(rows=None, preprocessor=None)
    found: Any = SimpleNamespace(
        spec=spec, prepared=prepared, importance=None, own_notes=[], what_if=None
    )
    train._part("what_if", found, lambda: train._add_what_if(tmp_path, found))
    assert [one.code for one in found.own_notes] == noted


@pytest.mark.parametrize("wish", WHAT_IF_WISHES)
def test_the_setting_is_one_of_three_words(wish: str) -> None:
    assert apply_settings(Settings(), {"what_if": wish}).what_if == wish
    assert Settings().what_if == "auto"
    for wrong in (True, "yes", None, 1):
        chosen: Mapping[str, object] = {"what_if": wrong}
        with pytest.raises(RefusedError):
            apply_settings(Settings(), chosen)


def test_every_field_of_a_column_was_looked_at() -> None:
    """A form for none would be the price of a new field that was passed over."""
    assert {one.name for one in fields(Column)} == KNOWN_FIELDS
