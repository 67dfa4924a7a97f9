"""More models where minutes are left: each stays only if a paired test says that it helps.

What is in hand when the race begins is never given up for something worse.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf, isnan
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

from candidates import OWN_KINDS, Candidate, candidates, name_of
from contract.messages import message
from fit import MODEL_TYPES, ONE_AFTER_THE_OTHER, REFIT_COST, Fitted, Stopwatch
from fit_watcher import best_model
from metrics import BETTER, WORSE, Predictions, higher_is_better
from model_code.notes import Note, note
from model_code.reasons import child_weights
from problem import Problem
from progress import Progress
from scoring import as_predictions, out_of_fold
from verdict import ENOUGH, NO_HELP, NO_TIME, TrainingTime

# So many in a row that do not help end the race: more of them would hardly help either.
PATIENCE = 20
# Each makes the model larger and slower.
MOST_THAT_JOIN = 4
# What a model's answer may weigh beside what is in hand.
WEIGHTS = (0.1, 0.2, 0.35, 0.5)
# A forest has as many trees as there is time for; in less than this it is not worth a try.
LEAST_SECONDS = 1.0
# Of the seconds that are left, what the last steps of the race may take.
SHARE_OF_THE_END = 0.05
JOINED = "_Joined"


@dataclass(frozen=True)
class InHand:
    """What would be delivered now, and how it does on rows that its models have not seen."""

    answer: Any
    """What AutoGluon says of each row: probabilities, numbers, or quantiles."""
    scored: Predictions


@dataclass
class Race:
    """The models that were tried, and the ones that joined."""

    predictor: TabularPredictor
    problem: Problem
    target: pd.Series
    """Of the rows that models are compared on, as text where it has classes."""
    hand: InHand
    joined: list[str] = field(default_factory=list)
    lost: list[pd.DataFrame] = field(default_factory=list)
    """Their rows of AutoGluon's leaderboard."""
    tried: int = 0
    in_vain: int = 0
    """How many of the last ones did not help."""

    def try_out(self, candidate: Candidate, rows: int, seconds: float) -> None:
        """Fit one more model, and let it join if it helps."""
        known = set(self.predictor.model_names())
        self.predictor.fit_extra(
            candidate.hyperparameters(rows),
            time_limit=seconds,
            fit_weighted_ensemble=False,
            ag_args_ensemble=ONE_AFTER_THE_OTHER,
        )
        self.tried += 1
        self.in_vain += 1
        for name in set(self.predictor.model_names()) - known:
            self._take(name)

    def _take(self, name: str) -> None:
        """Let a model join if it helps; delete it if not."""
        better = with_a_share_of(self.hand, self._answers(name), self._predictions)
        if better is None:
            board = self.predictor.leaderboard()
            self.lost.append(board[board["model"] == name])
            self.predictor.delete_models(models_to_delete=[name], dry_run=False)
            return
        self.hand, self.in_vain = better, 0
        self.joined.append(name)

    def together(self, best: str) -> str:
        """Return the ensemble of the best model's members and the ones that joined, or the best."""
        members = [*child_weights(self.predictor, best), *self.joined]
        made = self.predictor.fit_weighted_ensemble(members, name_suffix=JOINED)
        if not made:
            return best
        before, after = (self._predictions(self._answers(name)) for name in (best, *made))
        if helps(after, before):
            return str(made[0])
        self.predictor.delete_models(models_to_delete=made, dry_run=False)
        return best

    def _answers(self, name: str) -> Any:
        return unseen_answers(self.predictor, name, self.problem)

    def _predictions(self, answer: Any) -> Predictions:
        return as_predictions(self.predictor, answer, self.target, self.problem)


def race(fitted: Fitted, problem: Problem, progress: Progress, clock: Stopwatch) -> Fitted:
    """Try models until time is over or nothing helps any more.

    So much of the time is kept that the best model can be fitted once more.
    """
    predictor = fitted.predictor
    answer = unseen_answers(predictor, fitted.best, problem)
    target = unseen_target(predictor, problem)
    scored = as_predictions(predictor, answer, target, problem)
    if scored.score(problem.fit_metric) is None:
        return fitted
    going = Race(predictor, problem, target, InHand(answer, scored))
    ended = _run(going, fitted, progress, clock)
    best = going.together(fitted.best) if going.joined else fitted.best
    joined = tuple(going.joined) if best != fitted.best else ()
    predictor.set_model_best(best, save_trainer=True)
    training = replace(fitted.training, tried=going.tried, joined=joined, ended=ended)
    return replace(fitted, best=best, training=training, lost=tuple(going.lost))


