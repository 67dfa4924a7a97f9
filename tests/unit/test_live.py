"""Which models of a dataset answer: whatever was decided, in whatever order it was heard of."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.live import (
    ALL,
    MOST_DECISIONS,
    MOST_EARLIER,
    MOST_FAILURES,
    WATCHED_MINUTES,
    Canary,
    Challenger,
    DamagedError,
    Doubt,
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
        st.sampled_from([None, *get_args(Doubt)]) | st.none(),
    ),
    st.builds(
        lambda version: lambda live, now: live.deployed(version, now), st.sampled_from(VERSIONS)
    ),
    st.builds(
        lambda job: lambda live, now: live.stopped(job, "alarm", now),
        st.sampled_from([one.job for one in VERSIONS]),
    ),
    st.builds(
        lambda job: lambda live, now: live.failed(job, now),
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
def test_the_clock_alone_makes_a_challenger_champion_unless_it_failed_or_was_stopped(
    steps: list[tuple[Step, int]], minutes: int
) -> None:
    live, now = lived(steps)
    later = now + timedelta(minutes=minutes)
    one, then = live.challenger, live.settled(later)
    if one and one.failures:
        assert then.champion == live.champion
        assert one.share == 0 or live.on_trial(later) or then.history[-1].what == "stopped"
    elif one and one.share > 0 and later >= datetime.fromisoformat(one.until):
        assert (then.champion, then.challenger) == (one.version, None)
        assert live.champion is None or live.champion in then.earlier
    else:
        assert then == live
    # Readers see the same, whichever of the two is written first.
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
    for doubt in get_args(Doubt):
        held = live.published(SECOND, TRIAL, doubt, NOW)
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


@given(st.lists(st.floats(0, MINUTES + WATCHED_MINUTES - 1), min_size=1, max_size=6))
def test_a_challenger_that_has_failed_is_never_champion_by_itself_and_soon_gets_nothing(
    minutes: list[float],
) -> None:
    live = Live().published(FIRST, TRIAL, None, NOW).published(SECOND, TRIAL, None, NOW)
    writes = 0
    for minute in sorted(minutes):
        now = NOW + timedelta(minutes=minute)
        assert live.failed(THIRD.job, now) == live
        before, live = live, live.failed(SECOND.job, now)
        writes += live != before
        assert live.settled(now).champion == FIRST
    assert writes == min(len(minutes), MOST_FAILURES)
    assert (live.on_trial(NOW) is None) == (writes == MOST_FAILURES)
    for later in (LATER, LATER + timedelta(days=400)):
        assert live.settled(later).champion == FIRST
        assert live.state_of(SECOND.job, later) == "held_back"
    assert live.deployed(SECOND, LATER).champion == SECOND


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
WHENS = st.sampled_from(
    [
        *(LATER.isoformat(), "2026-11-30", "soon", "9999-12-31T23:59:59+00:00"),
        *("0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
    ]
)
LINES = st.fixed_dictionaries(
    {
        "when": WHENS | JSON,
        "who": st.sampled_from(["alarm", "clock"]) | JSON,
        "what": st.sampled_from(["stopped", "promoted"]) | JSON,
        "job": JSON,
    }
)
TRIALS = st.fixed_dictionaries(
    {"version": VERSION | JSON, "share": st.integers() | st.floats() | JSON},
    optional={"until": JSON | WHENS, "failures": JSON},
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "champion": VERSION | JSON,
        "challenger": TRIALS | JSON,
        "earlier": st.lists(VERSION | JSON, max_size=3) | JSON,
        "on": JSON,
        "history": st.lists(LINES, max_size=3) | JSON,
    },
)


@given(FILES | JSON)
def test_whatever_json_it_is_it_is_read_or_refused(content: object) -> None:
    try:
        live = live_from_json(json.dumps(content).encode())
    except ValueError:
        return
    assert live_from_json(live.to_json()) == live
    # What is read can be looked at in every way.
    for now in (NOW, LATER):
        live.settled(now), live.on_trial(now), live.tried(now), live.stopped_lately(now)
        live.stopped("a", "alarm", now), live.failed("a", now), live.state_of("a", now)


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"on":' * 100_000, b"9" * 10_000, b"\xff", b"", b'{"history": [{}]}'],
    ids=lambda content: repr(content[:6]),
)
def test_what_is_too_deep_too_long_or_cut_off_is_refused(content: bytes) -> None:
    with pytest.raises(DamagedError):
        live_from_json(content)


def test_what_a_later_release_adds_is_left_alone_and_what_lacks_is_as_it_was_first() -> None:
    live = Live().published(FIRST, TRIAL, None, NOW)
    added = {**json.loads(live.to_json()), "shadow": {"job": "x"}}
    assert live_from_json(json.dumps(added).encode()) == live
    assert live_from_json(b"{}") == Live()
