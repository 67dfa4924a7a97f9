"""A portable model answers as the libraries that trained it do, kind of tree by kind."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import check_portable
from check_portable import add_portable
from contract.messages import Message
from export_catboost import values_of_statistic
from export_portable import export_portable
from model_code.cells import marked
from model_code.forest import Codes
from model_code.predictions import Model
from model_code.reasons import Reasons
from portable.extra_trees import Nodes
from portable.files import DESCRIPTION, FOLDER, PortableError, read_files
from portable.model import Answers, PortableModel, Weighted, load_model
from prepare import Prepared
from reading.column import NUMBER, NUMBERS
from refused import Refused
from tests.small_models import BAGS, CASES, EVERY, KINDS, ROWS, TARGETS, fitted, prepared_of, rows
from tests.template_facts import ROOT


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A train file for each target."""
    folder, frame = tmp_path_factory.mktemp("train"), rows()
    found = {}
    for target in TARGETS:
        found[target] = folder / f"{target}_train.csv"
        kept = frame.drop(columns=[name for name in TARGETS if name != target])
        kept.to_csv(found[target], index=False)
    return found


@pytest.mark.parametrize(("kind", "target"), CASES)
def test_a_portable_model_answers_as_its_library_does(
    files: dict[str, Path], tmp_path: Path, kind: str, target: str
) -> None:
    prepared = prepared_of(files[target])
    model = fitted(prepared, tmp_path, KINDS[kind], fit_weighted_ensemble=False)
    made = add_portable(tmp_path, model, files[target], prepared.rows, seconds=60)
    assert (made.refused, made.notes) == (None, [])
    assert made.checked_rows > 2 * ROWS
    assert made.max_difference <= 2e-7
    portable = load_model(tmp_path / FOLDER)
    some = rows().head(20)[model.preprocessor.needed].to_dict("list")
    reasons, answers = portable.reasons(some, points=True), portable.predict(some, points=True)
    assert np.allclose(
        reasons.base + reasons.amounts.sum(axis=1), explained_of(portable, answers), atol=1e-4
    )
    if "grows" not in kind:
        features = model.preprocessor.features(marked(pa.table(some), ","))
        classes = answers.probabilities.argmax(axis=1) if target == "kind" else None
        expected = Reasons(model.predictor, model.preprocessor).contributions(features, classes)
        assert np.allclose(reasons.amounts, expected.to_numpy(), atol=1e-4)


def explained_of(portable: PortableModel, answers: Answers) -> np.ndarray:
    """What reasons add up to."""
    if portable.problem == "number":
        return np.asarray(answers.predictions, float)
    if portable.problem == "binary":
        return answers.probabilities[:, 1]
    return np.asarray(answers.probabilities.max(axis=1))


@pytest.mark.parametrize("kinds", [EVERY, ("forest",)])
@pytest.mark.parametrize("target", TARGETS)
def test_bags_and_ensembles_are_averaged_as_autogluon_does(
    files: dict[str, Path], tmp_path: Path, target: str, kinds: tuple[str, ...]
) -> None:
    prepared = prepared_of(files[target])
    models = {key: settings for kind in kinds for key, settings in KINDS[kind].items()}
    model = fitted(prepared, tmp_path, models, **BAGS)
    made = add_portable(tmp_path, model, files[target], prepared.rows, seconds=60)
    assert made.refused is None
    model.predictor.refit_full(model="best")
    assert model.predictor.model_best.endswith("_FULL")
    shutil.rmtree(tmp_path / FOLDER)
    assert add_portable(tmp_path, model, files[target], prepared.rows, seconds=60).refused is None


@pytest.mark.parametrize("target", TARGETS)
def test_reasons_of_a_forest_and_of_boosted_trees_add_up_in_one_model(
    files: dict[str, Path], tmp_path: Path, target: str
) -> None:
    prepared = prepared_of(files[target])
    models = KINDS["lightgbm"] | KINDS["forest"]
    model = fitted(prepared, tmp_path, models, fit_weighted_ensemble=False)
    alone = []
    for name in model.predictor.model_names():
        model.predictor.set_model_best(name)
        export_portable(model.predictor, model.preprocessor, tmp_path / name)
        alone.append(load_model(tmp_path / name))
    members = tuple(one.members[0] for one in alone)
    weighted = tuple(Weighted((n,), weight, False) for n, weight in enumerate((0.25, 0.75)))
    both = replace(alone[0], members=members, models=weighted, is_weighted=True)
    some = rows().head(20)[model.preprocessor.needed].to_dict("list")
    reasons, answers = both.reasons(some), both.predict(some)
    assert {type(member).__name__ for member in members} == {"LightGBM", "ExtraTrees"}
    assert np.allclose(
        reasons.base + reasons.amounts.sum(axis=1), explained_of(both, answers), atol=1e-4
    )


@dataclass(frozen=True)
class OtherNodes(Nodes):
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class OtherCodes(Codes):
    rounded: bool = True


