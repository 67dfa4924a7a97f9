"""An ended training job in words: what came of it, where it is, what it cost, what to do next."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict, assert_never, cast

from contract.job import SCORED_ON, Job, ModelJob, PredictionsJob, TranslatorJob
from contract.layout import (
    DATA,
    RESULT_FILES,
    model_key,
    output_key,
    result_with_ending,
    slug,
    version_order_key,
)
from contract.messages import Message, message, message_from_json, render
from contract.visible import visible
from pipeline.budget import cost_usd
from pipeline.failures import TEST, TRAIN, explained, is_own, kept, next_steps
from pipeline.status import (
    Cost,
    Score,
    State,
    Status,
    not_used,
    notes_of,
    of_queries,
    target_of,
    target_sentence,
    verdict_of,
)
from pipeline.training_job import is_later_attempt

# What SageMaker calls a job that is over.
ENDED = ("Completed", "Failed", "Stopped")
HELD_BACK = "detail.translator_held_back"
VERSION_EXAMPLE = '{"version": 1}'
# By the color of the verdict; the score then stands below what speaks against it.
UNFIT_MODEL: Mapping[str | None, str] = {
    "red": "status.model_red",
    "yellow": "status.model_yellow",
}
UNFIT_PREDICTIONS: Mapping[str | None, str] = {
    "red": "status.predictions_red",
    "yellow": "status.predictions_yellow",
}


class ModelPointer(TypedDict):
    """The content of model.json: a dataset's newest model, or the translator that serves a pair."""

    model: str
    job: str
    results: str
    target: str
    uploaded: str
    keep_requests: float
    """Percent."""


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
    live_folder: str | None = None
    """Where SageMaker copied its files while it ran."""
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
            live_folder=_key(described.get("CheckpointConfig")),
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
    def ended_text(self) -> str:
        """In ISO 8601, UTC; empty for a job that never ran."""
        return self.ended.astimezone(UTC).isoformat(timespec="seconds") if self.ended else ""

    @property
    def model_key(self) -> str:
        return model_key(self.name)

    @property
    def output_key(self) -> str:
        return output_key(self.name)


def _key(checkpoints: Mapping[str, str] | None) -> str | None:
    return checkpoints["S3Uri"].split("/", 3)[3] if checkpoints else None


def ended(
    job: EndedJob,
    spec: Job,
    performance: Mapping[str, Any] | None,
    keys: Collection[str],
    failure: Mapping[str, Any] | None = None,
) -> Status:
    """The status of an ended job.

    `performance` is the job's own `<dataset>_model_performance.txt`; `keys` are all objects of
    its results folder, and the model's key when there is a model; `failure` is the message of the
    job's own script, where it failed with one.
    """
    headline, steps = _outcome(job, spec, performance, failure)
    verdict, against = verdict_of(performance or {})
    cost = receipt(job, spec)
    # SageMaker packs the model folder of a prediction job too, empty as it is.
    own = job.model_key if job.model_key in keys else None
    model = spec.model_key if isinstance(spec, PredictionsJob) else own
    files = result_files(keys, model)
    return Status(
        dataset=spec.dataset,
        state=job.state,
        headline=headline,
        prefix=spec.results_prefix,
        details=(
            *against,
            *_score_below(headline, spec, performance),
            *_findings(spec, performance, against),
            *of_queries(spec),
            *not_used(spec.passed_over),
            cost_sentence(job, spec),
            *([] if job.status == "Completed" else [*kept(spec, files), *_interrupted(job)]),
            *_model_before(job, spec),
            *_held_back(performance),
        ),
        job=job.name,
        train_version=spec.versions.train,
        uploaded=spec.uploaded,
        target=target_of(spec),
        results=spec.results_folder,
        files=files,
        model=model,
        score=_score(performance),
        verdict=verdict,
        cost=cost,
        next=tuple(steps),
        language=spec.report_language,
    )


def _held_back(performance: Mapping[str, Any] | None) -> list[Message]:
    """Why a translator is not to serve; those of earlier versions were not asked."""
    decision = (performance or {}).get("take_over", {"takes_over": True})
    if decision["takes_over"]:
        return []
    return [message(HELD_BACK, why=message_from_json(decision["why"]))]


def receipt(job: EndedJob, spec: Job) -> Cost:
    """What the job cost, in US dollars, from the seconds that SageMaker bills."""
    usd = cost_usd(spec.usd_per_hour, job.billed_seconds, spec.volume_gb, spec.usd_per_gb_month)
    before = spec.after
    return {
        "usd": round(usd, 5),
        "usd_before": before.usd if before else 0.0,
        "billed_seconds": job.billed_seconds,
        "instance_type": "" if spec.free_of_charge else spec.instance_type,
        "usd_per_hour": spec.usd_per_hour,
        "price_date": spec.price_date,
        "max_cost_usd": spec.max_cost_usd,
    }


