"""An ended training job in words: what came of it, where it is, what it cost, what to do next."""

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from automl.budget import USD_PER_GB_MONTH, cost_usd
from automl.dataset import slug
from automl.failures import AGAIN, explained, kept
from automl.status import State, Status, not_used
from automl.training_job import is_later_attempt, model_key, results_folder

# Name in STATUS.txt → how the file's name ends, in the order in which people want them.
RESULT_FILES = {
    "report": "report.html",
    "predictions": "_test_predictions.csv",
    "leaderboard": "_leaderboard.csv",
    "plots": "_eval.png",
    "importance": "_feature_importance.csv",
    "performance": "_model_performance.txt",
    "fit summary": "_fit_summary.txt",
    "examples": "_examples.csv",
    "learning curve": "_learning_curve.csv",
    "failure": "failure.txt",
}


@dataclass(frozen=True)
class EndedJob:
    """What SageMaker says of a job that is over."""

    name: str
    bucket: str
    status: str
    """Completed, Failed or Stopped."""
    secondary_status: str
    failure_reason: str
    billed_seconds: int
    ended: datetime | None = None
    """None for a job that never ran."""
    interruptions: int = 0
    """How often AWS took a spare machine away."""

    @classmethod
    def from_description(cls, described: Mapping[str, Any]) -> "EndedJob":
        """From DescribeTrainingJob; a job that never ran has no billable time."""
        return cls(
            name=described["TrainingJobName"],
            bucket=described["OutputDataConfig"]["S3OutputPath"].split("/")[2],
            status=described["TrainingJobStatus"],
            secondary_status=described["SecondaryStatus"],
            failure_reason=described.get("FailureReason", ""),
            billed_seconds=described.get("BillableTimeInSeconds", 0),
            ended=described.get("TrainingEndTime"),
            interruptions=sum(
                phase["Status"] == "Interrupted"
                for phase in described.get("SecondaryStatusTransitions", ())
            ),
        )

    @property
    def state(self) -> State:
        """The dataset's, now that the job is over."""
        return cast(State, self.status.lower())

    @property
    def model_key(self) -> str:
        return model_key(self.name)

    @property
    def output_key(self) -> str:
        return f"models/{self.name}/output/output.tar.gz"


def ended(
    job: EndedJob,
    spec: Mapping[str, Any],
    performance: Mapping[str, Any] | None,
    keys: Collection[str],
) -> Status:
    """The status of an ended job.

    `performance` is the job's own `<dataset>_model_performance.txt`; `keys` are all objects of
    its results folder, and the model's key when there is a model.
    """
    what, steps = _outcome(job, spec, performance)
    cost = receipt(job, spec)
    # SageMaker packs the model folder of a prediction job too, empty as it is.
    own = job.model_key if job.model_key in keys else None
    model = spec.get("model_key", own)
    files = result_files(keys, model)
    return Status(
        dataset=spec["dataset"],
        state=job.state,
        headline=f"{spec['dataset']}: {what}",
        prefix=f"results/{spec['dataset']}/",
        details=(
            *_findings(spec, performance),
            *not_used(spec.get("passed_over", ())),
            cost["sentence"],
            *([] if job.status == "Completed" else [kept(spec, files), *_interrupted(job)]),
            *_model_before(job, spec),
        ),
        job=job.name,
        train_version=spec["versions"]["train"],
        uploaded=spec["uploaded"],
        target=spec.get("target"),
        results=results_folder(dict(spec)),
        files=files,
        model=model,
        score=_score(performance),
        cost=cost,
        next=tuple(steps),
    )


def receipt(job: EndedJob, spec: Mapping[str, Any]) -> dict[str, Any]:
    """What the job cost, in US dollars, from the seconds that SageMaker bills."""
    disk = spec.get("usd_per_gb_month", USD_PER_GB_MONTH)
    usd = cost_usd(spec["usd_per_hour"], job.billed_seconds, spec["volume_gb"], disk)
    spare = " (what spare capacity saves is taken off)" if spec["spot"] else ""
    sentence = (
        f"It cost {_about(usd)}: {job.billed_seconds} billed seconds{spare} of "
        f"{spec['instance_type']} at ${spec['usd_per_hour']:g} an hour and {spec['volume_gb']} GB "
        f"of disk (estimate, prices of {spec['price_date']}; the cap was "
        f"${spec['max_cost_usd']:.2f})."
    )
    before = spec.get("after")
    if before:
        sentence += (
            f" Together with the attempt on {before['instance_type']}, which ran out of memory, it "
            f"cost {_about(usd + before['usd'])}."
        )
    return {
        "usd": round(usd, 5),
        "usd_before": before["usd"] if before else 0.0,
        "billed_seconds": job.billed_seconds,
        "instance_type": spec["instance_type"],
        "usd_per_hour": spec["usd_per_hour"],
        "price_date": spec["price_date"],
        "max_cost_usd": spec["max_cost_usd"],
        "sentence": sentence,
    }


def result_files(keys: Collection[str], model: str | None) -> dict[str, str]:
    """What there is, by the names people use for it."""
    found = {
        name: key
        for name, ending in RESULT_FILES.items()
        for key in sorted(keys)
        if key.endswith(ending)
    }
    return found | ({"model": model} if model else {})


def mail_subject(status: Status) -> str:
    """SNS takes up to 100 ASCII characters."""
    return f"{slug(status.dataset)}: {status.state}"


