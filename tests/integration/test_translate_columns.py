"""A CSV and its settings, dropped into the bucket, come back with translated columns."""

import csv
import io
import json
from collections.abc import Iterator

import pytest

from codefree.cloud import Cloud
from tests.conftest import eventually
from tests.documents import DOCUMENTS, HOSTILE, SHOUTED, text_of
from tests.endpoints import endpoint
from tests.messages import codes_in
from translation.documents import ENDINGS

REVIEWS = 'id;review;stars\r\n1;"good, really";5\r\n2;bad;1\r\n3;;3\r\n4;bad;2\r\n5;"see\r\nhttps://a.b/c";4\r\n'


@pytest.fixture(scope="module")
def shouting(cloud: Cloud) -> Iterator[Cloud]:
    """en-aa translates to capitals, and one text to a formula."""
    behaviour = "texts = ['=1+1' if t == 'evil' else t.upper() for t in texts]"
    with endpoint(cloud, "en-aa", behaviour, version="columns"):
        yield cloud


def put(cloud: Cloud, key: str, body: str | bytes) -> None:
    content = body.encode() if isinstance(body, str) else body
    cloud.endpoint.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=content)


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


def is_refused(cloud: Cloud, prefix: str, code: str) -> bool:
    """Whether the status there is a refusal for this reason."""
    found = json.loads(read(cloud, f"{prefix}status.json") or "{}")
    return found.get("state") == "refused" and code in codes_in(found)


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
    assert "3 distinct texts" in status(shouting, name, "translated from en to aa")


def test_a_file_without_settings_waits_and_says_for_what(shouting: Cloud) -> None:
    put(shouting, "data/alone_translate.csv", REVIEWS)

    text = status(shouting, "alone", "waiting. The file data/alone_translate.json is not here yet.")
    assert '"columns": ["review"]' in text


def test_a_translation_cannot_become_a_formula(shouting: Cloud) -> None:
    put(shouting, "data/formula_translate.json", settings())
    put(shouting, "data/formula_translate.csv", "id;review\n1;evil\n2;fine\n")

    assert result(shouting, "formula")[1] == ["1", "evil", "'=1+1"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("settings_first", [True, False])
def test_a_document_comes_back_translated(
    shouting: Cloud, ending: str, settings_first: bool
) -> None:
    name = f"letter{ending.replace('.', '-')}-{settings_first}"
    chosen = json.dumps({"source": "en", "target": "aa"})
    files: list[tuple[str, str | bytes]] = [
        (f"data/{name}_translate.json", chosen),
        (f"data/{name}_translate{ending}", DOCUMENTS[ending]),
    ]
    for key, body in files if settings_first else reversed(files):
        put(shouting, key, body)

    assert "distinct text" in status(shouting, name, "translated from en to aa")
    s3 = shouting.endpoint.client("s3")
    key = f"results/{name}_translate/{name}_translated{ending}"
    content = s3.get_object(Bucket=shouting.bucket, Key=key)["Body"].read()
    assert text_of(content, ending) == SHOUTED[ending]


@pytest.mark.parametrize(
    ("name", "ending", "chosen", "body", "code"),
    [
        ("bomb", ".docx", {}, HOSTILE["a bomb"][0], "document.unpacked_too_large"),
        ("entity", ".docx", {}, HOSTILE["an entity"][0], "document.damaged"),
        ("columns", ".txt", {"columns": ["a"]}, b"a", "settings.unknown"),
        ("same-language", ".md", {"target": "en"}, b"a", "settings.same_language"),
        ("endless", ".txt", {}, b"a" * 5_000_001, "columns.too_large"),
    ],
)
def test_a_document_that_cannot_be_translated_is_refused(
    shouting: Cloud, name: str, ending: str, chosen: dict[str, object], body: bytes, code: str
) -> None:
    put(shouting, f"data/{name}_translate.json", json.dumps({"target": "aa", **chosen}))
    put(shouting, f"data/{name}_translate{ending}", body)

    eventually(lambda: is_refused(shouting, f"results/{name}_translate/", code))


@pytest.mark.parametrize(
    ("name", "chosen", "body", "code"),
    [
        ("no-column", {"columns": ["comment"]}, REVIEWS, "columns.no_column"),
        ("no-columns", {"columns": []}, REVIEWS, "columns.not_named"),
        ("no-language", {"target": "Deutsch"}, REVIEWS, "want.language_code"),
        ("no-pair", {"target": "fr"}, REVIEWS, "columns.no_translator"),
        ("same", {"target": "en"}, REVIEWS, "settings.same_language"),
        ("unknown", {"colums": ["review"]}, REVIEWS, "settings.unknown_near"),
        ("empty", {}, "", "file.empty"),
        ("large", {}, "id;review\n" + "1;word\n" * 800_000, "columns.too_large"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    shouting: Cloud, name: str, chosen: dict[str, object], body: str, code: str
) -> None:
    put(shouting, f"data/{name}_translate.json", settings(**chosen))
    put(shouting, f"data/{name}_translate.csv", body)

    eventually(lambda: is_refused(shouting, f"results/{name}_translate/", code))


def test_an_endpoint_that_is_missing_makes_it_wait(shouting: Cloud) -> None:
    put(shouting, "data/patient_translate.json", settings(target="bb"))
    put(shouting, "data/patient_translate.csv", REVIEWS)

    status(shouting, "patient", "waiting. There is no translator from en to bb at the moment.")


def pinned(job: object, channel: str, file: dict[str, str]) -> str:
    assert file["key"].startswith("translated/")
    return f"jobs/{job}/{channel}/{file['etag']}/{file['file']}"


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
    # What the job was given are copies of the translated files.
    train, test = (
        read(shouting, pinned(job, part, spec[part])) or "" for part in ("train", "test")
    )
    assert train.splitlines()[:2] == ["review,review_aa,number,label", "text 0,TEXT 0,0,no"]
    assert test.splitlines() == ["review,review_aa,number", "hello there,HELLO THERE,1"]
    assert read(shouting, "data/korean_train.csv") == train_rows()
    jobs = shouting.endpoint.client("sagemaker").list_training_jobs(NameContains="korean")
    assert len(jobs["TrainingJobSummaries"]) == 1


@pytest.mark.parametrize(
    ("name", "chosen", "code"),
    [
        ("wrong-column", {"translate_columns": ["comment"]}, "settings.translate_column"),
        ("the-target", {"translate_columns": ["label"]}, "settings.translate_column"),
        (
            "one-language",
            {"translate_columns": ["review"], "translate_target": "en"},
            "settings.translate_pair",
        ),
        (
            "no-such-pair",
            {"translate_columns": ["review"], "translate_target": "fr"},
            "columns.no_translator",
        ),
    ],
)
def test_a_training_set_that_cannot_be_translated_is_refused(
    shouting: Cloud, name: str, chosen: dict[str, object], code: str
) -> None:
    put(shouting, f"data/{name}.json", json.dumps(chosen))
    put(shouting, f"data/{name}_train.csv", train_rows())

    eventually(lambda: is_refused(shouting, f"results/{name}/", code))
