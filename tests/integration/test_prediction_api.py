"""Predictions over HTTP: models of real jobs, asked through the embedded cloud's API."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws.stored import MOST_LISTED
from codefree.api_gateway import TRANSLATION_KEY
from codefree.cloud import Cloud, Settings
from contract.layout import (
    PORTABLE_MODEL,
    PREDICTIONS,
    REFUSED,
    model_json_key,
    result_with_ending,
    results_folder,
)
from contract.messages import message, render
from portable.archive import unpack_model
from portable.model import load_model
from serving.request import MOST_EXPLAINED, MOST_ROWS
from serving.smoke_test import MOST_BYTES, unfit
from tests.clouds import own_cloud
from tests.conftest import eventually
from tests.few_rounds import few_rounds_source
from tests.http import Answer, ask
from tests.portable_models import JOB, OTHER_JOB, put_model

SAMPLES = Path(__file__).parents[2] / "samples"
CLASSES, NUMBERS = "titanic", "펭귄 50%"
DATASETS = {
    CLASSES: ("titanic", {}),
    NUMBERS: ("penguins", {"target": "body_mass_g", "ignore_columns": ["species"]}),
}
# With probabilities they take 5 MB of 5,000 rows, and more once their quotes are escaped.
LONG_LABELS = ('"' * 400, "'" * 400)
# Generated requests come faster than those of people.
PATIENT_API = {"ApiRequestsPerSecond": "10000", "ApiBurst": "5000"}
CLIENTS, REQUESTS_EACH = 16, 25
CSV = "text/csv"
COLUMNS = (SAMPLES / "titanic_test.csv").read_text().splitlines()[0].split(",")


def pointer(cloud: Cloud, name: str) -> Any:
    return read_json(cloud, model_json_key(name))


def read(cloud: Cloud, key: str) -> bytes:
    content: bytes = (
        cloud.endpoint.client("s3").get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
    )
    return content


def read_json(cloud: Cloud, key: str) -> Any:
    listed = cloud.endpoint.client("s3").list_objects_v2(Bucket=cloud.bucket, Prefix=key)
    return json.loads(read(cloud, key)) if listed["KeyCount"] else None


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A stack with a model of classes, and one of numbers."""
    chosen = Settings(
        parameters={"SettleSeconds": "0", "TrainingMinutes": "1", **PATIENT_API},
        training_source=few_rounds_source(tmp_path_factory.mktemp("source")),
        tell=lambda _: None,
    )
    with own_cloud(chosen) as cloud:
        for name, (sample, own) in DATASETS.items():
            files = {
                f"{name}.json": json.dumps(own).encode(),
                f"{name}_test.csv": (SAMPLES / f"{sample}_test.csv").read_bytes(),
                f"{name}_train.csv": (SAMPLES / f"{sample}_train.csv").read_bytes(),
            }
            for file, content in files.items():
                key = f"data/{file}"
                cloud.endpoint.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=content)
        for name in DATASETS:
            eventually(lambda name=name: pointer(cloud, name))
        yield cloud


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def rows_to_predict(name: str) -> str:
    return (SAMPLES / f"{DATASETS[name][0]}_test.csv").read_text()


def in_file(cloud: Cloud, name: str) -> list[dict[str, str]]:
    """What the job has predicted of the test file."""
    folder = results_folder(name, pointer(cloud, name)["job"])
    listed = cloud.endpoint.client("s3").list_objects_v2(Bucket=cloud.bucket, Prefix=folder)
    key = result_with_ending([entry["Key"] for entry in listed["Contents"]], PREDICTIONS)
    assert key is not None
    return rows_of(read(cloud, key).decode("utf-8-sig"))


def predicted(
    cloud: Cloud, name: str, body: object, *, reasons: bool = False, **headers: str
) -> Answer:
    content = body if isinstance(body, str) else json.dumps(body)
    kind = {} if isinstance(body, str) else {"Content-Type": "application/json"}
    path = f"predict/{quote(name, safe='')}{'?reasons=true' if reasons else ''}"
    return ask(cloud, path, content.encode(), **{**kind, **headers})


