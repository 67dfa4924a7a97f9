"""A query that is dropped as a train file becomes rows, once, and these a job."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from moto.athena.models import athena_backends

from codefree.api_gateway import DATASETS_KEY
from codefree.aws import ACCOUNT
from codefree.cloud import Cloud, Settings
from contract.layout import QUERY_ENDING
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.http import ask
from tests.messages import codes_in
from tests.uploads import TRAIN, drop, ended, jobs, keys, status, text

QUERY = "SELECT p.*, rank() OVER (PARTITION BY p.island ORDER BY p.body_mass_g) AS heavier FROM p"
RUNNING = {"training", "completed"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    parameters = {
        "SettleSeconds": "0",
        "RetrySeconds": "60",
        "SqlDatabases": "zoo,farm",
        "SqlSources": "elsewhere",
        "TargetColumn": "species",
        "Uploads": "true",
    }
    settings = Settings(parameters=parameters, training_source=STUB_TRAINING)
    with own_cloud(settings) as cloud:
        drop_tables(cloud, "elsewhere")
        yield cloud


def drop_tables(cloud: Cloud, other: str) -> None:
    """One of the stack's own bucket, and one of another, which AWS Glue knows."""
    drop(cloud, "tables/p/penguins.csv", TRAIN)
    s3, glue = cloud.endpoint.client("s3"), cloud.endpoint.client("glue")
    where = {"LocationConstraint": cloud.endpoint.region}
    s3.create_bucket(Bucket=other, CreateBucketConfiguration=where)
    s3.put_object(Bucket=other, Key="lake/far/penguins.csv", Body=TRAIN)
    glue.create_database(DatabaseInput={"Name": "zoo"})
    stored = {"Location": f"s3://{other}/lake/far/"}
    glue.create_table(DatabaseName="zoo", TableInput={"Name": "far", "StorageDescriptor": stored})


def runs(cloud: Cloud, query: str) -> list[Any]:
    return [one for one in cloud.athena.executions.values() if query in one.request["QueryString"]]


def passport(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(cloud, f"jobs/{name}/job.json"))
    return found


def test_a_query_dropped_ten_times_runs_once_and_becomes_one_job(cloud: Cloud) -> None:
    query = f"{QUERY} WHERE p.island <> 'ten'"
    for _ in range(10):
        drop(cloud, "data/ten_train.sql", query)

    found = ended(cloud, "ten")

    assert found["state"] == "completed", found
    assert len(runs(cloud, "'ten'")) == 1
    (job,) = jobs(cloud, "ten")
    file = passport(cloud, job)["train"]
    assert file["file"] == "ten_train.parquet"
    assert "RANK() OVER" in file["query"]
    assert "may_differ" not in file
    assert "detail.queried" in codes_in(found)


def test_all_files_of_athena_are_one_file_of_the_job(cloud: Cloud) -> None:
    drop(cloud, "data/whole.json", '{"target": "species"}')
    drop(cloud, "data/whole_train.sql", QUERY)

    assert ended(cloud, "whole")["state"] == "completed"

    (copy,) = keys(cloud, f"jobs/{jobs(cloud, 'whole')[0]}/train/")
    body = cloud.endpoint.client("s3").get_object(Bucket=cloud.bucket, Key=copy)["Body"].read()
    table = pq.read_table(io.BytesIO(body))
    assert table.num_rows == len(TRAIN.splitlines()) - 1
    assert table.column_names[-1] == "heavier"
    assert len([key for key in keys(cloud, "queries/") if "/rows/" in key]) >= 2


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        ("two", "SELECT 1 AS a; DROP TABLE p", "query.statements"),
        ("other", "SELECT * FROM prison.p", "query.database"),
        ("file", "SELECT * FROM read_csv('/etc/passwd')", "query.table_function"),
        ("none", "SELECT * FROM p WHERE island = 'Atlantis'", "query.no_rows"),
        ("nowhere", "SELECT * FROM q", "query.failed"),
        (
            "twice",
            "SELECT a.*, b.* FROM p a JOIN p b ON a.island = b.island",
            "query.same_names_failed",
        ),
        ("zone", "SELECT *, from_unixtime(1) AS t FROM p", "query.type"),
        ("dialect", "SELECT *, soundex(species) AS s FROM p", "query.only_athena"),
        ("mute", "-- nothing", "query.empty"),
    ],
)
def test_what_cannot_run_is_refused_in_words(
    cloud: Cloud, name: str, query: str, code: str
) -> None:
    drop(cloud, f"data/{name}_train.sql", query)

    found = ended(cloud, name)

    assert found["state"] == "refused"
    assert code in codes_in(found)
    assert jobs(cloud, name) == []


