"""Which models of a dataset answer: whatever was decided, in whatever order it was heard of."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.live import (
    ALL,
    MOST_DECISIONS,
    MOST_EARLIER,
    WATCHED_MINUTES,
    Canary,
    Challenger,
    Live,
    Version,
    live_from_json,
    takes,
)
from tests.strategies import JSON

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MINUTES = 10.0
TRIAL = Canary(50, MINUTES)
AT_ONCE = Canary(50, 0)
LATER = NOW + timedelta(minutes=MINUTES)
VERSIONS = [
    Version(f"toys-{number}", "price", f"2026-11-{number:02d}T00:00:00+00:00")
    for number in range(1, 5)
]
FIRST, SECOND, THIRD, FOURTH = VERSIONS
Step = Callable[[Live, datetime], Live]

STEPS = st.one_of(
    st.builds(
        lambda version, canary, doubt: (
            lambda live, now: live.published(version, canary, doubt, now)
        ),
        st.sampled_from(VERSIONS),
        st.sampled_from([TRIAL, AT_ONCE, Canary(ALL, MINUTES)]),
        st.sampled_from([None, None, "worse", "unfit", "other_target", "never"]),
    ),
    st.builds(
        lambda version: lambda live, now: live.deployed(version, now), st.sampled_from(VERSIONS)
    ),
    st.builds(
        lambda job: lambda live, now: live.stopped(job, "alarm", now),
        st.sampled_from([one.job for one in VERSIONS]),
    ),
    st.just(lambda live, now: live.rolled_back(now) or live),
    st.just(lambda live, now: live.undeployed(now)),
    st.just(lambda live, now: live.settled(now)),
)
HISTORIES = st.lists(st.tuples(STEPS, st.integers(0, 20)), max_size=40)


def lived(steps: list[tuple[Step, int]]) -> tuple[Live, datetime]:
    live, now = Live(), NOW
    for step, minutes in steps:
        now += timedelta(minutes=minutes)
        live = step(live, now)
    return live, now


@given(HISTORIES)
def test_whatever_was_decided_is_read_as_it_was_written_and_stays_small(
    steps: list[tuple[Step, int]],
) -> None:
    live, _ = lived(steps)
    assert live_from_json(live.to_json()) == live
    assert len(live.earlier) <= MOST_EARLIER
    assert len(live.history) <= MOST_DECISIONS


@given(HISTORIES, st.integers(0, 60))
def test_the_clock_alone_makes_a_challenger_champion_unless_it_was_stopped(
    steps: list[tuple[Step, int]], minutes: int
) -> None:
    live, now = lived(steps)
    later = now + timedelta(minutes=minutes)
    one, then = live.challenger, live.settled(later)
    if one and one.share > 0 and later >= datetime.fromisoformat(one.until):
        assert (then.champion, then.challenger) == (one.version, None)
        assert live.champion is None or live.champion in then.earlier
    else:
        assert then == live
    # Whoever writes first or last, readers see the same.
    assert live.settled(now).settled(later) == then == then.settled(later)


@given(HISTORIES)
def test_where_any_model_answers_one_is_champion_and_no_challenger_is_it(
    steps: list[tuple[Step, int]],
) -> None:
    live, now = lived(steps)
    trial = live.on_trial(now)
    settled = live.settled(now)
    if trial:
        assert settled.on and settled.champion and settled.champion != trial.version
        assert 0 < trial.share < ALL
    answering = [one for one in VERSIONS if live.state_of(one.job, now) == "champion"]
    assert answering == ([settled.champion] if settled.champion else [])


@given(
    st.permutations([*VERSIONS, *VERSIONS]),
    st.lists(st.sampled_from([TRIAL, AT_ONCE]), min_size=8, max_size=8),
    st.lists(st.integers(0, 15), min_size=8, max_size=8),
)
def test_in_whatever_order_and_however_often_models_are_told_of_the_newest_wins(
    told: list[Version], canaries: list[Canary], pauses: list[int]
) -> None:
    live, now = Live(), NOW
    for version, canary, minutes in zip(told, canaries, pauses, strict=True):
        now += timedelta(minutes=minutes)
        before = live
        live = live.published(version, canary, None, now)
        assert live.published(version, canary, None, now + timedelta(hours=1)) == live
        if before.newest and version.age <= before.newest.age:
            assert live == before
    assert live.settled(now + timedelta(days=1)).champion == FOURTH


@pytest.mark.parametrize("order", [*permutations([SECOND, replace(SECOND, job="toys-0")])])
def test_two_files_of_one_second_have_one_order(order: tuple[Version, Version]) -> None:
    live = Live()
    for version in order:
        live = live.published(version, AT_ONCE, None, NOW)
    assert live.champion == SECOND


def test_a_model_that_is_worse_unfit_or_about_something_else_changes_nothing_but_the_history() -> (
    None
):
    live = Live().published(FIRST, TRIAL, None, NOW)
    for doubt in ("worse", "unfit", "other_target", "never"):
        held = live.published(SECOND, TRIAL, doubt, NOW)  # type: ignore[arg-type]
        assert (held.champion, held.challenger) == (FIRST, None)
        assert held.decided(SECOND.job) == doubt
        assert held.state_of(SECOND.job, LATER) == "held_back"
        assert held.deployed(SECOND, NOW).champion == SECOND


def test_a_model_for_another_target_that_may_take_over_does_so_without_a_trial() -> None:
    other = replace(SECOND, target="color")
    live = Live().published(FIRST, TRIAL, None, NOW).published(other, TRIAL, None, NOW)
    assert (live.champion, live.challenger) == (other, None)


def test_rolling_back_ends_the_trial_first_and_then_goes_back_champion_by_champion() -> None:
    live = Live().published(FIRST, TRIAL, None, NOW).published(SECOND, TRIAL, None, NOW)
    stopped = live.rolled_back(NOW)
    assert stopped and stopped.champion == FIRST and stopped.on_trial(NOW) is None
    assert stopped.settled(LATER).champion == FIRST
    assert stopped.rolled_back(LATER) is None
    taken = live.deployed(THIRD, LATER)
    found = []
    while back := taken.rolled_back(LATER):
        taken = back
        found.append(taken.champion)
    assert found == [SECOND, FIRST]
    # What is delivered again after that does not bring it back.
    assert taken.published(SECOND, TRIAL, None, LATER) == taken
    assert taken.published(THIRD, TRIAL, None, LATER) == taken


def test_an_alarm_that_comes_after_the_trial_brings_the_champion_of_before_back() -> None:
    live = Live().published(FIRST, TRIAL, None, NOW).published(SECOND, TRIAL, None, NOW)
    late = LATER + timedelta(minutes=WATCHED_MINUTES - 1)
    assert live.settled(late).champion == SECOND
    stopped = live.stopped(SECOND.job, "alarm", late)
    assert stopped.settled(late).champion == FIRST
    too_late = LATER + timedelta(minutes=WATCHED_MINUTES)
    assert live.stopped(SECOND.job, "alarm", too_late) == live
    deployed = live.settled(late).deployed(SECOND, late)
    assert deployed.stopped(SECOND.job, "alarm", late) == deployed


def test_what_is_off_stays_off_until_its_owner_turns_it_on() -> None:
    live = Live().published(FIRST, TRIAL, None, NOW).undeployed(NOW)
    later = live.published(SECOND, AT_ONCE, None, NOW)
    assert not later.on and later.champion == FIRST
    assert later.decided(SECOND.job) == "off"
    assert later.undeployed(NOW) == later
    on = later.deployed(SECOND, NOW)
    assert on.on and on.champion == SECOND and on.earlier == (FIRST,)


@given(st.text(), st.floats(0, 100))
def test_the_same_request_goes_to_the_same_model_always(request: str, share: float) -> None:
    one = Challenger(SECOND, share, LATER.isoformat())
    assert takes(one, request) == takes(one, request)
    if takes(one, request):
        assert takes(replace(one, share=ALL), request)
    assert not takes(replace(one, share=0.0), request)


@pytest.mark.parametrize("share", [1.0, 10.0, 50.0, 90.0])
def test_the_challenger_gets_its_share(share: float) -> None:
    one = Challenger(SECOND, share, LATER.isoformat())
    n = 10_000
    found = 100 * sum(takes(one, f'{{"Age": {number}}}') for number in range(n)) / n
    # Four standard deviations.
    assert abs(found - share) < 4 * (share * (ALL - share) / n) ** 0.5


VERSION = st.fixed_dictionaries(
    {"job": JSON, "target": JSON}, optional={"uploaded": JSON, "more": JSON}
)
TRIALS = st.fixed_dictionaries(
    {"version": VERSION | JSON, "share": st.integers() | st.floats() | JSON},
    optional={"until": JSON | st.just(LATER.isoformat()) | st.just("2026-11-30")},
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "champion": VERSION | JSON,
        "challenger": TRIALS | JSON,
        "earlier": st.lists(VERSION | JSON, max_size=3) | JSON,
        "on": JSON,
        "history": JSON,
    },
)


@given(FILES | JSON)
def test_whatever_json_it_is_it_is_read_or_refused(content: object) -> None:
    try:
        live = live_from_json(json.dumps(content).encode())
    except ValueError:
        return
    assert live_from_json(live.to_json()) == live


def test_what_a_later_release_adds_is_left_alone_and_what_lacks_is_as_it_was_first() -> None:
    live = Live().published(FIRST, TRIAL, None, NOW)
    added = {**json.loads(live.to_json()), "shadow": {"job": "x"}}
    assert live_from_json(json.dumps(added).encode()) == live
    assert live_from_json(b"{}") == Live()
