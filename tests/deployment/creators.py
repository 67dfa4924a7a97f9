"""What moto's CloudFormation leaves out, made by the calls that CloudFormation makes on AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class Maker:
    """How resources of one type are made, changed and deleted."""

    service: str
    make: Callable[[Any, str, Properties], str]
    """Client, a fresh name, resolved properties → physical id; again for a change in place."""
    delete: Callable[[Any, str, Properties], object] | None = None
    """None if deleted together with its parent."""
    change: Callable[[Any, str, Properties], object] | None = None
    """Client, physical id, resolved properties; absent where making again changes in place."""


@dataclass(frozen=True)
class Completer:
    """What moto's CloudFormation leaves out of a type that it makes."""

    service: str
    complete: Callable[[Any, str, Properties], None]
    """Client, physical id, resolved properties."""


def _bucket_policy(s3: Any, name: str, given: Properties) -> str:
    s3.put_bucket_policy(Bucket=given["Bucket"], Policy=json.dumps(given["PolicyDocument"]))
    return f"{given['Bucket']}-policy"


def _queue_policy(sqs: Any, name: str, given: Properties) -> str:
    for url in given["Queues"]:
        policy = {"Policy": json.dumps(given["PolicyDocument"])}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=policy)
    return name


def _topic_policy(sns: Any, name: str, given: Properties) -> str:
    for arn in given["Topics"]:
        sns.set_topic_attributes(
            TopicArn=arn,
            AttributeName="Policy",
            AttributeValue=json.dumps(given["PolicyDocument"]),
        )
    return name


