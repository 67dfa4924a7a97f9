"""More models where minutes are left: what joins, what does not, and when it ends."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

import race as racing
from candidates import FIRST, OWN_KINDS, candidates, name_of
from contract.messages import LANGUAGES, message, render
from fit import MODEL_TYPES, ONE_AFTER_THE_OTHER, ROUNDS_OF, Fitted, Stopwatch, usual_settings
from metrics import ALIKE, BETTER, METRICS, WORSE, Predictions, higher_is_better
from model_code.plain_models import Guess
from problem import Problem
from race import InHand, goodness, race, race_notes, unseen_answers, with_a_share_of
from scoring import PLACES, _leaderboard, as_predictions
from verdict import ENOUGH, NO_HELP, NO_TIME, TrainingTime

ROWS, PLENTY, FOLDS = 240, 600.0, 2
BINARY = Problem("binary", "roc_auc", "roc_auc", positive_class="yes")
RIGHT = Problem("binary", "accuracy", "accuracy", positive_class="yes")
NUMBER = Problem("regression", "root_mean_squared_error", "root_mean_squared_error")


class NoProgress:
    """Hears what is being fitted, and shows it to no one."""

    def __init__(self) -> None:
        self.shares = list[float]()

    def fitting(self, *heard: Any) -> None:
        self.shares.append(heard[3])


def rows_of(problem: Problem, signal: float, seed: int = 0) -> pd.DataFrame:
    """Two columns whose product says something, by `signal`, of the target `t`."""
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({"a": random.normal(size=ROWS), "b": random.normal(size=ROWS)})
    number = signal * np.sign(rows.a * rows.b) + random.normal(size=ROWS)
    return rows.assign(t=np.where(number > 0, "yes", "no") if problem.has_classes else number)


def fitted(problem: Problem, rows: pd.DataFrame, folder: Path, folds: int = FOLDS) -> Fitted:
    """A guess in hand; some boosting tells how long a model takes."""
    predictor = TabularPredictor(
        "t",
        problem.type,
        problem.fit_metric,
        str(folder),
        verbosity=0,
        positive_class=problem.positive_class,
    )
    few = {kind: {ROUNDS_OF[kind]: 1} for kind in MODEL_TYPES}
    bags = {"num_bag_folds": folds, "num_stack_levels": 0} if folds else {}
    predictor.fit(
        rows,
        hyperparameters={Guess: {}, **few},
        ag_args_ensemble=ONE_AFTER_THE_OTHER,
        dynamic_stacking=False,
        fit_weighted_ensemble=False,
        **bags,
    )
    best = next(name for name in predictor.model_names() if name.startswith(Guess.ag_name))
    return Fitted(predictor, best, "out-of-fold", rows, len(rows), folds, True, TrainingTime())


def run(given: Fitted, problem: Problem, seconds: float = PLENTY) -> Fitted:
    return race(given, problem, NoProgress(), Stopwatch(seconds))  # type: ignore[arg-type]


def test_the_race_counts_on_from_where_the_planned_models_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(racing, "PATIENCE", 2)
    progress, clock = NoProgress(), Stopwatch(PLENTY / 2)
    # Half of the minutes is over.
    clock.whole = PLENTY
    before = fitted(NUMBER, rows_of(NUMBER, 0.0), tmp_path)
    race(before, NUMBER, progress, clock)  # type: ignore[arg-type]
    assert progress.shares and progress.shares == sorted(progress.shares)
    assert progress.shares[0] >= 0.5


def score(given: Fitted, problem: Problem) -> float:
    target = racing.unseen_target(given.predictor, problem)
    answer = unseen_answers(given.predictor, given.best, problem)
    found = as_predictions(given.predictor, answer, target, problem).score(problem.fit_metric)
    assert found is not None
    return found


@pytest.mark.parametrize(("problem", "folds"), [(BINARY, FOLDS), (NUMBER, FOLDS), (BINARY, 0)])
def test_models_that_help_join_what_is_in_hand(
    problem: Problem, folds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(racing, "MOST_THAT_JOIN", 1)
    before = fitted(problem, rows_of(problem, 2.0), tmp_path, folds)
    after = run(before, problem)
    assert (after.training.ended, len(after.training.joined)) == (ENOUGH, 1)
    assert after.best != before.best
    assert after.predictor.model_best == after.best
    assert set(after.training.joined) <= set(after.predictor.model_names())
    gain = score(after, problem) - score(before, problem)
    assert gain > 0.1 if problem.has_classes else gain < -0.3
    # What is saved answers as what is in memory.
    loaded = TabularPredictor.load(str(tmp_path))
    assert loaded.model_best == after.best


def test_what_does_not_help_is_gone_but_on_the_leaderboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(racing, "PATIENCE", 2)
    before = fitted(NUMBER, rows_of(NUMBER, 0.0), tmp_path)
    names = before.predictor.model_names()
    after = run(before, NUMBER)
    assert (after.training.ended, after.training.tried) == (NO_HELP, 2)
    assert (after.best, after.training.joined) == (before.best, ())
    assert after.predictor.model_names() == names
    board = _leaderboard(after, {}, NUMBER, NUMBER.metric)
    assert len(board) == len(names) + 2
    assert board["score_val"].notna().all()
    # On a test file, which came after it was gone, it has no score.
    board = _leaderboard(replace(after, scored_on="test file"), {}, NUMBER, NUMBER.metric)
    assert board[f"score_{PLACES['test file']}"].isna().all()


def test_without_time_nothing_is_tried(tmp_path: Path) -> None:
    before = fitted(BINARY, rows_of(BINARY, 2.0), tmp_path)
    after = run(before, BINARY, 1e-3)
    assert (after.best, after.training.tried, after.training.ended) == (before.best, 0, NO_TIME)
    assert race_notes(after.training) == []


def predictions_of(target: pd.Series, problem: Problem = BINARY) -> Callable[[Any], Predictions]:
    def predictions(answer: Any) -> Predictions:
        return Predictions(problem, target, answer.idxmax(axis=1), answer)

    return predictions


def chances(log_odds: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"no": 1 - expit(log_odds), "yes": expit(log_odds)})


@pytest.mark.parametrize("problem", [BINARY, RIGHT])
@given(seed=st.integers(0, 10_000), ours=st.floats(0, 2), theirs=st.floats(0, 2))
def test_nothing_is_taken_that_is_not_clearly_better_on_the_same_rows(
    problem: Problem, seed: int, ours: float, theirs: float
) -> None:
    random = np.random.default_rng(seed)
    truth = random.normal(size=100)
    target = pd.Series(np.where(truth > 0, "yes", "no"))
    one, other = (chances(know * truth + random.normal(size=100)) for know in (ours, theirs))
    scored = predictions_of(target, problem)
    hand = InHand(one, scored(one))
    found = with_a_share_of(hand, other, scored)
    if found is not None:
        names = (problem.fit_metric, problem.proper_loss)
        said = {found.scored.compared_with(hand.scored, name) for name in names}
        assert BETTER in said and WORSE not in said
        # Be it by one row: the metric is what people asked for.
        assert goodness(found.scored, names[0]) >= goodness(hand.scored, names[0])
        assert np.allclose(found.answer.sum(axis=1), 1)
        inside = np.minimum(one, other) - 1e-12 <= found.answer
        assert inside.all(axis=None)
    # The same once more adds nothing.
    assert with_a_share_of(hand, one, scored) is None


def test_a_second_opinion_as_good_as_the_first_is_taken() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=2000)
    one, other = (chances(truth + 2 * random.normal(size=2000)) for _ in range(2))
    scored = predictions_of(pd.Series(np.where(truth > 0, "yes", "no")))
    assert with_a_share_of(InHand(one, scored(one)), other, scored) is not None


def test_on_few_rows_the_loss_tells_what_accuracy_cannot() -> None:
    random = np.random.default_rng(4)
    truth = random.normal(size=200)
    one, other = (chances(2 * truth + 2 * random.normal(size=200)) for _ in range(2))
    scored = predictions_of(pd.Series(np.where(truth > 0, "yes", "no")), RIGHT)
    hand = InHand(one, scored(one))
    found = with_a_share_of(hand, other, scored)
    assert found is not None
    assert found.scored.compared_with(hand.scored, RIGHT.fit_metric) == ALIKE


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "quantile"])
def test_the_loss_beside_the_metric_is_one_of_the_kind_of_problem(kind: str) -> None:
    loss = Problem(kind, "", "").proper_loss
    assert loss in METRICS[kind]
    assert not higher_is_better(loss, Problem(kind, loss, loss))


def test_candidates_are_the_same_in_every_job_and_never_end() -> None:
    many = list(islice(candidates(), 60))
    assert many == list(islice(candidates(), 60))
    assert many[: len(FIRST)] == list(FIRST)
    assert len({(one.kind, one.suffix) for one in many}) == len(many)
    assert {one.kind for one in many} == {*MODEL_TYPES, *OWN_KINDS}
    settings = [(one.kind, sorted(one.settings.items())) for one in many]
    assert all(settings.index(one) == place for place, one in enumerate(settings))


def test_a_candidate_has_what_its_kind_has_and_a_name_of_its_own() -> None:
    for one in islice(candidates(), 20):
        for rows in (100, 1_000_000):
            (found,) = one.hyperparameters(rows).values()
            usual = usual_settings(one.kind, rows)
            assert found.keys() >= usual.keys() | one.settings.keys()
            assert found["ag_args"]["name_suffix"] == one.suffix


def test_every_candidate_that_is_known_to_differ_can_be_trained(tmp_path: Path) -> None:
    rows = rows_of(BINARY, 0.0)
    rows["t"] = np.where(rows.a > 0, "yes", "no")
    predictor = TabularPredictor("t", eval_metric="roc_auc", path=str(tmp_path), verbosity=0)
    settings: dict[Any, list[Any]] = {}
    for one in FIRST:
        ((kind, found),) = one.hyperparameters(len(rows)).items()
        rounds = {ROUNDS_OF[kind]: 10} if kind in ROUNDS_OF else {}
        settings.setdefault(kind, []).append({**found, **rounds})
    predictor.fit(rows, hyperparameters=settings, fit_weighted_ensemble=False)
    names = predictor.model_names()
    assert {f"{name_of(one.kind)}{one.suffix}" for one in FIRST} == set(names)
    board = predictor.leaderboard(rows).set_index("model")
    assert (board["score_test"] > 0.9).all()


@pytest.mark.parametrize("ended", [NO_TIME, NO_HELP, ENOUGH])
def test_the_report_says_how_the_minutes_were_used(ended: str) -> None:
    (one,) = race_notes(TrainingTime(tried=7, joined=("LightGBMSlow", "XGBoostDeep"), ended=ended))
    (none,) = race_notes(TrainingTime(tried=7, ended=ended))
    for language in LANGUAGES:
        said = render(one, language)
        assert "7" in said and "2" in said
        assert render(message("note.none_joined"), language) in render(none, language)
        assert (str(racing.PATIENCE) in said) == (ended == NO_HELP)
