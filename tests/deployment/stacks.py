"""Stacks in moto that get everything that their template asks for."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import get_model_map

from codefree.aws import ACCOUNT, Endpoint
from codefree.moto_cloudformation import clean_json
from tests.deployment.creators import COMPLETERS, MAKERS, Maker, Properties

# moto deletes in any order: some things have gone with what they belonged to.
GONE = {"NoSuchBucket", "NoSuchEntity", "NotFoundException"}

# It would make them anew, which CloudFormation does not.
MOTO_REPLACES = {"AWS::Events::Rule", "AWS::SNS::Topic"}


@dataclass(frozen=True)
class Stack:
    """A stack that moto has made."""

    endpoint: Endpoint
    stack_id: str

    @property
    def record(self) -> Any:
        return cloudformation_backends[ACCOUNT][self.endpoint.region].get_stack(self.stack_id)

    @property
    def resources(self) -> dict[str, Properties]:
        """Logical id → resource of the template, without those whose condition does not hold."""
        found = self.record.template_dict["Resources"]
        conditions = self.record.resource_map.lazy_condition_map
        return {
            k: v for k, v in found.items() if "Condition" not in v or conditions[v["Condition"]]
        }

    @property
    def outputs(self) -> dict[str, str]:
        client = self.endpoint.client("cloudformation")
        described = client.describe_stacks(StackName=self.stack_id)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}

    def asked(self, logical_id: str) -> Properties:
        """The properties of a resource, without any reference."""
        given = self.resources[logical_id].get("Properties", {})
        resolved: Properties = clean_json(given, self.record.resource_map)
        return resolved

    def physical_ids(self) -> dict[str, str]:
        made = self.record.resource_map
        return {name: getattr(made[name], "physical_resource_id", "") for name in self.resources}

    def update(self, cloudformation: Properties, parameters: Mapping[str, str]) -> None:
        self.endpoint.client("cloudformation").update_stack(
            StackName=self.stack_id,
            TemplateBody=json.dumps(cloudformation),
            Parameters=_listed(parameters),
            Capabilities=["CAPABILITY_IAM"],
        )

    def roll_back(self) -> None:
        """As CloudFormation does with a stack whose first deployment fails at its last resource."""
        self.record.status = "ROLLBACK_IN_PROGRESS"
        self._delete(lambda policy: policy == "Retain")

    def delete(self) -> None:
        """In the opposite order of the making, as CloudFormation does; moto knows no order."""
        self.record.status = "DELETE_IN_PROGRESS"
        self._delete(lambda policy: policy.startswith("Retain"))

    def _delete(self, stays: Callable[[str], bool]) -> None:
        made = self.record.resource_map
        for logical_id in reversed(list(made._parsed_resources)):
            resource = self.resources.get(logical_id)
            # What stays is none of the stack's any more; moto deletes all that is.
            gone = made._parsed_resources.pop(logical_id)
            if not resource or stays(resource.get("DeletionPolicy", "")):
                continue
            if resource["Type"] == "AWS::S3::Bucket":
                # moto's bucket cannot delete itself; its function may have been faster.
                with suppress(ClientError):
                    self.endpoint.client("s3").delete_bucket(Bucket=gone.physical_resource_id)
            else:
                made._delete_resource(gone, resource)
        self.endpoint.client("cloudformation").delete_stack(StackName=self.stack_id)


def create(
    endpoint: Endpoint, name: str, cloudformation: Properties, parameters: Mapping[str, str]
) -> Stack:
    client = endpoint.client("cloudformation")
    made = client.create_stack(
        StackName=name,
        TemplateBody=json.dumps(cloudformation),
        Parameters=_listed(parameters),
        Capabilities=["CAPABILITY_IAM"],
    )
    status = client.describe_stacks(StackName=made["StackId"])["Stacks"][0]["StackStatus"]
    assert status == "CREATE_COMPLETE"
    return Stack(endpoint, made["StackId"])


def _listed(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


Tell = Callable[[str, Properties], None]


@contextmanager
def everything_made(endpoint: Endpoint, tell: Tell) -> Iterator[None]:
    """Until the end moto makes what it else leaves out; `tell` asks custom resources."""

    def kind(name: str) -> Kind:
        if name.startswith("Custom::"):
            return Kind(endpoint, _custom_resource(tell), None)
        if name in MAKERS:
            return Kind(endpoint, MAKERS[name], None)
        return Kind(endpoint, None, get_model_map()[name])

    with patch("moto.cloudformation.parsing.resource_class_from_type", kind):
        yield


def _custom_resource(tell: Tell) -> Maker:
    def make(_: Any, name: str, given: Properties) -> str:
        tell("Create", given)
        return name

    return Maker(
        "lambda",
        make,
        lambda _, name, given: tell("Delete", given),
        lambda _, name, given: tell("Update", given),
    )


@dataclass
class Made:
    """A resource that moto's CloudFormation could not have made."""

    physical_resource_id: str
    kind: "Kind"
    properties: Properties
    cf_resource_type: str = ""
    logical_resource_id: str = ""

    def is_created(self) -> bool:
        return True

    def delete(self, account: str, region: str) -> None:
        self.kind.delete(self)


@dataclass(frozen=True)
class Kind:
    """A resource type, in the place of moto's class of it; either we make it or moto does."""

    endpoint: Endpoint
    maker: Maker | None
    moto: Any

    def has_cfn_attr(self, attribute: str) -> bool:
        return bool(self.moto and self.moto.has_cfn_attr(attribute))

    def create_from_cloudformation_json(
        self, name: str, resource: Properties, account: str, region: str, **more: Any
    ) -> Any:
        given = resource["Properties"]
        if self.maker:
            return Made(self.maker.make(self._client(self.maker), name, given), self, given)
        made = self.moto.create_from_cloudformation_json(name, resource, account, region, **more)
        return self._completed(made, given)

    def update_from_cloudformation_json(
        self, original_resource: Any, cloudformation_json: Properties, **more: Any
    ) -> Any:
        given = cloudformation_json["Properties"]
        if self.maker:
            change = self.maker.change or self.maker.make
            change(self._client(self.maker), original_resource.physical_resource_id, given)
            original_resource.properties = given
            return original_resource
        update = self.moto.update_from_cloudformation_json
        if _is_missing(update) or self.moto.cloudformation_type() in MOTO_REPLACES:
            return self._completed(original_resource, given)
        made = update(
            original_resource=original_resource, cloudformation_json=cloudformation_json, **more
        )
        return self._completed(made, given)

    def delete_from_cloudformation_json(
        self, name: str, resource: Properties, account: str, region: str
    ) -> None:
        if not _is_missing(self.moto.delete_from_cloudformation_json):
            self.moto.delete_from_cloudformation_json(name, resource, account, region)

    def delete(self, made: Made) -> None:
        assert self.maker
        if self.maker.delete:
            client = self._client(self.maker)
            try:
                self.maker.delete(client, made.physical_resource_id, made.properties)
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:
                    raise

    def _completed(self, made: Any, given: Properties) -> Any:
        if completer := COMPLETERS.get(self.moto.cloudformation_type()):
            completer.complete(self._client(completer), made.physical_resource_id, given)
        return made

    def _client(self, of: Any) -> Any:
        return self.endpoint.client(of.service)


def _is_missing(method: Any) -> bool:
    return hasattr(method, "__isabstractmethod__")
