"""The template is code: what it names must exist, and what the code reads must be named there."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests import sample_events
from tests.template_facts import (
    FUNCTIONS,
    NETWORK_ACTIONS,
    RESOURCES,
    ROOT,
    TEMPLATE,
    modules_of,
    statements,
)

# Actions that AWS gives no resource to.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "lakeformation:GetDataAccess",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListEndpoints",
    "sagemaker:ListModels",
    "sagemaker:ListTrainingJobs",
    *NETWORK_ACTIONS,
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:PutMetricData",
    "comprehend:DetectDominantLanguage",
    "translate:TranslateText",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


RULES = {
    "Object Created": "DatasetUploaded",
    "SageMaker Training Job State Change": "TrainingJobEnded",
    "SageMaker Endpoint State Change": "EndpointChanged",
    "CloudWatch Alarm State Change": "ChallengersAlarmed",
}


def rule_of(fact: dict[str, Any]) -> str:
    """The rule that hears of a sample event."""
    key = fact["detail"].get("object", {}).get("key", "")
    return "LiveModelChanged" if key.endswith("/live.json") else RULES[fact["detail-type"]]


def environment(function: dict[str, Any]) -> set[str]:
    own = function.get("Environment", {}).get("Variables", {})
    return {*own, *TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]}


def variables_read(handler: str) -> set[str]:
    code = "\n".join(path.read_text() for path in modules_of(handler))
    return set(re.findall(r'environ\["([A-Z_]+)"\]', code)) - {"AWS_REGION"}


def variables_given(function: dict[str, Any]) -> set[str]:
    return {
        variable
        for variable in environment(function)
        if not variable.startswith(("POWERTOOLS_", "AWS_"))
    }


def test_every_variable_that_the_code_reads_is_given_and_the_other_way() -> None:
    for function in FUNCTIONS.values():
        assert variables_given(function) <= variables_read(function["Handler"])
    read = {name for f in FUNCTIONS.values() for name in variables_read(f["Handler"])}
    assert read == {name for f in FUNCTIONS.values() for name in variables_given(f)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_exists(name: str) -> None:
    module, function = FUNCTIONS[name]["Handler"].split(".")
    assert f"def {function}(" in (ROOT / f"functions/{module}.py").read_text()


def test_every_permission_is_a_sentence_and_names_what_it_is_for() -> None:
    for role, statement in statements():
        actions = statement["Action"]
        actions = {actions} if isinstance(actions, str) else set(actions)
        assert re.fullmatch(r"[A-Z][A-Za-z]+", statement["Sid"]), (role, statement)
        assert statement["Effect"] == "Allow", (role, statement)
        assert not any("*" in action for action in actions), (role, statement)
        if statement["Resource"] == "*":
            assert actions <= WITHOUT_RESOURCE, (role, statement)


def test_passing_a_role_is_only_for_sagemaker() -> None:
    passing = [s for _, s in statements() if s["Action"] == "iam:PassRole"]
    assert {s["Resource"]["Fn::GetAtt"][0] for s in passing} == {"TrainingJobRole", "EndpointRole"}
    for statement in passing:
        assert statement["Condition"]["StringEquals"] == {
            "iam:PassedToService": "sagemaker.amazonaws.com"
        }


def test_every_function_writes_to_a_log_that_forgets_and_nowhere_else() -> None:
    logs = {k: r["Properties"] for k, r in RESOURCES.items() if r["Type"] == "AWS::Logs::LogGroup"}
    used = {function["LoggingConfig"]["LogGroup"]["Ref"] for function in FUNCTIONS.values()}
    of_requests = RESOURCES["TranslationApi"]["Properties"]["AccessLogSetting"]["Fn::If"]
    assert of_requests[0] == "LogsRequests"
    used.add(of_requests[1]["DestinationArn"]["Fn::GetAtt"][0])
    assert used == logs.keys()
    assert all(log["RetentionInDays"] <= 30 for log in logs.values())
    for role, statement in statements():
        if "logs:PutLogEvents" in statement["Action"] and "Logs" in str(statement["Sid"]):
            for function in FUNCTIONS.values():
                if function["Role"]["Fn::GetAtt"][0] == role:
                    group = function["LoggingConfig"]["LogGroup"]["Ref"]
                    assert statement["Resource"] == {"Fn::GetAtt": [group, "Arn"]}


def test_every_function_is_traced_and_may_be() -> None:
    assert TEMPLATE["Globals"]["Function"]["Tracing"] == "Active"
    assert RESOURCES["TranslationApi"]["Properties"]["TracingEnabled"]
    tracing = {role for role, s in statements() if "xray:PutTraceSegments" in s["Action"]}
    assert tracing == {function["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()}


def test_the_bucket_is_private_encrypted_versioned_and_outlives_the_stack() -> None:
    bucket = RESOURCES["DatasetBucket"]
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["BucketEncryption"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["UpdateReplacePolicy"] == "Retain"


def test_a_first_deployment_that_fails_leaves_nothing() -> None:
    kept = {name: r["DeletionPolicy"] for name, r in RESOURCES.items() if "DeletionPolicy" in r}
    assert kept.keys() == {"DatasetBucket", "ApiGatewayAccount"}
    assert set(kept.values()) == {"RetainExceptOnCreate"}


def test_no_role_of_the_account_is_replaced_unless_a_parameter_says_so() -> None:
    account = RESOURCES["ApiGatewayAccount"]
    assert account["Condition"] == "LogsRequests"
    assert account["Properties"] == {"CloudWatchRoleArn": {"Ref": "ApiGatewayLogsRoleArn"}}
    assert TEMPLATE["Parameters"]["ApiGatewayLogsRoleArn"]["Default"] == ""


def deleted_before(logical_id: str) -> set[str]:
    """What CloudFormation deletes before a resource: all that refers to it, directly or not."""
    found: set[str] = set()
    waiting = {logical_id}
    while waiting:
        found |= waiting
        waiting = {
            name
            for name, resource in RESOURCES.items()
            if any(re.search(rf"\b{other}\b", json.dumps(resource)) for other in waiting)
        } - found
    return found - {logical_id}


def test_nothing_new_starts_while_the_stack_is_cleaned_up() -> None:
    assert {"StartTrainingFunction", "TranslateColumnsFunction"} <= deleted_before("CleanUp")
    assert "DatasetBucketPolicy" in deleted_before("CleanUp")


def test_what_stopped_jobs_need_is_deleted_after_they_were_stopped() -> None:
    for needed in (
        "TrainingJobEnded",
        "TrainingJobEndedMayInvoke",
        "PublishResultsFunction",
        "PublishResultsRole",
        "TrainingJobRole",
        "CleanUpMayDeleteData",
        "CleanUpRole",
        "CleanUpLogs",
    ):
        assert "CleanUp" in deleted_before(needed), needed


def test_only_who_asked_for_it_lets_anything_delete_data() -> None:
    deleting = [s for _, s in statements() if re.search(r"s3:Delete", str(s["Action"]))]
    policy = RESOURCES["CleanUpMayDeleteData"]
    assert deleting == policy["Properties"]["PolicyDocument"]["Statement"]
    assert policy["Condition"] == "DeletesData"
    # A bucket that is not the stack's is not the stack's to set up.
    asked = {"Fn::Equals": [{"Ref": "DeleteDataWithStack"}, "true"]}
    condition = TEMPLATE["Conditions"]["DeletesData"]
    assert condition == {"Fn::And": [{"Condition": "CreatesBucket"}, asked]}
    given = RESOURCES["CleanUp"]["Properties"]["DeleteData"]
    assert given == {"Fn::If": ["DeletesData", "true", "false"]}
    assert TEMPLATE["Parameters"]["DeleteDataWithStack"]["Default"] == "false"


def test_what_is_stopped_or_deleted_at_run_time_carries_this_stacks_tag() -> None:
    tag = {"aws:ResourceTag/codefree-automl:stack": {"Ref": "AWS::StackName"}}
    found = [s for role, s in statements() if role == "CleanUpRole"]
    ending = [s for s in found if re.search(r"sagemaker:(Stop|Delete)", str(s["Action"]))]
    assert len(ending) == 2
    assert [s["Condition"] for s in ending] == [{"StringEquals": tag}] * 2


def test_cloudformation_waits_for_the_clean_up_as_long_as_it_may_take() -> None:
    timeout = FUNCTIONS["CleanUpFunction"]["Timeout"]
    assert timeout < RESOURCES["CleanUp"]["Properties"]["ServiceTimeout"] <= 3600


def test_no_stage_is_made_before_the_region_has_a_role_for_access_logs() -> None:
    assert "TranslationApi" in deleted_before("ApiGatewayAccount")


def test_every_parameter_is_explained_has_a_default_and_bounds() -> None:
    bounds = {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"}
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"].endswith((".", ")")), name
        assert "Default" in parameter, name
        assert bounds & parameter.keys(), name


def test_the_queue_lets_a_function_finish_before_it_tries_again() -> None:
    queue = RESOURCES["UploadQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == {"Ref": "RetrySeconds"}
    assert (
        FUNCTIONS["StartTrainingFunction"]["Timeout"]
        <= TEMPLATE["Parameters"]["RetrySeconds"]["MinValue"]
    )


def test_a_message_that_waits_for_a_budget_is_copied_before_its_queue_gives_it_up() -> None:
    code = (ROOT / "functions/start_training.py").read_text()
    waits = int(re.findall(r"^WAITS_PER_MESSAGE = (\d+)$", code, re.MULTILINE)[0])
    queue = RESOURCES["UploadQueue"]["Properties"]
    longest = waits * TEMPLATE["Parameters"]["RetrySeconds"]["MaxValue"]
    assert longest < queue["MessageRetentionPeriod"]
    assert waits < queue["RedrivePolicy"]["maxReceiveCount"]


def test_a_browser_may_ask_first_wherever_another_site_needs_a_key() -> None:
    """The header with the key makes each request one that browsers ask about before."""
    routes = [
        one["Properties"]
        for function in FUNCTIONS.values()
        if "ALLOWED_ORIGIN" in function.get("Environment", {}).get("Variables", {})
        for one in function.get("Events", {}).values()
        if one["Type"] == "Api"
    ]
    free = [one for one in routes if one.get("Auth") == {"ApiKeyRequired": False}]
    preflights = {one["Path"] for one in free if one["Method"] == "options"}
    assert {one["Path"] for one in routes if one not in free} == preflights


def test_the_code_for_the_cloud_knows_of_no_other_place() -> None:
    for path in [*ROOT.glob("functions/**/*.py"), *ROOT.glob("training_src/**/*.py")]:
        found = re.search(
            r"\b(localhost|127\.0\.0\.1|moto|endpoint_url|is_local)\b", path.read_text()
        )
        assert found is None, path


@pytest.mark.parametrize("path", sorted(ROOT.glob("events/*.json")), ids=lambda path: path.stem)
def test_every_sample_event_is_one_that_its_rule_lets_through(path: Path) -> None:
    event = json.loads(path.read_text())
    if "httpMethod" in event:
        routes = FUNCTIONS[sample_events.FUNCTIONS[path.stem]]["Events"].values()
        served = {(r["Properties"]["Method"].upper(), r["Properties"]["Path"]) for r in routes}
        assert (event["httpMethod"], event["resource"]) in served
        return
    if "RequestType" in event:
        asked, given = (
            event["ResourceProperties"],
            RESOURCES[event["LogicalResourceId"]]["Properties"],
        )
        assert set(asked) == set(given) - {"ServiceTimeout"}
        return
    if event.get("source") == "aws.events":
        assert "ScheduleExpression" in RESOURCES["RetireEndpointsDaily"]["Properties"]
        return
    facts = [json.loads(r["body"]) for r in event["Records"]] if "Records" in event else [event]
    for fact in facts:
        name = rule_of(fact)
        pattern = RESOURCES[name]["Properties"]["EventPattern"]
        assert [fact["source"]] == pattern["source"]
        assert [fact["detail-type"]] == pattern["detail-type"]
        if name == "DatasetUploaded":
            (entry,) = pattern["detail"]["object"]["key"]
            own = tuple(entry["anything-but"]["prefix"])
            assert not fact["detail"]["object"]["key"].startswith(own)
        elif name == "LiveModelChanged":
            (entry,) = pattern["detail"]["object"]["key"]
            assert fnmatchcase(fact["detail"]["object"]["key"], entry["wildcard"])
        elif name == "ChallengersAlarmed":
            assert [fact["detail"]["state"]["value"]] == pattern["detail"]["state"]["value"]
            (begin,) = pattern["detail"]["alarmName"]
            stack = begin["prefix"]["Fn::Sub"].replace("${AWS::StackName}", "codefree-automl")
            assert fact["detail"]["alarmName"].startswith(stack)
        elif name == "EndpointChanged":
            assert fact["detail"]["EndpointStatus"] in pattern["detail"]["EndpointStatus"]
            assert pattern["detail"]["EndpointName"][0] == {
                "prefix": {"Fn::Sub": "${AWS::StackName}-"}
            }
        else:
            assert fact["detail"]["TrainingJobStatus"] in pattern["detail"]["TrainingJobStatus"]


def test_every_sample_event_names_its_function() -> None:
    assert set(sample_events.FUNCTIONS) == {path.stem for path in ROOT.glob("events/*.json")}
    assert set(sample_events.FUNCTIONS.values()) == set(FUNCTIONS)
    assert set(sample_events.FUNCTIONS) == set(sample_events.SAMPLES)
