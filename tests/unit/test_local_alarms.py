"""When the embedded AWS lets an alarm ring."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from hypothesis import given
from hypothesis import strategies as st

from codefree.alarm_service import Alarm, Counted, _Log, counted_in, read_alarm
from tests.strategies import JSON
from tests.template_facts import RESOURCES

NAMESPACE, SERVICE = "codefree-automl", frozenset({("service", "mine")})
PROPERTIES = {
    **RESOURCES["ChallengersFail"]["Properties"],
    "Dimensions": [{"Name": "service", "Value": "mine"}],
}
PERIOD, THRESHOLD = PROPERTIES["Period"], PROPERTIES["Threshold"]


def alarm() -> Alarm:
    found = read_alarm("mine-ChallengersFail", PROPERTIES)
    assert found
    return found


def counted(
    values: Sequence[float], at: float, dimensions: frozenset[tuple[str, str]] = SERVICE
) -> Counted:
    return Counted(NAMESPACE, "ChallengerFailed", dimensions, values, at)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.floats(0, 300)), max_size=30))
def test_an_alarm_rings_exactly_while_the_average_of_its_period_is_over_the_limit(
    heard: list[tuple[float, float]],
) -> None:
    one, rang = alarm(), False
    for value, at in sorted(heard, key=lambda pair: pair[1]):
        one.hear(counted([value], at))
        last = [v for v, when in heard if at - PERIOD < when <= at]
        if [when for _, when in heard].count(at) > 1:
            # Which of them come before this look is open.
            one.changes(at)
            rang = one.rings
            continue
        expected = sum(last) / len(last) >= THRESHOLD
        assert one.changes(at) == (expected != rang)
        rang = one.rings
        assert rang == expected
    one.changes(1000)
    assert not one.rings


def test_what_is_about_another_stack_or_job_is_not_heard() -> None:
    one = alarm()
    for dimensions in ({("service", "other")}, {("job", "x")}, set[tuple[str, str]]()):
        one.hear(counted([1], 0, frozenset(dimensions)))
    assert not one.changes(0)


def test_an_alarm_about_several_metrics_stays_silent() -> None:
    assert read_alarm("x", RESOURCES["FunctionsBreak"]["Properties"]) is None


def test_what_powertools_prints_is_counted_by_stack_and_by_job() -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE, service="mine")
    metrics.add_dimensions(job="toys-1")
    metrics.add_metric("ChallengerFailed", MetricUnit.Count, 1)
    metrics.add_metric("ChallengerFailed", MetricUnit.Count, 0)
    with redirect_stdout(io.StringIO()) as printed:
        metrics.flush_metrics()
    found = {one.dimensions: tuple(one.values) for one in counted_in(printed.getvalue())}
    assert found == {SERVICE: (1, 0), frozenset({("job", "toys-1")}): (1, 0)}


@given(JSON, st.text())
def test_whatever_a_function_prints_is_read(content: object, text: str) -> None:
    list(counted_in(text))
    list(counted_in(json.dumps({"_aws": content})))
    list(counted_in(json.dumps({"_aws": {"CloudWatchMetrics": content}})))


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_each_line_of_a_growing_log_is_read_once(tmp_path: Path, size: int) -> None:
    path, text = tmp_path / "log", "first\nsecond é\nthird\n".encode()
    log = _Log(path)
    assert log.lines() == []

    def found() -> Iterator[str]:
        for at in range(0, len(text), size):
            with path.open("ab") as file:
                file.write(text[at : at + size])
            yield from log.lines()

    assert list(found()) == ["first", "second é", "third"]
