"""Who answers a request while a model is on trial, and what is counted of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadRequestError, TooLargeError
from contract.live import SLOW_SECONDS, Canary, Live, Version
from portable.archive import unpack_model
from portable.model import load_model
from serving.challenge import (
    FEWEST_MISREAD,
    MISREAD_REQUESTS,
    MISREAD_ROWS,
    Misreadings,
    Question,
    Trial,
    ask_challenger,
    is_for_challenger,
)
from serving.live_model import Listed, LiveModel
from serving.request import MOST_ROWS
from tests.portable_models import JOB, OTHER_JOB, guessing_model

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CHAMPION, CHALLENGER = JOB, OTHER_JOB
ROW = Question('{"Sex": "male", "Age": "30"}', "application/json", explained=False)
SMALL, LARGE = 0.25, 0.75


def loaded(job: str, *columns: str, known: tuple[str, ...] = (), broken: bool = False) -> LiveModel:
    probability = SMALL if job == CHAMPION else LARGE
    archive = guessing_model(*columns, probability=probability, known=known, broken=broken)
    model = load_model(unpack_model(archive))
    return LiveModel(Listed("toys", job, "Survived", NOW.isoformat(), answers_requests=True), model)


def says(model: LiveModel) -> Callable[[], LiveModel]:
    return lambda: model


def missing() -> LiveModel:
    raise OSError("S3 does not answer")


GOOD = says(loaded(CHAMPION, "Sex"))


def test_a_challenger_that_can_answers_and_nothing_is_counted_against_it() -> None:
    found, trial = ask_challenger(ROW, CHALLENGER, says(loaded(CHALLENGER, "Sex")), missing)
    assert found.live.listed.job == CHALLENGER
    assert found.answers.probabilities[0, 1] == pytest.approx(LARGE)
    assert (trial.job, trial.failed, trial.misread) == (CHALLENGER, False, False)


@pytest.mark.parametrize(
    "challenger",
    [
        missing,
        says(loaded(CHALLENGER, "Sex", broken=True)),
        says(loaded(CHALLENGER, "Sex", "a column that no caller sends")),
    ],
    ids=["cannot be read", "breaks", "refuses the rows"],
)
@pytest.mark.parametrize("explained", [False, True])
def test_where_the_challenger_cannot_the_champion_answers_and_it_is_counted(
    challenger: Callable[[], LiveModel], explained: bool
) -> None:
    question = Question(ROW.body, ROW.content_type, explained)
    found, trial = ask_challenger(question, CHALLENGER, challenger, GOOD)
    assert found.live.listed.job == CHAMPION
    assert found.answers.probabilities[0, 1] == pytest.approx(SMALL)
    assert (found.reasons is not None) == explained
    assert (trial.failed, trial.misread) == (True, False)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{", BadRequestError),
        ('{"Age": 1}', BadRequestError),
        (json.dumps([{"Sex": "male"}] * (MOST_ROWS + 1)), TooLargeError),
    ],
)
def test_a_request_that_no_model_can_answer_is_refused_and_no_models_fault(
    body: str, error: type[Exception]
) -> None:
    question = Question(body, ROW.content_type, explained=False)
    with pytest.raises(error):
        ask_challenger(question, CHALLENGER, says(loaded(CHALLENGER, "Sex")), GOOD)


@pytest.mark.parametrize(
    ("seconds", "slow"), [(SLOW_SECONDS * 0.9, False), (SLOW_SECONDS * 1.1, True)]
)
@pytest.mark.parametrize("explained", [False, True])
def test_a_challenger_that_takes_long_answers_and_is_counted_unless_reasons_may_take_long(
    seconds: float, slow: bool, explained: bool
) -> None:
    # Loading, which is another thing: as long as it likes.
    times = iter([0.0, 100.0, 100.0 + seconds])
    challenger = says(loaded(CHALLENGER, "Sex"))
    question = replace(ROW, explained=explained)
    found, trial = ask_challenger(question, CHALLENGER, challenger, GOOD, lambda: next(times))
    assert (found.live.listed.job, trial.failed) == (CHALLENGER, slow and not explained)


@pytest.mark.parametrize(
    ("champion", "challenger", "misread"),
    [
        (("male",), ("female",), True),
        (("male",), ("male",), False),
        (("female",), ("female",), False),
        (("female",), ("male",), False),
    ],
)
def test_cells_that_only_the_challenger_has_never_seen_are_counted(
    champion: tuple[str, ...], challenger: tuple[str, ...], misread: bool
) -> None:
    found, trial = ask_challenger(
        ROW,
        CHALLENGER,
        says(loaded(CHALLENGER, "Sex", known=challenger)),
        says(loaded(CHAMPION, "Sex", known=champion)),
    )
    assert found.live.listed.job == CHALLENGER
    assert (trial.failed, trial.misread) == (False, misread)


@given(st.lists(st.sampled_from(["male", "female", "other"]), min_size=1, max_size=60))
def test_of_many_rows_so_many_more_have_to_be_misread_than_are_read_better(
    cells: list[str],
) -> None:
    question = Question(json.dumps([{"Sex": cell} for cell in cells]), ROW.content_type, False)
    champion = says(loaded(CHAMPION, "Sex", known=("male",)))
    _, trial = ask_challenger(
        question, CHALLENGER, says(loaded(CHALLENGER, "Sex", known=("female",))), champion
    )
    net = cells.count("male") - cells.count("female")
    assert trial.misread == (net > MISREAD_ROWS * len(cells))


@given(st.lists(st.booleans(), max_size=60), st.booleans())
def test_misread_requests_are_too_many_once_they_are_half_and_no_few_whatever_others_do(
    found: list[bool], other: bool
) -> None:
    watch = Misreadings()
    for number, misread in enumerate(found, start=1):
        watch.are_too_many(Trial(CHAMPION, False, other))
        so_far = sum(found[:number])
        expected = so_far >= FEWEST_MISREAD and so_far >= MISREAD_REQUESTS * number
        assert watch.are_too_many(Trial(CHALLENGER, False, misread)) == expected


def test_only_a_model_on_trial_gets_requests_and_only_its_share() -> None:
    first, second = (Version(job, "y", f"2026-11-0{n}") for n, job in enumerate("ab", 1))
    live = Live().published(first, Canary(50, 10), None, NOW)
    questions = [Question(str(number), "", explained=False) for number in range(200)]
    assert not any(is_for_challenger(live, one, NOW) for one in questions)
    live = live.published(second, Canary(50, 10), None, NOW)
    chosen = [is_for_challenger(live, one, NOW) for one in questions]
    assert any(chosen) and not all(chosen)
    later = NOW + timedelta(minutes=10)
    assert not any(is_for_challenger(live, one, later) for one in questions)
    stopped = live.stopped("b", "alarm", NOW)
    assert not any(is_for_challenger(stopped, one, NOW) for one in questions)
