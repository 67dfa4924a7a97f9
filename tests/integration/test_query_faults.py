"""Whatever breaks while a query becomes rows, and however it is replaced: one run, and one job."""

import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from codefree.athena_service import UNLOAD, AthenaService, Execution
from codefree.s3_files import split_uri
from contract.layout import LEDGER_KEY, QUERIES, QUERY_ENDING
from pipeline.costs import ledger_from_json
from queries.query import KIND
from tests.effort import part_of
from tests.fault_world import (
    AT_ONCE,
    HEADER,
    ROWS,
    TRAIN,
    Snapshot,
    World,
    at_once,
    open_world,
)
from tests.faults import FAULTS, Call, Fault

# Table → its rows: those of the newer query are others.
TABLES = {"old": TRAIN, "new": "\n".join([HEADER, *ROWS[::4]]).encode()}
RUN = re.compile(rf"{QUERIES}([0-9a-f]+)/[0-9a-f]+/")
CHOSEN = [fault for fault in FAULTS if fault.kills or fault.name == "done but not answered"]


class HeldAthena(AthenaService):
    """Queries that end when a test asks them to, with rows that need no engine."""

    def _run(self, one: Execution) -> None: ...

    def of(self, name: str) -> list[Execution]:
        """The runs of a dataset's queries."""
        known = list(self.executions.values())
        return [one for one in known if f"'{name}'" in one.request["QueryString"]]

    def finish(self, name: str) -> list[str]:
        """End a dataset's queries; what Athena calls them."""
        for one in self.of(name):
            if one.ended is None:
                self._unload_held(one)
                self._end(one, "SUCCEEDED", "")
        return [one.id for one in self.of(name)]

    def _unload_held(self, one: Execution) -> None:
        found = UNLOAD.fullmatch(one.request["QueryString"])
        assert found
        (table,) = [name for name in TABLES if f"FROM {name} " in found["query"]]
        rows = rows_of(table)
        for part, piece in enumerate((rows.slice(0, 20), rows.slice(20))):
            written = io.BytesIO()
            pq.write_table(piece, written)
            key = f"{found['into']}{part}"
            self._s3.put_object(Bucket=found["bucket"], Key=key, Body=written.getvalue())
        one.read_bytes = 10**9


def rows_of(table: str) -> pa.Table:
    return pyarrow.csv.read_csv(io.BytesIO(TABLES[table]))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("codefree.cloud.AthenaService", HeldAthena)
        parameters = {"SqlDatabases": "zoo", "TargetColumn": "species"}
        with open_world(tmp_path_factory.mktemp("queries"), parameters) as world:
            yield world


@dataclass
class Dataset:
    """One whose rows a query gives."""

    world: World
    name: str
    heard: set[str] = field(default_factory=set)
    """The queries whose end has been delivered."""

    @classmethod
    def new(cls, world: World) -> "Dataset":
        made = cls(world, f"query{next(world.numbers):05d}")
        made.drop()
        return made

    @property
    def key(self) -> str:
        return f"data/{self.name}_train{QUERY_ENDING}"

    @property
    def athena(self) -> HeldAthena:
        found = self.world.cloud.athena
        assert isinstance(found, HeldAthena)
        return found

    def drop(self, table: str = "old") -> None:
        sql = f"SELECT * FROM {table} WHERE island <> '{self.name}'"
        self.world.put(self.key, sql.encode())

    def ask(self, fault: Fault | None = None, at: int = 0) -> list[Call]:
        """Deliver the upload, and again: it waits for its query."""
        event = self.world.upload_event(self.key)
        calls = self.world.deliver_once(event, fault, at)
        self.world.deliver_once(event, receives=2)
        return calls

    def end(self, fault: Fault | None = None, at: int = 0) -> list[Call]:
        """End the queries, and deliver that, which nothing does again later."""
        calls: list[Call] = []
        for execution in set(self.athena.finish(self.name)) - self.heard:
            calls += self.world.deliver(self.name, self.ended_event(execution), fault, at)
            self.heard.add(execution)
        return calls

    def ended_event(self, execution: str) -> dict[str, Any]:
        event = self.world.upload_event(self.key)
        detail = {"queryExecutionId": execution}
        body = {"detail-type": "Athena Query State Change", "detail": detail}
        event["Records"][0]["body"] = json.dumps(body)
        return event

    def settle(self) -> None:
        """Deliver the upload until it is handled: what waits in the queue comes again."""
        self.world.deliver(self.name, self.world.upload_event(self.key))

    def all_of_it(self) -> None:
        self.ask()
        self.end()
        self.settle()

    def outcome(self) -> Snapshot:
        """What is there in the end; nothing may be reserved for a query that is over."""
        runs = self.athena.of(self.name)
        queries = [
            f"{KIND}{one[1]}:" for run in runs if (one := RUN.search(run.request["QueryString"]))
        ]
        ledger = ledger_from_json(self.world.read(LEDGER_KEY))
        lines = [
            f"{line.state} {line.usd}"
            for name, line in sorted(ledger.ended.items())
            if name.startswith(tuple(queries))
        ]
        return {
            **{key: RUN.sub("RUN/", text) for key, text in self.world.snapshot(self.name).items()},
            "jobs": str(len(self.world.jobs(self.name))),
            "runs": " ".join(one.state for one in runs),
            "booked": ", ".join(lines),
            "reserved": str(
                [name for name in ledger.reservations if name.startswith(tuple(queries))]
            ),
        }

    def trained_on(self) -> list[str]:
        """The table of each of its jobs, whose query is the one that gave its rows."""
        return [self._table_of(job) for job in self.world.jobs(self.name)]

    def _table_of(self, job: str) -> str:
        said = json.loads(self.world.read(f"jobs/{job}/job.json"))["train"]["query"]
        (table,) = [name for name in TABLES if f"FROM {name} " in said]
        (channel,) = [
            one
            for one in self.world.cloud.sagemaker.describe(job)["InputDataConfig"]
            if one["ChannelName"] == "train"
        ]
        manifest = self.world.read(split_uri(channel["DataSource"]["S3DataSource"]["S3Uri"])[1])
        start, file = json.loads(manifest)
        content = self.world.read(split_uri(start["prefix"])[1] + file)
        assert pq.read_table(io.BytesIO(content)).equals(rows_of(table))
        return table

    def forget(self) -> None:
        self.world.forget(self.name)


