"""Fitting: AutoGluon with the same kinds of models on a laptop and in AWS's container."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from autogluon.core.utils.utils import default_holdout_frac
from autogluon.tabular import TabularPredictor
from autogluon.tabular.configs.hyperparameter_configs import get_hyperparameter_config
from autogluon.tabular.configs.presets_configs import tabular_presets_dict
from autogluon.tabular.registry import ag_model_registry
from sklearn.model_selection import train_test_split

from contract.messages import Message, message, score_text
from failure import TrainingError, first_line, no_model
from fit_watcher import FitWatcher
from inner_split import (
    Given,
    folds_by_structure,
    given_rows,
    groups_of,
    learnable,
    split_facts,
)
from job_spec import JobSpec
from model_code.forest import Forest
from model_code.notes import Note, note
from model_code.plain_models import Guess, Linear
from prepare import Prepared
from problem import QUANTILES, Problem
from progress import Progress
from splits import Structure, hold_out
from verdict import TrainingTime

# AWS's container also has torch and ray; a laptop has neither, and other scikit-learn pickles.
MODEL_TYPES = ["GBM", "CAT", "XGB"]
# What each calls its number of boosting rounds.
ROUNDS_OF = {"GBM": "num_boost_round", "CAT": "iterations", "XGB": "n_estimators"}
# Of the time that is left, what one model may take: else CatBoost takes most of it, and the planned
# ones behind it get no turn.
SHARE_OF_A_MODEL, SHARE_OF_THE_FIRST = 0.5, 0.65
# The other presets have long lists of models of their own. Of the time to fit, what is kept for the
# forest, which is tried behind the planned models.
RACING_PRESETS, SHARE_OF_THE_RACE = ("medium",), 0.12
# Folds in processes of their own eat short budgets.
ONE_AFTER_THE_OTHER = {"fold_fitting_strategy": "sequential_local"}
# What AutoGluon adds to the name of a model that it fits in folds, or for the ensemble.
IN_FOLDS, ENSEMBLE = re.compile(r"_BAG_L\d+$"), "WeightedEnsemble"
# Boosting rounds on few rows go on for ever with a log loss that creeps to zero.
FEW_ROWS, ROUNDS_ON_FEW_ROWS = 3000, 600
PRESETS = {
    "medium": "medium_quality",
    "good": "good_quality",
    "high": "high_quality",
    "best": "best_quality",
}
SEED = 0
FOLDS = (5, 4, 3)
# The share of rows that are held out, and from how many rows on it may be the second.
HOLD_OUT, HOLD_OUT_OF_MANY, MANY_ROWS = 0.2, 0.1, 5000
MOST_HOLD_OUT_ROWS = 20_000
# Thread sync dominates on small data; one core is as fast and robust under load.
ROWS_FOR_ONE_CORE = 10_000
# Measured on two cores: what five folds of all models get through. Trees of each class cost as much
# as a model of two; trees for numbers go on for thousands of rounds.
CELLS_PER_SECOND = 5000
NUMBERS_COST = 8
FEWEST_ROWS_IN_FOLDS = 50
# Fitting the best model on all rows, for the same number of rounds, takes so many times as long
# as it took on the rows of one fold, or without the held-out ones.
REFIT_COST = 1.2
# Of each tree of the large model, when every round makes a tree per class; AutoGluon has 128.
LEAVES_PER_CLASS = 32
# So few of the rows are not worth half of the time.
SHARE_WORTH_A_REFIT = 0.05


@dataclass(frozen=True)
class Fitted:
    """Models, and the rows that tell how good they are."""

    predictor: TabularPredictor
    best: str
    """The name of the model that is scored."""
    scored_on: str
    """`test file`, `hold-out` or `out-of-fold`."""
    scored: pd.DataFrame
    """Features and target of the rows that are scored; no model has seen them."""
    fit_rows: int
    folds: int
    """How many AutoGluon chose among models by; 0 = by a hold-out of its own."""
    worth_refitting: bool
    """Whether the models have not seen enough of all rows."""
    training: TrainingTime
    unseen: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The train rows that no model has learned from or was chosen by."""
    groups: "pd.Series[str] | None" = None
    """Of the scored rows, which belong together; None when every row stands alone."""
    facts: Mapping[str, Any] | None = None
    """How the rows were split, where not by chance."""
    refitted: bool = False
    """Whether predictions come from a model of all rows."""
    lost: tuple[pd.DataFrame, ...] = ()
    """The rows of AutoGluon's leaderboard of models that were tried and are no more."""


