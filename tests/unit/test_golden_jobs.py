"""Files in tests/golden were written by the version before job.json had a type. Nothing in them
may change: a job's name is the lock against paying twice, and old files stay in buckets."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from automl.dataset import Dataset
from automl.model_job import COUNTED_WHERE_USED, job_name, model_job
from automl.plan import TrainingPlan, plan_training
from automl.prediction_job import prediction_job, prediction_job_name
from contract.job import (
    DEFAULTS,
    KINDS,
    Job,
    ModelJob,
    TranslatorJob,
    job_from_json,
    to_json,
)
from contract.layout import JOB_JSON, job_json_key
from pipeline.files import UploadedFile, UploadedFiles
from pipeline.out_of_memory_retry import out_of_memory_retry
from pipeline.stack import Stack
from pipeline.training_job import attempt_name, job_files, training_request
from tests.plans import ROWS, SOURCE, STACK
from tests.template_facts import ROOT
from translation.training import (
    TranslatorData,
    plan_translator,
    translator_job,
    translator_job_name,
)

GOLDEN = ROOT / "tests/golden"
SPOT = replace(STACK, region="eu-west-1", use_spot=True, network_isolation=False)
PAIRS = "source\ttarget\n" + "".join(f"text {n}\tText {n}\n" for n in range(200))
SETTINGS = (
    '{"target": "y", "preset": "good", "training_minutes": 7.5, "max_cost_usd": 3,'
    ' "ignore_columns": ["note"], "id_column": "id", "report_language": "ko",'
    ' "predictions_format": "plain", "instance_type": "ml.m5.xlarge"}'
)
TARGET = '{"target": "y"}'


def uploaded(key: str, content: str, version: str) -> UploadedFile:
    head = content.encode()
    return UploadedFile(
        key, len(head), f"etag of {key}", version, "2026-11-21T04:00:00+00:00", head
    )


def plan(
    name: str,
    test: str = "id,a\n1,2\n",
    settings: str = "",
    stack: Stack = STACK,
    passed_over: tuple[str, ...] = (),
) -> TrainingPlan:
    dataset = Dataset(name)
    files = UploadedFiles(
        train=uploaded(dataset.train_keys[0], f"id,a,y\n{ROWS}", "v1"),
        test=uploaded(dataset.test_keys[0], test, "v2") if test else None,
        settings=uploaded(dataset.settings_key, settings, "v3") if settings else None,
        passed_over=passed_over,
    )
    return plan_training(dataset, files, stack)


def model(
    plan: TrainingPlan, stack: Stack = STACK, before: str | None = None, attempt: int = 1
) -> ModelJob:
    name = attempt_name(job_name("bucket", plan), attempt)
    return model_job(name, plan, stack, SOURCE, before)


def translator(settings: str, stack: Stack) -> Job:
    files = UploadedFiles(
        uploaded("translation/en-de_train.tsv", PAIRS, "v1"),
        test=None,
        settings=uploaded("translation/en-de.json", settings, "v3") if settings else None,
    )
    plan = plan_translator(TranslatorData("en", "de"), files, stack)
    return translator_job(translator_job_name("bucket", plan), plan, stack, SOURCE)


def jobs() -> Iterator[tuple[str, Job, Stack]]:
    yield "model", model(plan("titanic")), STACK
    chosen = plan("sales (1) a+b 값", "", SETTINGS, SPOT, ("data/x.parquet",))
    yield "model_with_settings", model(chosen, SPOT), SPOT
    compared = plan("titanic", "id,a,y\n1,2,0\n", TARGET)
    yield "model_compared", model(compared, before="models/older/output/model.tar.gz"), STACK
    again = out_of_memory_retry(
        "AlgorithmError: , exit code: 137", 360, model(plan("titanic")), "us-east-1"
    )
    assert again is not None
    yield "model_second_attempt", again.of(model(plan("titanic"), attempt=2)), STACK
    trained, later = model(plan("titanic", "", TARGET)), plan("titanic", settings=TARGET)
    name = prediction_job_name("bucket", trained.job, later)
    yield "predictions", prediction_job(name, later, STACK, SOURCE, trained), STACK
    yield "translator", translator("", STACK), STACK
    tuned = '{"base_model": "Helsinki-NLP/opus-mt-en-de"}'
    yield "translator_fine_tuned", translator(tuned, SPOT), SPOT


CASES = {name: (job, stack) for name, job, stack in jobs()}


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def test_there_is_a_case_for_every_file_and_every_kind_of_job() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(CASES)
    assert {type(job) for job, _ in CASES.values()} == set(KINDS.values())


def rewritten(key: str, old: str) -> str:
    """The file as this version writes what it has read."""
    return to_json(job_from_json(old)).decode() if key.endswith(JOB_JSON) else old


@pytest.mark.parametrize("name", CASES)
def test_the_same_inputs_give_the_same_job_to_the_byte(name: str) -> None:
    job, stack = CASES[name]
    files = {key: content.decode() for key, content in job_files("bucket", job).items()}
    assert files == {key: rewritten(key, old) for key, old in golden(name)["files"].items()}
    assert training_request("bucket", job, stack) == golden(name)["request"]


@pytest.mark.parametrize("name", CASES)
def test_a_job_json_of_before_is_read_and_gives_the_same_request(name: str) -> None:
    expected, (job, stack) = golden(name), CASES[name]
    written = expected["files"][job_json_key(job.job)]
    found = job_from_json(written)
    assert found == job
    now, before = json.loads(to_json(found)), json.loads(written)
    # Since then, the rule has a code, a translator's report a language, and settings were added.
    later = {"target_rule", "report_language", *COUNTED_WHERE_USED}
    assert {key for key in now if now[key] != before.get(key)} <= later
    assert now.keys() >= before.keys()
    assert training_request("bucket", found, stack) == expected["request"]


@pytest.mark.parametrize("name", CASES)
def test_a_key_that_an_earlier_version_did_not_write_has_its_default(name: str) -> None:
    job, _ = CASES[name]
    content = json.loads(to_json(job))
    for key in DEFAULTS.keys() & content.keys() - {"kind"}:
        earlier = job_from_json(json.dumps({k: v for k, v in content.items() if k != key}))
        assert type(earlier) is type(job), key
        assert earlier.job == job.job
    content.pop("file_stem"), content.pop("max_billed_seconds")
    derived = job_from_json(json.dumps(content))
    assert derived.file_stem == content["dataset"]
    assert derived.max_billed_seconds >= job.max_billed_seconds


def test_a_job_json_of_the_first_version_is_that_of_a_model() -> None:
    first = {"dataset": "d", "job": "d-0", "target": "y", "target_rule": "", "train": {"key": "k"}}
    found = job_from_json(json.dumps({**first, "training_minutes": 10}))
    assert isinstance(found, ModelJob)
    assert (found.file_stem, found.predictions_format, found.train.key) == ("d", "excel", "k")


def test_what_a_later_version_adds_is_left_alone() -> None:
    job, _ = CASES["model"]
    content = json.loads(to_json(job))
    content["versions"]["new"] = content["train"]["new"] = content["new"] = 1
    assert job_from_json(json.dumps(content)) == job


@pytest.mark.parametrize("content", ['{"kind": "poem", "job": "x"}', "[]", '"model"'])
def test_what_is_not_a_job_json_of_a_known_kind_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match="known kind"):
        job_from_json(content)


def test_the_script_that_trains_the_default_translator_describes_a_translators_job() -> None:
    script = (ROOT / "scripts/train_default_translator.sh").read_text("utf-8")
    written = script.split("<<JSON\n")[1].split("\nJSON\n")[0]
    # As the shell writes it.
    job = job_from_json(written.replace("$minutes", "10").replace("\\\\", "\\"))
    assert isinstance(job, TranslatorJob)
    assert (job.source_language, job.target_language) == ("en", "de")
    assert job.train.delimiter == "\t"