@pytest.mark.parametrize("name", DATASETS)
def test_rows_are_predicted_as_in_the_predictions_file(stack: Cloud, name: str) -> None:
    expected = in_file(stack, name)
    csv_answer = predicted(
        stack, name, rows_to_predict(name), **{"Content-Type": CSV, "Accept": CSV}
    )
    assert csv_answer.status == 200, csv_answer.text
    found = rows_of(csv_answer.text)
    shown = [column for column in expected[0] if column.startswith(("prediction", "probability_"))]
    assert shown == list(found[0])
    for ours, theirs in zip(found, expected, strict=True):
        numbers = {column: float(theirs[column]) for column in shown}
        assert {c: float(text) for c, text in ours.items()} == pytest.approx(numbers, abs=2e-6)
    as_json = predicted(stack, name, rows_of(rows_to_predict(name))).json
    assert [str(one["prediction"]) for one in as_json["predictions"]] == [
        str(float(row["prediction"])) if name == NUMBERS else row["prediction"] for row in found
    ]


@pytest.mark.parametrize("name", DATASETS)
def test_a_real_model_says_what_its_predictions_file_says_and_another_one_is_found_out(
    stack: Cloud, name: str
) -> None:
    """What is asked before a model may take over; both files were written for Excel."""
    folder = results_folder(name, pointer(stack, name)["job"])
    model = load_model(unpack_model(read(stack, folder + PORTABLE_MODEL)))
    listed = stack.endpoint.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix=folder)
    key = result_with_ending([entry["Key"] for entry in listed["Contents"]], PREDICTIONS)
    assert key is not None
    head = read(stack, key)[:MOST_BYTES]
    assert unfit(model, head, points=True) is None
    first = rows_of(head.decode("utf-8-sig"))[0]
    said = first["prediction" if name == NUMBERS else "probability_1"]
    wrong = unfit(model, head.replace(said.encode(), b"0.123456", 1), points=True)
    assert wrong is not None and (wrong.code, wrong.values["count"]) == ("live.differs", 1)


def test_a_row_is_answered_with_its_probabilities(stack: Cloud) -> None:
    first, expected = rows_of(rows_to_predict(CLASSES))[0], in_file(stack, CLASSES)[0]
    answer = predicted(stack, CLASSES, first).json
    assert (answer["dataset"], answer["target"]) == (CLASSES, "Survived")
    assert answer["job"] == pointer(stack, CLASSES)["job"]
    (only,) = answer["predictions"]
    assert only["prediction"] == expected["prediction"]
    assert only["probabilities"] == {
        label: pytest.approx(float(expected[f"probability_{label}"]), abs=2e-6)
        for label in ("0", "1")
    }


def test_odd_cells_are_answered_with_warnings_in_the_callers_language(stack: Cloud) -> None:
    row = rows_of(rows_to_predict(CLASSES))[0]
    odd = {**row, "Age": "unknown to all", "Embarked": "X", "Fare": 10**6, "SibSp": -1}
    for language in ("en", "ko"):
        (only,) = predicted(stack, CLASSES, odd, **{"Accept-Language": language}).json[
            "predictions"
        ]
        warned = {one["column"]: one for one in only["warnings"]}
        codes = {
            "Age": "api.cell_unreadable",
            "Embarked": "api.cell_unseen",
            "Fare": "api.cell_above",
            "SibSp": "api.cell_below",
        }
        for column, code in codes.items():
            said = message(code, column=column, cell=str(odd[column]))
            assert warned[column]["code"] == code
            assert warned[column]["text"] == render(said, language)
    (usual,) = predicted(stack, CLASSES, row | {"Cabin": ""}).json["predictions"]
    assert {one["column"] for one in usual.get("warnings", [])} <= {"Ticket"}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"Age": 30}, 400, "request.row_lacks", "Pclass"),
        ([], 400, "request.not_objects", "body"),
        ("", 400, "request.empty", "body"),
        ("{", 400, "request.json_broken", "body"),
        ("[" * 100_000, 400, "request.not_json", "body"),
        ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), 400, None, "body"),
        ([1, 2], 400, "request.not_objects", "body"),
        ({"Age": ["a"], "Sex": ["b", "c"]}, 400, "request.uneven_columns", "body"),
    ],
)
def test_what_is_no_row_is_refused_in_words(
    stack: Cloud, body: object, status: int, code: str | None, field: str
) -> None:
    answer = predicted(stack, CLASSES, body)
    assert answer.status == status, answer.text
    assert code is None or answer.json["code"] == code
    assert answer.json["field"] == field


