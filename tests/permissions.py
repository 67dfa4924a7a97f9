"""What the roles of the template may do, and what they really ask for while the pipeline runs."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from moto.iam.models import iam_backends

from codefree.aws import ACCOUNT, STACK_NAME
from codefree.cloud import Cloud, Settings
from codefree.lambda_service import LambdaFunction
from codefree.permissions import PARTITION, Need, Request, iam, needs, statements_of
from contract.job import to_json
from contract.layout import (
    MODEL_COLUMNS,
    NAMED_COLUMNS,
    PREDICTIONS,
    STATUS_JSON,
    job_json_key,
    live_json_key,
    model_key,
    results_prefix,
)
from contract.live import Canary, Live, Version, live_from_json
from contract.messages import message
from pipeline.status import Status
from tests import plans
from tests.amazon_translate import using
from tests.clouds import own_cloud
from tests.conftest import STUB_TRAINING, eventually
from tests.endpoints import model_endpoint, put_endpoint, records
from tests.endpoints import status as endpoint_status
from tests.http import ask, pool
from tests.integration import (
    test_clean_up,
    test_costs,
    test_datasets_api,
    test_failed_jobs,
    test_kept_requests,
    test_later_files,
    test_model_endpoints,
    test_putting_back,
    test_queries,
    test_translate_columns,
    test_translator_serving,
    test_uploads,
)
from tests.json_services import Reply, json_service
from tests.portable_models import failing_challenger, put_model
from tests.statuses import written as written_status
from tests.template_facts import NETWORK_ACTIONS, RESOURCES, ROOT, statements

PARAMETERS = {
    "SettleSeconds": "0",
    "RetrySeconds": "60",
    "TranslationFallback": "none",
    "TranslatorPairs": "en-de,en-aa,en-bb",
    "MonthlyBudgetUsd": "1000",
    "DeleteDataWithStack": "true",
    "Uploads": "true",
    "SqlDatabases": "zoo,farm",
    "SqlSources": "elsewhere",
}
# Actions of AWS's own machinery, which no laptop has.
NOT_RECORDED = {
    "cloudwatch:PutMetricData": "SageMaker measures its machines",
    **dict.fromkeys(NETWORK_ACTIONS, "with `SubnetIds`, SageMaker connects its machines to them"),
    "kms:CreateGrant": "with `KmsKeyArn`, SageMaker encrypts the disks of its machines",
    **dict.fromkeys(
        ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
        "with `KmsKeyArn`, S3, SQS, and SNS encrypt what they keep",
    ),
    **dict.fromkeys(
        ("glue:BatchGetPartition", "glue:GetPartition"),
        "with `SqlDatabases`, Athena finds the parts of a table",
    ),
    "lakeformation:GetDataAccess": "Athena reads tables that Lake Formation governs",
    "s3:ListMultipartUploadParts": "Athena continues the upload of a large file",
    "ecr:BatchCheckLayerAvailability": "SageMaker pulls the container",
    "ecr:BatchGetImage": "SageMaker pulls the container",
    "ecr:GetAuthorizationToken": "SageMaker pulls the container",
    "ecr:GetDownloadUrlForLayer": "SageMaker pulls the container",
    "logs:CreateLogGroup": "SageMaker writes what the container prints",
    "logs:CreateLogStream": "Lambda and SageMaker write what the code prints",
    "logs:DescribeLogStreams": "SageMaker writes what the container prints",
    "logs:PutLogEvents": "Lambda and SageMaker write what the code prints",
    "s3:AbortMultipartUpload": "SageMaker gives up the upload of a large model",
    "sqs:GetQueueAttributes": "Lambda looks how full the queue is",
    "xray:PutTelemetryRecords": "Lambda sends traces",
    "xray:PutTraceSegments": "Lambda sends traces",
}


@dataclass(frozen=True)
class Permission:
    """One action on one resource, as the template allows it to a role."""

    role: str
    """Logical id."""
    sid: str
    action: str
    number: int
    """Of the resource among those of the statement."""
    resource: str
    """As the template has it."""

    def __str__(self) -> str:
        return f"{self.role}-{self.sid}-{self.action}-{self.resource}"


@dataclass(frozen=True)
class Recording:
    """A run of the pipeline in one stack."""

    requests: set[Request]
    """Their roles by logical id."""
    statements: dict[tuple[str, str], dict[str, Any]]
    """Role and sid → statement, with every reference resolved."""

    def alone(self, permission: Permission) -> dict[str, Any]:
        """The statement that allows this and nothing else."""
        statement = self.statements[permission.role, permission.sid]
        resource = statement["Resource"]
        if permission.number != ALL:
            resource = listed(resource)[permission.number]
        return {**statement, "Action": permission.action, "Resource": resource}

    def of(self, role: str) -> list[tuple[Request, Need]]:
        return [(r, need) for r in self.requests if r.role == role for need in r.needs]


# The number of a resource that a list in a parameter becomes.
ALL = -1
Recordings = tuple[Recording, ...]
# In the first everything that the pipeline can do is done, in the second what a name matters for.
# Its endpoints cannot be called after it.
ODD_NAME = f"MyTeam-AutoML-{'a' * 46}"


def applies(action: str, resource: str) -> bool:
    """Whether AWS knows the action for resources of that kind; only SageMaker's kinds mix here."""
    service, _, name = action.partition(":")
    kinds = iam.actions.get_action_details(service, name)["resourceTypes"]
    return (
        service != "sagemaker"
        or any(resource.startswith(f"sagemaker {kind['name']}/") for kind in kinds)
        or resource == "*"
    )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def permissions() -> list[Permission]:
    """All that the roles allow; an action on a resource of a kind that it does not take is none."""
    return [
        Permission(
            role,
            statement["Sid"],
            action,
            ALL if "Fn::Split" in resource else number,
            written(resource),
        )
        for role, statement in statements()
        for action in listed(statement["Action"])
        for number, resource in enumerate(listed(statement["Resource"]))
        if applies(action, written(resource))
    ]


