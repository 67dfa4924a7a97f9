import pytest

from automl.dataset import Dataset
from automl.failures import (
    BUCKET_SHUT,
    NO_IMAGE,
    NO_KEY,
    NO_SUCH_MACHINE,
    OUT_OF_MEMORY,
    ROLE_NOT_PASSED,
    ROLE_REFUSED,
    Failure,
    explained,
    kept,
    not_started,
    out_of_memory,
    plain,
    refusal,
)
from tests.unit.test_status import COMPLETED
from tests.unit.test_training_job import plan, spec

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
REASONS = {
    "CapacityError: Unable to provision requested ML compute capacity. Please retry": "no free",
    "InternalServerError: We encountered an internal error. Please try again.": "error of its own",
    "InternalServerError: <html><body><h1>503</h1></body></html>": "error of its own",
    "ClientError: Data download failed:Insufficient disk space": "disk was full",
    "AlgorithmError: ExecuteUserScriptError:\nOSError: [Errno 28] No space left on device": "disk",
    'ClientError: Data download failed:No S3 objects found under S3 URL "s3://b/x" given in input '
    "data source. Please ensure that the bucket exists": "no longer in the bucket",
    "ClientError: Data download failed:NoSuchKey (404): The key does not exist.": "no longer",
    "ClientError: Data download failed:Unable to download object s3://b/404/kms:/x (AccessDenied: "
    "Access Denied)": "was not allowed",
    "ClientError: Data download failed:PermanentRedirect, status code: 403, Forbidden": "not allow",
    "ClientError: AccessDenied: not authorized to perform: kms:Decrypt on the resource": "a key",
    "ClientError: Cannot pull algorithm container. Either the image does not exist or its "
    "permissions are incorrect.": "container with AutoGluon",
    "CannotPullContainerError: manifest unknown": "container with AutoGluon",
    "ClientError: TrainingHostAgent Initialization failed:InvalidInputException: SageMaker is "
    "unable to perform: sts:AssumeRole on the role.": "may not act in the role",
    f"ClientError: SageMaker was unable to assume the role '{ROLE}'": "may not act in the role",
    "AlgorithmError: ExecuteUserScriptError:\nExitCode 139\nErrorMessage": "library crashed",
    f"AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n{TRACEBACK}": "without saying why",
    f"AlgorithmError: framework error: \n{TRACEBACK}, exit code: 1": "without saying why",
    "AlgorithmError: Exit Code: 2": "without saying why",
    "": "gives no reason",
}


@pytest.mark.parametrize("reason", SHORT_OF_MEMORY)
def test_a_machine_that_is_short_of_memory_is_known_in_every_spelling(reason: str) -> None:
    assert out_of_memory(reason)
    assert explained(reason) is OUT_OF_MEMORY


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_aws_becomes_a_sentence_and_something_to_do(reason: str) -> None:
    failure = explained(reason)
    assert REASONS[reason] in failure.what
    assert failure.steps
    assert not out_of_memory(reason)
    for raw in ("Error", "Traceback", "ExitCode", "exit code", "<h1>", "\n", "s3://"):
        assert raw not in failure.what


def test_a_sentence_of_our_own_script_is_kept_as_it_is() -> None:
    sentence = "The column <b>404 AccessDenied</b>, 'out of memory', 값, has one value."
    told = explained(f"AlgorithmError: {sentence}, exit code: 1")
    assert told.what == sentence
    assert not out_of_memory(f"AlgorithmError: {sentence}, exit code: 1")


def test_a_long_reason_of_many_lines_becomes_one_line_that_ends() -> None:
    unforeseen = "AlgorithmError: It broke\r\n\x1b[31m\tafter \ud800 all.\x00" + " x" * 5000
    told = explained(unforeseen).what
    assert told.startswith("It broke [31m after all. x x") and told.endswith("…")
    assert told.isprintable() and len(told) <= 600


def test_a_reason_that_nobody_knows_is_quoted_without_its_markup() -> None:
    told = explained("ClientError: <p onclick='x()'>Something\n<b>new</b></p>")
    assert told.what == "SageMaker says: Something new"
    assert "Engineers: look at the job's log" in told.steps[-1]


def test_a_name_in_the_bucket_is_not_taken_for_a_reason() -> None:
    reason = "ClientError: Data download failed: NoSuchKey s3://b/data/OutOfMemory_train.csv"
    assert "no longer in the bucket" in explained(reason).what


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


@pytest.mark.parametrize(("code", "message", "failure"), REFUSED)
def test_a_job_that_aws_refuses_for_good_is_told_in_words(
    code: str, message: str, failure: Failure
) -> None:
    assert refusal("CreateTrainingJob", code, message) is failure
    assert refusal("CreateEndpoint", code, message) is None


@pytest.mark.parametrize(
    ("code", "message"),
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
def test_what_may_pass_or_is_unknown_is_no_refusal_for_good(code: str, message: str) -> None:
    assert refusal("CreateTrainingJob", code, message) is None


def test_an_upload_that_may_not_be_read_is_told_who_is_to_allow_it() -> None:
    assert refusal("HeadObject", "403", "Forbidden") is BUCKET_SHUT
    assert refusal("GetObject", "AccessDenied", "not authorized to perform: kms:Decrypt") is NO_KEY
    assert refusal("GetObject", "NoSuchBucket", "gone") is None


def test_what_engineers_have_to_do_is_told_to_both() -> None:
    told = not_started(Dataset("t"), NO_IMAGE, f"Cannot find\n{TRACEBACK}", COMPLETED)
    text = told.to_text("now").decode()
    assert told.state == "failed"
    assert "training could not be started. The container with AutoGluon was not found" in text
    assert "nothing was paid" in text
    assert "Wait for the people who run this." in text and "Engineers: check the stack's" in text
    assert "still in results/titanic/titanic-1/" in text


def test_what_the_uploader_can_correct_puts_nobody_else_to_work() -> None:
    told = not_started(Dataset("t"), NO_SUCH_MACHINE, "no", None).to_text("now").decode()
    assert "Name another instance_type" in told
    assert "Engineers" not in told and "people who run this" not in told


def test_what_a_stopped_job_has_made_is_named_and_whether_there_is_a_model() -> None:
    given = spec(plan())
    assert kept(given, ["failure"]) == "Nothing was made before that."
    assert kept(given, ["leaderboard"]).endswith("/: leaderboard. No model was saved.")
    assert kept(given, ["leaderboard", "model"]).endswith("The model may be incomplete.")
    assert kept(given, ["predictions", "model"]).endswith("The model is whole.")
    prediction = {**given, "kind": "prediction"}
    assert kept(prediction, ["predictions", "model"]).endswith("/: predictions.")
    translator = {**given, "kind": "translator"}
    assert kept(translator, ["report", "model"]).endswith("The model may be incomplete.")


def test_what_is_quoted_is_one_plain_line() -> None:
    assert plain("<a href='x'>a</a>\n\t1 < 2 and 3 > 2 \x07", 99) == "a 1 < 2 and 3 > 2"
    assert plain("x" * 9, 5) == "xxxx…"
