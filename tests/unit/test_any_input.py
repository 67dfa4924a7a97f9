"""Whatever is uploaded, under whatever name: it is understood or refused in words."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl.dataset import Dataset
from automl.model_job import job_name, model_job
from automl.plan import plan_training
from codefree.request_checks import validation_message
from pipeline import files
from pipeline.budget import plan_budget
from pipeline.errors import MisnamedError, RefusedError
from pipeline.files import UploadedFile, UploadedFiles, table_head
from pipeline.settings import METRICS, OF_DATASETS, PRESETS, Settings, apply_settings_file
from pipeline.status import misnamed, refused, training
from pipeline.training_job import job_files, training_request
from tests.effort import examples
from tests.plans import SOURCE, STACK
from tests.strategies import JSON, KEYS, TEXTS
from uploads.owner import owner_of_key

MODEL = boto3.client(
    "sagemaker", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
).meta.service_model
REQUEST = MODEL.operation_model("CreateTrainingJob").input_shape
WHEN = "2026-11-21T04:00:00+00:00"
ROWS = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))


@pytest.fixture(scope="module", autouse=True)
def read_in_this_process() -> Iterator[None]:
    """Thousands of children take minutes, and here a fault of a reader is its own exception."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "bounded", lambda name, read: json.loads(json.dumps(read())))
        yield


@given(KEYS)
@settings(max_examples=examples(400, 100))
def test_any_key_belongs_to_one_folder_of_results_or_is_refused_below_refused(key: str) -> None:
    try:
        owner = owner_of_key(key)
    except MisnamedError as reason:
        status = misnamed(key, reason.message)
        assert re.fullmatch(r"results/_refused/[A-Za-z0-9-]+/", status.prefix)
        status.to_json(WHEN), status.to_text(WHEN)
        return
    if owner is None:
        assert key.endswith("/")
        return
    kind = "translation/" if key.startswith("translation/") else ""
    assert re.fullmatch(rf"results/{kind}[^/]+/", owner.results_prefix, re.DOTALL)
    assert owner.results_prefix.split("/")[-2] not in ("", ".", "..", "_refused")
    assert len(f"{owner.results_prefix}x-0123456789ab/".encode()) < 1024
    assert key in (*owner.train_keys, *owner.test_keys, owner.settings_key)


def uploaded(key: str, content: bytes, more: int = 0) -> UploadedFile:
    return UploadedFile(key, len(content) + more, "0123", "v1", WHEN, content)


LINES = st.lists(st.lists(st.sampled_from(["1", "a", "", '"', "1,5", "é"]) | TEXTS, max_size=5))
TABLES = st.builds(
    lambda lines, delimiter, encoding, noise: (
        "\n".join(delimiter.join(cells) for cells in lines).encode(encoding, "replace") + noise
    ),
    LINES,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp949", "cp1252"]),
    st.just(b"") | st.binary(max_size=8),
)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".xlsx", ".parquet"])
@given(st.binary(max_size=400) | TABLES, st.sampled_from([0, 1, 10**9]))
def test_any_bytes_are_a_table_or_are_refused_in_words(
    ending: str, content: bytes, more: int
) -> None:
    for written in (content, gzip.compress(content)):
        file = uploaded(f"data/x_train{ending}", written, more)
        try:
            head = table_head(file)
        except RefusedError as reason:
            assert "data/x_train" in str(reason)
        else:
            assert head.columns


@given(TABLES, st.none() | TABLES)
@settings(max_examples=examples(200, 50))
def test_any_tables_have_a_plan_or_are_refused_in_words(train: bytes, test: bytes | None) -> None:
    rows = b"a,label\n" + b"".join(b"%d,%d\n" % (n, n % 2) for n in range(30))
    assert_planned_or_refused(rows + train, test, None)
    assert_planned_or_refused(train, test, None)


LIKELY = st.sampled_from(
    ["y", "a", "id", *METRICS, *PRESETS, "binary", "regression", "ml.m5.large", 1, 0.5, "en", ["a"]]
)
CHOICES = st.dictionaries(st.sampled_from(OF_DATASETS), LIKELY | JSON, max_size=4)
FILES = (st.binary(max_size=60) | JSON.map(lambda j: json.dumps(j).encode())) | CHOICES.map(
    lambda chosen: json.dumps(chosen).encode()
)


@given(FILES)
@settings(max_examples=examples(400, 100))
@example(b'{"training_minutes": ' + b"9" * 5000 + b"}")
@example(b'{"max_cost_usd": NaN, "target": 1e400}')
@example(b'{"positive_class": "\\ud800", "target": "y"}')
@example(b'{"ignore_columns": ["\\udfff"], "target": "y"}')
@example(b"[" * 100_000)
def test_any_settings_file_is_followed_or_refused_in_words(content: bytes) -> None:
    try:
        apply_settings_file(Settings(), content, "data/x.json")
    except RefusedError as reason:
        assert "data/x.json" in str(reason)
    assert_planned_or_refused(f"id,a,y\n{ROWS}".encode(), b"id,a\n1,2\n", content)


@given(
    st.floats(0.5, 1440),
    st.floats(0.01, 1000),
    st.integers(0, 10**15),
    st.sampled_from(PRESETS),
    st.sampled_from(["us-east-1", "ap-northeast-2", "mars-north-1"]),
    st.none() | st.sampled_from(["ml.m5.large", "ml.m5.4xlarge"]) | TEXTS,
)
def test_any_budget_stays_below_its_cap_or_is_refused_with_one_that_would_do(
    minutes: float, cap: float, size: int, preset: str, region: str, machine: str | None
) -> None:
    chosen = Settings(
        training_minutes=minutes, max_cost_usd=cap, preset=preset, instance_type=machine
    )
    try:
        budget = plan_budget(chosen, size, region)
    except RefusedError as reason:
        if would_do := reason.message.values.get("smallest"):
            enough = replace(chosen, max_cost_usd=float(would_do))
            assert plan_budget(enough, size, region).worst_case_usd <= float(would_do)
    else:
        assert 0 < budget.worst_case_usd <= cap


def assert_planned_or_refused(train: bytes, test: bytes | None, chosen: bytes | None) -> None:
    """As far as the request that SageMaker would get, and what the uploader reads."""
    dataset = Dataset("x")
    three = UploadedFiles(
        uploaded("data/x_train.csv", train),
        None if test is None else uploaded("data/x_test.csv", test),
        None if chosen is None else uploaded("data/x.json", chosen),
    )
    try:
        plan = plan_training(dataset, three, STACK)
    except RefusedError as reason:
        status = refused(dataset, reason.message, three, None)
        status.to_json(WHEN), status.to_text(WHEN)
        return
    spec = model_job(job_name("bucket", plan), plan, STACK, SOURCE)
    assert job_files("bucket", spec)
    assert validation_message(REQUEST, training_request("bucket", spec, STACK)) is None
    status = training(spec)
    status.to_json(WHEN), status.to_text(WHEN)
