"""What is learned of free texts, and that a model keeps it for any version of scikit-learn."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from model_code.text_scores import TextScores, learn_text_scores, load, save
from tests.template_facts import ROOT, imported_names

ROWS = 300
FILLERS = "small new quiet large old bright parking garden lift view flat street".split()
KOREAN = "정말 영화 배우 음악 연출 시간 가족 친구 장면 이야기".split()
WORDS = [*FILLERS, *(f"{word}ness" for word in FILLERS)]
TEXTS = {
    "words": (WORDS, 25, "good"),
    "pieces": (FILLERS, 4, "good"),
    "korean": (KOREAN, 4, "최고"),
}


def texts(kind: str, praised: "pd.Series[bool]") -> "pd.Series[str]":
    """Random words, and one more where the row is praised."""
    words, count, praise = TEXTS[kind]
    random = np.random.default_rng(0)
    rows = [" ".join(random.choice(words, count)) for _ in praised]
    return pd.Series(
        [f"{row} {praise}" if good else row for row, good in zip(rows, praised, strict=True)]
    )


def praise(rows: int = ROWS, praised: float = 0.5) -> "pd.Series[bool]":
    return pd.Series(np.random.default_rng(1).random(rows) < praised)


def target(kind: str, praised: "pd.Series[bool]") -> "pd.Series[float] | pd.Series[str]":
    random = np.random.default_rng(2)
    if kind == "number":
        return pd.Series(random.normal(size=len(praised)) + 3 * praised)
    rest = random.choice(["a", "b", "c"] if kind == "classes" else ["no"], len(praised))
    return pd.Series(np.where(praised, "yes", rest))


def learned(
    texts: "pd.Series[str]", target: "pd.Series[float] | pd.Series[str]"
) -> tuple[TextScores, pd.DataFrame]:
    made = learn_text_scores("review", texts, target, has_classes=target.dtype == object)
    assert made
    return made


@pytest.mark.parametrize("goal", ["number", "two", "classes"])
@pytest.mark.parametrize("kind", TEXTS)
def test_saved_scores_are_those_that_were_learned(tmp_path: Path, kind: str, goal: str) -> None:
    written, praised = texts(kind, praise()), praise()
    scores, _ = learned(written, target(goal, praised))
    assert (scores.vectorizer.analyzer == "word") == (kind == "words")
    save([scores, scores], tmp_path / "scores.npz")
    first, second = load(tmp_path / "scores.npz")
    rows = pd.concat([written[:50], pd.Series(["", None, "unheard of", "GOOD good 최고"])])
    for again in (first, second):
        pd.testing.assert_frame_equal(again.features(rows), scores.features(rows), check_exact=True)
        assert (again.names, again.classes) == (scores.names, scores.classes)
        assert again.strongest_terms() == scores.strongest_terms()


def test_the_file_holds_numbers_and_json_alone(tmp_path: Path) -> None:
    """A pickle opens in the version of scikit-learn alone that wrote it."""
    scores, _ = learned(texts("korean", praise()), target("classes", praise()))
    save([scores], tmp_path / "scores.npz")
    with np.load(tmp_path / "scores.npz", allow_pickle=False) as parts:
        kinds = {name: parts[name].dtype.kind for name in parts.files}
        (settings,) = json.loads(parts["settings"].tobytes())
    assert kinds == {"settings": "u", "idf_0": "f", "weights_0": "f", "intercepts_0": "f"}
    assert settings["analyzer"] == "char_wb" and "최고" in settings["vocabulary"]
    with zipfile.ZipFile(tmp_path / "scores.npz") as file:
        assert {Path(name).suffix for name in file.namelist()} == {".npy"}


def test_no_code_of_a_job_or_model_writes_pickles() -> None:
    """AutoGluon's own files are its own affair."""
    sources = [*(ROOT / "training_src").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    names = {name.split(".")[0] for path in sources for name in imported_names(path)}
    assert names & {"joblib", "pickle", "cloudpickle", "dill"} == set()


@pytest.mark.parametrize("goal", ["number", "two", "classes"])
def test_rows_are_scored_by_models_that_learned_what_their_texts_say(goal: str) -> None:
    praised = praise()
    _, features = learned(texts("words", praised), target(goal, praised))
    score = features["review: yes" if goal == "classes" else "review: score"]
    assert roc_auc_score(praised, score) > 0.7


@pytest.mark.parametrize("numbers", [[0.5, 1.25], [1, 2], [100]], ids=str)
def test_a_target_of_numbers_has_no_classes_to_part_the_rows_by(numbers: list[float]) -> None:
    praised = praise()
    goal = pd.Series(np.resize(numbers, ROWS) * 1.0) + 10 * praised
    _, features = learned(texts("words", praised), goal)
    assert roc_auc_score(praised, features["review: score"]) > 0.7


def test_few_rows_of_a_class_are_in_as_many_folds_as_there_are_rows() -> None:
    praised = pd.Series(np.arange(ROWS) < 4)
    _, features = learned(texts("words", praised), target("two", praised))
    assert roc_auc_score(praised, features["review: score"]) > 0.9


def test_a_class_of_one_row_does_not_cost_the_others_their_scores() -> None:
    praised = praise()
    goal = target("classes", praised)
    goal[:8] = [f"rare {n}" for n in range(8)]
    _, features = learned(texts("words", praised), goal)
    scores = features[[name for name in features if name.startswith("review: ")]].iloc[:, :-2]
    assert (scores.to_numpy() != 0).any(axis=1).all()
    assert roc_auc_score(praised[8:], scores["review: yes"][8:]) > 0.8


@pytest.mark.parametrize("rows", [4, 7])
def test_fewer_rows_than_folds_are_scored_too(rows: int) -> None:
    praised = pd.Series([True, False] * rows)[:rows]
    _, features = learned(texts("words", praised), target("two", praised))
    assert len(features) == rows and features.notna().all(axis=None)
