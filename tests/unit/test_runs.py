"""Runs side by side: what differs, which scores can be compared, the table and the page."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.bounds import LANGUAGES
from contract.live import Live
from contract.runs import (
    MOST_RUNS,
    Change,
    Compared,
    Input,
    Measured,
    Run,
    Runs,
    runs_from_json,
)
from contract.spreadsheet import would_run
from pipeline.runs import COLUMNS, run_of, runs_csv
from pipeline.runs_page import MOST_SHOWN, runs_page
from tests import ended_jobs
from tests.plans import plan, spec
from tests.run_lists import SETTINGS, five_versions, job, prediction, training
from tests.statuses import COMPLETED

HOSTILE = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "=cmd|' /C calc'!A0",
        "javascript:alert(1)",
        "../../../etc/passwd",
        "</title></svg><b>",
        "&lt;b&gt;",
    ]
)


class Page(HTMLParser):
    """Collects the elements and links of a page, and what it says."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.said = ""
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.said += f"{data}\n"


def table(runs: Runs, live: Live | None) -> dict[str, dict[str, str]]:
    lines = io.StringIO(runs_csv(runs, live).decode("utf-8-sig"), newline="")
    return {line["job"]: line for line in csv.DictReader(lines)}


def test_each_run_says_what_differs_from_the_training_before() -> None:
    runs, _ = five_versions()
    first, second, third, fourth = runs.all[:4]
    assert runs.changes(first) is None
    assert runs.changes(second) == [Change("training_minutes", 5.0, 10.0)]
    assert runs.changes(third) == [Change("ignore_columns", [], ["Ticket"])]
    assert Change("autogluon.tabular", "1.6.3", "1.6.4") in (runs.changes(fourth) or ())
    assert runs.changes(prediction(5, 4)) is None


def test_scores_are_on_the_same_rows_only_where_that_is_known() -> None:
    one, measured = training(1), training(1).measured
    assert measured

    def alike(other: Run, first: Run = one) -> bool:
        return [found.job for found in Runs("titanic", (first, other)).on_same_rows(first)] != []

    assert alike(training(2))
    for changed in ({"metric": "f1"}, {"rows": 190}, {"scored_on": "hold-out"}):
        assert not alike(training(2, measured=replace(measured, **changed)))
    assert not alike(training(2, measured=None))
    assert not alike(training(2, settings={**SETTINGS, "target": "Age"}))
    other_test = replace(one.data[1], sha256="cd" * 32)
    assert not alike(training(2, data=(one.data[0], other_test)))
    own = replace(measured, scored_on="out-of-fold")
    assert alike(training(2, measured=own, data=one.data), replace(one, measured=own))
    assert not alike(training(2, measured=own), replace(one, measured=own)), "another train file"
    drawn = replace(measured, scored_on="hold-out")
    assert not alike(training(2, measured=drawn, data=one.data), replace(one, measured=drawn))


def test_files_are_the_same_by_their_hash_and_else_by_what_s3_calls_them() -> None:
    file = Input("train", "a.csv", "data/a.csv", "etag")
    assert file.is_same(replace(file, sha256="ab"))
    assert replace(file, sha256="ab", etag="1").is_same(replace(file, sha256="ab", etag="2"))
    assert not replace(file, sha256="ab").is_same(replace(file, sha256="cd"))
    assert not replace(file, etag="").is_same(replace(file, etag=""))
    assert not file.is_same(None)


def test_versions_are_numbered_as_the_command_does_and_deleted_ones_have_no_number() -> None:
    runs, _ = five_versions()
    assert runs.versions == {job(number): number for number in range(1, 6)}
    rest = runs.with_folders([one.job for one in runs.all if one.job != job(2)])
    assert rest.versions == {job(1): 1, job(3): 2, job(4): 3, job(5): 4}
    assert "Its files are deleted." in Page(runs_page(rest, None, "en")).said


def test_what_answers_requests_is_told_as_of_the_moment_that_is_shown() -> None:
    runs, live = five_versions()
    found = {one.job: runs.answers(one, live) for one in runs.all}
    assert [found[job(number)] for number in range(1, 7)] == [
        *("earlier", "not_portable", "champion", "challenger", "held_back", "")
    ]
    later = datetime(2026, 12, 2, tzinfo=UTC)
    assert runs.answers(training(4), live, later) == "champion"
    assert runs.answers(training(3), replace(live, on=False)) == "earlier"
    assert runs.answers(training(3), None) == ""


def test_what_is_written_is_read_again_and_a_damaged_file_is_nothing() -> None:
    runs, _ = five_versions()
    assert runs_from_json("titanic", runs.to_json()) == runs
    for damaged in (None, b"", b"[]", b'{"all": 3}', b'{"all": [{"job": 1}]}', b"[" * 200_000):
        assert runs_from_json("titanic", damaged) == Runs("titanic")
    newer = json.loads(runs.to_json())
    newer["all"][0] |= {"unknown": 1}
    newer["all"][0]["data"][0]["unknown"] = 2
    assert runs_from_json("titanic", json.dumps(newer).encode()) == runs


