"""`codefree status`, as a user runs it: against a stack that is up."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from codefree.cloud import Cloud
from contract.layout import results_prefix
from contract.messages import message
from pipeline.status import Status
from tests.conftest import PATIENCE_SECONDS
from tests.console import start
from tests.uploads import TRAIN, drop, ended, status

ROOT = Path(__file__).parents[2]


@pytest.fixture
def name() -> str:
    return f"penguins {uuid4().hex[:6]}"


def codefree(
    *arguments: str, environ: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "1"}
    return subprocess.run(
        [sys.executable, "-c", "from codefree.cli import main; main()", "status", *arguments],
        env=base | (environ or {}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def account(cloud: Cloud) -> dict[str, str]:
    """The environment of an engineer whose AWS is the embedded one."""
    return cloud.endpoint.environ


def test_a_stack_lists_what_is_trained_refused_and_running(cloud: Cloud, name: str) -> None:
    trained, refused, running = name, f"refused {name[-6:]}", f"sleeps {name[-6:]}"
    for dataset in (trained, running):
        drop(cloud, f"data/{dataset}.json", '{"target": "species"}')
        drop(cloud, f"data/{dataset}_train.csv", TRAIN)
    drop(cloud, f"data/{refused}_train.csv", "")
    done = ended(cloud, trained)
    ended(cloud, refused)
    job = status(cloud, f"results/{running}/", {"training"})["job"]
    listed = codefree("--stack", "codefree-automl", "--json", environ=account(cloud))
    cloud.endpoint.client("sagemaker").stop_training_job(TrainingJobName=job)
    assert listed.returncode == 0, listed.stderr
    answer = json.loads(listed.stdout)
    found = {row["dataset"]: row for row in answer["datasets"]}
    assert answer["bucket"] == cloud.bucket
    assert found[trained]["state"] == "completed"
    assert found[trained]["score"] == "accuracy 0.75"
    assert found[trained]["cost_usd"] == done["cost"]["usd"]
    assert (found[refused]["state"], found[refused]["job"]) == ("refused", None)
    assert (found[running]["state"], found[running]["job"]) == ("training", job)
    assert answer["totals"]["datasets"] == len(found)
    assert answer["totals"]["cost_usd"] >= done["cost"]["usd"]


REFUSED = Status("damaged", "refused", message("text", text="no"), results_prefix("damaged"))


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b"{}", b'{"prefix": 1, "results": 2}', b"\xff", REFUSED.to_json("now")],
)
def test_a_damaged_status_is_named_and_hides_no_other_dataset(
    cloud: Cloud, name: str, content: bytes
) -> None:
    drop(cloud, f"data/{name}_train.csv", "")
    ended(cloud, name)
    s3, key = cloud.endpoint.client("s3"), f"results/damaged {name}/status.json"
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=content)
    try:
        done = codefree("--stack", "codefree-automl", environ=account(cloud))
        listed = codefree("--stack", "codefree-automl", "--json", environ=account(cloud))
    finally:
        s3.delete_object(Bucket=cloud.bucket, Key=key)
    assert (done.returncode, listed.returncode) == (0, 0), done.stderr + listed.stderr
    assert f"\n{key} is damaged" in done.stdout
    assert key in json.loads(listed.stdout)["damaged"]
    assert name in {row["dataset"] for row in json.loads(listed.stdout)["datasets"]}


def test_piped_it_is_plain_text_with_totals_last(cloud: Cloud, name: str) -> None:
    drop(cloud, f"data/{name}_train.csv", "")
    ended(cloud, name)
    done = codefree("--stack", "codefree-automl", environ=account(cloud))
    assert done.returncode == 0, done.stderr
    header, *lines, last = done.stdout.splitlines()
    assert header.startswith("dataset\tstate\t")
    assert [line.split("\t")[1] for line in lines if line.startswith(f"{name}\t")] == ["refused"]
    assert "set aside; about $" in last
    assert "\x1b" not in done.stdout


def test_a_stack_that_is_not_there_is_told_in_a_sentence(cloud: Cloud) -> None:
    done = codefree("--stack", "nothing", environ=account(cloud))
    assert done.returncode == 1
    assert "There is no stack nothing in this region" in done.stderr
    assert done.stdout == ""


def test_without_credentials_it_says_what_to_do() -> None:
    done = codefree("--stack", "mine", "--region", "eu-west-1", environ={"HOME": "/nonexistent"})
    assert done.returncode == 1
    assert "Credentials for AWS are missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_nothing_runs_it_says_how_to_start() -> None:
    done = codefree("--port", "1")
    assert done.returncode == 1
    assert "Nothing runs on port 1 of this machine. Start it with: codefree up" in done.stderr


def test_what_is_up_on_this_machine_is_found_without_the_users_account(tmp_path: Path) -> None:
    process = start(tmp_path, "up", "--port", "0", "--api-port", "0")
    assert process.stdout is not None
    url = next(line.split()[6] for line in process.stdout if line.startswith("The embedded AWS"))
    own = {
        "AWS_PROFILE": "a profile that does not exist",
        "AWS_ENDPOINT_URL": "http://[::1]:9",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    done = codefree("--port", url.rstrip(";").rpartition(":")[2], environ=own)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    assert "No dataset in s3://" in done.stdout
    assert "0 uploads in the queue, 0 set aside; about $0.00 so far." in done.stdout