@pytest.mark.parametrize("cell", [{"a": 1}, [1]])
def test_a_cell_that_is_no_value_is_refused_with_its_column(stack: Cloud, cell: object) -> None:
    row = rows_of(rows_to_predict(CLASSES))[0]
    answer = predicted(stack, CLASSES, [row, {**row, "Sex": cell}])
    assert (answer.status, answer.json["code"], answer.json["field"]) == (400, "api.cell", "Sex")
    broken = json.dumps({**row, "Sex": "x"}).replace('"x"', '"\\ud800"')
    answer = predicted(stack, CLASSES, broken, **{"Content-Type": "application/json"})
    assert (answer.status, answer.json["code"]) == (400, "api.surrogate")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400, "NaN", "Infinity", "-0"])
def test_a_number_without_end_counts_as_missing(stack: Cloud, number: str) -> None:
    row = rows_of(rows_to_predict(CLASSES))[0]
    body = json.dumps({**row, "Fare": 1}).replace('"Fare": 1', f'"Fare": {number}')
    answer = predicted(stack, CLASSES, body, **{"Content-Type": "application/json"})
    assert answer.status == 200, answer.text


@pytest.mark.parametrize("name", DATASETS)
def test_reasons_add_up_to_the_prediction_and_begin_with_the_strongest(
    stack: Cloud, name: str
) -> None:
    rows = rows_of(rows_to_predict(name))[:MOST_EXPLAINED]
    for one in predicted(stack, name, rows, reasons=True).json["predictions"]:
        why = one["reasons"]
        said = one["probabilities"][why["of"]] if "of" in why else one["prediction"]
        amounts = [column["amount"] for column in why["columns"]]
        assert why["base"] + sum(amounts) + why["rest"] == pytest.approx(said, rel=1e-6, abs=2e-6)
        assert [*map(abs, amounts)] == sorted(map(abs, amounts), reverse=True)
        assert abs(why["rest"]) < max(0.1 * abs(said - why["base"]), 0.1)
    answer = predicted(stack, name, rows * 3, reasons=True)
    assert (answer.status, answer.json["code"]) == (413, "api.too_many_rows")


CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)


@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None, suppress_health_check=[*HealthCheck])
def test_whatever_the_cells_of_rows_are_they_are_predicted_or_refused_in_words(
    stack: Cloud, rows: list[dict[str, object]]
) -> None:
    first = rows_of(rows_to_predict(CLASSES))[0]
    answer = predicted(stack, CLASSES, [{**first, **row} for row in rows], reasons=True)
    assert answer.status in (200, 400), answer.text
    if answer.status == 200:
        assert len(answer.json["predictions"]) == len(rows)


def listed(cloud: Cloud) -> list[dict[str, Any]]:
    """All pages; one may be empty, for not every folder has a model."""
    found, after = list[dict[str, Any]](), ""
    while True:
        page = ask(cloud, f"datasets?after={quote(after)}").json
        found += page["datasets"]
        if "next" not in page:
            return found
        after = page["next"]


