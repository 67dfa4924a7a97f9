"""Which version of a translator serves, whatever is published and ordered, in whatever order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.live import Live, Version
from contract.messages import message
from pipeline.errors import RefusedError
from pipeline.results import HELD_BACK
from pipeline.status import Status
from tests.messages import raises
from tests.translator_jobs import DATA
from translation.versions import doubt_of, ordered, published, taken_back, versions_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
VERSIONS = [
    Version(f"translation-en-de-{number}", "de", f"2026-11-{number:02d}T00:00:00+00:00")
    for number in range(1, 5)
]
FIRST, SECOND, THIRD, _ = VERSIONS
DOUBTS = st.sampled_from([None, "worse", "unfit", "never"])


def status(version: Version, why: str | None = None) -> Status:
    details = (message(HELD_BACK, why=message(why, percent=1.0)),) if why else ()
    return Status(
        dataset=DATA.name,
        state="completed",
        headline=message("status.translator_ready", dataset=DATA.name),
        prefix=f"{DATA.results_prefix}{version.job}/",
        details=details,
        job=version.job,
        uploaded=version.uploaded,
        model="model.tar.gz",
    )


@given(st.lists(st.tuples(st.sampled_from(VERSIONS), DOUBTS), max_size=8))
def test_publications_come_in_any_order_and_twice_and_no_doubtful_one_serves(events: list) -> None:  # type: ignore[type-arg]
    live, first = Live(), {}
    for step, (version, doubt) in enumerate(events):
        now = NOW + timedelta(minutes=step)
        live = published(live, version, doubt, now)
        assert published(live, version, doubt, now) == live
        if version.job not in first and (doubt is None or live.decided(version.job)):
            first[version.job] = doubt
        assert live.champion is None or first[live.champion.job] is None
    served = [version for version in (live.champion, *live.earlier) if version]
    assert [v.uploaded for v in served] == sorted((v.uploaded for v in served), reverse=True)


def test_going_back_twice_goes_back_further_and_one_order_twice_does_not() -> None:
    live = Live()
    for version in (FIRST, SECOND, THIRD):
        live = published(live, version, None, NOW)
    asked = (NOW + timedelta(minutes=1)).isoformat()
    back = taken_back(live, SECOND, asked, NOW + timedelta(minutes=2))
    assert back.champion == SECOND and back.earlier == (FIRST,)
    assert taken_back(back, SECOND, asked, NOW + timedelta(minutes=3)) == back
    # What was asked for before the last decision comes too late.
    assert taken_back(back, THIRD, asked, NOW + timedelta(minutes=3)) == back
    later = (NOW + timedelta(minutes=5)).isoformat()
    forth = taken_back(back, THIRD, later, NOW + timedelta(minutes=6))
    assert forth.champion == THIRD and forth.earlier == (SECOND, FIRST)


def test_versions_are_numbered_by_upload_and_show_what_was_held_back() -> None:
    live = published(Live(), SECOND, None, NOW)
    # The translator that comes with the project has no status, and no time.
    live = taken_back(live, Version("default", "de", ""), (NOW + timedelta(1)).isoformat(), NOW)
    statuses = [status(THIRD, "take_over.empty"), status(SECOND), status(FIRST, "take_over.never")]
    found = versions_of(statuses, live, NOW)
    assert [(one.number, one.job, one.state) for one in found] == [
        (1, "default", "champion"),
        (2, FIRST.job, "held_back"),
        (3, SECOND.job, "earlier"),
        (4, THIRD.job, "held_back"),
    ]
    assert ordered(b'{"version": 2}', found, DATA).job == FIRST.job
    assert ordered(b'{"version": "default"}', found, DATA).number == 1
    with raises(RefusedError, "order.unfit", version=4):
        ordered(b'{"version": 4}', found, DATA)


@pytest.mark.parametrize(
    ("why", "doubt"),
    [
        (None, None),
        ("take_over.worse", "worse"),
        ("take_over.never", "never"),
        ("take_over.weak", "unfit"),
        ("take_over.overtaken", None),
    ],
)
def test_what_a_job_found_is_the_doubt(why: str | None, doubt: str | None) -> None:
    assert doubt_of(status(FIRST, why)) == doubt