@pytest.mark.parametrize(
    "change",
    [
        {"model": lambda trees: OtherNodes(**trees.__getstate__())},
        {"model": lambda trees: replace(trees, thresholds=trees.thresholds.astype(float))},
        {"codes": lambda codes: [OtherCodes(**vars(one)) for one in codes]},
        {"codes": lambda codes: [replace(one, values={"Bern": 0}) for one in codes]},
    ],
)
def test_a_forest_with_a_part_that_is_not_known_is_refused(
    files: dict[str, Path], tmp_path: Path, change: dict[str, Callable[[Any], Any]]
) -> None:
    prepared = prepared_of(files["yes_no"])
    model = fitted(prepared, tmp_path, KINDS["forest"], fit_weighted_ensemble=False)
    trainer = model.predictor._trainer
    best = trainer.load_model(model.predictor.model_best)
    for name, changed in change.items():
        setattr(best, name, changed(getattr(best, name)))
    trainer.load_model = lambda *_: best
    with pytest.raises(Refused, match="forest"):
        export_portable(model.predictor, model.preprocessor, tmp_path / "refused")


@pytest.fixture(scope="module")
def binary(
    files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Model, Prepared]:
    prepared = prepared_of(files["yes_no"])
    folder = tmp_path_factory.mktemp("binary")
    return fitted(prepared, folder, KINDS["lightgbm"], fit_weighted_ensemble=False), prepared


@pytest.fixture
def portable(binary: tuple[Model, Prepared], tmp_path: Path) -> PortableModel:
    model, prepared = binary
    export_portable(model.predictor, model.preprocessor, tmp_path / FOLDER, prepared.rows)
    return load_model(tmp_path / FOLDER)


def test_a_portable_model_knows_its_columns(portable: PortableModel) -> None:
    known = {column.name: column for column in portable.columns}
    assert (portable.target, portable.problem) == ("yes_no", "binary")
    assert set(portable.labels) == {"+", "-"} and portable.positive in portable.labels
    assert known["size"].categories and set(known["size"].categories) == {"S", "M", "L"}
    low, high = known["amount"].low, known["amount"].high
    assert isinstance(low, float) and isinstance(high, float) and 0 <= low < 100 < 4900 < high
    assert known["amount"].missing_share > 0
    assert str(known["day"].low).startswith("2023-01-")
    assert known["pressure"].kind == NUMBERS
    assert (known["pressure"].low, known["pressure"].high) == ((90, 50), (179, 109))
    assert known["range"].kind == NUMBER and known["range"].column.style.ranges
    assert (known["range"].low, known["range"].high) == (3.5, 41.5)


def test_odd_cells_of_a_row_are_named(portable: PortableModel) -> None:
    row = {"amount": "much", "size": "XXL", "zero": "-3", "day": "01.01.2050", "city": ""}
    found = {odd.column: odd.reason for odd in portable.predict([row]).notes[0]}
    assert found == {"amount": "unreadable", "size": "unseen", "zero": "below", "day": "above"}
    cells = {"120 / 80": None, "120/8": "below", "999/80": "above", "120": "unreadable", "NA": None}
    answers = portable.predict([{"pressure": cell} for cell in cells])
    assert [next((odd.reason for odd in row), None) for row in answers.notes] == [*cells.values()]
    (odd,) = portable.predict([{"range": "90 to 95"}]).notes[0]
    assert (odd.column, odd.reason) == ("range", "above")


def test_values_of_json_answer_as_their_texts_do(portable: PortableModel) -> None:
    texts = {"amount": "1234.5", "zero": "0", "size": "M", "sure": "no", "city": ""}
    values = {"amount": 1234.5, "zero": 0, "size": "M", "sure": False, "city": None}
    both = portable.predict([texts, values])
    assert both.probabilities[0].tolist() == both.probabilities[1].tolist()
    assert both.predictions[0] == both.predictions[1]


def test_no_rows_get_no_answers_and_numbers_that_no_float_holds_are_missing(
    portable: PortableModel,
) -> None:
    assert portable.predict([]).predictions == []
    assert portable.reasons([]).amounts.shape == (0, len(portable.columns))
    both = portable.predict([{"amount": 10**400, "sure": [1]}, {"amount": "", "sure": "[1]"}])
    assert both.probabilities[0].tolist() == both.probabilities[1].tolist()