def cost_sentence(job: EndedJob, spec: Job) -> Message:
    """The receipt in one sentence."""
    if spec.free_of_charge:
        return message("detail.cost_free", seconds=job.billed_seconds)
    cost = receipt(job, spec)
    sentence = message(
        "detail.cost_spot" if spec.spot else "detail.cost",
        cost=about(cost["usd"]),
        seconds=job.billed_seconds,
        instance=spec.instance_type,
        hourly=spec.usd_per_hour,
        gb=spec.volume_gb,
        date=spec.price_date,
        limit=spec.max_cost_usd,
    )
    before = spec.after
    if not before:
        return sentence
    return message(
        "detail.cost_together",
        sentence=sentence,
        instance=before.instance_type,
        cost=about(cost["usd"] + before.usd),
    )


def result_files(keys: Collection[str], model: str | None) -> dict[str, str]:
    """What there is, by the names people use for it."""
    found = {
        name: key
        for name, ending in RESULT_FILES.items()
        if (key := result_with_ending(keys, ending))
    }
    return found | ({"model": model} if model else {})


def mail_subject(status: Status) -> str:
    """Dataset, state and a red verdict, in English in every language.

    SNS takes up to 100 ASCII characters, and no encoded words: Korean or Chinese would be refused.
    """
    unfit = status.verdict is not None and status.verdict["color"] == "red"
    return f"{slug(status.dataset)}: {status.state}{', do not use' if unfit else ''}"


def endpoint_mail_subject(status: Status) -> str:
    """The same for a translator whose endpoint failed."""
    return f"{slug(status.dataset)}: endpoint failed"


def stopped_mail_subject(status: Status) -> str:
    """The same for a dataset whose new model fails on requests."""
    return f"{slug(status.dataset)}: new model stopped"


def mail_text(status: Status, bucket: str, status_text: str) -> str:
    """STATUS.txt, and how to get at the files that it names."""
    folder = _shell_word(f"s3://{bucket}/{status.results}")
    how = render(message("mail.fetch", bucket=bucket), status.language)
    return f"{status_text}\n{how}\naws s3 cp --recursive {folder} .\n"


def _shell_word(text: str) -> str:
    """A word for bash and zsh: an unseen character is written as its number."""
    if visible(text) == text:
        return shlex.quote(text)
    seen = (c if visible(c) == c and c not in "\\'" else f"\\U{ord(c):08X}" for c in text)
    return f"$'{''.join(seen)}'"


