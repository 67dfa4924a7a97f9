"""What moto cannot show; a test fails as soon as one of these lines is no longer true."""

from fnmatch import fnmatchcase

from tests.deployment.diff import Value

BODY = "moto reads paths and integrations only"
NOT_CHECKABLE = {
    ("AWS::ApiGateway::RestApi", "Body.components.*"): BODY,
    ("AWS::ApiGateway::RestApi", "Body.info.*"): BODY,
    ("AWS::ApiGateway::RestApi", "Body.openapi"): BODY,
    ("AWS::ApiGateway::RestApi", "Body.paths.*.security*"): BODY
    + "; who needs a key is tested with the local API",
    ("AWS::ApiGateway::RestApi", "Body.x-amazon-apigateway-gateway-responses.*"): BODY
    + "; the answers are tested with the local API",
    ("AWS::ApiGateway::RestApi", "Parameters.*"): "a hint for the import, returned by no call",
    (
        "AWS::Lambda::Function",
        "DeadLetterConfig.*",
    ): "moto forgets it; the local cloud delivers by it",
    (
        "AWS::Athena::WorkGroup",
        "RecursiveDeleteOption",
    ): "said when it is deleted, returned by no call",
    ("AWS::Lambda::Function", "LoggingConfig.*"): "moto forgets it",
    ("AWS::Lambda::Function", "TracingConfig.*"): "moto's CloudFormation forgets it",
    ("AWS::Logs::LogGroup", "KmsKeyId"): "moto's CloudFormation forgets it",
    (
        "AWS::S3::Bucket",
        "NotificationConfiguration.*",
    ): "moto takes it, obeys it and does not return it",
    ("Custom::CleanUp", "*"): "known to its function alone, which was asked and answered",
}
# What its update_stack does not change, on top of that.
NOT_UPDATED = {
    (
        "AWS::SQS::Queue",
        "DelaySeconds",
    ): "moto's update changes nothing of a queue but its timeouts",
    (
        "AWS::SQS::Queue",
        "RedrivePolicy.maxReceiveCount",
    ): "moto's update changes nothing of a queue but its timeouts",
    ("AWS::Events::Rule", "Description"): "moto's update keeps the description of a rule",
    ("AWS::Events::Rule", "EventPattern.detail.object.*"): "moto's update keeps its pattern, too",
}


def reason(value: Value, table: dict[tuple[str, str], str]) -> str | None:
    """Why a value cannot be looked up; None where it can."""
    for (kind, path), words in table.items():
        if value.kind == kind and fnmatchcase(value.path, path):
            return words
    return None