def fit(spec: JobSpec, prepared: Prepared, folder: Path, progress: Progress) -> Fitted:
    """Fit within the time limit; raises TrainingError when nothing could be trained."""
    test, rows = prepared.labelled_test, prepared.rows
    folds, numbers = folds_by_structure(_folds(spec, prepared), prepared)
    scored_on = "test file" if test is not None else "out-of-fold" if folds else "hold-out"
    scored = test if test is not None else rows
    if scored_on == "hold-out":
        rows, scored = split(rows, spec.target, prepared.problem, prepared.structure)
    worth = folds > 0 or _unseen(len(rows), len(prepared.rows)) >= SHARE_WORTH_A_REFIT
    seconds = spec.training_seconds / (1 + worth * REFIT_COST / max(folds, 1))
    if spec.preset in RACING_PRESETS:
        seconds *= 1 - SHARE_OF_THE_RACE
    given = given_rows(rows, folds, numbers, prepared)
    watcher = FitWatcher(progress, seconds, spec.training_seconds)
    with watcher.listening():
        predictor = _fit(spec, prepared.problem, given, folder, watcher)
    if spec.preset in RACING_PRESETS:
        add_guess(predictor)
    if spec.decision_threshold is not None:
        predictor.set_decision_threshold(spec.decision_threshold)
        # What is packed is a copy of the files.
        predictor.save(silent=True)
    training = what_time_allowed(
        planned_models(spec, prepared.problem, rows), predictor.model_names(), watcher.stopped
    )
    best = predictor.model_best
    unseen = prepared.rows.drop(index=given.index)
    return Fitted(
        predictor,
        best,
        scored_on,
        scored,
        len(given.index),
        folds,
        worth,
        training,
        unseen,
        groups_of(scored_on, scored, prepared),
        split_facts(given.index, scored_on, scored, prepared),
    )


def threshold_notes(spec: JobSpec, problem: Problem) -> list[Note]:
    """Say which setting decides from which probability on a row is predicted as positive."""
    threshold = spec.decision_threshold
    if threshold is None:
        return []
    values = {"positive": problem.positive_class, "threshold": score_text(threshold)}
    if spec.miss_costs is None:
        return [note("threshold", **values)]
    return [note("miss_costs", **values, ratio=score_text(spec.miss_costs))]


def refit(fitted: Fitted, seconds_left: float) -> Fitted:
    """The best model fitted once more, on all rows, if there is time for it.

    Then rows of a test file are scored with that one; other rows it has seen.
    """
    predictor = fitted.predictor
    if fitted.best.endswith("_FULL"):
        return replace(fitted, refitted=True)
    if _seconds_of_refit(fitted) > seconds_left:
        return fitted
    extra = learnable(fitted.unseen, predictor)
    names: dict[str, str] = predictor.refit_full(model="best", train_data_extra=extra)
    best = names[fitted.best] if fitted.scored_on == "test file" else fitted.best
    return replace(fitted, best=best, refitted=True)


def _unseen(fit_rows: int, rows: int) -> float:
    """The share that is held out, by us to score and by AutoGluon to choose among models."""
    return 1 - fit_rows / rows * (1 - float(default_holdout_frac(fit_rows)))