def test_datasets_come_a_page_at_a_time_each_once(stack: Cloud) -> None:
    names = [f"many{number:03d}" for number in range(MOST_LISTED + 5)] + ["many000.x", "z z"]
    s3 = stack.endpoint.client("s3")
    content = json.dumps(pointer(stack, CLASSES)).encode()
    for name in names:
        s3.put_object(Bucket=stack.bucket, Key=model_json_key(name), Body=content)
    found = [one["dataset"] for one in listed(stack)]
    for name in names:
        s3.delete_object(Bucket=stack.bucket, Key=model_json_key(name))
    assert sorted(found) == sorted([*names, *DATASETS])


def test_a_model_is_replaced_again_and_again_without_a_failed_request(stack: Cloud) -> None:
    s3 = stack.endpoint.client("s3")
    put_model(s3, stack.bucket, "busy", "Sex")

    def ask_often(_: int) -> Counter[object]:
        answers = [predicted(stack, "busy", {"Sex": "male"}) for _ in range(REQUESTS_EACH)]
        return Counter(one.json["job"] if one.status == 200 else one.text for one in answers)

    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(ask_often, client) for client in range(CLIENTS)]
        for job in cycle((OTHER_JOB, JOB)):
            put_model(s3, stack.bucket, "busy", "Sex", job=job)
            if all(one.done() for one in asked):
                break
        found = sum((one.result() for one in asked), Counter[object]())
    assert set(found) == {JOB, OTHER_JOB}
    assert found.total() == CLIENTS * REQUESTS_EACH
    put_model(s3, stack.bucket, "busy", "Sex", job=JOB)
    assert predicted(stack, "busy", {"Sex": "male"}).json["job"] == JOB
    s3.delete_object(Bucket=stack.bucket, Key=model_json_key("busy"))


@pytest.mark.parametrize("query", ["reasons=yes", "reasons=", "reason=true", "explain=true"])
def test_a_parameter_that_is_not_known_is_refused_with_its_name(stack: Cloud, query: str) -> None:
    body = json.dumps(rows_of(rows_to_predict(CLASSES))[0]).encode()
    answer = ask(stack, f"predict/{CLASSES}?{query}", body)
    assert (answer.status, answer.json["field"]) == (400, query.partition("=")[0])
    answer = ask(stack, f"datasets?{query}")
    assert (answer.status, answer.json["field"]) == (400, query.partition("=")[0])


def test_too_many_rows_are_sent_to_the_bucket(stack: Cloud) -> None:
    header, first = rows_to_predict(CLASSES).splitlines()[:2]
    body = "\n".join([header, *[first] * (MOST_ROWS + 1)])
    answer = predicted(stack, CLASSES, body, **{"Content-Type": CSV})
    assert (answer.status, answer.json["code"]) == (413, "api.too_many_rows")
    most = "\n".join([header, *[first] * MOST_ROWS])
    assert predicted(stack, CLASSES, most, **{"Content-Type": CSV}).status == 200


@pytest.mark.parametrize(
    "name",
    [
        "Umsätze – „2024’ (€)",
        "\uff08가\uff09・",
        '#1 "a"?',
        "a%20b",
        "a+b&c=d;e",
        "50%",
        "{dataset}",
        " a",
        "a\\b",
    ],
)
def test_a_dataset_may_have_any_name(stack: Cloud, name: str) -> None:
    s3 = stack.endpoint.client("s3")
    put_model(s3, stack.bucket, name, "Sex")
    answer = predicted(stack, name, {"Sex": "male"})
    described = ask(stack, f"datasets/{quote(name, safe='')}")
    s3.delete_object(Bucket=stack.bucket, Key=model_json_key(name))
    assert (answer.status, answer.json["dataset"]) == (200, name), answer.text
    assert (described.status, described.json["dataset"]) == (200, name)


def test_reasons_do_not_come_as_csv(stack: Cloud) -> None:
    row = rows_of(rows_to_predict(CLASSES))[0]
    answer = predicted(stack, CLASSES, row, reasons=True, Accept=CSV)
    assert (answer.status, answer.json["code"]) == (400, "api.reasons_in_csv")
    assert predicted(stack, CLASSES, row, reasons=True, Accept=f"*/*, {CSV};q=0.5").status == 200


