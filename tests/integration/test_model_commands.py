"""`codefree models`, `deploy`, `rollback` and `undeploy`, as a user runs them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from codefree.aws import STACK_NAME
from codefree.model_versions import Versions
from codefree.stack_status import StackStatusError
from contract.layout import live_json_key
from tests.commands import codefree, refused, said
from tests.fault_world import World, open_world
from tests.live_models import BETTER, PATIENT_API, answering, asked, end_trial, live_of, published

ROOT = Path(__file__).parents[2]
AT_ONCE = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("commands"), PATIENT_API) as world:
        yield world


def states(answer: Any) -> list[tuple[int, str, str]]:
    return [(one["number"], one["job"], one["state"]) for one in answer["versions"]]


def test_every_version_is_listed_with_its_score_and_what_it_is(world: World) -> None:
    name = world.new_dataset()
    first = published(world, name, interval=[0.4, 0.6])
    second = published(world, name, None)
    worse = {"job": first, "verdict": "worse"}
    third = published(world, name, BETTER, champion=worse)
    fourth = published(world, name, BETTER)
    listed = said(world, "models", name)
    assert states(listed) == [
        (1, first, "champion"),
        (2, second, "not_portable"),
        (3, third, "held_back"),
        (4, fourth, "challenger"),
    ]
    assert (listed["live"]["champion"], listed["live"]["challenger"]) == (first, fourth)
    assert (listed["versions"][0]["score"], listed["versions"][0]["interval"]) == (0.5, [0.4, 0.6])
    end_trial(world, name)
    header, *lines, last = codefree(world, "models", name).stdout.splitlines()
    assert header == "version\tstate\tuploaded\tscore\tjob"
    assert [line.split("\t")[1] for line in lines] == [
        "earlier",
        "not_portable",
        "held_back",
        "champion",
    ]
    assert lines[0].split("\t")[3] == "accuracy 0.5 (0.4–0.6)"
    assert last == "Version 4 answers all requests."
    assert codefree(world, "models", name, in_aws=True).stdout.splitlines() == [
        header,
        *lines,
        last,
    ]
    world.forget(name)


def test_a_version_is_deployed_rolled_back_turned_off_and_on_again(world: World) -> None:
    name = world.new_dataset()
    first, second = published(world, name), published(world, name, BETTER)
    assert set(answering(world, name)) == {first, second}
    assert said(world, "rollback", name)["live"]["challenger"] is None
    assert answering(world, name) == {first: 40}
    assert states(said(world, "deploy", name)) == [(1, first, "earlier"), (2, second, "champion")]
    assert answering(world, name) == {second: 40}
    said(world, "deploy", name, "--version", "1")
    assert answering(world, name) == {first: 40}
    said(world, "rollback", name)
    assert answering(world, name) == {second: 40}
    off = codefree(world, "undeploy", name)
    assert off.returncode == 0 and f"codefree deploy {name}" in off.stdout
    refusal = asked(world, name)
    assert (refusal.status, refusal.json["code"]) == (409, "api.undeployed")
    said(world, "deploy", name)
    assert answering(world, name) == {second: 40}
    whats = [(one.who, one.what) for one in live_of(world, name).history]
    assert whats == [
        ("publication", "first"),
        ("publication", "challenges"),
        ("command", "stopped"),
        ("command", "deployed"),
        ("command", "deployed"),
        ("command", "rolled_back"),
        ("command", "undeployed"),
        ("command", "deployed"),
    ]
    world.forget(name)


def test_what_cannot_be_done_is_refused_in_words_and_changes_nothing(world: World) -> None:
    name, empty = world.new_dataset(), world.new_dataset()
    published(world, name)
    published(world, name, None)
    before = live_of(world, name)
    assert "predicts with AutoGluon only" in refused(world, "deploy", name, "--version", "2")
    assert "has no version 3; it has 2" in refused(world, "deploy", name, "--version", "3")
    assert "no earlier version" in refused(world, "rollback", name)
    for command in ("models", "deploy", "rollback", "undeploy"):
        assert f'"{empty}" has no model' in refused(world, command, empty)
        assert '"a/../b" has no model' in refused(world, command, "a/../b")
    assert live_of(world, name) == before
    published(world, empty, None)
    assert "All versions" in refused(world, "deploy", empty)
    for dataset in (name, empty):
        world.forget(dataset)


def test_a_damaged_file_is_named_and_replaced_by_deploying(world: World) -> None:
    name = world.new_dataset()
    first = published(world, name)
    world.put(live_json_key(name), b"[]")
    for command in ("models", "rollback", "undeploy"):
        assert f"results/{name}/live.json" in refused(world, command, name)
    # The newest one was held back, and only that was written in the damaged file.
    published(world, name, BETTER, settings={"take_over": "never"})
    said(world, "deploy", name, "--version", "1")
    assert answering(world, name, 10) == {first: 10}
    assert live_of(world, name).earlier == ()
    world.forget(name)


def test_what_an_earlier_release_left_can_be_turned_off_and_replaced(world: World) -> None:
    name = world.new_dataset()
    first = published(world, name)
    world.objects.pop(live_json_key(name))
    assert states(said(world, "models", name)) == [(1, first, "champion")]
    said(world, "undeploy", name)
    assert asked(world, name).status == 409
    said(world, "deploy", name)
    assert answering(world, name, 10) == {first: 10}
    world.forget(name)


def test_commands_that_are_given_at_once_are_all_heard(world: World) -> None:
    name = world.new_dataset()
    published(world, name)
    published(world, name, BETTER)

    def deploy(number: int) -> None:
        versions = Versions(world.cloud.endpoint.client, STACK_NAME, name)
        versions.deploy(number % 2 + 1, None, datetime.now(UTC))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(deploy, range(AT_ONCE)))
    history = live_of(world, name).history
    assert [one.what for one in history].count("deployed") == AT_ONCE
    world.forget(name)


def test_a_stack_that_is_not_there_is_said_in_a_sentence(world: World) -> None:
    with pytest.raises(StackStatusError, match="There is no stack nothing"):
        Versions(world.cloud.endpoint.client, "nothing", "toys")