def _subscription(sns: Any, name: str, given: Properties) -> str:
    return str(sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"])


def _role_policy(iam: Any, name: str, given: Properties) -> str:
    document = json.dumps(given["PolicyDocument"])
    iam.put_role_policy(**{**given, "PolicyDocument": document})
    return f"{given['RoleName']}|{given['PolicyName']}"


def _layer(lambda_: Any, name: str, given: Properties) -> str:
    return str(lambda_.publish_layer_version(**given)["LayerVersionArn"])


def _delete_layer(lambda_: Any, arn: str, given: Properties) -> None:
    version = int(arn.rpartition(":")[2])
    lambda_.delete_layer_version(LayerName=given["LayerName"], VersionNumber=version)


def _alarm(cloudwatch: Any, name: str, given: Properties) -> str:
    cloudwatch.put_metric_alarm(AlarmName=name, **given)
    return name


def _workgroup(athena: Any, name: str, given: Properties) -> str:
    athena.create_work_group(
        Name=given["Name"],
        Description=given["Description"],
        Configuration=_athena_configuration(given),
        Tags=given.get("Tags", []),
    )
    return str(given["Name"])


def _set_workgroup(athena: Any, name: str, given: Properties) -> None:
    athena.update_work_group(WorkGroup=name, ConfigurationUpdates=_athena_configuration(given))


def _athena_configuration(given: Properties) -> Properties:
    """As the API of Athena has it: with a number."""
    configuration = dict(given["WorkGroupConfiguration"])
    limit = int(configuration["BytesScannedCutoffPerQuery"])
    return {**configuration, "BytesScannedCutoffPerQuery": limit}


def _rest_api(api: Any, name: str, given: Properties) -> str:
    types = given["EndpointConfiguration"]["Types"]
    made = api.create_rest_api(name=given["Name"], endpointConfiguration={"types": types})
    _describe_paths(api, made["id"], given)
    return str(made["id"])


def _describe_paths(api: Any, rest_api: str, given: Properties) -> None:
    body = json.dumps(given["Body"])
    api.put_rest_api(
        restApiId=rest_api, mode="overwrite", body=body, parameters=given["Parameters"]
    )
    if words := given.get("Description"):
        described = {"op": "replace", "path": "/description", "value": words}
        api.update_rest_api(restApiId=rest_api, patchOperations=[described])


def _deployment(api: Any, name: str, given: Properties) -> str:
    description = given["Description"]
    made = api.create_deployment(restApiId=given["RestApiId"], description=description)
    return str(made["id"])


def _stage(api: Any, name: str, given: Properties) -> str:
    api.create_stage(
        restApiId=given["RestApiId"],
        stageName=given["StageName"],
        deploymentId=given["DeploymentId"],
    )
    _set_stage(api, given["StageName"], given)
    return str(given["StageName"])


METHOD_SETTINGS = {
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingRateLimit": "throttling/rateLimit",
    "ThrottlingBurstLimit": "throttling/burstLimit",
}


def _set_stage(api: Any, stage: str, given: Properties) -> None:
    wanted = {
        "/deploymentId": given["DeploymentId"],
        "/tracingEnabled": str(given.get("TracingEnabled", False)).lower(),
    }
    if logs := given.get("AccessLogSetting"):
        wanted["/accessLogSettings/destinationArn"] = logs["DestinationArn"]
        wanted["/accessLogSettings/format"] = logs["Format"]
    for setting in given["MethodSettings"]:
        for name, path in METHOD_SETTINGS.items():
            # For one path it would be written ~1path; for all of them it is a star.
            wanted[f"/*/{setting['HttpMethod']}/{path}"] = str(setting[name])
    operations = [{"op": "replace", "path": p, "value": v} for p, v in wanted.items()]
    api.update_stage(restApiId=given["RestApiId"], stageName=stage, patchOperations=operations)


def _usage_plan(api: Any, name: str, given: Properties) -> str:
    stages = [{"apiId": s["ApiId"], "stage": s["Stage"]} for s in given["ApiStages"]]
    limits = {kind.lower(): _camel(given[kind]) for kind in ("Throttle", "Quota")}
    # CloudFormation takes a number for a text, and a text for a number.
    limits["quota"]["limit"] = int(limits["quota"]["limit"])
    limits["throttle"] = {name: int(value) for name, value in limits["throttle"].items()}
    return str(api.create_usage_plan(name=name, apiStages=stages, **limits)["id"])


def _set_usage_plan(api: Any, plan: str, given: Properties) -> None:
    operations = [
        {"op": "replace", "path": f"/{kind.lower()}/{name}", "value": str(value)}
        for kind in ("Throttle", "Quota")
        for name, value in _camel(given[kind]).items()
    ]
    api.update_usage_plan(usagePlanId=plan, patchOperations=operations)


def _api_key(api: Any, name: str, given: Properties) -> str:
    stages = [_camel(stage) for stage in given.get("StageKeys", [])]
    made = api.create_api_key(
        name=name,
        enabled=given["Enabled"],
        stageKeys=stages,
        description=given.get("Description", ""),
    )
    return str(made["id"])


def _usage_plan_key(api: Any, name: str, given: Properties) -> str:
    made = api.create_usage_plan_key(
        usagePlanId=given["UsagePlanId"], keyId=given["KeyId"], keyType=given["KeyType"]
    )
    return str(made["id"])


def _account(api: Any, name: str, given: Properties) -> str:
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": given["CloudWatchRoleArn"]}
    api.update_account(patchOperations=[role])
    return name


def _camel(given: Properties) -> Properties:
    return {name[0].lower() + name[1:]: value for name, value in given.items()}


def _unchanged(client: Any, physical_id: str, given: Properties) -> None:
    """What it is made of does not change."""


MAKERS = {
    "AWS::S3::BucketPolicy": Maker(
        "s3", _bucket_policy, lambda s3, _, given: s3.delete_bucket_policy(Bucket=given["Bucket"])
    ),
    "AWS::SQS::QueuePolicy": Maker("sqs", _queue_policy),
    "AWS::SNS::TopicPolicy": Maker("sns", _topic_policy),
    "AWS::SNS::Subscription": Maker(
        "sns", _subscription, lambda sns, arn, _: sns.unsubscribe(SubscriptionArn=arn)
    ),
    "AWS::IAM::RolePolicy": Maker(
        "iam",
        _role_policy,
        lambda iam, _, given: iam.delete_role_policy(
            RoleName=given["RoleName"], PolicyName=given["PolicyName"]
        ),
    ),
    # moto makes them, but knows no reference to them.
    "AWS::Lambda::LayerVersion": Maker("lambda", _layer, _delete_layer),
    "AWS::CloudWatch::Alarm": Maker(
        "cloudwatch", _alarm, lambda cw, name, _: cw.delete_alarms(AlarmNames=[name])
    ),
    "AWS::Athena::WorkGroup": Maker(
        "athena",
        _workgroup,
        lambda athena, name, given: athena.delete_work_group(
            WorkGroup=name, RecursiveDeleteOption=given["RecursiveDeleteOption"]
        ),
        _set_workgroup,
    ),
    "AWS::ApiGateway::RestApi": Maker(
        "apigateway",
        _rest_api,
        lambda api, rest_api, _: api.delete_rest_api(restApiId=rest_api),
        _describe_paths,
    ),
    "AWS::ApiGateway::Deployment": Maker("apigateway", _deployment, change=_unchanged),
    "AWS::ApiGateway::Stage": Maker("apigateway", _stage, change=_set_stage),
    "AWS::ApiGateway::UsagePlan": Maker(
        "apigateway",
        _usage_plan,
        lambda api, plan, _: api.delete_usage_plan(usagePlanId=plan),
        _set_usage_plan,
    ),
    "AWS::ApiGateway::ApiKey": Maker(
        "apigateway",
        _api_key,
        lambda api, key, _: api.delete_api_key(apiKey=key),
        _unchanged,
    ),
    "AWS::ApiGateway::UsagePlanKey": Maker("apigateway", _usage_plan_key, change=_unchanged),
    "AWS::ApiGateway::Account": Maker("apigateway", _account),
}


def _complete_bucket(s3: Any, bucket: str, given: Properties) -> None:
    s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration=given["VersioningConfiguration"]
    )
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=given["PublicAccessBlockConfiguration"]
    )
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=given["OwnershipControls"])
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    if cors := given.get("CorsConfiguration"):
        rules = list(map(_cors_rule, cors["CorsRules"]))
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    (encryption,) = given["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    by_default = encryption["ServerSideEncryptionByDefault"]
    own_key = {"BucketKeyEnabled": True} if "BucketKeyEnabled" in encryption else {}
    rule = {"ApplyServerSideEncryptionByDefault": by_default, **own_key}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    rules = [_lifecycle_rule(rule) for rule in given["LifecycleConfiguration"]["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _cors_rule(rule: Properties) -> Properties:
    """As the API of S3 has it."""
    return {**{k: v for k, v in rule.items() if k != "MaxAge"}, "MaxAgeSeconds": rule["MaxAge"]}


def _lifecycle_rule(rule: Properties) -> Properties:
    """As the API of S3 has it, whose names are others than CloudFormation's."""
    renamed = ("Id", "Prefix", "TagFilters", "ExpirationInDays")
    rest = {name: value for name, value in rule.items() if name not in renamed}
    if "ExpirationInDays" in rule:
        rest["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    only: Properties = {"Prefix": rule.get("Prefix", "")}
    if tags := rule.get("TagFilters"):
        only = {"And": {**only, "Tags": tags}}
    return {"ID": rule["Id"], "Filter": only, **rest}


def _complete_function(lambda_: Any, name: str, given: Properties) -> None:
    lambda_.update_function_configuration(FunctionName=name, Layers=given.get("Layers", []))
    arn = lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
    lambda_.tag_resource(Resource=arn, Tags={tag["Key"]: tag["Value"] for tag in given["Tags"]})


def _complete_role(iam: Any, name: str, given: Properties) -> None:
    """As AWS keeps them, and looked through; moto's CloudFormation keeps what Python prints."""
    for policy in given.get("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)


COMPLETERS = {
    "AWS::IAM::Role": Completer("iam", _complete_role),
    "AWS::S3::Bucket": Completer("s3", _complete_bucket),
    "AWS::Lambda::Function": Completer("lambda", _complete_function),
}
