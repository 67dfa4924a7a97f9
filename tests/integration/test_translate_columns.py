"""A CSV and its settings, dropped into the bucket, come back with translated columns."""

import csv
import io
import json
from collections.abc import Iterator

import pytest

from local.cloud import Cloud
from tests.conftest import eventually
from tests.endpoints import put_endpoint

REVIEWS = 'id;review;stars\r\n1;"good, really";5\r\n2;bad;1\r\n3;;3\r\n4;bad;2\r\n5;"see\r\nhttps://a.b/c";4\r\n'


@pytest.fixture(scope="module")
def shouting(cloud: Cloud) -> Iterator[Cloud]:
    """en-aa translates to capitals, and one text to a formula."""
    behaviour = "texts = ['=1+1' if t == 'evil' else t.upper() for t in texts]"
    name = put_endpoint(cloud, "en-aa", behaviour, version="columns")
    yield cloud
    cloud.endpoint.client("sagemaker").delete_endpoint(EndpointName=name)


def put(cloud: Cloud, key: str, body: str) -> None:
    cloud.endpoint.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=body.encode())


def settings(**chosen: object) -> str:
    return json.dumps({"columns": ["review"], "source": "en", "target": "aa", **chosen})


def read(cloud: Cloud, key: str) -> str | None:
    s3 = cloud.endpoint.client("s3")
    try:
        return str(s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read().decode("utf-8-sig"))
    except s3.exceptions.NoSuchKey:
        return None


def result(cloud: Cloud, name: str) -> list[list[str]]:
    text = eventually(lambda: read(cloud, f"results/{name}_translate/{name}_translated.csv"))
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def status(cloud: Cloud, name: str, words: str) -> str:
    def found() -> str | None:
        text = read(cloud, f"results/{name}_translate/STATUS.txt")
        return text if text and words in text else None

    return eventually(found)


@pytest.mark.parametrize("settings_first", [True, False])
def test_columns_are_translated_beside_the_originals(shouting: Cloud, settings_first: bool) -> None:
    name = f"reviews-{settings_first}"
    files = [(f"data/{name}_translate.json", settings()), (f"data/{name}_translate.csv", REVIEWS)]
    for key, body in files if settings_first else reversed(files):
        put(shouting, key, body)

    assert result(shouting, name) == [
        ["id", "review", "review_aa", "stars"],
        ["1", "good, really", "GOOD, REALLY", "5"],
        ["2", "bad", "BAD", "1"],
        ["3", "", "", "3"],
        ["4", "bad", "BAD", "2"],
        ["5", "see\r\nhttps://a.b/c", "SEE\r\nhttps://a.b/c", "4"],
    ]
    assert "3 different texts" in status(shouting, name, "translated from en to aa")


def test_a_file_without_settings_waits_and_says_for_what(shouting: Cloud) -> None:
    put(shouting, "data/alone_translate.csv", REVIEWS)

    text = status(shouting, "alone", "waiting. The file data/alone_translate.json is not here yet.")
    assert '"columns": ["review"]' in text


def test_a_translation_cannot_become_a_formula(shouting: Cloud) -> None:
    put(shouting, "data/formula_translate.json", settings())
    put(shouting, "data/formula_translate.csv", "id;review\n1;evil\n2;fine\n")

    assert result(shouting, "formula")[1] == ["1", "evil", "'=1+1"]


@pytest.mark.parametrize(
    ("name", "chosen", "body", "words"),
    [
        ("no-column", {"columns": ["comment"]}, REVIEWS, "has no column 'comment'"),
        ("no-columns", {"columns": []}, REVIEWS, "columns must be a list"),
        ("no-language", {"target": "Deutsch"}, REVIEWS, "target must be a language code"),
        ("no-pair", {"target": "fr"}, REVIEWS, "There is no translator from en to fr"),
        ("same", {"target": "en"}, REVIEWS, "are the same language"),
        ("unknown", {"colums": ["review"]}, REVIEWS, "unknown setting 'colums'"),
        ("empty", {}, "", "is empty"),
        ("large", {}, "id;review\n" + "1;word\n" * 800_000, "larger than 5 MB"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    shouting: Cloud, name: str, chosen: dict[str, object], body: str, words: str
) -> None:
    put(shouting, f"data/{name}_translate.json", settings(**chosen))
    put(shouting, f"data/{name}_translate.csv", body)

    assert "refused" in status(shouting, name, words)


def test_an_endpoint_that_is_missing_makes_it_wait(shouting: Cloud) -> None:
    put(shouting, "data/patient_translate.json", settings(target="bb"))
    put(shouting, "data/patient_translate.csv", REVIEWS)

    status(shouting, "patient", "waiting. There is no translator from en to bb now.")


def train_rows() -> str:
    rows = [f"text {n},{n},{'yes' if n % 2 else 'no'}" for n in range(40)]
    return "\n".join(["review,number,label", *rows]) + "\n"


def test_a_training_set_is_translated_before_it_is_trained(shouting: Cloud) -> None:
    chosen = {"translate_columns": ["review"], "translate_target": "aa"}
    put(shouting, "data/korean.json", json.dumps(chosen))
    put(shouting, "data/korean_test.csv", "review,number\nhello there,1\n")
    put(shouting, "data/korean_train.csv", train_rows())

    def done() -> dict[str, object] | None:
        found = json.loads(read(shouting, "results/korean/status.json") or "{}")
        return found if found.get("state") == "completed" else None

    job = eventually(done)["job"]
    spec = json.loads(read(shouting, f"jobs/{job}/job.json") or "")
    train, test = (read(shouting, spec[part]["key"]) or "" for part in ("train", "test"))
    assert train.splitlines()[:2] == ["review,review_aa,number,label", "text 0,TEXT 0,0,no"]
    assert test.splitlines() == ["review,review_aa,number", "hello there,HELLO THERE,1"]
    assert read(shouting, "data/korean_train.csv") == train_rows()
    jobs = shouting.endpoint.client("sagemaker").list_training_jobs(NameContains="korean")
    assert len(jobs["TrainingJobSummaries"]) == 1


@pytest.mark.parametrize(
    ("name", "chosen", "words"),
    [
        ("wrong-column", {"translate_columns": ["comment"]}, "names 'comment'"),
        ("the-target", {"translate_columns": ["label"]}, "names 'label'"),
        ("one-language", {"translate_columns": ["review"], "translate_target": "en"}, "different"),
        (
            "no-such-pair",
            {"translate_columns": ["review"], "translate_target": "fr"},
            "There is no translator from en to fr",
        ),
    ],
)
def test_a_training_set_that_cannot_be_translated_is_refused(
    shouting: Cloud, name: str, chosen: dict[str, object], words: str
) -> None:
    put(shouting, f"data/{name}.json", json.dumps(chosen))
    put(shouting, f"data/{name}_train.csv", train_rows())

    def refused() -> bool:
        text = read(shouting, f"results/{name}/STATUS.txt") or ""
        return "refused" in text and words in text

    eventually(refused)
