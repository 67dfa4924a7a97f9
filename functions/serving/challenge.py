"""A request is answered by the champion or by the challenger, which is watched meanwhile."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api.errors import ApiError, ConflictError, UnavailableError
from contract.live import SLOW_SECONDS, Live, takes
from contract.messages import message
from portable.model import Answers, Reasons
from portable.odd_cells import OddCell, odd_cells
from serving.live_model import By, LiveModel
from serving.request import RowsRequest, read_rows

# What is odd for want of knowledge; a value out of range is odd for both.
NOT_UNDERSTOOD = ("unreadable", "unseen")
# A share of a request's rows.
MISREAD_ROWS = 0.05
# Of the requests of a trial; fewer may be chance.
MISREAD_REQUESTS, FEWEST_MISREAD = 0.5, 5
MOST_SEEN = 100
Load = Callable[[], LiveModel]


@dataclass(frozen=True)
class Question:
    """What a caller has sent."""

    body: str
    content_type: str
    explained: bool
    """Whether reasons are wanted, too."""


@dataclass(frozen=True)
class Answered:
    """What a model says of a request."""

    live: LiveModel
    request: RowsRequest
    answers: Answers
    reasons: Reasons | None
    by: By = "function"


@dataclass(frozen=True)
class Trial:
    """How the challenger did on a request."""

    job: str
    failed: bool
    """Whether it broke, refused what the champion answers, or took long without reasons."""
    misread: bool
    """Whether it understood fewer cells of its rows than the champion does."""
    kind: str | None = None
    """Of the error, where there was one."""


class Misreadings:
    """How often the challengers of late understood fewer cells, as one copy of the function saw."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def are_too_many(self, trial: Trial) -> bool:
        """Whether, with this request, they are half of a challenger's requests, and no few."""
        misread, requests = self._seen.pop(trial.job, (0, 0))
        misread, requests = misread + trial.misread, requests + 1
        self._seen[trial.job] = misread, requests
        while len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return misread >= FEWEST_MISREAD and misread >= MISREAD_REQUESTS * requests


def ask(question: Question, live: LiveModel) -> Answered:
    """Raises ApiError with a message for the caller."""
    if question.explained and not live.is_portable:
        raise ConflictError(message("api.no_reasons_by_endpoint"))
    request = read_rows(question.body, question.content_type, live.model, question.explained)
    rows, points = request.rows, request.points
    answers, by = live.predict_by(rows, points)
    reasons = live.model.reasons(rows, points=points) if question.explained else None
    return Answered(live, request, answers, reasons, by)


def is_for_challenger(live: Live, question: Question, now: datetime) -> bool:
    trial = live.on_trial(now)
    return trial is not None and takes(trial, question.body)


def ask_challenger(
    question: Question,
    job: str,
    challenger: Load,
    champion: Load,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Answered, Trial]:
    """Let the challenger answer and, where it cannot, the champion.

    Raises what the champion raises where neither can: then the request is to blame.
    """
    began = clock()
    try:
        loaded = challenger()
        began = clock()
        found = ask(question, loaded)
    # Whatever breaks in a model on trial must not cost the answer.
    except Exception as error:
        # That an idle endpoint takes its time to wake says nothing of the model.
        starts = isinstance(error, UnavailableError) and error.is_starting
        return ask(question, champion()), Trial(job, not starts, False, type(error).__name__)
    # Reasons have a limit of their own, by which longer ones are permitted; nor is waiting for an
    # endpoint that wakes a fault of the model.
    patient = question.explained or loaded.endpoint is not None
    slow = not patient and clock() - began > SLOW_SECONDS
    return found, Trial(job, slow, _understands_less(found, question, champion))


def _understands_less(found: Answered, question: Question, champion: Load) -> bool:
    """Whether it does in so many more rows than it understands more.

    Only where a cell was not understood is the champion asked at all.
    """
    own = _not_understood(found.answers.notes)
    if not any(own):
        return False
    try:
        model = champion().model
        request = read_rows(question.body, question.content_type, model, explained=False)
    except ApiError:
        return False
    known = odd_cells(model.columns, model.read(request.rows, points=request.points))
    pairs = list(zip(own, _not_understood(known), strict=True))
    more = sum(ours > theirs for ours, theirs in pairs)
    less = sum(ours < theirs for ours, theirs in pairs)
    return more - less > MISREAD_ROWS * len(pairs)


def _not_understood(notes: list[list[OddCell]]) -> list[int]:
    """How many cells of each row."""
    return [sum(one.reason in NOT_UNDERSTOOD for one in row) for row in notes]


def live_body(live: Live, now: datetime) -> dict[str, object]:
    """Which models answer, for callers."""
    settled = live.settled(now)
    one = settled.challenger
    return {
        "answers_requests": settled.on,
        "champion": settled.champion.job if settled.champion else None,
        "challenger": one.version.job if one else None,
        "share": one.share if one else 0.0,
        "until": one.until if one else None,
    }