def test_the_oldest_are_forgotten_and_a_run_is_there_once() -> None:
    many = [prediction(1, 1, job=f"titanic-{n:06}") for n in range(MOST_RUNS + 5)]
    runs = Runs("titanic").with_runs(many).with_runs(many[-3:])
    assert len(runs.all) == MOST_RUNS
    assert runs.all[0].job == many[5].job
    page = Page(runs_page(runs, None, "en"))
    assert f"Only the newest {MOST_SHOWN} are shown" in page.said


def test_a_run_has_what_its_job_was_given_and_has_made() -> None:
    given, ended = spec(plan()), ended_jobs.job()
    status = replace(
        COMPLETED,
        job=given.job,
        model=ended.model_key,
        score={"metric": "roc_auc", "score": 0.9, "scored_on": "test file", "rows": 3},
    )
    performance = {
        "interval": [0.8, 0.95],
        "champion": {"job": "titanic-before", "score": 0.7, "verdict": "better"},
    }
    assert given.train is not None
    passport = {
        "sha256": {given.train.file: "ab" * 32},
        "rows": {"train": 700, "test": None},
        "versions": {"python": "3.12.3"},
        "seeds": {"split": 0},
    }
    found = run_of(status, given, performance, passport, "2026-11-21T05:00:00+00:00")
    assert (found.made, found.model_job, found.has_model) == ("model", given.job, True)
    assert found.data[0].sha256 == "ab" * 32
    assert found.data[0].rows == 700
    assert found.measured == Measured("roc_auc", 0.9, "test file", 3, (0.8, 0.95))
    assert found.champion == Compared("titanic-before", 0.7, "better")
    assert found.settings["target"] == given.target
    assert not {"train", "kind", "model_before"} & set(found.settings)
    assert (found.seeds, found.versions) == ({"split": 0}, {"python": "3.12.3"})


def test_of_a_job_whose_description_is_gone_the_status_is_told() -> None:
    found = run_of(COMPLETED, None, None, None, "")
    assert (found.settings, found.data, found.measured) == ({}, (), None)
    page = Page(runs_page(Runs("titanic").with_runs([found]), None, "en"))
    assert "not there any more" in page.said


def test_a_prediction_names_the_model_that_it_used() -> None:
    given = ended_jobs.PREDICTING
    status = replace(COMPLETED, job=given.job, model=given.model_key)
    found = run_of(status, given, None, None, "")
    assert (found.made, found.model_job) == ("predictions", given.model_job)
    assert not found.has_model and not found.trains
    assert found.data[0].file == given.test.file
    assert run_of(status, None, None, None, "").made == "predictions"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_no_script_and_shows_every_run(language: str) -> None:
    runs, live = five_versions()
    page = Page(runs_page(runs, live, language))
    assert "script" not in page.tags
    assert all(one.job in page.said for one in runs.all)
    assert {link for link in page.links if not link.startswith(("../../", "./titanic-"))} == {
        "live.json"
    }


RUNS, LIVE = five_versions()
PLAIN = Page(runs_page(RUNS, LIVE, "en"))


@given(HOSTILE)
@settings(max_examples=50, deadline=None)
def test_no_name_or_value_becomes_markup_a_foreign_link_or_a_formula(name: str) -> None:
    file = Input("train", name, f"data/{name}", name, name, 3, name)
    run = training(
        1,
        job=name,
        model_job=name,
        data=(file, replace(file, part="test", key=name)),
        settings={name: name, "target": [name]},
        versions={name: name},
        measured=Measured(name, 0.5, name, 3, (0.4, 0.6)),
        champion=Compared(name, 0.4, name),
        after=name,
        instance_type=name,
    )
    before = training(0, settings={name: "another"})
    runs = Runs(name).with_runs([before, run, prediction(2, 1, model_job=name, job=f"p{name}")])
    page = Page(runs_page(runs, LIVE, "en"))
    assert page.tags <= PLAIN.tags | {"li", "ul"}
    assert page.attributes <= PLAIN.attributes
    for link in page.links:
        assert link.startswith(("../../data/", "../../models/", "./")) or link == "live.json"
    for line in csv.reader(io.StringIO(runs_csv(runs, LIVE).decode("utf-8-sig"), newline="")):
        assert not any(map(would_run, line))


def test_the_table_has_all_for_programs() -> None:
    runs, live = five_versions()
    lines = table(runs, live)
    assert list(lines) == [one.job for one in runs.all]
    assert tuple(lines[job(1)]) == COLUMNS
    third, fifth = lines[job(3)], lines[job(5)]
    assert (third["answers"], third["version"]) == ("champion", "3")
    assert third["changed"] == 'ignore_columns: [] → ["Ticket"]'
    assert (fifth["compared_with"], fifth["this_one_is"]) == (job(3), "worse")
    assert job(1) in fifth["same_rows_as"].split()
    assert json.loads(third["settings"])["ignore_columns"] == ["Ticket"]
    assert (third["low"], third["high"], third["usd"]) == ("0.75", "0.93", "0.0213")
