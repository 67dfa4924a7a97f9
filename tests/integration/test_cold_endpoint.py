"""An endpoint that was idle has no machine for a while: who answers, and who is paid."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from codefree.cloud import Cloud, Settings
from tests.amazon_translate import AmazonTranslate, amazon_translate, using
from tests.clouds import own_cloud
from tests.json_services import Reply, json_service
from tests.template_facts import ROOT

SAMPLE = json.loads((ROOT / "events/translation_requested.json").read_text())


@pytest.fixture(scope="module")
def stack() -> Iterator[Cloud]:
    with own_cloud(Settings()) as cloud:
        yield cloud


@pytest.fixture
def amazon() -> Iterator[AmazonTranslate]:
    with amazon_translate() as service:
        yield service


def answer(
    cloud: Cloud, amazon: AmazonTranslate, error: str, status: int, **variables: str
) -> dict[str, Any]:
    """What the API says to a text for a pair that has an endpoint of its own."""
    text = {"text": "good morning", "source": "en", "target": "de"}
    event = {**SAMPLE, "httpMethod": "POST", "path": "/translate", "body": json.dumps(text)}
    function = cloud.functions["TranslateFunction"]
    # A runtime whose endpoints all answer with this error.
    said = Reply({"Message": "made by a test"}, status, {"x-amzn-ErrorType": error})
    with json_service(lambda *request: said) as runtime:
        given = {
            "TRANSLATION_ENGINE": "sagemaker",
            "TRANSLATION_FALLBACK": "amazon-translate",
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime,
            **variables,
        }
        with using(function, amazon.url, **given) as own:
            found: dict[str, Any] = own.invoke({**event, "isBase64Encoded": False})
            return found


def test_the_first_request_after_a_pause_waits_and_costs_nothing(
    stack: Cloud, amazon: AmazonTranslate
) -> None:
    found = answer(stack, amazon, "ModelNotReadyException", 429)
    assert found["statusCode"] == 503
    assert found["multiValueHeaders"]["Retry-After"] == ["30"]
    assert json.loads(found["body"])["code"] == "engine.starting"
    assert amazon.asked == 0


def test_who_asks_for_it_pays_while_the_endpoint_starts(
    stack: Cloud, amazon: AmazonTranslate
) -> None:
    found = answer(stack, amazon, "ModelNotReadyException", 429, FALLBACK_WHILE_STARTING="true")
    assert found["statusCode"] == 200
    assert amazon.paid == ["good morning"]


def test_an_endpoint_that_fails_is_replaced_by_the_fallback(
    stack: Cloud, amazon: AmazonTranslate
) -> None:
    found = answer(stack, amazon, "ModelError", 424)
    assert found["statusCode"] == 200
    assert amazon.paid == ["good morning"]
