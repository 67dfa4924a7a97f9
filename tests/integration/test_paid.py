"""Whatever is uploaded, replayed, killed and billed: no more is paid than cap and budget allow."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moto.s3.models import s3_backends

from codefree.aws import ACCOUNT
from codefree.cloud import Cloud, Settings
from codefree.lambda_service import FunctionClosedError, FunctionError, LambdaFunction
from codefree.sagemaker_service import TrainingJob
from codefree.training_job import Outcome, TrainingRun
from pipeline.budget import cost_usd
from tests.amazon_translate import THROTTLED, AmazonTranslate, amazon_translate, using
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.faults import Fault, Faulty
from tests.uploads import ROOT, TRAIN, drop, uploaded_event

# A job with the default settings costs 0.063 dollars at the most, a file to translate 0.1.
BUDGET, CAP, CAP_IN_SETTINGS = 0.25, 0.12, 0.15
PER_CHARACTER = 15 / 1e6
TO_FRENCH = {"translate_columns": ["island"], "translate_source": "en", "translate_target": "fr"}
CHOSEN: list[dict[str, object]] = [
    {},
    {"training_minutes": 3},
    {"max_cost_usd": 0.07},
    {"max_cost_usd": CAP_IN_SETTINGS, "instance_type": "ml.m5.xlarge"},
    # More than a settings file may ask for, within the budget.
    {"max_cost_usd": 0.24, "training_minutes": 5, "instance_type": "ml.m5.xlarge"},
    TO_FRENCH,
]
# As many calls as start_training and publish_results make.
PLACES = st.none() | st.integers(0, 30)
DATASETS = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("upload"), DATASETS, st.integers(0, 2), st.sampled_from(CHOSEN), PLACES),
    st.tuples(st.just("replay"), DATASETS, st.integers(1, 25), PLACES),
    st.tuples(st.just("end"), st.integers(0, 9), st.floats(0, 1), st.booleans(), PLACES),
    st.tuples(st.just("translate"), DATASETS, st.integers(0, 1), st.none() | st.integers(1, 90)),
)


class Billed(TrainingRun):
    """A job that runs until it is ended, and is billed as a test says."""

    ends: ClassVar[dict[str, Outcome]] = {}

    def run(self) -> Outcome:
        self.enter("Training")
        self.stop.wait()
        stopped = Outcome("Stopped", "Stopped")
        return self.ends.get(self.request["TrainingJobName"], stopped)


@dataclass
class Account:
    """A stack whose events go nowhere, and what AWS would bill for it."""

    cloud: Cloud
    amazon: AmazonTranslate
    home: Path
    seconds: dict[str, int]
    """Of each ended job, as SageMaker bills it."""
    numbers: Iterator[int] = field(default_factory=count)
    tag: str = ""
    """In the names and texts of one example."""
    _faulty: dict[str, Faulty] = field(default_factory=dict)

    def begin(self) -> None:
        """Another example: nothing is spent, and nothing of it is there."""
        for name in self.running():
            self.cloud.sagemaker.stop(name)
        number = next(self.numbers)
        self.tag = "tag" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}")
        for key in ("jobs/costs.json", "results/costs.csv"):
            if key in self.objects:
                self.objects.pop(key)

    @property
    def objects(self) -> Any:
        return s3_backends[ACCOUNT]["aws"].buckets[self.cloud.bucket].keys

    def jobs(self) -> list[dict[str, Any]]:
        """job.json of each job of this example that SageMaker has."""
        names = [name for name in list(self.cloud.sagemaker._jobs) if self.tag in name]
        return [json.loads(self.objects[f"jobs/{name}/job.json"].value) for name in names]

    def running(self) -> list[str]:
        jobs = self.cloud.sagemaker._jobs.items()
        return [name for name, job in list(jobs) if job.training_job_status == "InProgress"]

    def upload(
        self, dataset: int, content: int, chosen: dict[str, object], place: int | None
    ) -> None:
        name = f"{self.tag}-{dataset}"
        drop(self.cloud, f"data/{name}.json", json.dumps({**chosen, "target": "species"}))
        # Other rows, of the same size.
        header, *rows = TRAIN.splitlines(keepends=True)
        drop(
            self.cloud,
            f"data/{name}_train.csv",
            b"".join([header, *rows[content:], *rows[:content]]),
        )
        self.replay(dataset, 1, place)

    def replay(self, dataset: int, receives: int, place: int | None) -> None:
        event = uploaded_event(self.cloud, f"data/{self.tag}-{dataset}_train.csv")
        (record,) = event["Records"]
        record["messageId"] = f"{self.tag}-{dataset}"
        record["attributes"]["ApproximateReceiveCount"] = str(receives)
        self._call("StartTrainingFunction", event, place)

    def end(self, which: int, part: float, out_of_memory: bool, place: int | None) -> None:
        """A job of this example ends after a part of what it may be billed, and is published."""
        names = [name for name in self.running() if self.tag in name]
        if not names:
            return
        name = sorted(names)[which % len(names)]
        job = self.cloud.sagemaker._jobs[name]
        (given,) = [job for job in self.jobs() if job["job"] == name]
        self.seconds[name] = round(part * given["max_billed_seconds"])
        failed = Outcome("Failed", "Failed", "AlgorithmError: , exit code: 137")
        Billed.ends[name] = failed if out_of_memory else Outcome("Completed", "Completed")
        job.stop.set()
        eventually(lambda: job.training_job_status != "InProgress")
        event = json.loads((ROOT / "events/training_job_completed.json").read_text())
        event["detail"]["TrainingJobName"] = name
        self._call("PublishResultsFunction", event, place)
        if place is not None:
            self._call("PublishResultsFunction", event, None)

    def translate(self, dataset: int, content: int, every: int | None) -> None:
        """A file to translate, by a function that is killed or refused at every n-th text."""
        name, words = f"{self.tag}-{dataset}", str.maketrans("0123456789", "abcdefghij")
        text = f"{self.tag} {content} is a word that is long enough"
        rows = [f"{n:04} {text}".translate(words) for n in range(50)]
        drop(
            self.cloud,
            f"data/{name}_translate.json",
            json.dumps({"columns": ["a"], "target": "fr"}),
        )
        drop(self.cloud, f"data/{name}_translate.csv", "a,b\n" + "".join(f"{r},1\n" for r in rows))
        event = uploaded_event(self.cloud, f"data/{name}_translate.csv")
        with using(self.cloud.functions["TranslateColumnsFunction"], self.amazon.url) as function:
            self.amazon.refuse = _refusals(function, every)
            with suppress(FunctionError, FunctionClosedError):
                function.invoke(event)
        self.amazon.refuse = lambda number: None

    def _call(self, name: str, event: dict[str, Any], place: int | None) -> None:
        if name not in self._faulty:
            function = self.cloud.functions[name]
            self._faulty[name] = Faulty(function, self.cloud.endpoint, self.home)
        killed = Fault("killed", kills=True, after=bool(place and place % 2))
        fault = None if place is None else killed
        with suppress(FunctionError):
            self._faulty[name].invoke(event, fault, place or 0)

    def close(self) -> None:
        for faulty in self._faulty.values():
            faulty.close()

    def bill(self, job: dict[str, Any]) -> float:
        """What a job has cost; of one that runs, the most that it still may."""
        if job["job"] in self.running():
            return float(job["worst_case_usd"])
        seconds = self.seconds.get(job["job"], 0)
        return cost_usd(job["usd_per_hour"], seconds, job["volume_gb"], job["usd_per_gb_month"])

    def translated_usd(self, word: str = "") -> float:
        texts = [text for text in self.amazon.paid if self.tag in text and word in text]
        return PER_CHARACTER * sum(map(len, texts))

    def require_limits(self) -> None:
        jobs = self.jobs()
        bills = {job["job"]: self.bill(job) for job in jobs}
        for job in jobs:
            before = job.get("after", {}).get("job")
            together = bills[job["job"]] + bills.get(before, 0.0) + job.get("translation_usd", 0.0)
            assert together <= job["max_cost_usd"] + 1e-4, job
            assert job["max_cost_usd"] <= CAP_IN_SETTINGS
        assert sum(bills.values()) + self.translated_usd() <= BUDGET + 1e-3


def _refusals(function: LambdaFunction, every: int | None) -> Any:
    """Texts that are refused for good, are throttled, or kill the function."""
    kinds = ("AccessDeniedException", THROTTLED, None)

    def refuse(number: int) -> str | None:
        if every is None or number % every != every - 1:
            return None
        kind = kinds[every % 3]
        if kind is None:
            function.close()
        return kind

    return refuse


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    seconds: dict[str, int] = {}

    def durations(job: Any) -> dict[str, int]:
        billed = seconds.get(job.training_job_name, 0)
        return {"TrainingTimeInSeconds": billed, "BillableTimeInSeconds": billed}

    chosen = Settings(
        parameters={
            "MonthlyBudgetUsd": str(BUDGET),
            "MaxCostUsd": str(CAP),
            "MaxCostUsdInSettings": str(CAP_IN_SETTINGS),
            "TrainingMinutes": "1",
            "TranslationEngine": "amazon-translate",
            "TranslationFallback": "none",
            "SettleSeconds": "0",
            "RetrySeconds": "60",
        },
        training_source=STUB_TRAINING,
        job_quota=10_000,
        training_run=Billed,
        tell=lambda _: None,
        warn=lambda _: None,
    )
    with pytest.MonkeyPatch.context() as patch, amazon_translate() as amazon:
        patch.setattr(TrainingJob, "_durations", durations)
        with own_cloud(chosen) as cloud:
            events = cloud.endpoint.client("events")
            for rule in events.list_rules()["Rules"]:
                if targets := events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                    ids = [target["Id"] for target in targets]
                    events.remove_targets(Rule=rule["Name"], Ids=ids)
            # Orders for columns of training sets come by the queue.
            environ = cloud.functions["TranslateColumnsFunction"]._environ
            environ["AWS_ENDPOINT_URL_TRANSLATE"] = amazon.url
            account = Account(cloud, amazon, tmp_path_factory.mktemp("paid"), seconds)
            yield account
            account.close()


@given(st.lists(STEPS, min_size=6, max_size=14))
@settings(
    max_examples=12,
    deadline=None,
    # What other threads do differs from run to run: a shorter example may not fail again.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_sequence_of_events_pays_more_than_cap_and_budget(
    account: Account, steps: list[tuple[Any, ...]]
) -> None:
    account.begin()
    for kind, *given_ in steps:
        getattr(account, kind)(*given_)
        account.require_limits()
    # What is still running ends as dearly as it can, and is retried.
    while names := [name for name in account.running() if account.tag in name]:
        account.end(0, 1.0, True, None)
        account.require_limits()
        assert len(names) < 50


def test_jobs_leave_no_budget_for_translations_that_could_exceed_it(account: Account) -> None:
    """And the other way round: else the property would hold by itself."""
    account.begin()
    for dataset in range(3):
        account.upload(dataset, dataset, {}, None)
    assert len(account.jobs()) == 3
    for dataset in range(3):
        account.translate(dataset, dataset, None)
        account.require_limits()
    assert account.translated_usd() == 0
    account.end(0, 0.1, False, None)
    account.translate(0, 0, None)
    assert 0.03 < account.translated_usd() < 0.04
    account.require_limits()


def test_a_settings_file_that_asks_for_more_than_it_may_starts_nothing(account: Account) -> None:
    account.begin()
    account.upload(0, 0, CHOSEN[4], None)
    assert account.jobs() == []
    account.upload(0, 0, CHOSEN[3], None)
    assert [job["max_cost_usd"] for job in account.jobs()] == [CAP_IN_SETTINGS]