def written(resource: Any) -> str:
    """A resource in the shortest form that says the same."""
    match resource:
        case {"Fn::GetAtt": [name, *_]} | {"Ref": name}:
            return f"{name}"
        case {"Fn::Split": [_, {"Fn::Sub": [text, *_]}]}:
            return str(text)
        case {"Fn::If": [_, made, *_]}:
            return written(made)
        case {"Fn::Sub": [text, *_]} | {"Fn::Sub": text}:
            short = re.sub(
                r"^arn:\$\{AWS::Partition\}:(\w+):.*?\$?\{?\w*(AccountId)\}:", r"\1 ", text
            )
            short = short.replace("${BucketArn}", "${DatasetBucket}")
            short = short.replace("${AWS::StackName}", "(stack)").replace("${StackPart}", "(part)")
            return short.replace(".Arn}", "}")
    return str(resource)


def record() -> Recordings:
    """Everything that the pipeline can do, each function and job in its own role."""
    return recorded(ODD_NAME, run), recorded(STACK_NAME, run_endpoints)


def recorded(stack_name: str, run: Callable[[Cloud], None]) -> Recording:
    heard: set[Request] = set()
    settings = Settings(
        stack_name=stack_name,
        parameters=PARAMETERS,
        training_source=STUB_TRAINING,
        heard=heard.add,
    )
    with own_cloud(settings) as cloud:
        roles = {
            resource.name: logical_id
            for logical_id, resource in cloud.resources.items()
            if RESOURCES.get(logical_id, {}).get("Type") == "AWS::IAM::Role"
        }
        resolved = {
            (logical_id, statement["Sid"]): dict(statement)
            for name, logical_id in roles.items()
            for statement in statements_of(name)
        }
        run(cloud)
    return Recording({replace(r, role=roles[r.role]) for r in heard}, resolved)


def run(cloud: Cloud) -> None:
    """What other tests do one by one, in an order in which each leaves room for the next."""
    test_uploads.test_train_and_test_dropped_together_end_in_results(cloud, name())
    test_later_files.test_a_test_file_that_comes_late_is_predicted_by_the_model_that_exists(
        cloud, name()
    )
    test_later_files.test_a_replaced_train_file_is_trained_and_compared_with_the_model_before(
        cloud, name()
    )
    test_failed_jobs.test_too_little_memory_is_tried_once_more_on_a_bigger_machine(cloud, name())
    test_failed_jobs.test_an_interrupted_job_starts_again_and_is_published_once(cloud, name())
    test_uploads.test_results_that_the_live_copy_left_out_are_brought(cloud, name())
    put_a_message_aside(cloud)
    put_endpoint(cloud, "en-aa", "texts = [t.upper() for t in texts]", version="columns")
    test_translate_columns.test_columns_are_translated_beside_the_originals(cloud, True)
    test_translate_columns.test_an_endpoint_that_is_missing_makes_it_wait(cloud)
    test_translate_columns.test_a_training_set_is_translated_before_it_is_trained(cloud)
    wait_for_a_training_sets_translator(cloud)
    test_putting_back.test_a_file_to_translate_that_was_put_aside_finds_its_own_queue_again(
        cloud, name()
    )
    test_translator_serving.test_a_finished_translator_answers_the_api(cloud)
    test_translator_serving.test_a_better_one_takes_over(cloud)
    test_translator_serving.test_an_idle_endpoint_goes_and_comes_back_with_its_file(cloud)
    retire_an_endpoint_without_a_status(cloud)
    test_translator_serving.test_an_endpoint_that_failed_is_made_anew_for_the_next_translator(cloud)
    test_translator_serving.test_an_endpoint_that_failed_later_is_made_anew_by_its_own_file(cloud)
    for word in ("alt", "neu"):
        test_translator_serving.upload(cloud, word)
        eventually(lambda word=word: test_translator_serving.answers(cloud, word))  # type: ignore[misc]
    ask_amazon_translate(cloud)
    ask_for_predictions(cloud)
    let_an_alarm_ring(cloud)
    answer_from_endpoints(cloud)
    look_at_datasets(cloud, name())
    read_tables(cloud)
    spend_the_budget(cloud)
    put_an_ended_job_aside(cloud)
    eventually(lambda: not test_costs.running(cloud))
    test_clean_up.running(cloud, name())
    clean_up(cloud, "false", "true")


