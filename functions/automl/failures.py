"""What goes wrong at AWS or in a training job, in words: what happened, and what to do."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from automl.dataset import Named
from automl.status import Status, earlier_model, of_dataset
from automl.training_job import results_folder

AGAIN = "Upload the train file again to start another attempt."
LOG = "Engineers: look at the job's log in CloudWatch, /aws/sagemaker/TrainingJobs."
LONGEST_SENTENCE, LONGEST_QUOTE = 600, 300
# How our own training script begins a reason when memory was short.
OWN_OUT_OF_MEMORY = "OutOfMemory: "


@dataclass(frozen=True)
class Failure:
    """One thing that goes wrong, told to the uploader and to the engineers."""

    what: str
    steps: tuple[str, ...]
    users_turn: bool = False
    """Whether the uploader can put it right alone."""


OUT_OF_MEMORY = Failure(
    "The machine ran out of memory.",
    ("Name a bigger instance_type, such as ml.m5.4xlarge, in the settings file and upload it.",),
    users_turn=True,
)
ROLE_REFUSED = Failure(
    "AWS SageMaker may not act in the role that is made for training jobs.",
    (
        "Engineers: see that TrainingJobRole exists and trusts sagemaker.amazonaws.com; "
        "docs/operations.md tells how to find what was changed by hand.",
    ),
)
ROLE_NOT_PASSED = Failure(
    "The function that starts training jobs may not hand them their role.",
    (
        "Engineers: give StartTrainingRole iam:PassRole on TrainingJobRole, as the template does, "
        "and see that no service control policy forbids it.",
    ),
)
NO_IMAGE = Failure(
    "The container with AutoGluon was not found, or may not be fetched.",
    (
        "Engineers: check the stack's parameter AutoGluonImageTag, and that TrainingJobRole may "
        "pull from the registry of the stack's region.",
    ),
)
NO_SUCH_MACHINE = Failure(
    "AWS has no machine of this type for training jobs in this region.",
    ("Name another instance_type, such as ml.m5.xlarge, in the settings file and upload it.",),
    users_turn=True,
)
NO_KEY = Failure(
    "The files are encrypted with a key that may not be used.",
    (
        "Engineers: allow kms:Decrypt and kms:GenerateDataKey on the key to StartTrainingRole, "
        "TrainingJobRole and PublishResultsRole.",
    ),
)
BUCKET_SHUT = Failure(
    "Reading or writing the bucket was not allowed.",
    (
        "Engineers: compare the bucket's policy and the organisation's with the permissions of "
        "TrainingJobRole and StartTrainingRole.",
    ),
)
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
        Failure(
            "The function that starts training jobs is not allowed to.",
            (
                "Engineers: compare the permissions of StartTrainingRole with the template, and "
                "see that no service control policy forbids SageMaker.",
            ),
        ),
    ),
    (
        r"SubscriptionRequired|OptInRequired|not subscribed|account is (suspended|not)",
        Failure(
            "The AWS account may not use SageMaker.",
            ("Engineers: see in the AWS console whether the account is active and paid for.",),
        ),
    ),
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
        Failure(
            "The machine's disk was full.",
            ("Train on a sample of the rows, or leave out columns with long texts.",),
            users_turn=True,
        ),
    ),
    *AT_ANY_TIME,
    (r"AccessDenied|Access Denied|Forbidden|not authorized|\b403\b", BUCKET_SHUT),
    (
        r"NoSuchKey|No S3 objects found|\b404\b|not found|does not exist",
        Failure(
            "A file was no longer in the bucket when the training job came to fetch it.",
            ("Upload the train file again, and the test file if there is one.",),
            users_turn=True,
        ),
    ),
    (
        r"CapacityError|Insufficient\w*Capacity|compute capacity",
        Failure(
            "AWS had no free machine of this type.",
            (f"{AGAIN} Another instance_type in the settings file may be free at once.",),
            users_turn=True,
        ),
    ),
    (
        r"spot.*(interrupt|terminat|reclaim)|interrupted",
        Failure(
            "AWS took the spare machine away.",
            (f"{AGAIN} The stack's parameter UseSpot = false trains on machines that stay.",),
            users_turn=True,
        ),
    ),
    (
        r"InternalServerError|internal error|InternalFailure|ServiceUnavailable",
        Failure("SageMaker had an error of its own.", (AGAIN,), users_turn=True),
    ),
    (
        r"exit ?code:? (139|134|132|-11|-6|-4)\b|SIGSEGV|SIGABRT|SIGILL|Segmentation fault",
        Failure("A library crashed in the middle of training.", (f"{AGAIN} If it fails too:", LOG)),
    ),
    (
        r"ExecuteUserScriptError|framework error|Traceback \(most|exit ?code",
        Failure(
            "The training script broke without saying why.", (f"{AGAIN} If it fails too:", LOG)
        ),
    ),
)
# A toolkit's own text, or a traceback: nothing that our script wrote for a reader.
NOT_OURS = re.compile(r"^\w+Error\b|^Exit Code|^framework error|^Killed\b|Traceback \(most recent")
WRAPPED = re.compile(r"AlgorithmError: (.*?)(?:, exit code: (\d+))?$", re.DOTALL)


def explained(reason: str) -> Failure:
    """What SageMaker's failure reason says; a sentence of our own script is kept as it is."""
    own = _own_sentence(reason.strip())
    if own.startswith(OWN_OUT_OF_MEMORY):
        return OUT_OF_MEMORY
    if own:
        return Failure(own, ("Correct the file and upload it again.",), users_turn=True)
    # A name in the bucket may read like anything.
    return _first(OF_JOBS, re.sub(r"s3://\S+", "", reason)) or _unknown(reason)


