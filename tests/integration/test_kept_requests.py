"""Requests that are kept on request, and compared with what the model learned from."""

import csv
import io
import json
from collections import Counter
from uuid import uuid4

import numpy as np
import pytest

from codefree.cloud import Cloud
from codefree.lambda_service import FunctionError
from contract.layout import (
    REQUESTS,
    STATUS_JSON,
    kept_requests,
    live_json_key,
    live_page_key,
    results_prefix,
)
from contract.live import Live, Version
from contract.messages import message
from pipeline.status import Status
from reading.column import CATEGORY, NUMBER, Column
from reading.spread import FEWEST, MOST_SHARES, spread_of_categories, spread_of_numbers
from serving.kept_requests import MOST_BYTES, MOST_ROWS, is_kept
from tests.http import ask
from tests.portable_models import JOB, put_model

FUNCTION = "CompareRequestsFunction"
HOSTILE = '<img src=x onerror="alert(1)">'
random = np.random.default_rng(3)
AGES = random.normal(40, 10, 400).round(1)
KINDS = random.choice(["a", "b", HOSTILE], 400, p=[0.6, 0.3, 0.1])
COLUMNS = (
    Column("age", NUMBER, spreads=(spread_of_numbers(AGES.tolist()),)),
    Column(
        f"kind {HOSTILE}",
        CATEGORY,
        categories=("a", "b", HOSTILE),
        spreads=(spread_of_categories(Counter(KINDS.tolist()), MOST_SHARES),),
    ),
)


def dataset_with(cloud: Cloud, keep_requests: float) -> str:
    """The name of a dataset whose model keeps so many percent of its requests."""
    dataset = f"페이지 & {uuid4().hex[:6]}"
    s3 = cloud.endpoint.client("s3")
    put_model(s3, cloud.bucket, dataset, *COLUMNS, keep_requests=keep_requests)
    key = results_prefix(dataset) + STATUS_JSON
    s3.put_object(
        Bucket=cloud.bucket, Key=key, Body=status(dataset).to_json("2026-07-01T12:00:00+00:00")
    )
    return dataset


def status(dataset: str) -> Status:
    """Of a dataset whose model is ready."""
    headline = message("text", text="ready")
    return Status(dataset, "completed", headline, results_prefix(dataset))


def predict(cloud: Cloud, dataset: str, ages: np.ndarray, kinds: np.ndarray) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(
        [[column.name for column in COLUMNS], *zip(ages.tolist(), kinds.tolist(), strict=True)]
    )
    headers = {"Content-Type": "text/csv"}
    answer = ask(cloud, f"predict/{dataset}", text.getvalue().encode(), **headers)
    assert answer.status == 200, answer.json


def kept(cloud: Cloud, dataset: str) -> list[str]:
    s3 = cloud.endpoint.client("s3")
    found = s3.list_objects_v2(Bucket=cloud.bucket, Prefix=kept_requests(dataset))
    return [entry["Key"] for entry in found.get("Contents", [])]


def read(cloud: Cloud, key: str) -> str:
    found = cloud.endpoint.client("s3").get_object(Bucket=cloud.bucket, Key=key)
    return found["Body"].read().decode()


def test_nothing_is_kept_unless_the_settings_say_so(cloud: Cloud) -> None:
    dataset = dataset_with(cloud, 0)
    predict(cloud, dataset, AGES[:5], KINDS[:5])
    assert kept(cloud, dataset) == []
    assert dataset not in cloud.functions[FUNCTION].invoke({})


def test_a_request_is_kept_as_it_came_and_no_more_of_it_than_needed(cloud: Cloud) -> None:
    dataset = dataset_with(cloud, 100)
    row = {"age": "39,5", COLUMNS[1].name: None, "password": "secret"}
    body = json.dumps([row] * (MOST_ROWS + 9)).encode()
    assert ask(cloud, f"predict/{dataset}", body).status == 200
    (key,) = kept(cloud, dataset)
    assert key.startswith(REQUESTS)
    content = json.loads(read(cloud, key))
    assert content["job"] == JOB
    assert content["rows"] == {"age": ["39,5"] * MOST_ROWS, COLUMNS[1].name: [None] * MOST_ROWS}