def run_endpoints(cloud: Cloud) -> None:
    """All that is done with endpoints."""
    put_endpoint(cloud, "en-aa", "texts = [t.upper() for t in texts]", version="columns")
    test_translate_columns.test_columns_are_translated_beside_the_originals(cloud, True)
    test_translator_serving.test_a_finished_translator_answers_the_api(cloud)
    test_translator_serving.test_a_better_one_takes_over(cloud)
    test_translator_serving.test_an_idle_endpoint_goes_and_comes_back_with_its_file(cloud)
    test_translator_serving.test_an_endpoint_that_failed_is_made_anew_for_the_next_translator(cloud)
    test_translator_serving.test_an_endpoint_that_failed_later_is_made_anew_by_its_own_file(cloud)
    for word in ("alt", "neu"):
        test_translator_serving.upload(cloud, word)
        eventually(lambda word=word: test_translator_serving.answers(cloud, word))  # type: ignore[misc]
    answer_from_endpoints(cloud)
    clean_up(cloud, "false")


def clean_up(cloud: Cloud, *delete_data: str) -> None:
    with test_clean_up.answered(cloud) as cloudformation:
        for chosen in delete_data:
            answer = cloudformation.send("Delete", "DELETE_IN_PROGRESS", chosen)
            assert answer["Status"] == "SUCCESS", answer


def name() -> str:
    return f"penguins {uuid4().hex[:6]}"


def read_tables(cloud: Cloud) -> None:
    """Of the stack's own bucket, and of another one."""
    test_queries.drop_tables(cloud, "elsewhere")
    test_queries.test_all_files_of_athena_are_one_file_of_the_job(cloud)
    test_queries.test_a_table_of_another_bucket_is_read_where_glue_says(cloud)


def wait_for_a_training_sets_translator(cloud: Cloud) -> None:
    chosen = {"translate_columns": ["review"], "translate_target": "bb"}
    test_translate_columns.put(cloud, "data/early.json", json.dumps(chosen))
    test_translate_columns.put(cloud, "data/early_train.csv", test_translate_columns.train_rows())
    test_uploads.status(cloud, "results/early/", {"waiting"})


def retire_an_endpoint_without_a_status(cloud: Cloud) -> None:
    s3, serving = cloud.endpoint.client("s3"), test_translator_serving
    # The endpoint's own event would write a status after it is deleted.
    eventually(lambda: serving.has(cloud, "detail.endpoint_serves", serving.PAIR))
    s3.delete_object(Bucket=cloud.bucket, Key=serving.STATUS)
    test_translator_serving.make_old(cloud)
    assert cloud.functions["RetireEndpointsFunction"].invoke({})


def spend_the_budget(cloud: Cloud) -> None:
    """One upload has waited for so long that a copy takes its place, one finds it free again."""
    budget = float(PARAMETERS["MonthlyBudgetUsd"])
    job = test_uploads.jobs(cloud, "penguins")[0]
    for since in (test_costs.just_now(), test_costs.long_ago()):
        test_costs.write_ledger(cloud, {job: (budget, since)})
        dataset = name()
        test_uploads.drop(cloud, f"data/{dataset}.json", '{"target": "species"}')
        assert test_costs.upload(cloud, dataset, receives=20) == test_costs.DONE
        test_costs.write_ledger(cloud, {})


def put_a_message_aside(cloud: Cloud) -> None:
    event = test_uploads.uploaded_event(cloud, "data/any_train.csv")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "5"
    event["Records"][0]["body"] = "{}"
    for function in ("StartTrainingFunction", "TranslateColumnsFunction"):
        assert cloud.functions[function].invoke(event) == {"batchItemFailures": []}