def refusal(operation: str, code: str, message: str) -> Failure | None:
    """Why AWS says no for good to what a function asked; None when nobody knows."""
    if operation in ("CreateTrainingJob", "DescribeTrainingJob"):
        return _first(OF_REQUESTS, f"{code}: {message}")
    if operation in ("GetObject", "HeadObject", "ListObjectsV2", "PutObject"):
        return _first(OF_S3, f"{code}: {message}")
    return None


def out_of_memory(reason: str) -> bool:
    return explained(reason) is OUT_OF_MEMORY


def not_started(dataset: Named, failure: Failure, aws_says: str, before: Status | None) -> Status:
    """The answer to an upload for which AWS will start no job until somebody changes something."""
    wait = "Wait for the people who run this. They were told, and your upload is kept for them."
    back = "Then move the message from the upload dead-letter queue back to the upload queue."
    return of_dataset(
        dataset,
        "failed",
        f"training could not be started. {failure.what}",
        details=(
            f"AWS says: {plain(aws_says, LONGEST_QUOTE)}",
            "No training job was started and nothing was paid.",
            *earlier_model(before),
        ),
        next=failure.steps if failure.users_turn else (wait, *failure.steps, back),
    )


def kept(spec: Mapping[str, Any], files: Collection[str]) -> str:
    """What there is of a job that did not reach its end; `files` by their names in STATUS.txt."""
    there = [name for name in files if name not in ("model", "failure")]
    if not there:
        return "Nothing was made before that."
    said = f"What was made before that is kept in {results_folder(dict(spec))}: {', '.join(there)}."
    if spec["kind"] == "prediction":
        return said
    if "model" not in files:
        return f"{said} No model was saved."
    # A job packs its model before it predicts and explains; a translator is packed last.
    whole = spec["kind"] == "model" and {"report", "predictions", "importance"} & set(there)
    return f"{said} {'The model is whole.' if whole else 'The model may be incomplete.'}"


def plain(text: str, longest: int) -> str:
    """One line without markup and control characters, cut where it is too long."""
    return _one_line(re.sub(r"</?[A-Za-z!][^<>]*>", " ", text), longest)


def _one_line(text: str, longest: int) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _own_sentence(reason: str) -> str:
    """The failure file of our script without what SageMaker wraps around it; else nothing."""
    found = WRAPPED.fullmatch(reason)
    if not found or found[2] not in (None, "1") or NOT_OURS.search(found[1].strip()):
        return ""
    return _one_line(found[1], LONGEST_SENTENCE)


def _first(spellings: Spellings, text: str) -> Failure | None:
    for pattern, failure in spellings:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return failure
    return None


def _unknown(reason: str) -> Failure:
    quote = plain(re.sub(r"^\w+Error: ", "", reason.strip()), LONGEST_QUOTE)
    what = f"SageMaker says: {quote}" if quote else "SageMaker gives no reason."
    return Failure(what, (f"{AGAIN} If it fails too:", LOG))