def split(
    rows: pd.DataFrame, target: str, problem: Problem, structure: Structure | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to fit, and rows held out; each class that has two rows is in both.

    With a structure, as its rows allow.
    """
    share = HOLD_OUT if len(rows) < MANY_ROWS else HOLD_OUT_OF_MANY
    share = min(share, MOST_HOLD_OUT_ROWS / len(rows))
    if structure is not None:
        sides = hold_out(rows[target], problem, structure, share)
        return rows.loc[sides.learn], rows.loc[sides.score]
    if not problem.has_classes:
        fit_rows, held_out = train_test_split(rows, test_size=share, random_state=SEED)
        return fit_rows.sort_index(), held_out.sort_index()
    counts = rows[target].value_counts()
    # A class of one row can only be learned or scored, and a stratified split takes neither.
    splittable = rows[rows[target].isin(counts[counts > 1].index)]
    _, held_out = train_test_split(
        splittable,
        test_size=max(share, len(counts[counts > 1]) / len(splittable)),
        stratify=splittable[target],
        random_state=SEED,
    )
    return rows.drop(index=held_out.index), held_out.sort_index()


def _folds(spec: JobSpec, prepared: Prepared) -> int:
    """Into how many parts rows are cut for bagging; 0 = there is time for one hold-out only."""
    rows, kind = prepared.rows, prepared.problem.type
    if len(rows) < FEWEST_ROWS_IN_FOLDS or kind == "quantile":
        return 0
    counts = rows[spec.target].value_counts()
    # Each fold is scored alone, and there is no area under a curve without both classes.
    possible = int(counts.min()) if kind == "binary" else FOLDS[0]
    if possible < 2:
        return 0
    if spec.preset != "medium":
        return min(FOLDS[0], possible)
    cost = rows.size * {"binary": 1, "multiclass": len(counts), "regression": NUMBERS_COST}[kind]
    most = CELLS_PER_SECOND * spec.training_seconds
    affordable = next((folds for folds in FOLDS if cost * folds / FOLDS[0] <= most), 0)
    return min(affordable, possible)


def _fit(
    spec: JobSpec,
    problem: Problem,
    given: Given,
    folder: Path,
    watcher: FitWatcher,
) -> TabularPredictor:
    predictor = TabularPredictor(
        label=spec.target,
        problem_type=problem.type,
        eval_metric=problem.fit_metric,
        path=str(folder),
        positive_class=problem.positive_class,
        quantile_levels=QUANTILES if problem.type == "quantile" else None,
        groups=given.groups,
    )
    try:
        return predictor.fit(
            given.rows,
            time_limit=watcher.seconds,
            presets=PRESETS[spec.preset],
            **_models(spec, problem, given.rows),
            callbacks=[watcher],
            # It eats short budgets and overruns them by up to a half.
            dynamic_stacking=False,
            ag_args_ensemble=ONE_AFTER_THE_OTHER,
            # The preset `good` throws them away; importance asks them. They are not packed.
            save_bag_folds=True,
            **given.arguments,
        )
    except (RuntimeError, ValueError, AssertionError) as error:
        raise TrainingError(_why_not(error, predictor, spec)) from error


def _why_not(error: Exception, predictor: TabularPredictor, spec: JobSpec) -> Message:
    """Find out why there is no model: AutoGluon reports it in its log, not in its error."""
    minutes = spec.training_seconds / 60
    if "Not enough time left" in str(error):
        return no_model(spec.target, minutes, ())
    if "No models were trained" in str(error):
        failures = set(predictor.model_failures().get("exc_type", ()))
        if "NotEnoughMemoryError" in failures or "MemoryError" in failures:
            raise MemoryError from error
        return no_model(spec.target, minutes, failures)
    reason = first_line(error) or type(error).__name__
    return message("job.no_model_reason", target=spec.target, error=reason)


def _models(spec: JobSpec, problem: Problem, rows: pd.DataFrame) -> dict[str, Any]:
    """AutoGluon's usual kinds of trees, those first that win most often on little time."""
    if spec.preset != "medium":
        return {"hyperparameters": _models_of_preset(spec.preset)}
    gbm, cat, xgb = (usual_settings(kind, len(rows)) for kind in MODEL_TYPES)
    large = {
        **gbm,
        "learning_rate": 0.03,
        "num_leaves": LEAVES_PER_CLASS if problem.type == "multiclass" else 128,
        "feature_fraction": 0.9,
        "min_data_in_leaf": 3,
        **_named("Large", 20),
    }
    extra = {**gbm, "extra_trees": True, **_named("XT", 10)}
    # Numbers take CatBoost longest, and it is the best of them; many classes it is slow with.
    first = {"ag_args_fit": {"max_time_limit_ratio": SHARE_OF_THE_FIRST}, **_named("", 95)}
    turn = {"binary": _named("", 80), "multiclass": _named("", 15)}.get(problem.type, first)
    return {
        "hyperparameters": {
            # From the first second on: however little time there is, it has had a turn.
            Linear: _named("", 100),
            "GBM": [{**gbm, **_named("", 90)}, large, extra],
            "CAT": {**cat, **turn},
            "XGB": {**xgb, **_named("", 70)},
        }
    }


def _models_of_preset(preset: str) -> dict[Any, Any]:
    """The trees of AutoGluon's list for a preset, behind models that are quick and differ most."""
    listed = get_hyperparameter_config(tabular_presets_dict[PRESETS[preset]]["hyperparameters"])
    # Above others' answers, AutoGluon's own trees are enough.
    below = {"valid_stacker": False, "priority": 100}
    own = {kind: {"ag_args": below} for kind in (Linear, Forest)}
    return {**own, **{kind: listed[kind] for kind in MODEL_TYPES}}


def add_guess(predictor: TabularPredictor) -> None:
    """Fit the guess beside the other models; it is the best one only where it beats them all.

    It comes after AutoGluon has mixed them: an area under a curve stays the same however much of a
    guess is mixed in, and the probabilities shrink to the share of the class.
    """
    if predictor.problem_type not in Guess.supported_problem_types():
        return
    best = predictor.model_best
    predictor.fit_extra(
        {Guess: {}}, fit_weighted_ensemble=False, ag_args_ensemble=ONE_AFTER_THE_OTHER
    )
    board = predictor.leaderboard().set_index("model")["score_val"]
    guess = next((name for name in board.index if name.startswith(Guess.ag_name)), best)
    predictor.set_model_best(guess if board[guess] > board[best] else best, save_trainer=True)


def usual_settings(kind: str, rows: int) -> dict[str, Any]:
    """Return what all models of a kind have in common on so many rows."""
    few = rows < FEW_ROWS and kind in ROUNDS_OF
    rounds = {ROUNDS_OF[kind]: ROUNDS_ON_FEW_ROWS} if few else {}
    # CatBoost's threads do not wait for each other.
    alone = {"num_cpus": 1} if rows < ROWS_FOR_ONE_CORE and kind != "CAT" else {}
    return {**rounds, "ag_args_fit": {"max_time_limit_ratio": SHARE_OF_A_MODEL, **alone}}


def planned_models(spec: JobSpec, problem: Problem, rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the models that a job with enough time fits, by AutoGluon's names.

    With a preset that has a long list of its own, only the kinds.
    """
    planned = _models(spec, problem, rows)["hyperparameters"]
    if spec.preset in RACING_PRESETS:
        planned = {**planned, Guess: {}}
    else:
        planned = {kind: {} for kind in planned}
    names = []
    for kind, settings in planned.items():
        known = ag_model_registry.key_to_cls(kind) if isinstance(kind, str) else kind
        if problem.type in known.supported_problem_types():
            for one in settings if isinstance(settings, list) else [settings]:
                names.append(known.ag_name + one.get("ag_args", {}).get("name_suffix", ""))
    return tuple(names)


def what_time_allowed(
    planned: Sequence[str], models: Iterable[str], stopped: Mapping[str, int]
) -> TrainingTime:
    """Tell which of the planned models are among all that were fitted, and which time stopped.

    A model that is planned by its kind only, or as `LightGBM`, is also there as `LightGBM_r131`.
    """
    fitted = {
        model: IN_FOLDS.sub("", model)
        for model in (name.removesuffix("_FULL") for name in models)
        if ENSEMBLE not in model
    }

    def of(name: str) -> list[str]:
        return [model for model, plain in fitted.items() if _kind_of(plain, planned) == name]

    made = {name: found for name in planned if (found := of(name))}
    rounds = {
        name: max(stopped[model] for model in found)
        for name, found in made.items()
        if all(model in stopped for model in found)
    }
    return TrainingTime(tuple(planned), tuple(made), rounds)


def _kind_of(model: str, planned: Sequence[str]) -> str:
    """The planned name that a model's name begins with, the longest."""
    return max((name for name in planned if model.startswith(name)), key=len, default="")


def _named(suffix: str, priority: int) -> dict[str, Any]:
    return {"ag_args": {"name_suffix": suffix, "priority": priority}}


def _seconds_of_refit(fitted: Fitted) -> float:
    board = fitted.predictor.leaderboard().set_index("model")
    return float(board.loc[fitted.best, "fit_time"]) / max(fitted.folds, 1) * REFIT_COST


class Stopwatch:
    """Seconds left of a budget, and how long each stage took."""

    def __init__(self, seconds: float) -> None:
        self.stages: dict[str, float] = {}
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """From now on so many seconds are left."""
        self.whole, self._end = seconds, time.monotonic() + seconds

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0) + time.monotonic() - start

    def move(self, stage: str, to: str, seconds: float) -> None:
        """Count seconds of a stage that is still on under a name of their own."""
        self.stages[to] = self.stages.get(to, 0) + seconds
        self.stages[stage] = self.stages.get(stage, 0) - seconds
