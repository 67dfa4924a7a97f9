"""What a job reads is what job.json says of it, or else it does not train, or says otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest

from contract.job import ModelJob, to_json
from contract.layout import JOB_JSON, pinned_input
from failure import TrainingError
from job_spec import Folders, JobSpec, read_job_spec
from pipeline.training_job import pinned
from tests.messages import raises
from tests.plans import plan, spec

GIVEN = pinned(spec(plan()))
TRAIN, TEST = b"x" * 277, b"y" * 13


def read(root: Path, job: ModelJob, train_etag: str, test_etag: str) -> JobSpec:
    """The channels as SageMaker fills them from the manifests."""
    assert job.test is not None
    contents = {"train": (job.train, train_etag, TRAIN), "test": (job.test, test_etag, TEST)}
    for channel, (file, etag, content) in contents.items():
        path = root / channel / pinned_input(channel, etag, file.file)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (root / "job").mkdir()
    (root / "job" / JOB_JSON).write_bytes(to_json(job))
    channels = {name: root / name for name in ("train", "test", "job")}
    return read_job_spec(Folders(channels, root, root / "output", root))


def given() -> ModelJob:
    assert isinstance(GIVEN, ModelJob) and GIVEN.test is not None
    return replace(
        GIVEN,
        train=replace(GIVEN.train, bytes=len(TRAIN), etag="a" * 32),
        test=replace(GIVEN.test, bytes=len(TEST), etag="b" * 32),
    )


def test_files_that_are_as_described_are_read_from_their_copies(tmp_path: Path) -> None:
    found = read(tmp_path, given(), "a" * 32, "b" * 32)
    assert found.train.read_bytes() == TRAIN
    assert found.test is not None and found.test.read_bytes() == TEST
    assert found.passport["test"]["etag"] == "b" * 32


def test_another_train_file_of_the_same_size_is_not_trained(tmp_path: Path) -> None:
    with raises(TrainingError, "job.file_replaced"):
        read(tmp_path, given(), "c" * 32, "b" * 32)


def test_another_test_file_than_described_later_is_named_in_the_passport(tmp_path: Path) -> None:
    found = read(tmp_path, given(), "a" * 32, "c" * 32)
    assert found.passport["test"]["etag"] == "c" * 32
    assert found.passport["test"]["version_id"] == ""


@pytest.mark.parametrize("channel", ["train", "test"])
def test_a_job_of_an_earlier_version_has_no_copies(tmp_path: Path, channel: str) -> None:
    job = spec(plan())
    assert job.test is not None
    job = replace(job, train=replace(job.train, bytes=None))
    for name, file in (("train", job.train), ("test", job.test)):
        (tmp_path / name).mkdir()
        (tmp_path / name / file.file).write_bytes(b"any")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / JOB_JSON).write_bytes(to_json(job))
    channels = {name: tmp_path / name for name in ("train", "test", "job")}
    found = read_job_spec(Folders(channels, tmp_path, tmp_path / "output", tmp_path))
    assert getattr(found, channel).read_bytes() == b"any"
