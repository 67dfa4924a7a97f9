import pytest

from automl.dataset import Dataset
from automl.prediction_job import prediction_job
from contract.bounds import LANGUAGES
from contract.job import Job
from contract.messages import message, message_to_json, render, verbatim
from failure import in_words
from pipeline.failures import (
    BUCKET_SHUT,
    NO_IMAGE,
    NO_KEY,
    NO_SUCH_MACHINE,
    OUT_OF_MEMORY,
    ROLE_NOT_PASSED,
    ROLE_REFUSED,
    TRAIN,
    Failure,
    explained,
    kept,
    next_steps,
    not_started,
    out_of_memory,
    plain,
    refusal,
)
from tests.messages import codes
from tests.plans import SOURCE, STACK, plan, spec
from tests.prediction_jobs import MODEL, later
from tests.statuses import COMPLETED
from tests.translator_jobs import TRANSLATOR

TRACEBACK = 'Traceback (most recent call last):\n  File "/opt/ml/code/train.py", line 8'
ROLE = "arn:aws:iam::123456789012:role/codefree-automl-TrainingJobRole"
REPOSITORY = (
    "repository: autogluon in registry ID: 763104351884 Please check if your ECR repository "
    f"exists and role {ROLE} has proper pull permissions for SageMaker: ecr:BatchGetImage"
)
# As SageMaker, its toolkit, Python, C++, Linux and torch spell it.
SHORT_OF_MEMORY = [
    "AlgorithmError: , exit code: 137",
    "AlgorithmError: Exit Code: 137",
    "AlgorithmError: OutOfMemory: the machine ran out of memory., exit code: 1",
    'AlgorithmError: ExecuteUserScriptError:\nExitCode 137\nErrorMessage ""\n'
    'ExtraInfo "OutOfMemory: Process killed by SIGKILL", exit code: 1',
    "AlgorithmError: ExecuteUserScriptError:\nExitCode -9\nErrorMessage, exit code: 1",
    'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "MemoryError", exit code: 1',
    'AlgorithmError: ExecuteUserScriptError:\nErrorMessage "std::bad_alloc", exit code: 1',
    "AlgorithmError: ExecuteUserScriptError:\nUnable to allocate 12.0 GiB for an array",
    "AlgorithmError: ExecuteUserScriptError:\nOSError: [Errno 12] Cannot allocate memory",
    "AlgorithmError: Killed, exit code: 1",
    "ClientError: Please use an instance type with more memory, or reduce the size of training "
    "data processed on an instance.",
]
# Without `failure.`.
REASONS = {
    "CapacityError: Unable to provision requested ML compute capacity. Please retry": "no_capacity",
    "InternalServerError: We encountered an internal error. Please try again.": "sagemaker_error",
    "InternalServerError: <html><body><h1>503</h1></body></html>": "sagemaker_error",
    "ClientError: Data download failed:Insufficient disk space": "disk_full",
    "AlgorithmError: ExecuteUserScriptError:\nOSError: [Errno 28] No space left on "
    "device": "disk_full",
    'ClientError: Data download failed:No S3 objects found under S3 URL "s3://b/x" given in input '
    "data source. Please ensure that the bucket exists": "file_gone",
    "ClientError: Data download failed:NoSuchKey (404): The key does not exist.": "file_gone",
    "ClientError: Data download failed:Unable to download object s3://b/404/kms:/x (AccessDenied: "
    "Access Denied)": "bucket_denied",
    "ClientError: Data download failed:PermanentRedirect, status code: 403, "
    "Forbidden": "bucket_denied",
    "ClientError: AccessDenied: not authorized to perform: kms:Decrypt on the "
    "resource": "key_denied",
    "ClientError: Cannot pull algorithm container. Either the image does not exist or its "
    "permissions are incorrect.": "no_image",
    "CannotPullContainerError: manifest unknown": "no_image",
    "ClientError: TrainingHostAgent Initialization failed:InvalidInputException: SageMaker is "
    "unable to perform: sts:AssumeRole on the role.": "role_refused",
    f"ClientError: SageMaker was unable to assume the role '{ROLE}'": "role_refused",
    "AlgorithmError: ExecuteUserScriptError:\nExitCode 139\nErrorMessage": "library_crashed",
    f"AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n{TRACEBACK}": "silent",
    f"AlgorithmError: framework error: \n{TRACEBACK}, exit code: 1": "silent",
    "AlgorithmError: Exit Code: 2": "silent",
    "": "no_reason",
}


