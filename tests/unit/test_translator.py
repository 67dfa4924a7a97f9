"""Keys, plans and jobs of translators; what deploying and retiring says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.endpoint import is_idle
from pipeline.errors import MisnamedError, RefusedError
from pipeline.training_job import training_request
from tests.messages import raises
from tests.plans import STACK, assert_valid
from tests.translator_jobs import DATA, PAIRS, files
from translation.training import (
    plan_translator,
    translator_job,
    translator_job_name,
    translator_of_key,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "pair"),
    [
        ("translation/en-de_train.tsv", "en-de"),
        ("translation/en-de_train.csv", "en-de"),
        ("translation/en-de.json", "en-de"),
        ("translation/en-de_version.json", "en-de"),
        ("translation/en-zh-TW_train.tsv", "en-zh-TW"),
        ("translation/kor-eng_train.csv", "kor-eng"),
    ],
)
def test_a_key_names_a_pair(key: str, pair: str) -> None:
    data = translator_of_key(key)
    assert data is not None and data.pair == pair
    assert data.results_prefix == f"results/translation/{pair}/"


@pytest.mark.parametrize(
    "key",
    [
        "translation/en-de.tsv",
        "translation/en-en_train.tsv",
        "translation/english-german_train.tsv",
        "translation/../en-de_train.tsv",
        "translation/en-de_test.tsv",
        "translation/_train.csv",
    ],
)
def test_a_key_that_names_no_pair_is_refused_in_words(key: str) -> None:
    with raises(MisnamedError, "name.translator", key=key):
        translator_of_key(key)


def test_the_request_is_one_that_sagemaker_takes() -> None:
    plan = plan_translator(DATA, files(), STACK)
    name = translator_job_name("bucket", plan)
    request = training_request("bucket", translator_job(name, plan, STACK, "source/x/s.gz"), STACK)

    assert_valid(request)
    assert request["HyperParameters"]["sagemaker_program"] == '"train_translator.py"'
    assert request["CheckpointConfig"]["S3Uri"] == f"s3://bucket/models/{name}/checkpoints/"
    assert [c["ChannelName"] for c in request["InputDataConfig"]] == ["train", "job", "code"]


def test_with_a_network_a_base_model_travels_to_the_job() -> None:
    stack = replace(STACK, network_isolation=False)
    settings = b'{"base_model": "Helsinki-NLP/opus-mt-en-de"}'
    plan = plan_translator(DATA, files(settings=settings), stack)

    spec = translator_job("name", plan, stack, "source/x/s.gz")
    assert spec.base_model == "Helsinki-NLP/opus-mt-en-de"
    assert not training_request("bucket", spec, stack)["EnableNetworkIsolation"]


def test_minutes_make_another_translator_and_the_cap_does_not() -> None:
    def name(settings: bytes) -> str:
        return translator_job_name("bucket", plan_translator(DATA, files(settings=settings), STACK))

    assert name(b'{"training_minutes": 5}') != name(b'{"training_minutes": 6}')
    assert name(b'{"max_cost_usd": 5}') == name(b'{"max_cost_usd": 6}')


@pytest.mark.parametrize(
    ("content", "settings", "code"),
    [
        (b"source\tother\na\tb\n", None, "pairs.lacks"),
        (b"a\tb\nc\td\n", None, "pairs.lacks"),
        (b"Our pairs\n" + PAIRS, None, "pairs.lacks"),
        (b"source\ttarget\na\tb\n", None, "pairs.few"),
        (b"", None, "file.empty"),
        (PAIRS, b'{"target": "x"}', "settings.unknown_near"),
        (PAIRS, b'{"training_minutes": 1440}', "cost.over_cap"),
        (PAIRS, b'{"base_model": "Helsinki-NLP/opus-mt-en-de"}', "settings.base_model_network"),
    ],
)
def test_what_cannot_work_is_refused_before_it_costs(
    content: bytes, settings: bytes | None, code: str
) -> None:
    with raises(RefusedError, code):
        plan_translator(DATA, files(content, settings), STACK)


@pytest.mark.parametrize(
    ("age", "invocations", "days", "idle"),
    [(31, 0, 30, True), (31, 1, 30, False), (29, 0, 30, False), (400, 0, 0, False)],
)
def test_an_endpoint_is_idle_when_it_is_old_and_unused(
    age: int, invocations: float, days: float, idle: bool
) -> None:
    assert is_idle(NOW - timedelta(days=age), invocations, NOW, days) is idle
