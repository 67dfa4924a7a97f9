"""template.yaml as the CloudFormation that moto can create, and where the functions' code lies."""

import copy
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

CODE_PROPERTIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
# The translator takes no folders, only what `sam deploy` has uploaded.
UPLOADED = "s3://bucket/key"
API_KEY = "AWS::ApiGateway::ApiKey"
# The first breaks moto, the others it warns of and skips.
MOTO_CANNOT_CREATE = (
    "AWS::ApiGateway::",
    "AWS::Athena::",
    "AWS::CloudWatch::",
    "AWS::IAM::RolePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    # It would run their functions in Docker.
    "Custom::",
)


@dataclass(frozen=True)
class FunctionCode:
    """The folders that Lambda would mount at /var/task and, one over the other, at /opt."""

    task: Path
    layers: tuple[Path, ...]


@dataclass(frozen=True)
class Template:
    """One SAM template, translated."""

    cloudformation: dict[str, Any]
    functions: dict[str, FunctionCode]
    """Logical id of a function → its folders."""
    left_out: dict[str, Any]
    """Logical id → resource, of what moto cannot create."""

    def resources(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical id and properties, with their references, of all resources of one type."""
        for logical_id, resource in (self.cloudformation["Resources"] | self.left_out).items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})


def load_template(
    path: Path, session: boto3.Session, parameters: Mapping[str, str] | None = None
) -> Template:
    """Read and translate a SAM template; folders are relative to it, as in `sam build`."""
    source = yaml_parse(path.read_text(encoding="utf-8"))
    whole = translated(_as_if_uploaded(source), session, parameters or {})
    created = without_unsupported(_with_key_ids(whole))
    left_out = {k: v for k, v in whole["Resources"].items() if k not in created["Resources"]}
    return Template(created, dict(_functions(source, path.parent)), left_out)


def _with_key_ids(cloudformation: dict[str, Any]) -> dict[str, Any]:
    """The template with the logical id of each API key as its id, for functions know keys by it.

    What belongs to the API itself still refers to them.
    """
    resources = cloudformation["Resources"]
    keys = [logical_id for logical_id, made in resources.items() if made["Type"] == API_KEY]

    def named(resource: Any) -> Any:
        text = json.dumps(resource)
        for key in keys:
            text = text.replace(json.dumps({"Ref": key}), json.dumps(key))
        return json.loads(text)

    kept = {
        logical_id: resource if resource["Type"].startswith(MOTO_CANNOT_CREATE) else named(resource)
        for logical_id, resource in resources.items()
    }
    return {**cloudformation, "Resources": kept}


def without_unsupported(cloudformation: dict[str, Any]) -> dict[str, Any]:
    """The template without what moto cannot create, and without what refers to that."""
    kept = dict(cloudformation["Resources"])
    outputs = dict(cloudformation.get("Outputs", {}))
    dropped = {k for k, v in kept.items() if v["Type"].startswith(MOTO_CANNOT_CREATE)}
    while dropped:
        kept = {k: v for k, v in kept.items() if k not in dropped}
        outputs = {k: v for k, v in outputs.items() if not _refers(v, dropped)}
        dropped = {k for k, v in kept.items() if _refers(v.get("Properties"), dropped)}
    kept = {k: _without_waiting_for_others(v, set(kept)) for k, v in kept.items()}
    return {**cloudformation, "Resources": kept, "Outputs": outputs}


def _without_waiting_for_others(resource: dict[str, Any], logical_ids: set[str]) -> dict[str, Any]:
    """DependsOn is only about order: what waits for something left out need not wait."""
    before = resource.get("DependsOn", [])
    names = [before] if isinstance(before, str) else before
    rest = {k: v for k, v in resource.items() if k != "DependsOn"}
    remaining = [name for name in names if name in logical_ids]
    return {**rest, "DependsOn": remaining} if remaining else rest


def _refers(node: Any, logical_ids: set[str]) -> bool:
    text = json.dumps(node)
    return any(
        sign in text
        for name in logical_ids
        for sign in (f'{{"Ref": "{name}"}}', f'["{name}", ', f"${{{name}}}", f"${{{name}.")
    )


def _as_if_uploaded(source: dict[str, Any]) -> dict[str, Any]:
    uploaded = copy.deepcopy(source)
    for properties, name in _code_properties(uploaded):
        properties[name] = UPLOADED
    return uploaded


def translated(
    uploaded: dict[str, Any], session: boto3.Session, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """The CloudFormation of a SAM template whose code is uploaded."""
    # It warns of switches of its own that only AWS can set.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    translator = Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=session)
    cloudformation: dict[str, Any] = translator.translate(
        uploaded,
        # It resolves some references itself, to the defaults unless values are given.
        parameter_values=dict(parameters),
    )
    return cloudformation


def _code_properties(source: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    yield source.get("Globals", {}).get("Function", {}), "CodeUri"
    for resource in source["Resources"].values():
        if name := CODE_PROPERTIES.get(resource["Type"]):
            yield resource["Properties"], name


def _functions(source: dict[str, Any], root: Path) -> Iterator[tuple[str, FunctionCode]]:
    defaults = source.get("Globals", {}).get("Function", {})
    for logical_id, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = {**defaults, **resource["Properties"]}
            layers = (source["Resources"][layer["Ref"]] for layer in properties.get("Layers", []))
            yield (
                logical_id,
                FunctionCode(
                    task=root / properties["CodeUri"],
                    layers=tuple(root / layer["Properties"]["ContentUri"] for layer in layers),
                ),
            )