def test_an_answer_that_grows_beyond_what_lambda_hands_over_is_refused(stack: Cloud) -> None:
    put_model(stack.endpoint.client("s3"), stack.bucket, "wide", "Sex", labels=LONG_LABELS)
    answer = predicted(stack, "wide", [{"Sex": "x"}] * MOST_ROWS)
    key = model_json_key("wide")
    stack.endpoint.client("s3").delete_object(Bucket=stack.bucket, Key=key)
    assert (answer.status, answer.json["code"]) == (413, "api.answer_too_long")


@pytest.mark.parametrize("after", ["a" * 1100, "가" * 400])
def test_no_name_is_as_long_as_that(stack: Cloud, after: str) -> None:
    assert ask(stack, f"datasets?after={quote(after)}").status == 400
    assert ask(stack, f"datasets/{quote(after)}").status == 404
    answer = predicted(stack, after, {"Age": 1})
    assert (answer.status, answer.json["code"]) == (404, "api.no_dataset")


@pytest.mark.parametrize(
    "name", ["nothing", REFUSED.strip("/").rpartition("/")[2], "..", ".", "a/b", "titanic/", " "]
)
def test_what_has_no_model_is_not_found(stack: Cloud, name: str) -> None:
    answer = predicted(stack, name, {"Age": 1})
    assert answer.status in (403, 404), answer.text
    assert answer.json.get("code") in (None, "api.no_dataset", "api.not_found")


def test_a_model_without_a_portable_form_is_refused_in_words(stack: Cloud) -> None:
    s3 = stack.endpoint.client("s3")
    body = json.dumps({**pointer(stack, CLASSES), "job": "other"}).encode()
    s3.put_object(Bucket=stack.bucket, Key=model_json_key("other"), Body=body)
    answer = predicted(stack, "other", {"Age": 1})
    assert (answer.status, answer.json["code"]) == (409, "api.not_portable")
    for broken in (b"", b"PK", b"x" * 1000):
        key = results_folder("other", "other") + PORTABLE_MODEL
        s3.put_object(Bucket=stack.bucket, Key=key, Body=broken)
        answer = predicted(stack, "other", {"Age": 1})
        assert (answer.status, answer.json["code"]) == (409, "api.unloadable")
    s3.delete_object(Bucket=stack.bucket, Key=model_json_key("other"))


def test_the_datasets_are_listed_with_what_they_predict(stack: Cloud) -> None:
    found = listed(stack)
    assert {one["dataset"]: one["target"] for one in found} == {
        CLASSES: "Survived",
        NUMBERS: "body_mass_g",
    }
    assert all(one["answers_requests"] for one in found)


def test_a_dataset_is_described_with_the_columns_of_a_row(stack: Cloud) -> None:
    found = ask(stack, f"datasets/{quote(CLASSES)}").json
    assert (found["problem"], found["labels"]) == ("binary", ["0", "1"])
    assert found["score"]["metric"] == "roc_auc"
    columns = {column["name"]: column for column in found["columns"]}
    assert columns["Sex"]["categories"] == ["male", "female"]
    assert columns["Age"]["low"] == pytest.approx(0.42)
    assert 0.1 < columns["Age"]["missing_share"] < 0.3
    assert found["row_schema"]["required"] == list(columns)
    numbers = ask(stack, f"datasets/{quote(NUMBERS, safe='')}").json
    assert (numbers["problem"], numbers["labels"]) == ("number", [])


def test_a_key_opens_what_it_is_for_and_nothing_else(stack: Cloud) -> None:
    row = json.dumps(rows_of(rows_to_predict(CLASSES))[0]).encode()
    for path, body in (("datasets", None), (f"predict/{CLASSES}", row)):
        other = ask(stack, path, body, key=TRANSLATION_KEY)
        assert (other.status, other.json["code"]) == (403, "api.key_for_translation")
    other = ask(stack, "translate", b'{"text": "I love you."}')
    assert (other.status, other.json["code"]) == (403, "api.key_for_predictions")
