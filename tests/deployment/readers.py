"""What the describe calls of AWS tell of a resource, in CloudFormation's own words."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from tests.deployment.creators import METHOD_SETTINGS, Properties

Client = Callable[[str], Any]


def described(client: Client, kind: str, physical_id: str, asked: Properties) -> Properties:
    """The properties that AWS gives back; `asked` tells what they belong to."""
    return DESCRIBERS[kind](client, physical_id, asked)


def _bucket(client: Client, name: str, asked: Properties) -> Properties:
    s3 = client("s3")
    configuration = s3.get_bucket_notification_configuration(Bucket=name)
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    by_default = [
        {**rule, "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"]}
        for rule in encryption["Rules"]
    ]
    return {
        **_cors(s3, name, asked),
        "BucketEncryption": {"ServerSideEncryptionConfiguration": by_default},
        "LifecycleConfiguration": {"Rules": list(map(_lifecycle_rule, rules))},
        "NotificationConfiguration": {
            "EventBridgeConfiguration": {
                "EventBridgeEnabled": "EventBridgeConfiguration" in configuration
            }
        },
        "OwnershipControls": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
        "PublicAccessBlockConfiguration": block,
        "VersioningConfiguration": s3.get_bucket_versioning(Bucket=name),
    }


def _cors(s3: Any, name: str, asked: Properties) -> Properties:
    if "CorsConfiguration" not in asked:
        return {}
    rules = s3.get_bucket_cors(Bucket=name)["CORSRules"]
    return {
        "CorsConfiguration": {"CorsRules": [{**r, "MaxAge": r["MaxAgeSeconds"]} for r in rules]}
    }


def _lifecycle_rule(rule: Properties) -> Properties:
    """As CloudFormation has it."""
    both = rule["Filter"].get("And", rule["Filter"])
    days = {"ExpirationInDays": rule["Expiration"]["Days"]} if "Expiration" in rule else {}
    tags = {"TagFilters": both["Tags"]} if "Tags" in both else {}
    return {**rule, "Id": rule["ID"], "Prefix": both.get("Prefix", ""), **tags, **days}


def _bucket_policy(client: Client, _: str, asked: Properties) -> Properties:
    document = client("s3").get_bucket_policy(Bucket=asked["Bucket"])["Policy"]
    return {"Bucket": asked["Bucket"], "PolicyDocument": json.loads(document)}


def _queue_attributes(client: Client, url: str) -> Properties:
    sqs = client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {k: json.loads(v) if k in ("RedrivePolicy", "Policy") else v for k, v in found.items()}


def _queue(client: Client, url: str, _: Properties) -> Properties:
    return _queue_attributes(client, url)


def _queue_policy(client: Client, _: str, asked: Properties) -> Properties:
    documents = [_queue_attributes(client, url)["Policy"] for url in asked["Queues"]]
    assert all(document == documents[0] for document in documents)
    return {"Queues": asked["Queues"], "PolicyDocument": documents[0]}


def _topic_policy(client: Client, _: str, asked: Properties) -> Properties:
    (arn,) = asked["Topics"]
    found = client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return {"Topics": [arn], "PolicyDocument": json.loads(found["Policy"])}


def _rule(client: Client, name: str, _: Properties) -> Properties:
    events = client("events")
    found = events.describe_rule(Name=name)
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    pattern = json.loads(found.get("EventPattern", "{}"))
    return {**found, "EventPattern": pattern, "Targets": targets}


def _log_group(client: Client, name: str, _: Properties) -> Properties:
    groups = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return dict(_capitalised(next(group for group in groups if group["logGroupName"] == name)))


def _role(client: Client, name: str, _: Properties) -> Properties:
    iam = client("iam")
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    policies = [iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in names]
    role = iam.get_role(RoleName=name)["Role"]
    boundary = role.get("PermissionsBoundary", {})
    return {
        **role,
        "PermissionsBoundary": boundary.get("PermissionsBoundaryArn"),
        "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
        "Policies": policies,
    }


def _role_policy(client: Client, _: str, asked: Properties) -> Properties:
    role, policy = asked["RoleName"], asked["PolicyName"]
    found: Properties = client("iam").get_role_policy(RoleName=role, PolicyName=policy)
    return found


def _function(client: Client, name: str, asked: Properties) -> Properties:
    found = client("lambda").get_function(FunctionName=name)
    configuration: Properties = found["Configuration"]
    return {
        **configuration,
        "Code": _same_code(client, asked["Code"], configuration["CodeSha256"]),
        "Layers": [layer["Arn"] for layer in configuration.get("Layers", [])],
        "Tags": [{"Key": key, "Value": value} for key, value in found.get("Tags", {}).items()],
    }


def _same_code(client: Client, asked: Properties, sha256: str) -> Properties:
    """The place that was asked for, if what lies there is what Lambda has taken."""
    stored = client("s3").get_object(Bucket=asked["S3Bucket"], Key=asked["S3Key"])["Body"].read()
    same = base64.b64encode(hashlib.sha256(stored).digest()).decode() == sha256
    return asked if same else {}


def _layer(client: Client, arn: str, asked: Properties) -> Properties:
    name, version = arn.split(":")[-2:]
    found = client("lambda").get_layer_version(LayerName=name, VersionNumber=int(version))
    return {
        **found,
        "LayerName": found["LayerArn"].rpartition(":")[2],
        "Content": _same_code(client, asked["Content"], found["Content"]["CodeSha256"]),
    }


def _mapping(client: Client, uuid: str, asked: Properties) -> Properties:
    found: Properties = client("lambda").get_event_source_mapping(UUID=uuid)
    return {**found, "FunctionName": found["FunctionArn"].rpartition(":")[2]}


def _permission(client: Client, _: str, asked: Properties) -> Properties:
    """The statement of the function's policy that is most like what was asked for."""
    name = asked["FunctionName"]
    policy = json.loads(client("lambda").get_policy(FunctionName=name)["Policy"])
    found = [
        {
            "Action": statement["Action"],
            "FunctionName": statement["Resource"].rpartition(":")[2],
            "Principal": statement["Principal"]["Service"],
            "SourceArn": statement["Condition"]["ArnLike"]["AWS:SourceArn"],
        }
        for statement in policy["Statement"]
    ]
    return max(found, key=lambda statement: statement["SourceArn"] == asked["SourceArn"])