def put_an_ended_job_aside(cloud: Cloud) -> None:
    """Its event names no job: the function fails three times."""
    detail = {
        "TrainingJobStatus": "Completed",
        "RoleArn": cloud.resources["TrainingJobRole"].arn,
    }
    cloud.endpoint.client("events").put_events(
        Entries=[
            {
                "Source": "aws.sagemaker",
                "DetailType": "SageMaker Training Job State Change",
                "Detail": json.dumps(detail),
            }
        ]
    )
    url = cloud.resources["ResultsDeadLetterQueue"].physical_resource_id
    sqs = cloud.endpoint.client("sqs")
    assert eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))


def ask_amazon_translate(cloud: Cloud) -> None:
    """By both functions that can, and once in a language that Amazon has to find out."""
    text = {"text": "hello", "source": "auto", "target": "fr"}
    request = {"httpMethod": "POST", "path": "/translate", "body": json.dumps(text)}
    sample = json.loads((ROOT / "events/translation_requested.json").read_text())
    with amazon_translate(cloud) as url:
        with using(cloud.functions["TranslateFunction"], url) as function:
            answer = function.invoke({**sample, **request, "isBase64Encoded": False})
            assert json.loads(answer["body"])["translations"][0]["translation"] == "HELLO"
        with using(cloud.functions["TranslateColumnsFunction"], url) as function:
            dataset = uuid4().hex
            settings = test_translate_columns.settings(source="auto", target="fr")
            for kind, body in (("json", settings), ("csv", test_translate_columns.REVIEWS)):
                test_translate_columns.put(cloud, f"data/{dataset}_translate.{kind}", body)
            event = test_uploads.uploaded_event(cloud, f"data/{dataset}_translate.csv")
            function.invoke(event)
            assert test_translate_columns.result(cloud, dataset)
            test_translate_columns.put(cloud, f"data/{dataset}_translate.csv", "id,review\n1,a b\n")
            go_on_in_another_run(function, event)


def ask_for_predictions(cloud: Cloud) -> None:
    """Of a dataset that has a model, of one that has none, and which there are."""
    s3 = cloud.endpoint.client("s3")
    put_model(s3, cloud.bucket, "titanic", "Sex", keep_requests=100)
    assert ask(cloud, "predict/titanic", b'{"Sex": "male"}').status == 200
    failing_challenger(cloud, "fails")
    put_model(s3, cloud.bucket, "fails", "Sex", job="a")
    for number in range(20):
        asked = ask(cloud, "predict/fails", json.dumps({"Sex": "male", "n": number}).encode())
        assert asked.status == 200
    status = test_kept_requests.status("titanic")
    s3.put_object(Bucket=cloud.bucket, Key=status.prefix + STATUS_JSON, Body=status.to_json(""))
    assert cloud.functions["CompareRequestsFunction"].invoke({}) == ["titanic"]
    assert ask(cloud, "predict/none", b'{"Sex": "male"}').status == 404
    assert "titanic" in [one["dataset"] for one in ask(cloud, "datasets").json["datasets"]]


def let_an_alarm_ring(cloud: Cloud) -> None:
    """Of the model of a dataset that is on trial."""
    failing_challenger(cloud, "tried")
    alarm = {"alarmName": f"{cloud.stack_name}-ChallengersFail-1A2B", "state": {"value": "ALARM"}}
    cloud.endpoint.client("events").put_events(
        Entries=[
            {
                "Source": "aws.cloudwatch",
                "DetailType": "CloudWatch Alarm State Change",
                "Detail": json.dumps(alarm),
            }
        ]
    )

    s3, key = cloud.endpoint.client("s3"), live_json_key("tried")

    def is_stopped() -> bool:
        content = s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
        return live_from_json(content).tried(datetime.now(UTC)) is None

    assert eventually(is_stopped)


