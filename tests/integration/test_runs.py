"""The runs of a dataset, side by side: through publish_results, the bucket and the command."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from codefree.api_gateway import DATASETS_KEY
from codefree.lambda_service import FunctionError
from contract.layout import RUNS_CSV, RUNS_JSON, RUNS_PAGE, job_json_key, results_folder, runs_key
from contract.runs import Runs, runs_from_json
from tests.commands import codefree, said
from tests.fault_world import ROOT, World, open_world, place_of
from tests.faults import Fault
from tests.http import ask
from tests.live_models import BETTER, PATIENT_API, published, trained


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("runs"), PATIENT_API) as world:
        yield world


def runs_of(world: World, name: str) -> Runs:
    return runs_from_json(name, world.read(runs_key(name, RUNS_JSON)))


def shown(world: World, name: str) -> tuple[str, str]:
    """The table and the page."""
    csv, page = (world.read(runs_key(name, form)) for form in (RUNS_CSV, RUNS_PAGE))
    return csv.decode("utf-8-sig"), page.decode()


def ended(world: World, name: str) -> str:
    """Train and publish once more; the job's name."""
    job = trained(world, name)
    world.publish_job(job, None, 0)
    return job


def event_of(job: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events/training_job_completed.json").read_text())
    event["detail"]["TrainingJobName"] = job
    return event


def test_five_versions_are_listed_in_the_bucket_by_the_command_and_on_the_page(
    world: World,
) -> None:
    name = world.new_dataset()
    first = published(world, name, interval=[0.4, 0.6])
    second = published(world, name, None, settings={"preset": "good"})
    third = published(
        world, name, BETTER, champion={"job": first, "score": 0.4, "verdict": "worse"}
    )
    jobs = [first, second, third, published(world, name), published(world, name, BETTER)]
    runs = runs_of(world, name)
    assert [one.job for one in runs.all] == jobs
    assert [change.name for change in runs.changes(runs.all[1]) or ()] == ["preset"]
    csv, page = shown(world, name)
    assert all(job in csv and job in page for job in jobs)
    listed = said(world, "runs", name)
    assert [one["version"] for one in listed["runs"]] == [1, 2, 3, 4, 5]
    models = {one["job"]: one for one in said(world, "models", name)["versions"]}
    for one in listed["runs"]:
        model = models[one["job"]]
        assert (one["version"], one["answers"]) == (model["number"], model["state"])
    table = codefree(world, "runs", name).stdout.splitlines()
    assert len(table) == 6 and table[0].startswith("version\trun")
    assert "preset: medium → good" in table[2]
    missing = codefree(world, "runs", "nothing")
    assert missing.returncode == 1 and "no runs" in missing.stderr
    found = ask(world.cloud, f"datasets/{name}/files", key=DATASETS_KEY).json
    assert "runs" in [file["name"] for file in found["files"]]
    world.forget(name)


def test_jobs_that_end_at_once_are_all_there_and_once_each(world: World) -> None:
    name = world.new_dataset()
    jobs = [trained(world, name) for _ in range(4)]
    with ThreadPoolExecutor(len(jobs)) as pool:
        twice = [*jobs, *jobs]
        list(pool.map(lambda job: world.publish_job(job, None, 0), twice))
    assert sorted(one.job for one in runs_of(world, name).all) == sorted(jobs)
    assert all(job in text for job in jobs for text in shown(world, name))
    before = shown(world, name)
    world.publish(name)
    assert shown(world, name) == before
    world.forget(name)


@pytest.mark.parametrize("form", [RUNS_JSON, RUNS_CSV, RUNS_PAGE])
def test_a_job_that_ends_between_reading_and_writing_is_not_overwritten(
    world: World, form: str
) -> None:
    name = world.new_dataset()
    before = [ended(world, name), ended(world, name)]
    probe = trained(world, name)
    calls = world.publish_job(probe, None, 0)
    one, other = trained(world, name), trained(world, name)
    meanwhile = Fault("overtaken", meanwhile=lambda: world.publish_job(other, None, 0))
    world.publish_job(one, meanwhile, place_of(calls, f"PutObject .*/{form}"))
    assert {run.job for run in runs_of(world, name).all} == {*before, probe, one, other}
    assert all(other in text and one in text for text in shown(world, name))
    world.forget(name)


def test_results_of_earlier_releases_and_expired_ones_are_in_the_list(world: World) -> None:
    name = world.new_dataset()
    first, second = ended(world, name), ended(world, name)
    for form in (RUNS_JSON, RUNS_CSV, RUNS_PAGE):
        world.objects.pop(runs_key(name, form))
    world.objects.pop(job_json_key(first))
    third = ended(world, name)
    runs = runs_of(world, name)
    assert [one.job for one in runs.all] == [first, second, third]
    assert not runs.all[0].settings and runs.all[0].measured
    for key in world.keys(results_folder(name, second)):
        world.objects.pop(key)
    fourth = ended(world, name)
    runs = runs_of(world, name)
    assert [one.job for one in runs.all] == [first, second, third, fourth]
    assert runs.versions == {first: 1, third: 2, fourth: 3}
    world.put(runs_key(name, RUNS_JSON), b'{"all": "nonsense')
    fifth = ended(world, name)
    assert {one.job for one in runs_of(world, name).all} == {first, third, fourth, fifth}
    world.forget(name)


def test_a_list_that_cannot_be_written_never_keeps_a_publication(world: World) -> None:
    name = world.new_dataset()
    calls = world.publish_job(trained(world, name), None, 0)
    place = next(at for at, call in enumerate(calls) if RUNS_JSON in str(call))
    again = trained(world, name)
    with world.function("PublishResultsFunction") as function, pytest.raises(FunctionError):
        refused = Fault("refused", code="access denied", times=1)
        function.invoke(event_of(again), refused, place)
    assert (world.status(name)["state"], world.status(name)["job"]) == ("completed", again)
    assert again not in [one.job for one in runs_of(world, name).all]
    world.publish_job(again, None, 0)
    assert again in [one.job for one in runs_of(world, name).all]
    world.forget(name)