def mail_text(status: Status, bucket: str, status_text: str) -> str:
    """STATUS.txt, and how to get at the files that it names."""
    folder = shlex.quote(f"s3://{bucket}/{status.results}")
    return (
        f"{status_text}\nEverything is in the bucket {bucket}. Fetch it with:\n"
        f"aws s3 cp --recursive {folder} .\n"
    )


def model_pointer(
    job: EndedJob, spec: Mapping[str, Any], before: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """What model.json is to say: the dataset's newest model; None where nothing changes."""
    if job.status != "Completed" or spec["kind"] != "model":
        return None
    if before and before["uploaded"] > spec["uploaded"]:
        return None
    return {
        "model": job.model_key,
        "job": job.name,
        "results": results_folder(dict(spec)),
        "target": spec["target"],
        "uploaded": spec["uploaded"],
    }


def supersedes(status: Status, before: Status | None) -> bool:
    """Whether the dataset's own status may be replaced.

    Not by the job of an older upload, and not by an attempt that another one has followed.
    """
    if before is None or before.job == status.job:
        return True
    if is_later_attempt(before.job, status.job) or is_later_attempt(status.job, before.job):
        return is_later_attempt(status.job, before.job)
    # S3 tells when a file came by the second; of two in one, the later look is in `before`.
    return (before.uploaded or "") < (status.uploaded or "")


def _about(usd: float) -> str:
    return f"about ${usd:.2f}" if usd >= 0.01 else "less than $0.01"


def _outcome(
    job: EndedJob, spec: Mapping[str, Any], performance: Mapping[str, Any] | None
) -> tuple[str, list[str]]:
    if job.status == "Completed":
        return _completed(spec, performance)
    if job.status == "Stopped":
        return _stopped(job)
    return _failed(job)


def _completed(
    spec: Mapping[str, Any], performance: Mapping[str, Any] | None
) -> tuple[str, list[str]]:
    score = f" {_score_in_words(performance)}" if performance else ""
    if spec["kind"] == "translator":
        return f"the translator is ready.{score}", [
            f"Open {results_folder(dict(spec))}report.html; its examples show what to expect.",
        ]
    if spec["kind"] == "predictions":
        return f"the predictions for {spec['test']['file']} are ready.{score}", [
            f"Open {results_folder(dict(spec))}report.html.",
            f"Get more rows predicted: upload another {_next_test(spec)}.",
        ]
    steps = [
        f"Open {results_folder(dict(spec))}report.html.",
        f"Get more rows predicted, without another training: upload {_next_test(spec)}.",
        "Or predict them on your machine: codefree predict model.tar.gz "
        + shlex.quote(f"{spec['dataset']}.csv"),
    ]
    return f"the model that predicts {spec['target']} is ready.{score}", steps


def _next_test(spec: Mapping[str, Any]) -> str:
    return f"data/{spec['dataset']}_test.csv"


def _stopped(job: EndedJob) -> tuple[str, list[str]]:
    if job.secondary_status == "MaxRuntimeExceeded":
        what = "the training job ran into its time limit and was stopped."
        return what, ["Set fewer training_minutes or a bigger instance_type in the settings file."]
    if job.secondary_status == "MaxWaitTimeExceeded":
        return "no spare machine was free in time, so the job was stopped.", [AGAIN]
    return "somebody stopped the training job.", [AGAIN]


def _failed(job: EndedJob) -> tuple[str, list[str]]:
    failure = explained(job.failure_reason)
    return f"training failed. {failure.what}", list(failure.steps)


def _interrupted(job: EndedJob) -> list[str]:
    """A job that reached its end tells this itself."""
    if not job.interruptions:
        return []
    often = "once" if job.interruptions == 1 else f"{job.interruptions} times"
    return [f"AWS took the spare machine away {often} before, and training began again."]


def _findings(spec: Mapping[str, Any], performance: Mapping[str, Any] | None) -> list[str]:
    target = spec.get("target")
    found = [f"The target is {target!r}, because {spec['target_rule']}."] if target else []
    if spec["kind"] == "predictions":
        found = [f"The model of training job {spec['model_job']} predicts {target!r}."]
    if performance:
        found.append(f"The best model is {performance['best_model']}.")
        found += performance.get("warnings", [])
    return found


def _model_before(job: EndedJob, spec: Mapping[str, Any]) -> list[str]:
    """What has become of the model that the dataset had before."""
    before = spec.get("model_before")
    if not before:
        return []
    if job.status != "Completed":
        return [f"The model before stays the dataset's own: {before}"]
    if spec["test_has_target"]:
        return [f"The model before is kept: {before}"]
    return [
        f"The model before is kept: {before} The two were not compared, because no test file "
        f"tells {spec['target']}."
    ]


def _score(performance: Mapping[str, Any] | None) -> dict[str, Any] | None:
    names = ("metric", "score", "scored_on", "rows")
    return {name: performance[name] for name in names} if performance else None


def _score_in_words(performance: Mapping[str, Any]) -> str:
    where = performance["scored_on"]
    place = "out of fold" if where == "out-of-fold" else f"on the {where}"
    beside = []
    if interval := performance.get("interval"):
        beside.append(f"95 % interval {interval[0]:.4g} to {interval[1]:.4g}")
    if (naive := performance.get("naive_score")) is not None:
        beside.append(f"guessing would get {naive:.4g}")
    told = f" ({'; '.join(beside)})" if beside else ""
    return (
        f"Its {performance['metric']} is {performance['score']:.4g} {place}, "
        f"{performance['rows']} rows{told}."
    )