@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_what_differs_from_train_is_named_in_page_and_status(cloud: Cloud, shift: float) -> None:
    dataset = dataset_with(cloud, 100)
    for part in range(4):
        rows = slice(part * MOST_ROWS, (part + 1) * MOST_ROWS)
        predict(cloud, dataset, AGES[rows] + shift, KINDS[rows])
    assert dataset in cloud.functions[FUNCTION].invoke({})
    # Twice says the same once.
    assert dataset in cloud.functions[FUNCTION].invoke({})
    page = read(cloud, live_page_key(dataset))
    assert HOSTILE not in page and "&lt;img src=x" in page and "<script" not in page
    found = json.loads(read(cloud, results_prefix(dataset) + STATUS_JSON))
    (note,) = found["messages"]["notes"]
    assert note["code"] == ("drift.differs" if shift else "drift.alike")
    if shift:
        assert note["values"]["columns"] == ["age"]
        assert page.index("age</th>") < page.index("kind &lt;img")
    assert note["values"]["rows"] == 4 * MOST_ROWS


def test_long_rows_are_kept_in_bounded_space(cloud: Cloud) -> None:
    dataset = dataset_with(cloud, 100)
    rows = [{"age": 1, COLUMNS[1].name: "\U0001f600" * 1000} for _ in range(MOST_ROWS)]
    assert ask(cloud, f"predict/{dataset}", json.dumps(rows).encode()).status == 200
    too_long = [{"age": 1, COLUMNS[1].name: "x" * MOST_BYTES}]
    assert ask(cloud, f"predict/{dataset}", json.dumps(too_long).encode()).status == 200
    (key,) = kept(cloud, dataset)
    content = read(cloud, key)
    assert len(content.encode()) <= MOST_BYTES
    assert 0 < len(json.loads(content)["rows"]["age"]) < MOST_ROWS


def test_one_dataset_that_cannot_be_compared_stops_no_other(cloud: Cloud) -> None:
    damaged, sound = dataset_with(cloud, 100), dataset_with(cloud, 100)
    for dataset in (damaged, sound):
        predict(cloud, dataset, AGES[:MOST_ROWS], KINDS[:MOST_ROWS])
    (key,) = kept(cloud, damaged)
    s3 = cloud.endpoint.client("s3")
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"[" * 100_000)
    with pytest.raises(FunctionError, match="1 datasets could not be compared"):
        cloud.functions[FUNCTION].invoke({})
    assert "<table" in read(cloud, live_page_key(sound))
    s3.delete_object(Bucket=cloud.bucket, Key=key)


def test_the_newest_settings_decide_whichever_model_answers(cloud: Cloud) -> None:
    dataset = dataset_with(cloud, 100)
    first = Version(JOB, "Survived", "1", 100.0)
    second = Version("newer", "Survived", "2", 0.0)
    live = Live(champion=first, newest=second)
    s3 = cloud.endpoint.client("s3")
    s3.put_object(Bucket=cloud.bucket, Key=live_json_key(dataset), Body=live.to_json())
    predict(cloud, dataset, AGES[:5], KINDS[:5])
    assert kept(cloud, dataset) == []


def test_too_few_rows_say_so(cloud: Cloud) -> None:
    dataset = dataset_with(cloud, 100)
    predict(cloud, dataset, AGES[: FEWEST - 1] + 30, KINDS[: FEWEST - 1])
    assert dataset in cloud.functions[FUNCTION].invoke({})
    assert "<table" not in read(cloud, live_page_key(dataset))


@pytest.mark.parametrize("percent", [0.0, 1.0, 30.0, 100.0])
def test_about_so_many_requests_are_kept(percent: float) -> None:
    tries, share = 5000, percent / 100
    found = sum(is_kept(str(uuid4()), percent) for _ in range(tries))
    five_deviations = 5 * (share * (1 - share) / tries) ** 0.5
    assert found / tries == pytest.approx(share, abs=five_deviations)