def _topic(client: Client, arn: str, _: Properties) -> Properties:
    found: Properties = client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return found


def _subscription(client: Client, arn: str, _: Properties) -> Properties:
    attributes = client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return dict(attributes)


def _workgroup(client: Client, name: str, asked: Properties) -> Properties:
    found = client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    return {**found, "WorkGroupConfiguration": found["Configuration"]}


def _alarm(client: Client, name: str, _: Properties) -> Properties:
    found: Properties = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return found


def _dashboard(client: Client, name: str, _: Properties) -> Properties:
    found: Properties = client("cloudwatch").get_dashboard(DashboardName=name)
    return found


def _rest_api(client: Client, rest_api: str, asked: Properties) -> Properties:
    api = client("apigateway")
    found = _capitalised(api.get_rest_api(restApiId=rest_api))
    resources = api.get_resources(restApiId=rest_api, embed=["methods"], limit=500)["items"]
    paths = {r["path"]: r["resourceMethods"] for r in resources if "resourceMethods" in r}
    integration = "x-amazon-apigateway-integration"
    return {
        **found,
        "Body": {
            "paths": {
                path: {
                    verb.lower(): {integration: method["methodIntegration"]}
                    for verb, method in methods.items()
                }
                for path, methods in paths.items()
            }
        },
    }


def _deployment(client: Client, deployment: str, asked: Properties) -> Properties:
    rest_api = asked["RestApiId"]
    found = client("apigateway").get_deployment(restApiId=rest_api, deploymentId=deployment)
    return {**_capitalised(found), "RestApiId": rest_api}


def _stage(client: Client, name: str, asked: Properties) -> Properties:
    rest_api = asked["RestApiId"]
    found = client("apigateway").get_stage(restApiId=rest_api, stageName=name)
    settings = [
        {"ResourcePath": f"/{path.split('/')[0]}", "HttpMethod": path.split("/")[1]}
        | {key: chosen.get(key[0].lower() + key[1:]) for key in METHOD_SETTINGS}
        for path, chosen in found.get("methodSettings", {}).items()
    ]
    return {
        **_capitalised(found),
        "AccessLogSetting": _capitalised(found.get("accessLogSettings", {})),
        "MethodSettings": settings,
        "RestApiId": rest_api,
    }


def _usage_plan(client: Client, plan: str, _: Properties) -> Properties:
    return dict(_capitalised(client("apigateway").get_usage_plan(usagePlanId=plan)))


def _api_key(client: Client, key: str, _: Properties) -> Properties:
    return dict(_capitalised(client("apigateway").get_api_key(apiKey=key)))


def _usage_plan_key(client: Client, key: str, asked: Properties) -> Properties:
    plan = asked["UsagePlanId"]
    found = client("apigateway").get_usage_plan_key(usagePlanId=plan, keyId=key)
    return {"KeyId": found["id"], "KeyType": found["type"], "UsagePlanId": plan}


def _account(client: Client, _: str, __: Properties) -> Properties:
    found = client("apigateway").get_account()
    return {"CloudWatchRoleArn": found.get("cloudwatchRoleArn")}


def _custom_resource(_: Client, __: str, ___: Properties) -> Properties:
    """Only its function knows it."""
    return {}


def _capitalised(node: Any) -> Any:
    if isinstance(node, dict):
        return {key[:1].upper() + key[1:]: _capitalised(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_capitalised(value) for value in node]
    return node


DESCRIBERS: dict[str, Callable[[Client, str, Properties], Properties]] = {
    "AWS::ApiGateway::Account": _account,
    "AWS::ApiGateway::ApiKey": _api_key,
    "AWS::ApiGateway::Deployment": _deployment,
    "AWS::ApiGateway::RestApi": _rest_api,
    "AWS::ApiGateway::Stage": _stage,
    "AWS::ApiGateway::UsagePlan": _usage_plan,
    "AWS::ApiGateway::UsagePlanKey": _usage_plan_key,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Athena::WorkGroup": _workgroup,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::IAM::RolePolicy": _role_policy,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "Custom::CleanUp": _custom_resource,
}