def test_the_page_on_portable_models_shows_code_that_runs(
    binary: tuple[Model, Prepared], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = binary
    export_portable(model.predictor, model.preprocessor, tmp_path / "model" / FOLDER)
    page = (ROOT / "docs/portable_model.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code, names)
    assert len(names["answer"].predictions) == len(names["answer"].notes) == 1


def test_files_of_a_later_format_are_refused_in_words(
    binary: tuple[Model, Prepared], tmp_path: Path
) -> None:
    model, _ = binary
    export_portable(model.predictor, model.preprocessor, tmp_path / FOLDER)
    files = {path.name: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()}
    later = files | {DESCRIPTION: files[DESCRIPTION].replace(b'"format": 1', b'"format": 2', 1)}
    for given, code in (
        (later, "portable.other_format"),
        ({}, "portable.damaged"),
        (files | {DESCRIPTION: b"{"}, "portable.damaged"),
        (files | {"arrays.npz": b"PK"}, "portable.damaged"),
    ):
        with pytest.raises(PortableError) as caught:
            load_model(given)
        assert caught.value.message.code == code


def test_the_files_hold_no_code(binary: tuple[Model, Prepared], tmp_path: Path) -> None:
    model, _ = binary
    export_portable(model.predictor, model.preprocessor, tmp_path / FOLDER)
    _, arrays = read_files(tmp_path / FOLDER)
    assert {array.dtype.kind for array in arrays.values()} <= set("iufb")


def add_temperature(model: Model) -> None:
    trainer = model.predictor._trainer
    best = trainer.load_model(model.predictor.model_best)
    best.temperature_scalar = 1.5
    trainer.load_model = lambda *_: best


def add_generator(model: Model) -> None:
    class Unheard:
        pass

    model.predictor._learner.feature_generators[0].generators.append([Unheard()])


def change_objective(model: Model) -> None:
    trainer = model.predictor._trainer
    best = trainer.load_model(model.predictor.model_best)
    text = best.model.model_to_string().replace("objective=binary", "objective=cross_entropy")
    best.model.model_from_string(text)
    trainer.load_model = lambda *_: best


def ask_for_quantiles(model: Model) -> None:
    model.predictor._learner.problem_type = "quantile"


def stack(model: Model) -> None:
    trainer = model.predictor._trainer
    best = trainer.load_model(model.predictor.model_best)
    best.features = [*best.features, "LightGBM_BAG_L1"]
    trainer.load_model = lambda *_: best


@pytest.mark.parametrize(
    "change", [add_temperature, add_generator, change_objective, ask_for_quantiles, stack]
)
def test_what_the_exporter_does_not_know_for_sure_is_refused(
    files: dict[str, Path], tmp_path: Path, change: Callable[[Model], None]
) -> None:
    prepared = prepared_of(files["yes_no"])
    model = fitted(prepared, tmp_path, KINDS["lightgbm"], fit_weighted_ensemble=False)
    change(model)
    with pytest.raises(Refused):
        export_portable(model.predictor, model.preprocessor, tmp_path / "refused")
    made = add_portable(tmp_path, model, files["yes_no"], prepared.rows, seconds=60)
    assert refusal(made.notes) == "portable.unknown"
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.parametrize("models", [{"RF": {"n_estimators": 3}}, {"KNN": {}}])
def test_other_kinds_of_models_are_refused(
    files: dict[str, Path], tmp_path: Path, models: dict[Any, Any]
) -> None:
    prepared = prepared_of(files["yes_no"])
    model = fitted(prepared, tmp_path, models, fit_weighted_ensemble=False)
    with pytest.raises(Refused):
        export_portable(model.predictor, model.preprocessor, tmp_path / "refused")


def test_a_statistic_of_an_unknown_kind_is_refused() -> None:
    ctr = {"ctr_type": "Unheard", "target_border_idx": 0}
    ctr |= dict.fromkeys(("prior_numerator", "prior_denomerator", "shift", "scale"), 1.0)
    with pytest.raises(Refused, match="Unheard"):
        values_of_statistic(ctr, {"hash_stride": 3, "hash_map": ["1", 2, 3]})


def refusal(notes: list[Message]) -> str:
    (one,) = notes
    assert one.code == "note.no_portable"
    return one.root.code


def test_a_portable_form_that_answers_otherwise_is_not_kept(
    binary: tuple[Model, Prepared],
    files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, prepared = binary

    def changed(folder: Path) -> PortableModel:
        found = load_model(folder)
        (member,) = found.members
        member.forest.value[:] *= 1.001  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(check_portable, "load_model", changed)
    made = add_portable(tmp_path, model, files["yes_no"], prepared.rows, seconds=60)
    assert refusal(made.notes) == "portable.differs"
    assert not (tmp_path / FOLDER).exists()
    assert made.to_json()["refused"]["code"] == "portable.differs"


def test_a_form_that_is_too_large_or_breaks_costs_no_model(
    binary: tuple[Model, Prepared],
    files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, prepared = binary
    monkeypatch.setattr(check_portable, "MOST_BYTES", 100)
    made = add_portable(tmp_path, model, files["yes_no"], prepared.rows, seconds=60)
    assert refusal(made.notes) == "portable.too_large"

    def breaks(folder: Path) -> PortableModel:
        raise ZeroDivisionError("x")

    monkeypatch.undo()
    monkeypatch.setattr(check_portable, "load_model", breaks)
    made = add_portable(tmp_path, model, files["yes_no"], prepared.rows, seconds=60)
    assert refusal(made.notes) == "portable.failed"
    assert not (tmp_path / FOLDER).exists()


def test_without_time_for_more_some_rows_are_checked_and_no_member_is_written_late(
    binary: tuple[Model, Prepared], files: dict[str, Path], tmp_path: Path
) -> None:
    model, prepared = binary
    made = add_portable(tmp_path, model, files["yes_no"], prepared.rows, seconds=-1)
    assert refusal(made.notes) == "portable.unknown"