@dataclass
class Faultless:
    """What everything else is compared with."""

    asking: list[Call]
    ending: list[Call]
    outcome: Snapshot


@pytest.fixture(scope="module")
def faultless(world: World) -> Faultless:
    dataset = Dataset.new(world)
    asking, ending = dataset.ask(), dataset.end()
    dataset.settle()
    outcome = dataset.outcome()
    assert (outcome["jobs"], outcome["runs"], outcome["reserved"]) == ("1", "SUCCEEDED", "[]")
    assert outcome["booked"].startswith("succeeded ")
    assert dataset.trained_on() == ["old"]
    # What follows is as with every file, whose tests break that.
    own = [call.about.startswith(f"jobs/{dataset.name}-") for call in ending].index(True)
    return Faultless(asking, ending[:own], outcome)


@pytest.mark.parametrize("fault", CHOSEN, ids=str)
def test_a_query_runs_once_and_becomes_one_job_as_if_no_call_had_met_a_fault(
    world: World, faultless: Faultless, fault: Fault, subtests: pytest.Subtests
) -> None:
    """One call of asking for it, and later one of its end."""
    pairs = list(zip_longest(*(fault.places(c) for c in (faultless.asking, faultless.ending))))

    def case(number: int) -> Snapshot:
        at, later = pairs[number]
        dataset = Dataset.new(world)
        dataset.ask(None if at is None else fault, at or 0)
        dataset.end(None if later is None else fault, later or 0)
        dataset.settle()
        found = dataset.outcome()
        dataset.forget()
        return found

    for number, found in at_once(case, part_of(range(len(pairs)), 2, CHOSEN.index(fault))):
        with subtests.test(f"calls {pairs[number]}, {fault}"):
            assert found() == faultless.outcome


@pytest.mark.parametrize("moment", ["asking", "ending"])
def test_another_delivery_may_do_it_all_between_any_two_calls(
    world: World, faultless: Faultless, moment: str, subtests: pytest.Subtests
) -> None:
    calls: list[Call] = getattr(faultless, moment)

    def case(at: int) -> Snapshot:
        dataset = Dataset.new(world)
        overtaken = Fault("overtaken", meanwhile=dataset.all_of_it)
        dataset.ask(overtaken if moment == "asking" else None, at)
        dataset.end(overtaken if moment == "ending" else None, at)
        dataset.settle()
        found = dataset.outcome()
        dataset.forget()
        return found

    for at, found in at_once(case, part_of(range(len(calls)), 3)):
        with subtests.test(f"before call {at}, {calls[at]}"):
            assert found() == faultless.outcome


@pytest.mark.parametrize("moment", ["asking", "ending"])
def test_a_query_may_be_replaced_between_any_two_calls(
    world: World, faultless: Faultless, moment: str, subtests: pytest.Subtests
) -> None:
    calls: list[Call] = getattr(faultless, moment)

    def case(at: int) -> tuple[list[str], Snapshot]:
        dataset = Dataset.new(world)
        replaced = Fault("replaced", meanwhile=lambda: dataset.drop("new"))
        dataset.ask(replaced if moment == "asking" else None, at)
        if moment == "asking":
            dataset.end()
        else:
            (execution,) = dataset.athena.finish(dataset.name)
            world.deliver_once(dataset.ended_event(execution), replaced, at)
        dataset.ask()
        dataset.end()
        dataset.settle()
        found = dataset.trained_on(), dataset.outcome()
        dataset.forget()
        return found

    for at, found in at_once(case, part_of(range(len(calls)), 3)):
        with subtests.test(f"before call {at}, {calls[at]}"):
            tables, outcome = found()
            # Each at the most once, the newer one in any case.
            assert sorted(tables) in (["new"], ["new", "old"])
            assert outcome["runs"] in ("SUCCEEDED", "SUCCEEDED SUCCEEDED")
            assert outcome["reserved"] == "[]"


def test_a_query_dropped_ten_times_at_once_to_functions_that_die_runs_once(
    world: World, faultless: Faultless
) -> None:
    random = Random(1)
    dataset = Dataset.new(world)
    for _ in range(9):
        dataset.drop()
    deaths = [fault for fault in FAULTS if fault.kills]

    def deliver(fault: Fault, at: int) -> None:
        # A death that would come at a call that is not made does not come.
        with suppress(AssertionError):
            dataset.ask(fault, at)

    chosen = [(random.choice(deaths), random.randrange(len(faultless.asking))) for _ in range(10)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(deliver, *death) for death in chosen]:
            future.result()
    dataset.end()
    dataset.settle()
    assert dataset.outcome() == faultless.outcome
