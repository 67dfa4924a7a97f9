"""Files to translate have a price before they cost anything, and are paid once."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from codefree.cloud import Cloud, Settings
from codefree.lambda_service import FunctionClosedError, LambdaFunction
from tests.amazon_translate import THROTTLED, AmazonTranslate, amazon_translate, using
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING
from tests.messages import codes_in
from tests.uploads import drop, keys, text, uploaded_event

DONE: dict[str, Any] = {"batchItemFailures": []}
ROWS = 300
# Numbers would be protected, so each has letters of its own.
LETTERS = str.maketrans("0123456789", "abcdefghij")
WORDS = [
    f"{number:04} is a review of something that was bought".translate(LETTERS)
    for number in range(ROWS)
]
CHARACTERS = sum(map(len, WORDS))
USD = CHARACTERS * 15 / 1e6
SETTINGS = {"columns": ["review"], "source": "en", "target": "fr"}
LEDGER = "jobs/costs.json"


@pytest.fixture(scope="module")
def stack() -> Iterator[Cloud]:
    """A stack in which nothing happens but what a test calls, and Amazon Translate is chosen."""
    parameters = {
        "TranslationEngine": "amazon-translate",
        "TranslationFallback": "none",
        "MonthlyBudgetUsd": "2",
        "SettleSeconds": "0",
    }
    with own_cloud(Settings(parameters=parameters, training_source=STUB_TRAINING)) as cloud:
        events = cloud.endpoint.client("events")
        for rule in events.list_rules()["Rules"]:
            if targets := events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])
        yield cloud


@pytest.fixture
def amazon() -> Iterator[AmazonTranslate]:
    with amazon_translate() as service:
        yield service


@pytest.fixture
def name() -> str:
    return f"reviews-{uuid4().hex[:6]}"


def put(cloud: Cloud, name: str, **chosen: object) -> dict[str, Any]:
    """The event of a file to translate, which is there with its settings.

    Each has other bytes: what is paid for a content is paid for all files that hold it.
    """
    file = "id,review\n" + "".join(f"{name}-{n},{words}\n" for n, words in enumerate(WORDS))
    drop(cloud, f"data/{name}_translate.json", json.dumps({**SETTINGS, **chosen}))
    drop(cloud, f"data/{name}_translate.csv", file)
    return uploaded_event(cloud, f"data/{name}_translate.csv")


def status(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(cloud, f"results/{name}_translate/status.json"))
    return found


def translated(cloud: Cloud, name: str) -> list[str]:
    written = text(cloud, f"results/{name}_translate/{name}_translated.csv")
    rows = csv.DictReader(io.StringIO(written.removeprefix("\ufeff")))
    return [row["review_fr"] for row in rows]


def costs(cloud: Cloud, name: str) -> list[dict[str, str]]:
    if "results/costs.csv" not in keys(cloud, "results/costs"):
        return []
    written = text(cloud, "results/costs.csv").removeprefix("\ufeff")
    return [r for r in csv.DictReader(io.StringIO(written)) if r["dataset"] == f"{name}_translate"]


def reservations(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(cloud, LEDGER))["set_aside"]
    return found


def waits(answer: Any) -> bool:
    return len(answer["batchItemFailures"]) == 1


def until_done(function: LambdaFunction, event: dict[str, Any]) -> int:
    """How often it takes until the message is handled."""
    for receives in range(1, 60):
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(receives)
        if function.invoke(event) == DONE:
            return receives
    raise AssertionError("not handled")


def test_a_file_has_a_line_in_the_costs_and_its_price_is_told(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:
        assert function.invoke(put(stack, name)) == DONE
    assert translated(stack, name) == [words.upper() for words in WORDS]
    assert amazon.characters == CHARACTERS
    (line,) = costs(stack, name)
    assert float(line["usd"]) == pytest.approx(USD, abs=1e-5)
    assert line["instance_type"] == "amazon-translate"
    assert "detail.translation_cost" in codes_in(status(stack, name))
    assert not [job for job in reservations(stack) if job.startswith("translation:")]


def test_the_same_file_again_is_paid_no_second_time(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:
        for _ in range(2):
            assert function.invoke(put(stack, name)) == DONE
    assert amazon.characters == CHARACTERS
    assert len(costs(stack, name)) == 1
    assert status(stack, name)["state"] == "completed"


def test_an_engine_that_throttles_now_and_then_is_waited_for(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    """The SDK asks again later, and the caller does not notice."""
    amazon.refuse = lambda number: THROTTLED if number % 50 == 7 else None
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:
        assert function.invoke(put(stack, name)) == DONE
    assert amazon.characters == CHARACTERS
    assert translated(stack, name)[7] == WORDS[7].upper()


def test_whatever_fails_in_the_middle_nothing_is_paid_twice(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    """An error that the SDK does not try again, at another place in every try."""
    amazon.refuse = lambda number: "AccessDeniedException" if number % 47 == 46 else None
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:
        assert until_done(function, put(stack, name)) > 3
    assert sorted(amazon.paid) == sorted(WORDS)
    assert translated(stack, name) == [words.upper() for words in WORDS]
    (line,) = costs(stack, name)
    assert float(line["usd"]) == pytest.approx(USD, abs=1e-5)


def test_a_function_that_dies_loses_one_part_and_what_it_cost_is_counted(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    event = put(stack, name)
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:

        def die(number: int) -> str | None:
            if number == 150:
                function.close()
            return None

        amazon.refuse = die
        with pytest.raises(FunctionClosedError):
            function.invoke(event)
    lost = amazon.characters
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:
        # Until its lease is over, it may still be alive.
        assert waits(function.invoke(event))
        end_lease(stack)
        assert function.invoke(event) == DONE
    again = amazon.characters - CHARACTERS
    assert 0 <= again <= 5_000 and lost < CHARACTERS
    (line,) = costs(stack, name)
    assert amazon.characters * 15 / 1e6 <= float(line["usd"]) + 1e-5
    assert float(line["usd"]) <= USD + 5_000 * 15 / 1e6


def end_lease(cloud: Cloud) -> None:
    for key in keys(cloud, "translated/"):
        if key.endswith("/progress.json"):
            progress = json.loads(text(cloud, key))
            drop(cloud, key, json.dumps({**progress, "by": "", "until": ""}))


def test_two_functions_that_get_the_same_file_at_once_pay_for_it_once(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    event = put(stack, name)
    others: list[Any] = []
    columns = stack.functions["TranslateColumnsFunction"]
    with using(columns, amazon.url) as function, using(columns, amazon.url) as other:

        def meanwhile(number: int) -> str | None:
            if number == 100:
                others.append(other.invoke(event))
            return None

        amazon.refuse = meanwhile
        assert function.invoke(event) == DONE
        (second,) = others
        assert waits(second)
        assert other.invoke(event) == DONE
    assert sorted(amazon.paid) == sorted(WORDS)


def test_a_file_over_the_cap_is_refused_with_the_smallest_that_would_do_before_it_costs_anything(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    columns = stack.functions["TranslateColumnsFunction"]
    with using(columns, amazon.url) as function:
        assert function.invoke(put(stack, name, max_cost_usd=0.2)) == DONE
        found = status(stack, name)
        assert (found["state"], found["code"]) == ("refused", "cost.translation_over_cap")
        assert amazon.asked == 0 and costs(stack, name) == []
        reason = found["messages"]["headline"]["values"]["reason"]
        smallest = float(reason["values"]["smallest"])
        assert function.invoke(put(stack, name, max_cost_usd=smallest)) == DONE
    assert status(stack, name)["state"] == "completed"
    assert amazon.characters == CHARACTERS


def test_a_file_may_not_raise_the_cap_of_the_stack(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:
        assert function.invoke(put(stack, name, max_cost_usd=100)) == DONE
    assert status(stack, name)["code"] == "settings.cap_too_high"
    assert amazon.asked == 0


def test_a_file_waits_for_the_budget_in_words_and_goes_on_when_there_is_some(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    held = {"a job that runs": {"usd": 1.9, "since": "2036-11-21T04:00:00+00:00"}}
    drop(stack, LEDGER, json.dumps({"set_aside": held, "ended": []}))
    event = put(stack, name)
    with using(stack.functions["TranslateColumnsFunction"], amazon.url) as function:
        assert waits(function.invoke(event))
        assert status(stack, name)["code"] == "wait.budget"
        assert amazon.asked == 0
        drop(stack, LEDGER, json.dumps({"set_aside": {}, "ended": []}))
        assert function.invoke(event) == DONE
    assert status(stack, name)["state"] == "completed"


def test_what_takes_longer_than_one_run_goes_on_in_the_next(
    stack: Cloud, amazon: AmazonTranslate, name: str
) -> None:
    """Each run has two seconds for its parts; the message that it sends goes to another queue."""
    sqs = stack.endpoint.client("sqs")
    queue = sqs.create_queue(QueueName=f"own-{name}")["QueueUrl"]
    columns = stack.functions["TranslateColumnsFunction"]
    amazon.refuse = slowly
    event = put(stack, name)
    runs = 0
    with using(
        LambdaFunction(columns.configuration, stack.endpoint),
        amazon.url,
        timeout=242,
        COLUMNS_QUEUE_URL=queue,
    ) as function:
        while status_or_none(stack, name) != "completed":
            assert function.invoke(event) == DONE
            runs += 1
            messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
            assert len(messages) == (status_or_none(stack, name) != "completed")
            for message in messages:
                assert message["Body"] == event["Records"][0]["body"]
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert runs > 1
    assert sorted(amazon.paid) == sorted(WORDS)


def slowly(number: int) -> None:
    """As a slow service would."""
    threading.Event().wait(0.05)


def status_or_none(cloud: Cloud, name: str) -> str | None:
    there = f"results/{name}_translate/status.json" in keys(cloud, f"results/{name}_translate/")
    return str(status(cloud, name)["state"]) if there else None
