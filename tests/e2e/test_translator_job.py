"""A translator from the upload to the endpoint, on the real script: half a minute of learning."""

import csv
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from codefree.cloud import Cloud, Settings
from codefree.stack_files import ROOT
from tests.clouds import own_cloud
from tests.conftest import eventually
from tests.messages import codes_in

PAIRS = ROOT / "samples" / "en-de_train.tsv"
KEY = "translation/en-de_train.tsv"
RESULTS = "results/translation/en-de/"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, dict[str, object]]]:
    parameters = {"SettleSeconds": "1", "RetrySeconds": "60", "TrainingMinutes": "1"}
    logs = tmp_path_factory.mktemp("logs")
    with own_cloud(Settings(parameters=parameters, logs=logs)) as cloud:
        s3 = cloud.endpoint.client("s3")
        settings = json.dumps({"training_minutes": 0.5}).encode()
        s3.put_object(Bucket=cloud.bucket, Key="translation/en-de.json", Body=settings)
        s3.upload_file(str(PAIRS), cloud.bucket, KEY)

        def ended() -> dict[str, object] | None:
            found = objects(cloud).get(f"{RESULTS}status.json")
            status: dict[str, object] = json.loads(found) if found else {}
            return status if status.get("state") in ("completed", "failed", "refused") else None

        yield cloud, eventually(ended)


def objects(cloud: Cloud) -> dict[str, bytes]:
    s3 = cloud.endpoint.client("s3")
    listed = s3.list_objects_v2(Bucket=cloud.bucket).get("Contents", [])
    return {
        entry["Key"]: s3.get_object(Bucket=cloud.bucket, Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def test_the_status_says_how_good_it_is(trained: tuple[Cloud, dict[str, object]]) -> None:
    _, status = trained

    assert status["state"] == "completed", status
    assert "BLEU " in str(status["headline"])
    assert {"detail.cost", "score.held_out_pairs"} <= set(codes_in(status))


def test_everything_that_a_user_wants_is_there(
    trained: tuple[Cloud, dict[str, object]], tmp_path: Path
) -> None:
    cloud, status = trained
    made = objects(cloud)
    folder = str(status["results"])

    performance = json.loads(made[f"{folder}en-de_model_performance.txt"])
    assert 0 <= performance["score"] <= 100 and 0 < performance["chrf"] <= 100
    assert performance["rows"] > 200
    examples = list(
        csv.DictReader(made[f"{folder}en-de_examples.csv"].decode("utf-8-sig").split("\n"))
    )
    assert [*examples[0]] == ["source", "target", "translation", "chrf"]
    assert len(examples) == performance["rows"]
    held_out = {example["source"] for example in examples}
    assert len(held_out) == performance["rows"]
    curve = made[f"{folder}en-de_learning_curve.csv"].decode().splitlines()
    losses = [float(line.split(",")[-1]) for line in curve[1:]]
    # A slow machine has time for one look only.
    assert losses and losses[-1] <= losses[0]
    report = made[f"{folder}report.html"].decode()
    assert "The worst translations" in report and "http" not in report


def test_the_model_serves_on_its_own(
    trained: tuple[Cloud, dict[str, object]], tmp_path: Path
) -> None:
    cloud, status = trained
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(objects(cloud)[str(status["model"])])
    with tarfile.open(archive) as packed:
        names = packed.getnames()

    assert {"./code/inference.py", "./translator/model.bin", "./passport.json"} <= {
        f"./{name.removeprefix('./')}" for name in names
    }
    assert archive.stat().st_size < 25_000_000


def test_the_same_file_again_is_not_paid_twice(trained: tuple[Cloud, dict[str, object]]) -> None:
    cloud, status = trained
    s3 = cloud.endpoint.client("s3")
    s3.upload_file(str(PAIRS), cloud.bucket, KEY)

    def noted() -> bool:
        return b"uploaded again" in objects(cloud)[f"{RESULTS}STATUS.txt"]

    eventually(noted)
    jobs = cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in jobs] == [status["job"]]
