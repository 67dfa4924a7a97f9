"""The console script, as a user runs it, with a training script that takes no time."""

import csv
import json
import os
import signal
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from codefree.event_samples import (
    SAMPLE_BUCKET,
    SAMPLE_JOB,
    SAMPLE_LISTENER,
    SAMPLE_STACK_ID,
)
from codefree.words import Words
from contract.bounds import MAX_COST_USD, MINUTES
from tests.conftest import PATIENCE_SECONDS, alive, eventually
from tests.console import ROOT, start
from tests.messages import codes_in

ROWS = "x,y,label\n" + "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))


@pytest.fixture
def train(tmp_path: Path) -> Path:
    file = tmp_path / "toys_train.csv"
    file.write_text(ROWS)
    return file


def codefree(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def descendants(process: int) -> set[int]:
    """The ids of all processes that a process has started, and theirs."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    parents = {int(pid): int(parent) for pid, parent in map(str.split, listed.stdout.splitlines())}
    found = {process}
    while new := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= new
    return found - {process}


@pytest.mark.parametrize(
    "option",
    [
        ("--minutes", MINUTES[0] / 2),
        ("--minutes", MINUTES[1] * 2),
        ("--max-cost", MAX_COST_USD[0] / 2),
        ("--preset", "excellent"),
        ("--language", "xx"),
    ],
    ids=lambda option: " ".join(map(str, option)),
)
def test_a_wrong_option_is_named_before_anything_starts(
    tmp_path: Path, train: Path, option: tuple[str, object]
) -> None:
    done = codefree(tmp_path, "run", train, *map(str, option))
    assert done.returncode == 2
    assert option[0] in done.stderr and "embedded AWS" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_run_leaves_results_and_model_and_prints_the_leaderboard(
    tmp_path: Path, train: Path
) -> None:
    done = codefree(tmp_path, "run", train)
    assert done.returncode == 0, done.stderr
    (job,) = (
        path for path in (tmp_path / "results" / "toys").iterdir() if path.name[:5] == "toys-"
    )
    assert {"report.html", "toys_leaderboard.csv", "model.tar.gz"} <= {
        p.name for p in job.iterdir()
    }
    assert "Leaderboard" in done.stdout
    assert "accuracy 0.75 (hold-out of 4 rows)." in done.stdout
    assert str((job / "report.html").relative_to(tmp_path)) in done.stdout
    assert list((tmp_path / "tmp").iterdir()) == []
    predicted = codefree(tmp_path, "predict", job / "model.tar.gz", train)
    assert predicted.returncode == 0, predicted.stderr
    with (tmp_path / "toys_train_predictions.csv").open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert rows[3] == {"x": "3", "y": "3", "label": "1", "prediction": "1"}


def test_run_as_json_prints_one_object_and_nothing_else_on_stdout(
    tmp_path: Path, train: Path
) -> None:
    done = codefree(
        tmp_path, "run", train, "--json", "--name", "my toys", "--target", "y", "--out", "made"
    )
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["dataset"]) == ("completed", "my toys")
    assert answer["metrics"] == {"accuracy": 0.75}
    assert f"{answer['folder']}/report.html" in answer["files"]
    assert all((tmp_path / file).exists() for file in answer["files"])
    assert answer["folder"].startswith("made/my toys/")
    status = json.loads((tmp_path / "made" / "my toys" / "status.json").read_text())
    assert status["target"] == "y"
    # Nothing was rented, so nothing is said to be paid.
    assert status["cost"]["usd"] == 0
    assert "detail.cost_free" in codes_in(status)
    assert not [line for line in status["details"] if "$" in line or "ml.m5" in line]


def test_run_of_a_file_that_cannot_work_says_why_and_fails(tmp_path: Path) -> None:
    empty = tmp_path / "nothing_train.csv"
    empty.write_text("x,y,label\n")
    done = codefree(tmp_path, "run", empty)
    assert done.returncode == 1
    assert "no rows" in done.stdout


def test_run_whose_job_fails_says_why_and_fails(tmp_path: Path, train: Path) -> None:
    done = codefree(tmp_path, "run", train, "--name", "fails")
    assert done.returncode == 1
    assert "The stub was told to fail." in done.stdout


def test_files_in_the_wrong_order_are_not_trained_on(tmp_path: Path, train: Path) -> None:
    test = train.with_name("toys_test.csv")
    test.write_bytes(train.read_bytes())
    done = codefree(tmp_path, "run", test, train)
    assert done.returncode == 1
    assert f"Did you mean {train.name} {test.name}?" in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing_train.csv"], "Cannot read missing_train.csv: there is no such file"),
        (["toys_train.csv", "missing.csv"], "Cannot read missing.csv"),
        (["toys_train.csv", "--name", ".."], "cannot be the name of a dataset"),
        (["toys_train.csv", "--settings", "toys_train.csv"], "is not valid JSON"),
    ],
)
def test_run_of_something_impossible_is_refused_in_a_sentence(
    tmp_path: Path, train: Path, arguments: list[str], words: str
) -> None:
    done = codefree(tmp_path, "run", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_no_process_and_no_temporary_file(
    tmp_path: Path, train: Path, number: signal.Signals
) -> None:
    process = start(tmp_path, "run", train, "--name", "sleeps")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(Words()("stage.fitting")):
            break
    children = descendants(process.pid)
    assert len(children) >= 2, "a function and a job were running"
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 128 + number
    assert err.strip() == "Stopped: nothing that was started is left."
    assert [child for child in children if alive(child)] == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_run_ignores_the_users_own_aws_settings_and_proxies(tmp_path: Path) -> None:
    empty = tmp_path / "nothing_train.csv"
    empty.write_text("x,y,label\n")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AWS_PROFILE": "a profile that does not exist",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from codefree.cli import main; main()", "run", empty],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert "has column names but no rows" in done.stdout


def test_up_tells_what_to_type_and_what_happens(tmp_path: Path, train: Path) -> None:
    process = start(tmp_path, "up", "--port", "0", "--api-port", "0")
    assert process.stdout is not None and process.stderr is not None
    printed = []
    for line in process.stdout:
        printed.append(line.strip())
        if line.startswith("Logs"):
            break
    (export,) = (line for line in printed if line.startswith("export "))
    (copy,) = (
        line for line in printed if line.endswith("titanic_train.csv") or "_train.csv s3" in line
    )
    credentials = dict(pair.split("=") for pair in export.split()[1:])
    url, bucket = copy.split()[2], copy.split()[-1].split("/")[2]
    upload = (
        "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1])"
        ".upload_file(sys.argv[2], sys.argv[3], 'data/toys_train.csv')"
    )
    subprocess.run(
        [sys.executable, "-c", upload, url, train, bucket],
        env={"PATH": os.environ["PATH"], **credentials},
        check=True,
    )
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "is ready" in line:
            break
    event = tmp_path / "results/events/training_job_completed.json"

    def with_own_job() -> dict[str, Any] | None:
        # The line may be there before the file is written.
        with suppress(ValueError):
            content: dict[str, Any] = json.loads(event.read_text())
            return content if content["detail"]["TrainingJobName"] != SAMPLE_JOB else None
        return None

    of_job = eventually(with_own_job)
    listed = codefree(tmp_path, "status", "--port", url.rpartition(":")[2], "--json")
    assert json.loads(listed.stdout)["totals"]["cost_usd"] == 0
    written = "".join(file.read_text() for file in (tmp_path / "results/events").glob("*.json"))
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=PATIENCE_SECONDS)
    assert of_job["detail"]["TrainingJobName"].startswith("toys-")
    assert bucket in written
    samples = (SAMPLE_BUCKET, SAMPLE_JOB, SAMPLE_STACK_ID, SAMPLE_LISTENER)
    assert [sample for sample in samples if sample in written] == []
    events = "".join(lines)
    assert "upload: data/toys_train.csv" in events
    assert "toys: the model that predicts label is ready." in events
    assert process.returncode == 130, rest


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_up_on_a_taken_port_is_refused_in_a_sentence(tmp_path: Path, option: str) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = {"--port": "0", "--api-port": "0", option: str(taken.getsockname()[1])}
        done = codefree(tmp_path, "up", *(word for pair in ports.items() for word in pair))
    assert done.returncode == 1
    assert f"Choose another with {option}." in done.stderr
    assert "Traceback" not in done.stderr


def test_predict_with_something_else_than_a_model_is_refused(tmp_path: Path, train: Path) -> None:
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as archive:
        archive.add(train, arcname="rows.csv")
    done = codefree(tmp_path, "predict", tmp_path / "other.tar.gz", train)
    assert done.returncode == 1
    assert "contains no code/inference.py" in done.stderr
    assert "is not a model.tar.gz" in codefree(tmp_path, "predict", train, train).stderr
    assert "Cannot read" in codefree(tmp_path, "predict", tmp_path / "none.tar.gz", train).stderr


def test_help_needs_nothing_that_is_slow_to_import(tmp_path: Path) -> None:
    script = "import sys, codefree.cli; print({'moto', 'boto3', 'samtranslator'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
