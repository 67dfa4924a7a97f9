"""The dashboard and the alarms are texts that only AWS reads: what they name must exist."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from contract.live import WATCHED_MINUTES
from pipeline.counts import Count
from pipeline.endpoint import VARIANT
from pipeline.taking_over import LIMITS
from tests.template_facts import FUNCTIONS, RESOURCES, ROOT, TEMPLATE

OWN = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")
SOURCE: str = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
WIDGETS: list[dict[str, Any]] = json.loads(re.sub(r"\$\{[^}]+\}", "x", SOURCE))["widgets"]
ALARMS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
# What AWS's services report of themselves, as far as it is looked at.
OF_AWS = {
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
    },
    "AWS/Lambda": {"Duration", "Errors", "Throttles"},
    "AWS/ApiGateway": {"4XXError", "5XXError", "Count", "Latency"},
    OWN: {count.value for count in Count},
}


def drawn() -> list[tuple[str, str]]:
    """Namespace and name of every metric that is drawn as it is."""
    metrics = [metric for widget in WIDGETS for metric in widget["properties"]["metrics"]]
    return [(metric[0], metric[1]) for metric in metrics if isinstance(metric[0], str)]


def alarmed(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm is about."""
    if "Metrics" not in alarm:
        return [alarm]
    return [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]


def test_everything_that_is_counted_is_on_the_dashboard() -> None:
    assert {name for namespace, name in drawn() if namespace == OWN} == OF_AWS[OWN]


def test_everything_that_is_drawn_or_alarms_is_reported_by_somebody() -> None:
    watched = [
        (m["Namespace"], m["MetricName"]) for alarm in ALARMS.values() for m in alarmed(alarm)
    ]
    for namespace, name in (*drawn(), *watched):
        assert name in OF_AWS[namespace]


def test_the_dashboard_names_only_what_the_template_has() -> None:
    names = {name.split(".")[0] for name in re.findall(r"\$\{([^}]+)\}", SOURCE)}
    assert {name for name in names if not name.startswith("AWS::")} <= RESOURCES.keys()
    assert f"VariantName={VARIANT} " in SOURCE
    api = RESOURCES["TranslationApi"]["Properties"]
    assert f'"{api["Name"]["Fn::Sub"]}", "Stage", "{api["StageName"]}"' in SOURCE


@pytest.mark.parametrize("kind", ["Errors", "Throttles", "Duration"])
def test_every_function_of_the_pipelines_is_on_the_dashboard(kind: str) -> None:
    shown = set(re.findall(rf'"{kind}", "FunctionName", "\$\{{(\w+)\}}"', SOURCE))
    # CleanUp runs once, when nobody looks any more.
    assert shown == FUNCTIONS.keys() - {"CleanUpFunction"}


def test_every_picture_is_named_with_its_unit_and_stands_alone() -> None:
    places = []
    for widget in WIDGETS:
        properties = widget["properties"]
        assert re.search(r"\(.+\)$", properties["title"]), properties["title"]
        assert properties["yAxis"]["left"]["label"]
        x, y = range(widget["x"], widget["x"] + widget["width"]), widget["y"]
        assert x.stop <= 24
        places.append({(column, y + row) for column in x for row in range(widget["height"])})
    assert not any(one & other for one, other in combinations(places, 2))


def test_every_expression_uses_metrics_that_its_picture_has() -> None:
    for widget in WIDGETS:
        metrics = widget["properties"]["metrics"]
        ids = {m[-1]["id"] for m in metrics if isinstance(m[-1], dict) and "id" in m[-1]}
        for expression in (m[0]["expression"] for m in metrics if isinstance(m[0], dict)):
            used = set(re.findall(r"\b[a-z]+\b", re.sub(r"SEARCH\(.*\)", "", expression)))
            assert used <= ids


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_says_what_to_do_and_tells_somebody(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == [{"Ref": "ResultsTopic"}]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert re.search(r"\b(Look|Open|Compare|ask)\b", alarm["AlarmDescription"])
    outputs = re.findall(r"output (\w+)", alarm["AlarmDescription"])
    assert set(outputs) <= TEMPLATE["Outputs"].keys()


def test_the_alarm_for_old_uploads_comes_long_before_sqs_forgets_them() -> None:
    retention = RESOURCES["UploadQueue"]["Properties"]["MessageRetentionPeriod"]
    assert ALARMS["UploadsGrowOld"]["Threshold"] < retention / 2
    longest_pause = TEMPLATE["Parameters"]["RetrySeconds"]["MaxValue"]
    periods = [
        m["MetricStat"]["Period"] for m in ALARMS["UploadsGrowOld"]["Metrics"] if "MetricStat" in m
    ]
    assert min(periods) >= longest_pause


def test_both_dead_letter_queues_alarm() -> None:
    watched = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in ALARMS.values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == {"UploadDeadLetterQueue", "ResultsDeadLetterQueue"}


# At $0.10 a month each, as docs/operations.md says.
PAID = {"ChallengersFail", "ChallengersMisread"}


def test_the_alarms_but_two_stay_within_the_ten_metrics_that_cost_nothing() -> None:
    counts = {name: len(alarmed(alarm)) for name, alarm in ALARMS.items()}
    assert sum(count for name, count in counts.items() if name not in PAID) <= 10
    assert {name: counts[name] for name in PAID} == dict.fromkeys(PAID, 1)
    (price,) = re.findall(r"\$0\.(\d\d) a month for (\w+) alarms", OPERATIONS)
    assert price == (f"{10 * len(PAID)}", "two")


def test_challengers_are_stopped_at_the_shares_at_which_their_alarms_ring() -> None:
    by_metric = {alarm.get("MetricName"): alarm for alarm in ALARMS.values()}
    for what, limit in LIMITS.items():
        alarm = by_metric[what.value]
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Average", limit)
        assert alarm["Period"] <= 60 * (WATCHED_MINUTES - 5)
    (begin,) = RESOURCES["ChallengersAlarmed"]["Properties"]["EventPattern"]["detail"]["alarmName"]
    named = {name for name in ALARMS if name.startswith(begin["prefix"]["Fn::Sub"].split("-")[1])}
    assert named == PAID == {n for n, a in ALARMS.items() if a.get("MetricName") in LIMITS}