def _run(going: Race, fitted: Fitted, progress: Progress, clock: Stopwatch) -> str:
    """Try one candidate after the other; return why it ended."""
    predictor, whole, costs = fitted.predictor, clock.left, _costs(fitted.predictor)
    planned = len(predictor.model_names())
    share_of_refit = fitted.worth_refitting * REFIT_COST / max(fitted.folds, 1)
    for candidate in candidates():
        if going.in_vain >= PATIENCE:
            return NO_HELP
        if len(going.joined) >= MOST_THAT_JOIN:
            return ENOUGH
        fit_times = predictor.leaderboard().set_index("model")["fit_time"]
        refit = share_of_refit * float(fit_times[[fitted.best, *going.joined]].sum())
        left = (clock.left - refit - SHARE_OF_THE_END * whole) / (1 + share_of_refit)
        least = LEAST_SECONDS if candidate.kind in OWN_KINDS else min(costs.values())
        if left <= least:
            return NO_TIME
        if left <= costs.get(candidate.kind, least):
            continue
        best = best_model(predictor._trainer)
        name, models = f"{name_of(candidate.kind)}{candidate.suffix}", planned + going.tried
        progress.fitting(name, models, best, 1 - clock.left / clock.whole, clock.left)
        start = time.monotonic()
        going.try_out(candidate, fitted.fit_rows, left)
        if candidate.kind in costs:
            costs[candidate.kind] = time.monotonic() - start
    return NO_TIME


def _costs(predictor: TabularPredictor) -> dict[str, float]:
    """Kind → the seconds that one more model takes; where none was fitted, as the slowest."""
    board = predictor.leaderboard()
    known = {
        kind: float(
            board["fit_time_marginal"][board["model"].str.startswith(name_of(kind))].median()
        )
        for kind in MODEL_TYPES
    }
    slowest = max((cost for cost in known.values() if not isnan(cost)), default=inf)
    return {kind: slowest if isnan(cost) else cost for kind, cost in known.items()}


def with_a_share_of(
    hand: InHand, answer: Any, scored: Callable[[Any], Predictions]
) -> InHand | None:
    """Return what is in hand mixed with another answer; None unless that helps."""
    problem = hand.scored.problem
    mixed = [(1 - share) * hand.answer + share * answer for share in WEIGHTS]
    tries = [InHand(one, scored(one)) for one in mixed]
    for metric in (problem.proper_loss, problem.metric):
        best = max(tries, key=lambda one: goodness(one.scored, metric))
        if helps(best.scored, hand.scored):
            return best
    return None


def helps(one: Predictions, other: Predictions) -> bool:
    """Whether one is clearly better than the other, by the metric or the proper loss.

    The loss looks at every row, where accuracy sees the few that change sides. By neither may it
    be worse: by the loss beyond chance, by the metric at all.
    """
    problem = one.problem
    if goodness(one, problem.metric) < goodness(other, problem.metric):
        return False
    found = {one.compared_with(other, name) for name in (problem.metric, problem.proper_loss)}
    return BETTER in found and WORSE not in found


def goodness(predictions: Predictions, metric: str) -> float:
    """Return the score, of which more is better; -inf where it is undefined."""
    score = predictions.score(metric)
    if score is None:
        return -inf
    return score if higher_is_better(metric, predictions.problem) else -score


def unseen_answers(predictor: TabularPredictor, name: str, problem: Problem) -> Any:
    """Return what a model says of unseen rows: out of fold, or of the ones that it is chosen by."""
    if predictor._trainer.bagged_mode:
        return out_of_fold(predictor, name, problem)
    ask = predictor.predict_proba_multi if problem.has_classes else predictor.predict_multi
    return ask(models=[name])[name]


def unseen_target(predictor: TabularPredictor, problem: Problem) -> pd.Series:
    """Return the target of these rows, as it is in train."""
    trainer = predictor._trainer
    inner = trainer.load_y() if trainer.bagged_mode else trainer.load_y_val()
    target: pd.Series = predictor._learner.label_cleaner.inverse_transform(inner)
    return target.astype(str) if problem.has_classes else target


def race_notes(training: TrainingTime) -> list[Note]:
    """Say how the rest of the minutes was used."""
    if not training.tried:
        return []
    joined = len(training.joined)
    said = message("note.some_joined", count=joined) if joined else message("note.none_joined")
    ended = f"more_until_{training.ended}"
    return [note(ended, count=training.tried, joined=said, last=PATIENCE)]
