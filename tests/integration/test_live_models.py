"""Which model answers requests: through the functions, the API and the bucket of a whole stack."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract import layout
from contract.layout import live_json_key, model_json_key
from contract.live import MOST_FAILURES, Live, takes
from tests.effort import ALL, part_of
from tests.fault_world import (
    World,
    at_once,
    open_world,
    place_of,
    places_of,
    prefixes,
)
from tests.faults import FAULTS, Call, Fault
from tests.http import ask
from tests.live_models import (
    BETTER,
    GOOD,
    PATIENT_API,
    answering,
    asked,
    end_trial,
    live_of,
    published,
    put_live,
    trained,
)
from tests.portable_models import guessing_model

CLIENTS, ROUNDS = 16, 12 if ALL else 6
SHARE = 50.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("live"), PATIENT_API) as world:
        yield world


def status_text(world: World, name: str) -> str:
    return world.read(f"results/{name}/STATUS.txt").decode()


def described(world: World, name: str) -> Any:
    return ask(world.cloud, f"datasets/{name}").json


def test_the_first_model_answers_at_once_and_the_next_gets_its_share_until_its_time_is_over(
    world: World,
) -> None:
    name = world.new_dataset()
    first = published(world, name)
    assert answering(world, name) == {first: 40}
    began = f"When its training ended, this model began to answer POST /predict/{name}."
    assert began in status_text(world, name)
    second = published(world, name, BETTER)
    found = answering(world, name)
    assert set(found) == {first, second}
    assert answering(world, name) == found, "the same requests go to the same models"
    assert described(world, name)["live"] | {"until": None} == {
        "answers_requests": True,
        "champion": first,
        "challenger": second,
        "share": SHARE,
        "until": None,
    }
    assert re.search(
        rf"answers 50% of the requests .* {first} the others", status_text(world, name)
    )
    end_trial(world, name)
    assert answering(world, name) == {second: 40}
    assert described(world, name)["live"]["champion"] == described(world, name)["job"] == second
    third = published(world, name)
    live = live_of(world, name)
    assert live.champion and live.champion.job == second
    assert [one.job for one in live.earlier] == [first]
    assert live.challenger and live.challenger.version.job == third
    world.forget(name)


CASES: dict[str, tuple[bytes | None, dict[str, Any], str | None]] = {
    "worse": (BETTER, {}, "this one is worse on the same test rows"),
    "cannot be loaded": (b"PK", {}, "did not pass its check"),
    "was asked not to": (BETTER, {"take_over": "never"}, "because take_over is never"),
    "predicts something else": (BETTER, {"target": "island"}, '"island"'),
    "needs AutoGluon": (None, {}, "served with AutoGluon only"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_model_that_something_speaks_against_is_not_let_in_and_the_status_says_why(
    world: World, case: str
) -> None:
    model, settings, words = CASES[case]
    name = world.new_dataset()
    first = published(world, name)
    compared = {"job": first, "verdict": "worse" if case == "worse" else "better"}
    second = published(world, name, model, settings=settings, champion=compared)
    assert answering(world, name, 10) == {first: 10}
    live = live_of(world, name)
    assert live.champion and live.champion.job == first and live.challenger is None
    said = status_text(world, name)
    assert words and words in said and first in said
    assert json.loads(world.read(model_json_key(name)))["job"] == second
    world.forget(name)


@pytest.mark.parametrize("case", ["worse", "predicts something else"])
def test_a_model_is_let_in_nevertheless_where_the_settings_say_so(world: World, case: str) -> None:
    model, settings, _ = CASES[case]
    name = world.new_dataset()
    first = published(world, name)
    compared = {"job": first, "verdict": "worse"}
    always = {**settings, "take_over": "always"}
    second = published(world, name, model, settings=always, champion=compared)
    both = {second} if case == "predicts something else" else {first, second}
    assert set(answering(world, name)) == both
    world.forget(name)


@pytest.mark.parametrize("verdict", ["better", "worse", "similar"])
def test_a_model_that_was_compared_with_another_than_the_champion_is_not_let_in(
    world: World, verdict: str
) -> None:
    name = world.new_dataset()
    first = published(world, name)
    # Its training begins while the first answers, and ends when the second does.
    compared = {"job": first, "verdict": verdict}
    second = published(world, name, BETTER)
    end_trial(world, name)
    published(world, name, champion=compared)
    assert answering(world, name) == {second: 40}
    live = live_of(world, name)
    assert live.history[-1].what == "not_compared" and live.challenger is None
    said = status_text(world, name)
    assert "compared with another model" in said and f"codefree deploy {name}" in said
    always = {"take_over": "always"}
    fourth = published(world, name, settings=always, champion=compared)
    assert set(answering(world, name)) == {second, fourth}
    world.forget(name)


def test_a_model_that_does_not_say_what_its_predictions_file_says_is_not_let_in(
    world: World,
) -> None:
    for label, probability, fits in (("0", "0.250000", True), ("1", "0.250000", False)):
        name = world.new_dataset()
        first = published(world, name)
        job = trained(world, name)
        header = "Sex,prediction,probability_0,probability_1,reasons"
        predictions = f"{header}\nmale,{label},0.750000,{probability},because\n".encode()
        file = f"{name}_test_prediction.csv"
        world.put(f"{layout.live_folder(job)}{file}", predictions)
        world.publish(name)
        assert set(answering(world, name)) == ({first, job} if fits else {first})
        if not fits:
            assert "It answers 1 of 1 rows differently" in status_text(world, name)
        world.forget(name)


def test_a_new_model_is_compared_with_the_one_that_answers_not_with_the_newest(
    world: World,
) -> None:
    name = world.new_dataset()
    first = published(world, name)
    published(world, name, BETTER, champion={"job": first, "verdict": "worse"})
    third = trained(world, name)
    (channel,) = [
        one
        for one in world.cloud.sagemaker.describe(third)["InputDataConfig"]
        if one["ChannelName"] == "champion"
    ]
    manifest = world.read(channel["DataSource"]["S3DataSource"]["S3Uri"].split("/", 3)[3])
    assert f"models/{first}/output/" in manifest.decode()
    world.forget(name)


def test_an_older_job_that_is_published_late_replaces_nothing(world: World) -> None:
    name = world.new_dataset()
    late = trained(world, name)
    newer = trained(world, name, BETTER)
    with world.function("PublishResultsFunction") as function:
        for job in (newer, late, newer, late):
            event = ended_event(job)
            function.invoke(event)
    assert answering(world, name) == {newer: 40}
    assert json.loads(world.read(model_json_key(name)))["job"] == newer
    world.forget(name)


def ended_event(job: str) -> dict[str, Any]:
    return {"id": "x", "detail": {"TrainingJobName": job}}


def test_whatever_befalls_a_call_the_same_models_answer_and_the_status_says_the_same(
    world: World, subtests: pytest.Subtests
) -> None:
    def case(fault: Fault | None, at: int) -> tuple[list[Call], dict[str, str]]:
        name = world.new_dataset()
        published(world, name)
        job = trained(world, name, BETTER)
        calls = world.publish_job(job, fault, at)
        found = {
            key: value
            for key, value in world.last_look(name).items()
            if key.endswith(("live.json", "STATUS.txt", "model.json", "status.json"))
        }
        return calls, found

    calls, expected = case(None, 0)
    # The table and the page of the runs read it again.
    first = places_of(calls, r"GetObject results/[^/]+/live\.json")[0]
    last = place_of(calls, r"PutObject results/[^/]+/live\.json")
    assert first < last < place_of(calls, r"PutObject results/[^/]+/model\.json")
    places = [
        (fault, at) for fault in FAULTS for at in fault.places(calls) if first <= at <= last + 1
    ]
    places = part_of(places, 3)
    for number, found in at_once(lambda n: case(*places[n])[1], list(range(len(places)))):
        fault, at = places[number]
        with subtests.test(f"call {at}, {calls[at]}, {fault}"):
            assert found() == expected


def test_two_publications_at_once_both_count(world: World, subtests: pytest.Subtests) -> None:
    """Another job of the dataset may be published between any two calls."""

    def case(at: int | None) -> Live:
        name = world.new_dataset()
        published(world, name)
        older = trained(world, name)
        newer = trained(world, name, BETTER)
        if at is None:
            calls.extend(world.publish_job(newer, None, 0))
        else:
            meanwhile = Fault("overtaken", meanwhile=lambda: world.publish_job(older, None, 0))
            world.publish_job(newer, meanwhile, at)
        live = live_of(world, name)
        assert live.challenger and live.challenger.version.job == newer
        world.forget(name)
        return live

    calls: list[Call] = []
    case(None)
    # The table and the page of the runs read it again.
    first = places_of(calls, r"GetObject results/[^/]+/live\.json")[0]
    last = place_of(calls, r"PutObject results/[^/]+/live\.json")
    for at, found in at_once(case, part_of(range(first, last + 1), 2)):
        with subtests.test(f"before call {at}, {calls[at]}"):
            assert found().champion


def counted(world: World, job: str) -> Counter[str]:
    """What the predict function has counted of a challenger."""
    total: Counter[str] = Counter()
    log = (world.cloud.logs / "PredictFunction.log").read_text("utf-8")
    for line in (json.loads(one) for one in log.splitlines() if one.startswith("{")):
        if "_aws" in line and line.get("job") == job:
            (told,) = line["_aws"]["CloudWatchMetrics"]
            assert ["service"] in told["Dimensions"] and ["job"] in told["Dimensions"]
            for metric in told["Metrics"]:
                total[metric["Name"]] += sum(line[metric["Name"]])
                total[f"{metric['Name']} in all"] += 1
    return total


def test_where_the_challenger_cannot_answer_the_champion_does_and_it_is_counted(
    world: World,
) -> None:
    name = world.new_dataset()
    first = published(world, name)
    second = published(world, name, guessing_model("Sex", "a column that no caller sends"))
    assert answering(world, name) == {first: 40}
    found = counted(world, second)
    assert 0 < found["ChallengerFailed"] == found["ChallengerFailed in all"] < 40
    assert found["ChallengerMisread"] == 0
    world.forget(name)


def test_models_that_fail_stop_without_any_alarm_and_none_becomes_the_champion(
    world: World,
) -> None:
    """However many others fail, are stopped, or do well at the same time."""
    names = [world.new_dataset() for _ in range(3)]
    needs_more = guessing_model("Sex", "a column that no caller sends")
    jobs = {
        name: (published(world, name), published(world, name, model))
        for name, model in zip(names, (needs_more, needs_more, BETTER), strict=True)
    }
    *failing, fine = names
    with ThreadPoolExecutor(CLIENTS) as pool:
        found = dict(zip(names, pool.map(lambda name: answering(world, name), names), strict=True))
    for name in failing:
        first, second = jobs[name]
        assert found[name] == {first: 40}
        live = live_of(world, name)
        assert live.challenger and (live.challenger.share, live.challenger.failures) == (
            *(0, MOST_FAILURES),
        )
        assert [(one.who, one.job) for one in live.history if one.what == "stopped"] == [
            ("requests", second)
        ]
        assert counted(world, second)["ChallengerFailed"] == MOST_FAILURES
        end_trial(world, name)
        assert answering(world, name) == {first: 40}
    assert set(found[fine]) == set(jobs[fine])
    end_trial(world, fine)
    assert answering(world, fine) == {jobs[fine][1]: 40}
    # An alarm that comes later says so, whatever CloudWatch has heard until then.
    with world.function("PublishResultsFunction") as function:
        function.invoke(alarm_event())
    for name in failing:
        said = status_text(world, name)
        assert f"the model of training job {jobs[name][1]} stopped answering" in said
        assert f"It failed on {MOST_FAILURES} " in said
    for name in names:
        world.forget(name)


def test_requests_that_fail_at_once_write_a_few_times_and_one_that_fails_is_enough(
    world: World,
) -> None:
    name = world.new_dataset()
    first = published(world, name)
    second = published(world, name, guessing_model("Sex", broken=True))
    number = next(n for n in range(100) if takes_part(world, name, n))
    assert asked(world, name, number).json["job"] == first
    live = live_of(world, name)
    assert live.challenger and (live.challenger.share, live.challenger.failures) == (SHARE, 1)
    end_trial(world, name)
    assert answering(world, name) == {first: 40}
    assert live_of(world, name).state_of(second, datetime.now(UTC)) == "held_back"
    third = published(world, name, guessing_model("Sex", broken=True))
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda number: asked(world, name, number), range(100)))
    assert {(one.status, one.json["job"]) for one in answers} == {(200, first)}
    stopped = live_of(world, name)
    assert stopped.challenger and stopped.challenger.failures <= MOST_FAILURES
    assert stopped.state_of(third, datetime.now(UTC) + timedelta(days=1)) == "held_back"
    world.forget(name)


def takes_part(world: World, name: str, number: int) -> bool:
    """Whether the challenger is asked."""
    one = live_of(world, name).challenger
    return one is not None and takes(one, json.dumps({"Sex": "male", "Number": number}))


def metric_data(world: World, job: str, metric: str, values: Sequence[float]) -> None:
    world.client("cloudwatch").put_metric_data(
        Namespace="codefree-automl",
        MetricData=[
            {
                "MetricName": metric,
                "Dimensions": [{"Name": "job", "Value": job}],
                "Value": value,
                "Timestamp": datetime.now(UTC) - timedelta(minutes=1),
            }
            for value in values
        ],
    )


def alarm_event(state: str = "ALARM", alarm: str = "ChallengersFail") -> dict[str, Any]:
    return {
        "id": "y",
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "detail": {"alarmName": f"codefree-automl-{alarm}-1A2B", "state": {"value": state}},
    }


@pytest.mark.parametrize(
    ("metric", "values", "words"),
    [
        ("ChallengerFailed", [1, 1, 0, 0], "It failed on 2 of its last 4 requests"),
        ("ChallengerFailed", [1], "It failed on one of its last 1 requests"),
        ("ChallengerMisread", [1, 0], "In one of its last 2 requests, it understood fewer cells"),
    ],
)
def test_an_alarm_takes_the_share_from_the_model_that_fails_and_from_no_other(
    world: World, metric: str, values: list[float], words: str
) -> None:
    failing, fine = world.new_dataset(), world.new_dataset()
    jobs = {
        name: (published(world, name), published(world, name, BETTER)) for name in (failing, fine)
    }
    metric_data(world, jobs[failing][1], metric, values)
    if len(values) == 1:
        # The alarm comes when the trial is just over.
        end_trial(world, failing)
    metric_data(world, jobs[fine][1], metric, [0] * 30 + [1] * (metric == "ChallengerFailed"))
    with world.function("PublishResultsFunction") as function:
        for _ in range(2):
            function.invoke(alarm_event())
    first, second = jobs[failing]
    assert answering(world, failing) == {first: 40}
    assert set(answering(world, fine)) == set(jobs[fine])
    live = live_of(world, failing)
    assert live.challenger and (live.challenger.version.job, live.challenger.share) == (second, 0)
    assert [one.what for one in live.history if one.who == "alarm"] == ["stopped"]
    said = status_text(world, failing)
    assert said.count(words) == 1 and f"the model of training job {second} stopped" in said
    assert "stopped answering" not in status_text(world, fine)
    # Its time is over some day, and it is still stopped.
    end_trial(world, failing)
    assert answering(world, failing) == {first: 40}
    for name in (failing, fine):
        world.forget(name)


def test_no_file_of_a_dataset_protects_the_failing_models_of_others(world: World) -> None:
    failing = world.new_dataset()
    first, second = published(world, failing), published(world, failing, BETTER)
    metric_data(world, second, "ChallengerFailed", [1])
    trial = json.loads(live_of(world, failing).to_json())
    far = {**trial["challenger"], "until": "9999-12-31T23:59:59+00:00"}
    line = {"when": "soon", "who": "alarm", "what": "stopped", "job": second}
    hostile = [
        json.dumps({**trial, "challenger": far}).encode(),
        json.dumps({**trial, "history": [line]}).encode(),
        b"[" * 100_000,
        b"\xff",
    ]
    names = [f"aaa-{number}" for number in range(len(hostile))]
    for name, content in zip(names, hostile, strict=True):
        world.put(live_json_key(name), content)
    with world.function("PublishResultsFunction") as function:
        function.invoke(alarm_event())
    assert answering(world, failing) == {first: 40}
    for name in (*names, failing):
        world.forget(name)


def test_whatever_befalls_a_call_a_failing_model_is_stopped_and_that_is_said_once(
    world: World, subtests: pytest.Subtests
) -> None:
    name = world.new_dataset()
    first, second = published(world, name), published(world, name, BETTER)
    metric_data(world, second, "ChallengerFailed", [1])
    before = {key: world.read(key) for key in world.keys(*prefixes(name))}

    def case(fault: Fault | None, at: int) -> tuple[list[Call], tuple[object, ...]]:
        for key, content in before.items():
            world.put(key, content)
        calls = world.publish_event(alarm_event(), fault, at)
        live = live_of(world, name)
        said = status_text(world, name).count(f"the model of training job {second} stopped")
        stopped = [one.what for one in live.history if one.who == "alarm"]
        share = live.challenger.share if live.challenger else None
        return calls, (live.champion and live.champion.job, said, stopped, share)

    calls, expected = case(None, 0)
    assert expected == (first, 1, ["stopped"], 0)
    # Nothing waits for what follows: the table and the page of the runs.
    last = place_of(calls, r"PutObject results/[^/]+/status\.json")
    places = [(fault, at) for fault in FAULTS for at in fault.places(calls) if at <= last + 1]
    for fault, at in part_of(places, 3):
        with subtests.test(f"call {at}, {calls[at]}, {fault}"):
            assert case(fault, at)[1] == expected
    world.forget(name)


def test_the_rule_lets_alarms_of_challengers_through_and_no_others(world: World) -> None:
    rules = world.client("events").list_rules()["Rules"]
    (rule,) = [one for one in rules if "Alarm State Change" in one.get("EventPattern", "")]
    pattern = json.loads(rule["EventPattern"])
    (begin,) = pattern["detail"]["alarmName"]
    for alarm in ("ChallengersFail", "ChallengersMisread"):
        assert alarm_event(alarm=alarm)["detail"]["alarmName"].startswith(begin["prefix"])
    assert not alarm_event(alarm="FunctionsBreak")["detail"]["alarmName"].startswith(
        begin["prefix"]
    )
    assert pattern["detail"]["state"] == {"value": ["ALARM"]}


def test_models_are_replaced_tried_and_rolled_back_while_16_clients_ask_and_none_fails(
    world: World,
) -> None:
    name = world.new_dataset()
    jobs = [published(world, name)]
    done = False

    def ask_on(client: int) -> Counter[object]:
        found: Counter[object] = Counter()
        number = client
        while not done or found.total() < 10:
            answer = asked(world, name, number)
            found[answer.json["job"] if answer.status == 200 else answer.text] += 1
            number += CLIENTS
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(ask_on, client) for client in range(CLIENTS)]
        try:
            for turn in range(ROUNDS):
                broken = guessing_model("Sex", broken=True)
                model = (BETTER, broken, GOOD)[turn % 3]
                jobs.append(published(world, name, model))
                if model is not broken:
                    assert len(answering(world, name)) == 2
                if turn % 3 == 0:
                    end_trial(world, name)
                elif (live := live_of(world, name)).on_trial(datetime.now(UTC)):
                    stopped = live.rolled_back(datetime.now(UTC))
                    assert stopped
                    put_live(world, name, stopped)
        finally:
            done = True
        found = sum((one.result() for one in clients), Counter[object]())
    answered = set(jobs) - {job for n, job in enumerate(jobs[1:]) if n % 3 == 1}
    assert set(found) <= set(jobs), found
    assert len(set(found) & answered) >= 2
    world.forget(name)


def test_what_was_turned_off_answers_nothing_in_words_and_a_new_model_does_not_turn_it_on(
    world: World,
) -> None:
    name = world.new_dataset()
    published(world, name)
    put_live(world, name, live_of(world, name).undeployed(datetime.now(UTC)))
    refused = asked(world, name)
    assert (refused.status, refused.json["code"]) == (409, "api.undeployed")
    assert described(world, name)["live"]["answers_requests"] is False
    assert described(world, name)["answers_requests"] is False
    published(world, name, BETTER)
    assert asked(world, name).status == 409
    assert f"codefree deploy {name}" in status_text(world, name)
    world.forget(name)


def test_what_an_earlier_release_left_answers_until_a_newer_model_challenges_it(
    world: World,
) -> None:
    name = world.new_dataset()
    first = published(world, name)
    world.objects.pop(live_json_key(name))
    assert answering(world, name, 10) == {first: 10}
    second = published(world, name, BETTER)
    assert set(answering(world, name)) == {first, second}
    world.forget(name)


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000])
def test_a_damaged_live_json_is_refused_in_words_until_its_owner_deploys(
    world: World, content: bytes
) -> None:
    name = world.new_dataset()
    published(world, name)
    # model.json names it.
    published(world, name, BETTER, settings={"take_over": "never"})
    world.put(live_json_key(name), content)
    refused = asked(world, name)
    assert (refused.status, refused.json["code"]) == (409, "api.live_damaged")
    listed = [one["dataset"] for one in ask(world.cloud, "datasets").json["datasets"]]
    assert name not in listed
    for take_over in ("never", "always"):
        published(world, name, BETTER, settings={"take_over": take_over})
        assert asked(world, name).status == 409
        assert world.read(live_json_key(name)) == content
        said = status_text(world, name)
        assert "live.json is damaged" in said and f"codefree deploy {name}" in said
    world.forget(name)