@pytest.mark.parametrize("reason", SHORT_OF_MEMORY)
def test_a_machine_that_is_short_of_memory_is_known_in_every_spelling(reason: str) -> None:
    assert out_of_memory(reason)
    assert explained(reason) is OUT_OF_MEMORY


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_aws_becomes_a_sentence_and_something_to_do(reason: str) -> None:
    failure = explained(reason)
    assert failure.what.code == f"failure.{REASONS[reason]}"
    assert not out_of_memory(reason)
    (step,) = next_steps(failure, TRAIN)
    assert render(step)
    for raw in ("Error", "Traceback", "ExitCode", "exit code", "<h1>", "\n", "s3://"):
        assert raw not in render(failure.of(TRAIN))


def test_a_sentence_of_our_own_script_is_kept_as_it_is() -> None:
    sentence = "The column <b>404 AccessDenied</b>, 'out of memory', 값, has one value."
    assert explained(f"AlgorithmError: {sentence}, exit code: 1").what == verbatim(sentence)
    assert not out_of_memory(f"AlgorithmError: {sentence}, exit code: 1")


def test_a_long_reason_of_many_lines_becomes_one_line_that_ends() -> None:
    unforeseen = "AlgorithmError: It broke\r\n\x1b[31m\tafter \ud800 all.\x00" + " x" * 5000
    shown = render(explained(unforeseen).what)
    assert shown.startswith("It broke") and shown.endswith("…")
    assert shown.isprintable() and len(shown) <= 600


def test_a_reason_that_nobody_knows_is_quoted_without_its_markup() -> None:
    shown = explained("ClientError: <p onclick='x()'>Something\n<b>new</b></p>")
    assert shown.what == message("failure.unknown", text="Something new")


def test_a_name_in_the_bucket_is_not_taken_for_a_reason() -> None:
    reason = "ClientError: Data download failed: NoSuchKey s3://b/data/OutOfMemory_train.csv"
    assert explained(reason).what.code == "failure.file_gone"


REFUSED = [
    ("ValidationException", f"Could not assume role {ROLE}. Please ensure that…", ROLE_REFUSED),
    (
        "AccessDeniedException",
        f"not authorized to perform: iam:PassRole {ROLE}",
        ROLE_NOT_PASSED,
    ),
    ("ValidationException", "RoleArn: Cross-account pass role is not allowed.", ROLE_NOT_PASSED),
    ("ValidationException", "Cannot find the requested image: autogluon:9", NO_IMAGE),
    ("ValidationException", f"Cannot find {REPOSITORY}", NO_IMAGE),
    ("ValidationException", f"Access denied for {REPOSITORY}", NO_IMAGE),
    ("ValidationException", "Invalid training image. Please provide a valid path", NO_IMAGE),
    ("ValidationException", "Invalid DNS suffix 'a' for region 'b' in training image.", NO_IMAGE),
    (
        # It comes with the code of a used-up quota.
        "ResourceLimitExceeded",
        "The requested resource training-job/ml.p2.xlarge is not available in this region",
        NO_SUCH_MACHINE,
    ),
    (
        "ValidationException",
        "Value 'ml.x' at 'resourceConfig.instanceType' failed to satisfy constraint",
        NO_SUCH_MACHINE,
    ),
]


