"""What goes wrong at AWS or in a training job, and what to do about it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from contract.job import Job, ModelJob, PredictionsJob
from contract.layout import Named
from contract.messages import (
    LONGEST_VALUE,
    Message,
    is_known,
    message,
    message_from_json,
    plain_text,
    verbatim,
)
from pipeline.status import Status, earlier_model, file_name, of_dataset

LONGEST_QUOTE = 300
# How our own training script begins a reason when memory was short, in every language.
OWN_OUT_OF_MEMORY = "OutOfMemory: "
TRAIN, TEST = message("which.train"), message("which.test")


@dataclass(frozen=True)
class Failure:
    """One thing that goes wrong, as reported to the uploader and to the administrators."""

    what: Message
    users_turn: bool = False
    """Whether the uploader can put it right alone."""

    def of(self, which: Message) -> Message:
        """The message, which names the file (train or test) to upload again."""
        return message(self.what.code, **{**self.what.values, "which": which})


OUT_OF_MEMORY = Failure(message("failure.out_of_memory"), users_turn=True)
ROLE_REFUSED = Failure(message("failure.role_refused"))
ROLE_NOT_PASSED = Failure(message("failure.role_not_passed"))
NO_IMAGE = Failure(message("failure.no_image"))
NO_SUCH_MACHINE = Failure(message("failure.no_such_instance"), users_turn=True)
NO_KEY = Failure(message("failure.key_denied"))
BUCKET_SHUT = Failure(message("failure.bucket_denied"))
Spellings = tuple[tuple[str, Failure], ...]
# What AWS says → what happened; the first that matches counts.
AT_ANY_TIME: Spellings = (
    (r"assume (the |this )?role|sts:AssumeRole", ROLE_REFUSED),
    (r"PassRole|pass role", ROLE_NOT_PASSED),
    (
        r"pull\w* (\w+ )?container|CannotPull|cannot find (the requested image|repository)"
        r"|training image|for repository|manifest unknown|image \S* ?(does not exist|not found)",
        NO_IMAGE,
    ),
    (
        r"training-job/\S+ is not available in this region|resourceConfig.instanceType"
        r"|instance type \S+ (is )?not (supported|available)",
        NO_SUCH_MACHINE,
    ),
    (r"kms:|AWS ?KMS|KMS\.", NO_KEY),
)
OF_REQUESTS: Spellings = (
    *AT_ANY_TIME,
    (
        r"not authorized .*sagemaker:|explicit deny",
        Failure(message("failure.not_authorized")),
    ),
    (
        r"SubscriptionRequired|OptInRequired|not subscribed|account is (suspended|not)",
        Failure(message("failure.account_inactive")),
    ),
)
OF_QUERIES: Spellings = (
    (r"not authorized|AccessDenied", Failure(message("failure.query_not_authorized"))),
)
OF_S3: Spellings = ((r"kms:|AWS ?KMS|KMS\.", NO_KEY), (r"AccessDenied|Forbidden", BUCKET_SHUT))
# Spellings of SageMaker, its toolkit, Python, C++ and Linux.
OF_JOBS: Spellings = (
    (
        r"OutOfMemory|out of memory|instance type with more memory|MemoryError|\bbad_?alloc"
        r"|bad allocation|unable to allocate|Cannot ?Allocate|exit ?code:? (137|-9)\b"
        r"|SIGKILL|\boom[-_ ]?kill|^(AlgorithmError: )?Killed\b",
        OUT_OF_MEMORY,
    ),
    (
        r"no space left on device|insufficient disk space|ENOSPC|disk quota exceeded",
        Failure(message("failure.disk_full"), users_turn=True),
    ),
    *AT_ANY_TIME,
    (r"AccessDenied|Access Denied|Forbidden|not authorized|\b403\b", BUCKET_SHUT),
    (
        r"NoSuchKey|No S3 objects found|\b404\b|not found|does not exist",
        Failure(message("failure.file_gone"), users_turn=True),
    ),
    (
        r"CapacityError|Insufficient\w*Capacity|compute capacity",
        Failure(message("failure.no_capacity"), users_turn=True),
    ),
    (
        r"spot.*(interrupt|terminat|reclaim)|interrupted",
        Failure(message("failure.spot_reclaimed"), users_turn=True),
    ),
    (
        r"InternalServerError|internal error|InternalFailure|ServiceUnavailable",
        Failure(message("failure.sagemaker_error"), users_turn=True),
    ),
    (
        r"exit ?code:? (139|134|132|-11|-6|-4)\b|SIGSEGV|SIGABRT|SIGILL|Segmentation fault",
        Failure(message("failure.library_crashed")),
    ),
    (
        r"ExecuteUserScriptError|framework error|Traceback \(most|exit ?code",
        Failure(message("failure.silent")),
    ),
)
# A toolkit's own text, or a traceback: nothing that our script wrote for a reader.
NOT_OURS = re.compile(r"^\w+Error\b|^Exit Code|^framework error|^Killed\b|Traceback \(most recent")
WRAPPED = re.compile(r"AlgorithmError: (.*?)(?:, exit code: (\d+))?$", re.DOTALL)


def explained(reason: str, written: Mapping[str, Any] | None = None) -> Failure:
    """What SageMaker's failure reason means; a sentence of our own script is kept as it is.

    `written` is the message that the script left beside the sentence.
    """
    own = _own_sentence(reason.strip())
    if own.startswith(OWN_OUT_OF_MEMORY):
        return OUT_OF_MEMORY
    if own:
        return Failure(_as_written(written) or verbatim(own), users_turn=True)
    # A name in the bucket may read like anything.
    return _first(OF_JOBS, re.sub(r"s3://\S+", "", reason)) or _unknown(reason)


def is_own(failure: Failure) -> bool:
    """Whether our own script said it: then the file has to be corrected."""
    return not failure.what.code.startswith("failure.")


def refusal(operation: str, code: str, aws_says: str) -> Failure | None:
    """Why AWS permanently refuses what a function asked; None when that is not known."""
    if operation in ("CreateTrainingJob", "DescribeTrainingJob"):
        return _first(OF_REQUESTS, f"{code}: {aws_says}")
    if operation in ("StartQueryExecution", "GetQueryExecution"):
        return _first(OF_QUERIES, f"{code}: {aws_says}")
    if operation in ("GetObject", "HeadObject", "ListObjectsV2", "PutObject"):
        return _first(OF_S3, f"{code}: {aws_says}")
    return None


def out_of_memory(reason: str) -> bool:
    return explained(reason) is OUT_OF_MEMORY


def next_steps(failure: Failure, which: Message) -> tuple[Message, ...]:
    """What to do after a failed job."""
    if is_own(failure):
        return (message("next.correct"),)
    return (message("next.remedy", reason=failure.of(which)),)


def not_started(dataset: Named, failure: Failure, aws_says: str, before: Status | None) -> Status:
    """The answer to an upload for which AWS starts no job until a setting or a role changes."""
    step = next_steps(failure, TRAIN)
    return of_dataset(
        dataset,
        "failed",
        "status.not_started",
        values={"reason": failure.of(TRAIN)},
        details=(
            message("detail.aws_says", text=plain(aws_says, LONGEST_QUOTE)),
            message("detail.nothing_paid"),
            *earlier_model(before),
        ),
        next=step
        if failure.users_turn
        else (message("next.wait_kept"), *step, message("next.redrive")),
    )


def kept(spec: Job, files: Collection[str]) -> list[Message]:
    """What there is of a job that did not reach its end; `files` by their names in STATUS.txt."""
    there = [name for name in files if name not in ("model", "failure")]
    named = {
        "folder": spec.results_folder,
        "files": tuple(map(file_name, there)),
    }
    if isinstance(spec, PredictionsJob):
        saved = [message("detail.saved", **named)] if there else []
        return [*saved, message("detail.model_unaffected")]
    if not there:
        return [message("detail.nothing_saved")]
    if "model" not in files:
        return [message("detail.saved_no_model", **named)]
    # A job packs its model before it predicts and explains; a translator is packed last.
    whole = isinstance(spec, ModelJob) and {"report", "predictions", "importance"} & set(there)
    return [message("detail.saved_model" if whole else "detail.saved_part_model", **named)]


def plain(text: str, longest: int) -> str:
    """One line without markup and control characters, cut where it is too long."""
    return _one_line(re.sub(r"</?[A-Za-z!][^<>]*>", " ", text), longest)


def _one_line(text: str, longest: int) -> str:
    return plain_text(" ".join(text.split()), longest)


def _own_sentence(reason: str) -> str:
    """The failure file of our script without what SageMaker wraps around it; else nothing."""
    found = WRAPPED.fullmatch(reason)
    if not found or found[2] not in (None, "1") or NOT_OURS.search(found[1].strip()):
        return ""
    return _one_line(found[1], LONGEST_VALUE)


def _as_written(written: Mapping[str, Any] | None) -> Message | None:
    if not written or not is_known(str(written.get("code"))):
        return None
    return message_from_json(written)


def _first(spellings: Spellings, text: str) -> Failure | None:
    for pattern, failure in spellings:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return failure
    return None


def _unknown(reason: str) -> Failure:
    quote = plain(re.sub(r"^\w+Error: ", "", reason.strip()), LONGEST_QUOTE)
    known = message("failure.unknown", text=quote) if quote else message("failure.no_reason")
    return Failure(known)