def test_rows_that_may_differ_are_said_to(cloud: Cloud) -> None:
    drop(cloud, "data/chance_train.sql", "SELECT *, rand() AS luck FROM p")

    found = ended(cloud, "chance")

    assert "detail.may_differ" in codes_in(found)
    assert passport(cloud, jobs(cloud, "chance")[0])["train"]["may_differ"] == "rand"


def test_a_later_test_query_is_predicted(cloud: Cloud) -> None:
    drop(cloud, "data/late_train.sql", f"{QUERY} WHERE p.island <> 'late'")
    assert ended(cloud, "late")["state"] == "completed"

    drop(cloud, "data/late_test.sql", "SELECT p.*, 1 AS heavier FROM p WHERE p.island <> 'late'")

    eventually(lambda: len(jobs(cloud, "late")) == 2)
    spec = eventually(
        lambda: next(
            (p for j in jobs(cloud, "late") if (p := passport(cloud, j))["kind"] == "predictions"),
            None,
        )
    )
    assert spec["test"]["file"] == "late_test.parquet"


def test_a_query_that_failed_runs_again_when_it_is_dropped_again(cloud: Cloud) -> None:
    query = "SELECT * FROM soon WHERE island <> 'again'"
    drop(cloud, "data/again_train.sql", query)
    assert ended(cloud, "again")["state"] == "refused"

    drop(cloud, "tables/soon/penguins.csv", TRAIN)
    drop(cloud, "data/again_train.sql", query)

    status(cloud, "results/again/", RUNNING)
    assert len(runs(cloud, "'again'")) == 2


def test_a_table_of_another_bucket_is_read_where_glue_says(cloud: Cloud) -> None:
    drop(cloud, "data/far.json", '{"target": "species"}')
    drop(cloud, "data/far_train.sql", "SELECT * FROM zoo.far")

    assert ended(cloud, "far")["state"] == "completed"


def test_a_query_that_reads_too_much_is_stopped_and_paid(cloud: Cloud) -> None:
    groups = athena_backends[ACCOUNT][cloud.endpoint.region].work_groups
    (group,) = (group for name, group in groups.items() if name != "primary")
    limit = group.configuration["BytesScannedCutoffPerQuery"]
    group.configuration["BytesScannedCutoffPerQuery"] = 10
    try:
        drop(cloud, "data/greedy_train.sql", "SELECT * FROM p WHERE island <> 'greedy'")
        found = ended(cloud, "greedy")
    finally:
        group.configuration["BytesScannedCutoffPerQuery"] = limit
    assert {"query.too_much_read", "detail.query_paid"} <= set(codes_in(found))
    assert ",cancelled,Athena," in text(cloud, "results/costs.csv")


def test_a_query_that_is_replaced_while_it_runs_is_booked_all_the_same(cloud: Cloud) -> None:
    drop(cloud, "data/hasty_train.sql", "SELECT * FROM p WHERE island <> 'first'")
    eventually(lambda: runs(cloud, "'first'"))
    drop(cloud, "data/hasty_train.sql", "SELECT * FROM p WHERE island <> 'second'")

    assert ended(cloud, "hasty")["state"] == "completed"

    eventually(lambda: "query:" not in str(json.loads(text(cloud, "jobs/costs.json"))["set_aside"]))
    assert len(runs(cloud, "'first'")) == len(runs(cloud, "'second'")) == 1


def test_the_page_takes_queries_where_the_stack_runs_them(cloud: Cloud) -> None:
    taken = ask(cloud, "statuses", key=DATASETS_KEY).json["uploads"]["endings"]
    assert QUERY_ENDING in taken
    body = json.dumps({"file": "paged_train.sql"}).encode()
    offered = ask(cloud, "datasets/paged/uploads", body, key=DATASETS_KEY)
    assert (offered.status, offered.json["key"]) == (200, "data/paged_train.sql")
