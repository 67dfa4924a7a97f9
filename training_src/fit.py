"""Fitting: AutoGluon with the same kinds of models on a laptop and in AWS's container."""

import time
from pathlib import Path

from autogluon.tabular import TabularPredictor

from failure import TrainingError
from fit_watcher import FitWatcher
from job_spec import JobSpec
from prepare import Prepared
from problem import QUANTILES
from progress import Progress

# AWS's container also has torch and ray; forests make folders 50 times bigger and rarely win.
MODEL_TYPES = ["GBM", "CAT", "XGB"]
PRESETS = {
    "medium": "medium_quality",
    "good": "good_quality",
    "high": "high_quality",
    "best": "best_quality",
}
# Where a hold-out is scored first, the rest of the time is for fitting the best model on all rows.
SHARE_BEFORE_REFIT = 0.65


def fit(spec: JobSpec, prepared: Prepared, folder: Path, progress: Progress) -> TabularPredictor:
    """Fit within the time limit; raises TrainingError when nothing could be trained."""
    problem = prepared.problem
    seconds = spec.training_seconds * (SHARE_BEFORE_REFIT if prepared.has_hold_out else 1)
    try:
        return TabularPredictor(
            label=spec.target,
            problem_type=problem.type,
            eval_metric=problem.fit_metric,
            path=str(folder),
            positive_class=problem.positive_class,
            quantile_levels=QUANTILES if problem.type == "quantile" else None,
        ).fit(
            prepared.fit,
            time_limit=seconds,
            presets=PRESETS[spec.preset],
            included_model_types=MODEL_TYPES,
            callbacks=[FitWatcher(progress, seconds)],
            # Both eat short budgets and overrun them by up to a half.
            dynamic_stacking=False,
            ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
        )
    except (RuntimeError, ValueError, AssertionError) as error:
        raise TrainingError(
            f"AutoGluon could not train a model that predicts {spec.target!r}: "
            f"{str(error).splitlines()[0]}"
        ) from error


def refit_on_all_rows(predictor: TabularPredictor, prepared: Prepared, seconds_left: float) -> bool:
    """Fit the best model again with the hold-out, if there is one and time for it."""
    if not prepared.has_hold_out or predictor.model_best.endswith("_FULL"):
        return False
    board = predictor.leaderboard().set_index("model")
    if board.loc[predictor.model_best, "fit_time"] > seconds_left:
        return False
    predictor.refit_full(model="best", train_data_extra=prepared.scored)
    return True


class Stopwatch:
    """Seconds left of a budget."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return self._end - time.monotonic()
