"""A model is trained again only from the same data, and what differs is said in words."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codefree.reproduce import (
    SHOWING,
    Origin,
    ReproduceError,
    compare,
    find_files,
    read_origin,
)
from codefree.words import LANGUAGES, Words
from contract.job import settings_of, to_passport
from pipeline.settings import OF_DATASETS
from tests.archives import packed
from tests.conftest import PATIENCE_SECONDS
from tests.ended_jobs import PREDICTING
from tests.messages import english
from tests.plans import plan, spec
from tests.template_facts import ROOT

TRAIN, TEST = b"x,y\n1,2\n", b"x\n1\n"
PERFORMANCE = {
    "metric": "roc_auc",
    "score": 0.9,
    "scored_on": "test file",
    "rows": 3,
    "interval": [0.8, 0.95],
    "best_model": "LightGBM",
}
COLUMN = {"name": "x", "kind": "number"}


def passport(**more: object) -> Mapping[str, Any]:
    job = spec(plan())
    assert job.train is not None
    files = {job.train.file: TRAIN, **({job.test.file: TEST} if job.test else {})}
    return {
        **to_passport(job),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "versions": {"python": "3.12.3"},
        "seeds": {"split": 0},
        "performance": PERFORMANCE,
        **more,
    }


def model(folder: Path, content: object = None, columns: object = (COLUMN,)) -> Path:
    texts = {
        "passport.json": content if isinstance(content, str) else json.dumps(content or passport()),
        "code/columns.json": json.dumps({"columns": columns}),
    }
    return packed(folder / "model.tar.gz", **texts)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return read_origin(model(tmp_path))


@pytest.fixture
def data(tmp_path: Path, origin: Origin) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, content in zip(origin.files, (TRAIN, TEST), strict=False):
        (folder / name).write_bytes(content)
    return folder


def test_what_the_passport_says_are_settings_that_a_dataset_can_have(origin: Origin) -> None:
    assert set(origin.settings) <= set(OF_DATASETS) - set(SHOWING)
    assert origin.settings["target"] == spec(plan()).target
    assert set(settings_of(spec(plan()))) <= set(OF_DATASETS)


def test_files_are_found_by_name_or_under_another_one(origin: Origin, data: Path) -> None:
    assert [path.name for path in find_files(origin, data)] == origin.files
    train = origin.files[0]
    (data / train).rename(data / "renamed.csv")
    found = replace(origin, job=replace(origin.job, train=replace(origin.job.train, bytes=8)))
    assert find_files(found, data)[0].name == "renamed.csv"


def test_other_content_and_lacking_files_are_refused(origin: Origin, data: Path) -> None:
    train = data / origin.files[0]
    train.write_bytes(b"x,y\n1,3\n")
    with pytest.raises(ReproduceError) as caught:
        find_files(origin, data)
    assert caught.value.message.code == "reproduce.other_content"
    train.unlink()
    with pytest.raises(ReproduceError) as caught:
        find_files(origin, data)
    assert caught.value.message.code == "reproduce.missing"
    with pytest.raises(ReproduceError) as caught:
        find_files(origin, data / "nowhere")
    assert caught.value.message.code == "cli.unreadable"


@pytest.mark.parametrize(
    "content",
    [
        "nonsense",
        "[]",
        "[" * 100_000,
        passport(sha256={}),
        passport(sha256=None),
        passport(performance=3),
        passport(seeds=[1]),
        passport(train="x"),
        to_passport(PREDICTING),
    ],
)
def test_an_archive_without_a_whole_passport_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(ReproduceError) as caught:
        read_origin(model(tmp_path, content))
    assert caught.value.message.code == "reproduce.no_passport"


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"nothing")
    with pytest.raises(ReproduceError):
        read_origin(tmp_path / "model.tar.gz")
    with pytest.raises(ReproduceError):
        read_origin(tmp_path / "missing.tar.gz")


def codes(before: Origin, now: Origin) -> tuple[bool, list[str]]:
    found = compare(before, now)
    for language in set(LANGUAGES) - {"en"}:
        assert all(english(Words(language).render(one)) == [] for one in found.said)
    return found.same, [one.code.removeprefix("reproduce.") for one in found.said]


def scored(origin: Origin, **more: object) -> Origin:
    return replace(origin, performance={**origin.performance, **more})


def test_the_score_may_differ_within_its_noise_and_no_further(origin: Origin) -> None:
    assert codes(origin, origin) == (True, ["same", "same_score", "same_columns"])
    close, far = scored(origin, score=0.85), scored(origin, score=0.96)
    assert codes(origin, close) == (True, ["same", "close_score", "same_columns"])
    assert codes(origin, far) == (False, ["differs", "other_score", "same_columns"])
    assert codes(origin, scored(close, rows=4))[1][1] == "other_rows"
    unknown = scored(origin, interval=None)
    assert codes(unknown, close) == (False, ["differs", "no_interval", "same_columns"])


def test_columns_versions_seeds_code_and_model_that_differ_are_named(origin: Origin) -> None:
    columns = {"x": {**COLUMN, "kind": "text"}, "z": COLUMN}
    now = replace(
        scored(origin, best_model="CatBoost"),
        columns=columns,
        versions={"python": "3.13.0"},
        seeds={"split": 1},
        job=replace(origin.job, source="source/other/sourcedir.tar.gz"),
    )
    assert codes(origin, now) == (
        False,
        [
            *("differs", "same_score", "columns_added", "columns_read_otherwise"),
            *("other_versions", "other_seeds", "other_code", "other_model"),
        ],
    )
    assert "columns_lacking" in codes(now, origin)[1]


def test_the_command_refuses_in_a_sentence_before_anything_starts(
    tmp_path: Path, origin: Origin
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "codefree", "reproduce", tmp_path / "model.tar.gz", empty],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "SHA-256" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "reproduced").exists()
