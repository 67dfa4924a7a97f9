"""An ended training job in words: what came of it, where it is, what it cost, what to do next."""

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from automl.budget import cost_usd
from automl.dataset import slug
from automl.status import Status, not_used
from automl.training_job import results_folder

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
}
AGAIN = "Upload the train file again to start another attempt."
# What SageMaker writes into a failure reason → what happened, and what to do.
FAILURES = {
    "CapacityError": ("AWS had no free machine of this type.", AGAIN),
    "OutOfMemory": (
        "The machine ran out of memory.",
        "Set a bigger instance_type, such as ml.m5.4xlarge, in the settings file and upload it.",
    ),
    "exit code: 137": (
        "The machine ran out of memory.",
        "Set a bigger instance_type, such as ml.m5.4xlarge, in the settings file and upload it.",
    ),
    "InternalServerError": ("SageMaker had an error of its own.", AGAIN),
    "CannotPullContainerError": (
        "The AutoGluon container could not be fetched.",
        "Ask an engineer to check the stack's parameter AutoGluonImageTag.",
    ),
    "ExecuteUserScriptError": (
        "The training script broke without saying why.",
        "Ask an engineer to look at the job's log in CloudWatch, /aws/sagemaker/TrainingJobs.",
    ),
    "AccessDenied": (
        "The training job was not allowed to read or write the bucket.",
        "Ask an engineer to check the training job's role.",
    ),
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
        )

    @property
    def model_key(self) -> str:
        return f"models/{self.name}/output/model.tar.gz"

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
    model = job.model_key if job.model_key in keys else None
    return Status(
        dataset=spec["dataset"],
        state=job.status.lower(),
        headline=f"{spec['dataset']}: {what}",
        prefix=f"results/{spec['dataset']}/",
        details=(
            *_findings(spec, performance),
            *not_used(spec.get("passed_over", ())),
            cost["sentence"],
            *([] if job.status == "Completed" or not keys else [_kept(spec)]),
        ),
        job=job.name,
        train_version=spec["versions"]["train"],
        uploaded=spec["uploaded"],
        target=spec.get("target"),
        results=results_folder(dict(spec)),
        files=result_files(keys, model),
        model=model,
        score=_score(performance),
        cost=cost,
        next=tuple(steps),
    )


def receipt(job: EndedJob, spec: Mapping[str, Any]) -> dict[str, Any]:
    """What the job cost, in US dollars, from the seconds that SageMaker bills."""
    usd = cost_usd(spec["usd_per_hour"], job.billed_seconds, spec["volume_gb"])
    sentence = (
        f"It cost {_about(usd)}: {job.billed_seconds} billed seconds of {spec['instance_type']} "
        f"at ${spec['usd_per_hour']:g} an hour (estimate, prices of {spec['price_date']}; the cap "
        f"was ${spec['max_cost_usd']:.2f})."
    )
    return {
        "usd": round(usd, 5),
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


def supersedes(status: Status, before: Status | None) -> bool:
    """Whether the dataset's own status may be replaced: not by the job of an older upload."""
    if before is None or before.job == status.job:
        return True
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
    steps = [
        f"Open {results_folder(dict(spec))}report.html.",
        "Predict more rows on your machine: codefree predict model.tar.gz "
        + shlex.quote(f"{spec['dataset']}.csv"),
    ]
    if spec["test"] is None:
        steps.append(
            f"Get predictions with the next training: upload data/{spec['dataset']}_test.csv."
        )
    return f"the model that predicts {spec['target']} is ready.{score}", steps


def _stopped(job: EndedJob) -> tuple[str, list[str]]:
    if job.secondary_status == "MaxRuntimeExceeded":
        what = "the training job ran into its time limit and was stopped."
        return what, ["Set fewer training_minutes or a bigger instance_type in the settings file."]
    if job.secondary_status == "MaxWaitTimeExceeded":
        return "no spare machine was free in time, so the job was stopped.", [AGAIN]
    return "somebody stopped the training job.", [AGAIN]


def _failed(job: EndedJob) -> tuple[str, list[str]]:
    for sign, (what, step) in FAILURES.items():
        if sign in job.failure_reason:
            return f"training failed. {what}", [step]
    reason = _own_words(job.failure_reason) or "SageMaker gives no reason."
    return f"training failed. {reason}", ["Correct the file and upload it again."]


def _own_words(failure_reason: str) -> str:
    """The job's failure file without what SageMaker wraps around it."""
    text = re.sub(r"^\w+Error: ", "", failure_reason.strip())
    return re.sub(r",? exit code: \d+$", "", text).strip()


def _findings(spec: Mapping[str, Any], performance: Mapping[str, Any] | None) -> list[str]:
    target = spec.get("target")
    found = [f"The target is {target!r}, because {spec['target_rule']}."] if target else []
    if performance:
        found.append(f"The best model is {performance['best_model']}.")
        found += performance.get("warnings", [])
    return found


def _kept(spec: Mapping[str, Any]) -> str:
    return f"What was made before that is kept in {results_folder(dict(spec))}"


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