@pytest.mark.parametrize(("code", "says", "failure"), REFUSED)
def test_a_job_that_aws_refuses_for_good_is_told_in_words(
    code: str, says: str, failure: Failure
) -> None:
    assert refusal("CreateTrainingJob", code, says) is failure
    assert refusal("CreateEndpoint", code, says) is None


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.m5.large for training job usage' is 0 Instances, "
            "with current utilization of 0 Instances and a request delta of 1 Instances. Please "
            "contact AWS support to request an increase for this limit.",
        ),
        ("ThrottlingException", "Rate exceeded"),
        ("InternalFailure", "Something went wrong"),
        ("CapacityError", "No capacity"),
        ("ValidationException", "Something that nobody has seen yet"),
    ],
)
def test_what_may_pass_or_is_unknown_is_no_refusal_for_good(code: str, says: str) -> None:
    assert refusal("CreateTrainingJob", code, says) is None


def test_an_upload_that_may_not_be_read_is_told_who_is_to_allow_it() -> None:
    assert refusal("HeadObject", "403", "Forbidden") is BUCKET_SHUT
    assert refusal("GetObject", "AccessDenied", "not authorized to perform: kms:Decrypt") is NO_KEY
    assert refusal("GetObject", "NoSuchBucket", "gone") is None


def test_what_engineers_have_to_do_is_told_to_both() -> None:
    shown = not_started(Dataset("t"), NO_IMAGE, f"Cannot find\n{TRACEBACK}", COMPLETED)
    assert (shown.state, shown.headline.root.code) == ("failed", "failure.no_image")
    assert {"detail.nothing_paid", "detail.earlier_model"} <= set(codes(shown))
    assert [step.code for step in shown.next] == ["next.wait_kept", "next.remedy", "next.redrive"]
    assert "Administrators: check the stack parameter" in shown.to_text("now").decode()


def test_what_the_uploader_can_correct_puts_nobody_else_to_work() -> None:
    shown = not_started(Dataset("t"), NO_SUCH_MACHINE, "no", None)
    assert [step.code for step in shown.next] == ["next.remedy"]
    assert "dministrator" not in shown.to_text("now").decode()


def test_what_a_stopped_job_has_made_is_named_and_whether_there_is_a_model() -> None:
    given = spec(plan())
    assert saved(given, "failure") == ["detail.nothing_saved"]
    assert saved(given, "leaderboard") == ["detail.saved_no_model"]
    assert saved(given, "leaderboard", "model") == ["detail.saved_part_model"]
    assert saved(given, "predictions", "model") == ["detail.saved_model"]
    assert saved(TRANSLATOR, "report", "model") == ["detail.saved_part_model"]


def test_a_prediction_job_that_ends_early_leaves_the_model_as_it_was() -> None:
    prediction = prediction_job("name", later(), STACK, SOURCE, MODEL)
    assert saved(prediction, "model") == ["detail.model_unaffected"]
    assert saved(prediction, "predictions", "model") == ["detail.saved", "detail.model_unaffected"]


def saved(given: Job, *files: str) -> list[str]:
    return [one.code for one in kept(given, files)]


def test_the_message_of_the_script_is_kept_with_its_code() -> None:
    said = message("target.one_class", column="y", value="a")
    reason = f"AlgorithmError: {render(said, 'ko')}, exit code: 1"
    assert explained(reason, message_to_json(said)).what == said
    assert explained(reason, {"code": "of.the.future", "values": {}}).what.code == "text"
    assert explained("AlgorithmError: , exit code: 137", message_to_json(said)) is OUT_OF_MEMORY


@pytest.mark.parametrize("language", LANGUAGES)
def test_too_little_memory_is_known_in_every_language(language: str) -> None:
    words = in_words(message("job.out_of_memory"), language)
    assert out_of_memory(f"AlgorithmError: {words}, exit code: 1")


def test_what_is_quoted_is_one_plain_line() -> None:
    assert plain("<a href='x'>a</a>\n\t1 < 2 and 3 > 2 \x07", 99) == "a 1 < 2 and 3 > 2"
    assert plain("x" * 9, 5) == "xxxx…"