def model_pointer(
    job: EndedJob, spec: Job, before: Mapping[str, Any] | None
) -> ModelPointer | None:
    """What model.json is to say once a job has ended; None where nothing changes."""
    if job.status != "Completed" or isinstance(spec, PredictionsJob):
        return None
    if before and before["uploaded"] > spec.uploaded:
        return None
    return {
        "model": job.model_key,
        "job": job.name,
        "results": spec.results_folder,
        "target": spec.target if isinstance(spec, ModelJob) else spec.target_language,
        "uploaded": spec.uploaded,
        "keep_requests": spec.keep_requests if isinstance(spec, ModelJob) else 0.0,
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


def about(usd: float) -> Message:
    """An amount as people say it."""
    return message("cost.about", usd=usd) if usd >= 0.01 else message("cost.under_a_cent")


Outcome = tuple[Message, tuple[Message, ...]]


def _outcome(
    job: EndedJob,
    spec: Job,
    performance: Mapping[str, Any] | None,
    failure: Mapping[str, Any] | None,
) -> Outcome:
    """The headline, and what to do next."""
    if job.status == "Completed":
        return _completed(spec, performance)
    if job.status == "Stopped":
        return _stopped(job, spec)
    return _failed(job, spec, failure)


def _is_scored(performance: Mapping[str, Any] | None) -> bool:
    """Whether a job's own file tells a score; that of a test file without a target has notes."""
    return performance is not None and performance.get("metric") is not None


def _completed(spec: Job, performance: Mapping[str, Any] | None) -> Outcome:
    report = message("next.open_report", folder=spec.results_folder)
    known: dict[str, Any] = {"dataset": spec.dataset}
    scored = _is_scored(performance)
    verdict, _ = verdict_of(performance or {})
    color = verdict["color"] if verdict else None
    if performance and scored:
        known["score"] = score_sentence(performance, spec)
    match spec:
        case TranslatorJob():
            code = "status.translator_ready_score" if scored else "status.translator_ready"
            examples = message("next.open_translator_report", folder=spec.results_folder)
            pair = f"{spec.source_language}-{spec.target_language}"
            other = message(
                "next.other_version", file=version_order_key(pair), example=VERSION_EXAMPLE
            )
            return message(code, **known), (examples, other)
        case PredictionsJob():
            code = "status.predictions_ready_score" if scored else "status.predictions_ready"
            code = UNFIT_PREDICTIONS.get(color, code)
            another = message("next.predict_another", file=_next_test(spec))
            return message(code, file=spec.test.file, **known), (report, another)
        case ModelJob():
            code = "status.model_ready_score" if scored else "status.model_ready"
            code = UNFIT_MODEL.get(color, code)
            command = f"codefree predict model.tar.gz {shlex.quote(spec.dataset + '.csv')}"
            return message(code, target=spec.target, **known), (
                report,
                message("next.predict_more", file=_next_test(spec)),
                message("next.predict_here", command=command),
            )
        case _:
            assert_never(spec)


def _next_test(spec: ModelJob | PredictionsJob) -> str:
    return f"{DATA}{spec.dataset}_test.csv"


def _stopped(job: EndedJob, spec: Job) -> Outcome:
    dataset = spec.dataset
    again = message("next.upload_again", which=_which(spec))
    if job.secondary_status == "MaxRuntimeExceeded":
        predicts = isinstance(spec, PredictionsJob)
        steps = (message("next.bigger"), again) if predicts else (message("next.less_time"),)
        return message("status.time_limit", dataset=dataset), steps
    if job.secondary_status == "MaxWaitTimeExceeded":
        return message("status.no_spot", dataset=dataset), (again,)
    return message("status.stopped", dataset=dataset), (again,)


def _failed(job: EndedJob, spec: Job, written: Mapping[str, Any] | None) -> Outcome:
    failure = explained(job.failure_reason, written)
    known = {"dataset": spec.dataset, "reason": failure.of(_which(spec))}
    if is_own(failure):
        known["reason"] = failure.what
    steps = next_steps(failure, _which(spec))
    if isinstance(spec, PredictionsJob):
        return message("status.predictions_failed", file=spec.test.file, **known), steps
    return message("status.training_failed", **known), steps


def _which(spec: Job) -> Message:
    """The file that starts the job."""
    return TEST if isinstance(spec, PredictionsJob) else TRAIN


def _interrupted(job: EndedJob) -> list[Message]:
    """A job that reached its end reports this itself."""
    return (
        [message("detail.spot_interrupted", count=job.interruptions)] if job.interruptions else []
    )


def _score_below(
    headline: Message, spec: Job, performance: Mapping[str, Any] | None
) -> list[Message]:
    """The score, where the headline has something graver to say."""
    unfit = {*UNFIT_MODEL.values(), *UNFIT_PREDICTIONS.values()}
    if performance is None or headline.code not in unfit or not _is_scored(performance):
        return []
    return [message("detail.score", score=score_sentence(performance, spec))]


def _findings(
    spec: Job, performance: Mapping[str, Any] | None, against: Sequence[Message]
) -> list[Message]:
    found = target_sentence(spec)
    if isinstance(spec, PredictionsJob):
        found = [message("detail.predicts_target", job=spec.model_job, target=spec.target)]
    if performance:
        found.append(message("detail.best_model", model=performance["best_model"]))
        found += [one for one in notes_of(performance) if one not in against]
    return found


def _model_before(job: EndedJob, spec: Job) -> list[Message]:
    """What has become of the model that the dataset had before."""
    before = spec.model_before if isinstance(spec, ModelJob) else None
    if not isinstance(spec, ModelJob) or not before:
        return []
    if job.status != "Completed":
        return [message("detail.model_before_stays", model=before)]
    if spec.test_has_target:
        return [message("detail.model_before_kept", model=before)]
    return [
        message("detail.model_before_not_compared", model=before, target=spec.target),
    ]


def _score(performance: Mapping[str, Any] | None) -> Score | None:
    if performance is None or not _is_scored(performance):
        return None
    return {
        "metric": performance["metric"],
        "score": performance["score"],
        "scored_on": performance["scored_on"],
        "rows": performance["rows"],
    }


def score_sentence(performance: Mapping[str, Any], spec: Job) -> Message:
    """The score with its interval, the rows it was measured on, and the baseline."""
    beside = []
    if interval := performance.get("interval"):
        beside.append(message("score.interval", low=interval[0], high=interval[1]))
    pairs = isinstance(spec, TranslatorJob)
    place = "score.held_out_pairs" if pairs else SCORED_ON[performance["scored_on"]]
    whole = performance.get("rows_in_file")
    if place == SCORED_ON["test file"] and whole and whole > performance["rows"]:
        beside.append(message("score.part_of_test_file", rows=performance["rows"], whole=whole))
    else:
        beside.append(message(place, rows=performance["rows"]))
    if (naive := performance.get("naive_score")) is not None:
        beside.append(message("score.baseline", naive=naive))
    return message(
        "score.sentence",
        metric=performance["metric"],
        score=performance["score"],
        beside=tuple(beside),
    )