def answer_from_endpoints(cloud: Cloud) -> None:
    """Let a model on an endpoint of its own be made, checked, asked, turned off, and retired."""
    s3, dataset = cloud.endpoint.client("s3"), f"served {uuid4().hex[:6]}"
    spec = replace(plans.spec(plans.plan(dataset)), serve="serverless")
    put_model(s3, cloud.bucket, dataset, "Sex", job="earlier", labels=("0", "1"))
    earlier = Version("earlier", spec.target, spec.uploaded)
    own = Version(spec.job, spec.target, spec.uploaded, serve="serverless")
    status = Status(
        dataset,
        "completed",
        message("text", text="ready"),
        results_prefix(dataset),
        job=spec.job,
        results=spec.results_folder,
        files={
            NAMED_COLUMNS: spec.results_folder + MODEL_COLUMNS,
            "predictions": f"{spec.results_folder}{dataset}{PREDICTIONS}",
        },
    )
    now = datetime.now(UTC)
    before = Live().published(earlier, Canary(50, 1000), None, now)
    served = Live().published(own, Canary(50, 1000), None, now)
    objects = {
        job_json_key(spec.job): to_json(spec),
        model_key(spec.job): test_model_endpoints.tarball(),
        spec.results_folder + MODEL_COLUMNS: test_model_endpoints.columns_only(),
        status.files["predictions"]: b"Sex,prediction,probability_0,probability_1,reasons\n"
        b"male,1,0.125000,0.875000,\n",
        spec.results_folder + STATUS_JSON: status.to_json(now.isoformat()),
        results_prefix(dataset) + STATUS_JSON: status.to_json(now.isoformat()),
    }
    for key, content in objects.items():
        s3.put_object(Bucket=cloud.bucket, Key=key, Body=content)
    name = model_endpoint(cloud, spec.job)

    def put_live(live: Live) -> None:
        key = live_json_key(dataset)
        s3.put_object(Bucket=cloud.bucket, Key=key, Body=live.to_json())

    def is_there() -> bool:
        return endpoint_status(cloud, name) == "InService"

    def is_asked() -> bool:
        body = json.dumps({"Sex": "male", "n": uuid4().hex}).encode()
        return ask(cloud, f"predict/{quote(dataset)}", body).headers.get("X-Answered-By") == (
            "endpoint"
        )

    put_live(served)
    eventually(is_there)
    put_live(before)
    cloud.functions["PublishResultsFunction"].invoke(
        {"id": "changed", "detail": {"EndpointName": name}}
    )
    eventually(is_asked)
    put_live(served.undeployed(now))
    eventually(lambda: not endpoint_status(cloud, name))
    put_live(served)
    eventually(is_there)
    records(cloud)[name].last_modified_time = now - timedelta(days=31)
    assert name in cloud.functions["RetireEndpointsFunction"].invoke({})


def look_at_datasets(cloud: Cloud, name: str) -> None:
    """How they stand, one of them in a job, their files, the costs; and upload a file."""
    status = {**written_status(name, "training"), "job": "looked-at"}
    key = f"results/{name}/status.json"
    s3 = cloud.endpoint.client("s3")
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=json.dumps(status).encode())
    found = test_datasets_api.asked(cloud, "statuses").json["statuses"]
    assert name in {one["dataset"] for one in found}
    s3.delete_object(Bucket=cloud.bucket, Key=key)
    for dataset in (one["dataset"] for one in found if one["has_files"]):
        for file in test_datasets_api.asked(cloud, f"datasets/{quote(dataset)}/files").json[
            "files"
        ]:
            assert pool.request("GET", file["url"]).status == 200
    assert test_datasets_api.asked(cloud, "costs").status == 200
    form = test_datasets_api.offered(cloud, name, f"{name}_test.csv").json
    assert test_datasets_api.sent(cloud, form, b"a\n1\n").status == 204


def go_on_in_another_run(function: LambdaFunction, event: dict[str, Any]) -> None:
    """It has too little time for a part, so it sends the message again, in its second try."""
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"
    short = LambdaFunction(replace(function.configuration, timeout=200), function.aws)
    try:
        assert short.invoke(event) == {"batchItemFailures": []}
    finally:
        short.close()


@contextmanager
def amazon_translate(cloud: Cloud) -> Iterator[str]:
    """Of which moto has nothing: it answers in capitals who may ask."""

    def reply(headers: Mapping[str, str], body: bytes) -> Reply:
        given = json.loads(body)
        refusal = cloud.permissions.refusal(_translate_request(headers["Authorization"], given))
        if refusal:
            return Reply({"__type": "AccessDeniedException", "message": refusal}, 403)
        return Reply({"TranslatedText": given["Text"].upper()})

    with json_service(reply) as url:
        yield url


def _translate_request(authorization: str, given: dict[str, str]) -> Request:
    key, region = re.findall(r"Credential=(\w+)/\d+/([\w-]+)", authorization)[0]
    role = iam_backends[ACCOUNT][PARTITION].access_keys[key].role_arn
    found = list(needs("translate:TranslateText", given, region))
    if given["SourceLanguageCode"] == "auto":
        found += needs("comprehend:DetectDominantLanguage", {}, region)
    return Request(str(role).rpartition("/")[2], "TranslateText", tuple(found))
