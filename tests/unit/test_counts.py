import pytest

from pipeline.counts import Count, of_ended, of_upload, of_waiting
from pipeline.results import receipt
from tests.ended_jobs import SPEC, job

EVENT = {"detail-type": "Object Created", "detail": {}}


def test_an_upload_counts_when_it_comes() -> None:
    assert of_upload(EVENT, tries=1) == {Count.UPLOADS: 1}


def test_an_upload_that_is_tried_again_does_not_count_again() -> None:
    assert of_upload(EVENT, tries=2) == {}


def test_an_upload_that_comes_back_from_translation_does_not_count_again() -> None:
    assert of_upload({"detail": {}}, tries=1) == {}


def test_waiting_counts_the_seconds_since_the_upload() -> None:
    assert of_waiting("1795233600000", 1795233690.5) == {
        Count.WAITING: 1,
        Count.WAITED_SECONDS: 90.5,
    }


def test_a_clock_that_is_behind_gives_no_negative_wait() -> None:
    assert of_waiting("1795233600000", 1795233599.0)[Count.WAITED_SECONDS] == 0


@pytest.mark.parametrize(
    ("state", "counted"),
    [("Completed", Count.COMPLETED), ("Failed", Count.FAILED), ("Stopped", Count.STOPPED)],
)
def test_an_ended_job_counts_by_its_state_with_what_it_cost(state: str, counted: Count) -> None:
    cost = receipt(job(), SPEC)
    assert of_ended(state, cost) == {
        counted: 1,
        Count.COST_USD: cost["usd"],
    }


def test_every_count_has_a_unit_that_cloudwatch_knows() -> None:
    assert {count.unit for count in Count} == {"Count", "Seconds", "None"}
