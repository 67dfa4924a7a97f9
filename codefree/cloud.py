"""The embedded AWS: template.yaml deployed into moto, and everything that moto leaves out.

What moto 5.2 lacks for this template, and who adds it:

- It leaves None in lists where nothing was wanted, and makes long names: `moto_cloudformation`.
- It knows no SAM: `template` translates, and drops what moto cannot create.
- A bucket's notifications, versioning and public access block, a function's dead-letter queue, and
  policies that are resources, are skipped by its CloudFormation: read from the template here.
- Its check of permissions knows hardly any resources and no conditions: `permissions`.
- Functions need Docker: `lambda_service` runs them as child processes.
- Its event source mappings hand over one message per call, inside the sender's call, and ignore
  partial batch failures: switched off here, `queue_deliveries` polls instead.
- Rules cannot call functions: their targets become queues here, polled by `queue_deliveries`.
  Schedules never fire.
- Training jobs are completed at birth, whatever the request; duplicate names replace each other;
  StopTrainingJob and quotas are unknown; no event reports a job's end: `sagemaker_service`.
- Two conditional writes of one object can both succeed: `s3_conditional_writes`.
- Endpoints answer without a model and cannot be updated: `endpoint_service`.
- REST APIs call no functions: `api_gateway`.
- Queries of Athena read nothing: `athena_service`, which also has the workgroups of the template.
- Alarms are not evaluated: `alarm_service` does so for those about what the functions count.
- Nothing is checked of forms that a page sends to a bucket: `presigned_posts`.

Functions, queues' pollers and jobs have the credentials of their roles. Mails have no effect;
policies of bucket, queues and topic are not even created.
"""

import json
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.cloudformation.models import cloudformation_backends
from moto.core.base_backend import BackendDict
from moto.iam.models import iam_backends
from moto.moto_server import werkzeug_app
from werkzeug.serving import make_server

import codefree.s3_conditional_writes  # noqa: F401
from codefree.alarm_service import read_alarm, watch
from codefree.api_gateway import ApiServer, read_api
from codefree.athena_service import AthenaService
from codefree.aws import ACCOUNT, REGION, STACK_NAME, Endpoint
from codefree.endpoint_name import endpoint_name
from codefree.endpoint_service import EndpointService
from codefree.folders import temporary_folder
from codefree.front_door import FrontDoor, PatientHandler
from codefree.lambda_service import FunctionConfiguration, LambdaFunction
from codefree.moto_cloudformation import clean_json
from codefree.permissions import PARTITION, PermissionService, Request
from codefree.presigned_posts import PageForms
from codefree.queue_deliveries import batch_delivery, event_delivery, start_poller
from codefree.room import require_free_port
from codefree.sagemaker_service import SageMakerService
from codefree.stack_files import TEMPLATE, TRAINING_SOURCE
from codefree.template import FunctionCode, Template, load_template
from codefree.training_job import TrainingRun
from codefree.words import Tell

# No page in a browser is a client of AWS.
vars(werkzeug_app)["DISABLE_GLOBAL_CORS"] = True
# The least that Lambda accepts as an event source's MaximumConcurrency.
POLLERS_PER_QUEUE = 2


class DeployError(Exception):
    """Raised when the stack cannot be created."""


@dataclass(frozen=True)
class Settings:
    """What may differ from one embedded AWS to the next."""

    stack_name: str = STACK_NAME
    template: Path = TEMPLATE
    parameters: Mapping[str, str] | None = None
    training_source: Path | None = None
    """Takes the place of training_src/."""
    logs: Path | None = None
    """Where the logs of functions and jobs stay; without it they go when the cloud closes."""
    port: int = 0
    """0 means any free one."""
    api_port: int = 0
    """Where the translation API and its page listen."""
    gateway: str | None = None
    """An address beside 127.0.0.1 to listen on: that of Docker's network, for containers."""
    region: str = REGION
    """Two clouds that are open at a time in one process need two regions."""
    job_quota: int = 2
    machine_quotas: Mapping[str, int] = field(default_factory=dict)
    """Instance type → how many jobs may run on it; as many as in all where it is not named."""
    training_run: type[TrainingRun] = TrainingRun
    """Runs each training job."""
    tell: Tell = print
    """Receives one message per event that matters."""
    warn: Tell = print
    """Receives one message per failed invocation."""
    heard: Callable[[Request], object] = id
    """Receives every request that is made in a role."""


@dataclass(frozen=True)
class Cloud:
    """A stack that runs."""

    endpoint: Endpoint
    stack_name: str
    outputs: dict[str, str]
    functions: dict[str, LambdaFunction]
    """By logical id."""
    resources: Mapping[str, Any]
    """Logical id → moto's object of it."""
    logs: Path
    sagemaker: SageMakerService
    permissions: PermissionService
    endpoints: EndpointService
    athena: AthenaService
    api: ApiServer | None
    """None when the template has no REST API."""
    page_forms: Mapping[str, frozenset[str]]
    """Bucket → origins of pages that may send files to it."""

    @property
    def bucket(self) -> str:
        return self.outputs["DatasetBucketName"]

    def endpoint_name(self, pair: str) -> str:
        """The name of the endpoint for a pair of languages such as en-de."""
        given = self.functions["TranslateFunction"].configuration.variables
        prefix = endpoint_name.endpoint_prefix(given["STACK_NAME"], given["STACK_PART"])
        return endpoint_name.endpoint_name(prefix, pair)


Services = tuple[SageMakerService, PermissionService, EndpointService, AthenaService]


@contextmanager
def open_cloud(settings: Settings) -> Iterator[Cloud]:
    """Start and deploy; at the end no process, thread or temporary folder is left."""
    with ExitStack() as closing:
        home, logs = closing.enter_context(_folders(settings))
        forms = PageForms()
        endpoint = closing.enter_context(_moto_server(settings.port, settings.region, forms))
        endpoint.keep_in(home)
        if settings.gateway:
            port, secret = int(endpoint.port), endpoint.secret_access_key
            door = _listening(settings.gateway, port, settings.region, secret, forms)
            closing.enter_context(door)
        permissions = PermissionService(endpoint, settings.heard)
        closing.callback(permissions.close)
        sagemaker = SageMakerService(
            endpoint,
            home / "jobs",
            logs,
            settings.job_quota,
            settings.machine_quotas,
            settings.training_run,
            settings.tell,
        )
        closing.callback(sagemaker.close)
        endpoints = EndpointService(endpoint, home / "endpoints", logs, settings.tell)
        closing.callback(endpoints.close)
        athena = AthenaService(endpoint, permissions)
        closing.callback(athena.close)
        services = (sagemaker, permissions, endpoints, athena)
        cloud = closing.enter_context(_open_stack(settings, endpoint, services, home, logs))
        forms.origins.update(cloud.page_forms)
        yield cloud


@contextmanager
def open_beside(cloud: Cloud, settings: Settings) -> Iterator[Cloud]:
    """One more stack in the account and region of another; it takes that one's port and quota."""
    services = (cloud.sagemaker, cloud.permissions, cloud.endpoints, cloud.athena)
    with (
        _folders(settings) as (home, logs),
        _open_stack(settings, cloud.endpoint, services, home, logs) as other,
    ):
        yield other


@contextmanager
def _folders(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """Where functions and jobs are while the cloud is open, and where their logs go."""
    with temporary_folder() as home:
        logs = settings.logs or home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        yield home, logs


@contextmanager
def _open_stack(
    settings: Settings,
    endpoint: Endpoint,
    services: Services,
    home: Path,
    logs: Path,
) -> Iterator[Cloud]:
    template = load_template(settings.template, endpoint.session(), settings.parameters)
    stack = _Stack(endpoint, template, settings)
    stack.apply_bucket_properties()
    stack.apply_role_policies()
    stack.make_workgroups()
    functions = stack.functions(home, logs)
    with ExitStack() as closing:
        closing.callback(_stop_deliveries, stack.closing, stack.pollers, functions)
        stack.connect_queues(functions)
        stack.connect_rules(functions)
        stack.connect_alarms(functions)
        api = stack.api(functions)
        if api:
            closing.callback(api.close)
        yield Cloud(
            endpoint,
            settings.stack_name,
            stack.outputs,
            functions,
            stack.resources,
            logs,
            *services,
            api,
            stack.page_forms(api) if api else {},
        )


class _Handler(PatientHandler, werkzeug_app.MotoRequestHandler):
    """Keeps the names of headers as moto does."""


class _Dispatcher(werkzeug_app.DomainDispatcherApplication):
    """Remembers which service a host is; moto lists a folder to tell, a third of a request's time.

    As many hosts as one cloud has services; a stranger's host never comes this far.
    """

    def __init__(self) -> None:
        super().__init__(werkzeug_app.create_backend_app)
        self._known: dict[str, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._known:
            found = super().get_backend_for_host(host)
            if host is None or not found:
                return found
            self._known[host] = found
        return self._known[host]


@contextmanager
def _moto_server(port: int, region: str, forms: PageForms) -> Iterator[Endpoint]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Functions run from their folders; nothing of them is in a bucket.
    os.environ["VALIDATE_LAMBDA_S3"] = "false"
    try:
        secret = secrets.token_urlsafe(30)
        # moto's own default is every network that this machine is in.
        with _listening("127.0.0.1", port, region, secret, forms) as url:
            yield Endpoint(url, region, secret_access_key=secret)
    finally:
        forget(region)


@contextmanager
def _listening(
    address: str, port: int, region: str, secret: str, forms: PageForms
) -> Iterator[str]:
    """One more door to what moto holds, which all servers of a process share."""

    def secret_of(key: str) -> str | None:
        if key == Endpoint.access_key_id:
            return secret
        found = iam_backends[ACCOUNT][PARTITION].access_keys.get(key)
        return found.secret_access_key if found else None

    require_free_port(address, port, "--port")
    server = make_server(
        address,
        port,
        FrontDoor(_Dispatcher(), address, region, secret_of, forms=forms),
        threaded=True,
        request_handler=_Handler,
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{address}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def forget(region: str) -> None:
    """Reset this region, because moto keeps state for as long as the process lives."""
    services: list[BackendDict[Any]] = vars(BackendDict)["_instances"]
    for service in services:
        for _, where, backend in service.iter_backends():
            if where == region:
                backend.reset()


class _Stack:
    """The template as moto has created it."""

    def __init__(self, endpoint: Endpoint, template: Template, settings: Settings) -> None:
        self._endpoint = endpoint
        self._template = template
        self._settings = settings
        self._sqs = endpoint.client("sqs")
        self._lambda = endpoint.client("lambda")
        self.closing = threading.Event()
        self.pollers: list[threading.Thread] = []
        stack_id, self.outputs = self._create()
        backend = cloudformation_backends[ACCOUNT][endpoint.region]
        self.resources: Any = backend.stacks[stack_id].resource_map

    def _create(self) -> tuple[str, dict[str, str]]:
        cloudformation = self._endpoint.client("cloudformation")
        parameters = self._settings.parameters or {}
        stack_id = cloudformation.create_stack(
            StackName=self._settings.stack_name,
            TemplateBody=json.dumps(self._template.cloudformation),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )["StackId"]
        stack = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise DeployError(f"{self._settings.template} ended as {stack['StackStatus']}.")
        outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
        return stack_id, outputs

    def apply_bucket_properties(self) -> None:
        s3 = self._endpoint.client("s3")
        for logical_id, properties in self._template.resources("AWS::S3::Bucket"):
            if not self._is_wanted(logical_id):
                continue
            bucket = self.resources[logical_id].physical_resource_id
            given = clean_json(properties, self.resources)
            if versioning := given.get("VersioningConfiguration"):
                s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioning)
            if block := given.get("PublicAccessBlockConfiguration"):
                s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
            if "EventBridgeConfiguration" in given.get("NotificationConfiguration", {}):
                s3.put_bucket_notification_configuration(
                    Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
                )

    def page_forms(self, api: ApiServer) -> dict[str, frozenset[str]]:
        """Bucket → the API's origins, where CORS lets a page of an API send files."""
        found = {}
        for logical_id, properties in self._template.resources("AWS::S3::Bucket"):
            given = clean_json(properties, self.resources) if self._is_wanted(logical_id) else {}
            if given.get("CorsConfiguration"):
                found[self.resources[logical_id].physical_resource_id] = frozenset(api.origins)
        return found

    def apply_role_policies(self) -> None:
        iam = self._endpoint.client("iam")
        for logical_id, properties in self._template.resources("AWS::IAM::RolePolicy"):
            if not self._is_wanted(logical_id):
                continue
            given = clean_json(properties, self.resources)
            iam.put_role_policy(
                RoleName=given["RoleName"],
                PolicyName=given["PolicyName"],
                PolicyDocument=json.dumps(given["PolicyDocument"]),
            )

    def make_workgroups(self) -> None:
        athena = self._endpoint.client("athena")
        for logical_id, properties in self._template.resources("AWS::Athena::WorkGroup"):
            if self._is_wanted(logical_id):
                given = clean_json(properties, self.resources)
                made = given["WorkGroupConfiguration"]
                made["BytesScannedCutoffPerQuery"] = int(made["BytesScannedCutoffPerQuery"])
                athena.create_work_group(Name=given["Name"], Configuration=made)

    def _is_wanted(self, logical_id: str) -> bool:
        resources = self._template.cloudformation["Resources"] | self._template.left_out
        condition = resources[logical_id].get("Condition")
        return not condition or bool(self.resources.lazy_condition_map[condition])

    def functions(self, home: Path, logs: Path) -> dict[str, LambdaFunction]:
        return {
            logical_id: LambdaFunction(
                self._configuration(logical_id, code, home, logs),
                self._endpoint.in_role(self.resources[logical_id].role),
            )
            for logical_id, code in self._template.functions.items()
        }

    def _configuration(
        self, logical_id: str, code: FunctionCode, home: Path, logs: Path
    ) -> FunctionConfiguration:
        name = self.resources[logical_id].physical_resource_id
        described = self._lambda.get_function_configuration(FunctionName=name)
        variables = described.get("Environment", {}).get("Variables", {})
        return FunctionConfiguration(
            name=name,
            arn=described["FunctionArn"],
            handler=described["Handler"],
            timeout=described["Timeout"],
            memory=described["MemorySize"],
            # moto hands parameters on as YAML has read them, numbers too.
            variables={name: str(value) for name, value in variables.items()},
            task=code.task.resolve(),
            opt=self._mounted_layers(code, home / "opt" / logical_id),
            home=home,
            log=logs / f"{logical_id}.log",
        )

    def _mounted_layers(self, code: FunctionCode, opt: Path) -> Path:
        """A copy of the layers as they are now, as a deployment makes one."""
        opt.mkdir(parents=True)
        for layer in code.layers:
            stands_in = self._settings.training_source
            folder = stands_in if stands_in and layer.name == TRAINING_SOURCE.name else layer
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(folder, opt, ignore=ignored, dirs_exist_ok=True)
        return opt

    def connect_queues(self, functions: dict[str, LambdaFunction]) -> None:
        by_arn = {function.configuration.arn: function for function in functions.values()}
        for mapping in self._lambda.list_event_source_mappings()["EventSourceMappings"]:
            if function := by_arn.get(mapping["FunctionArn"]):
                self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
                url = self._queue_url(mapping["EventSourceArn"])
                sqs = function.aws.client("sqs")
                deliver = batch_delivery(sqs, url, mapping, function, self._settings.warn)
                for _ in range(POLLERS_PER_QUEUE):
                    self._poll(sqs, url, mapping["BatchSize"], deliver)

    def connect_rules(self, functions: dict[str, LambdaFunction]) -> None:
        events = self._endpoint.client("events")
        by_arn = {f.configuration.arn: (name, f) for name, f in functions.items()}
        for rule in events.list_rules()["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            if rule.get("ScheduleExpression"):
                # moto has no clock, and sends every event to a rule that has no pattern.
                if ids := [target["Id"] for target in targets]:
                    events.remove_targets(Rule=rule["Name"], Ids=ids)
                continue
            for target in targets:
                if target["Arn"] in by_arn:
                    name, function = by_arn[target["Arn"]]
                    url, arn = self._make_queue(f"{rule['Name']}-{target['Id']}"[:80])
                    events.put_targets(Rule=rule["Name"], Targets=[{**target, "Arn": arn}])
                    dead_letters = self._dead_letter_url(name)
                    deliver = event_delivery(
                        self._sqs, url, function, dead_letters, self._settings.warn
                    )
                    self._poll(self._sqs, url, 1, deliver)

    def connect_alarms(self, functions: dict[str, LambdaFunction]) -> None:
        """Let the alarms ring that are about what the functions count."""
        own = {
            function.configuration.variables.get("POWERTOOLS_METRICS_NAMESPACE")
            for function in functions.values()
        }
        found = [
            read_alarm(
                f"{self._settings.stack_name}-{logical_id}-local",
                clean_json(properties, self.resources),
            )
            for logical_id, properties in self._template.resources("AWS::CloudWatch::Alarm")
        ]
        alarms = [alarm for alarm in found if alarm and alarm.namespace in own]
        if alarms:
            logs = [function.configuration.log for function in functions.values()]
            self.pollers.append(watch(self._endpoint, alarms, logs, time.time, self.closing))

    def api(self, functions: dict[str, LambdaFunction]) -> ApiServer | None:
        """The REST API, served; its resources are none of moto's."""
        rest = next(self._template.resources("AWS::ApiGateway::RestApi"), None)
        if rest is None:
            return None
        described = read_api(
            rest[1], self._usage_plans(), lambda given: clean_json(given, self.resources)
        )
        require_free_port("127.0.0.1", self._settings.api_port, "--api-port")
        return ApiServer(described, functions, self._settings.api_port, self._settings.warn)

    def _usage_plans(self) -> dict[str, dict[str, Any]]:
        """Logical id of an API key → the limits of its usage plan, with references."""
        plans = dict(self._template.resources("AWS::ApiGateway::UsagePlan"))
        return {
            given["KeyId"]["Ref"]: {
                name: limit
                for name, limit in plans[given["UsagePlanId"]["Ref"]].items()
                if name in ("Throttle", "Quota")
            }
            for _, given in self._template.resources("AWS::ApiGateway::UsagePlanKey")
        }

    def _poll(self, sqs: Any, url: str, batch_size: int, deliver: Any) -> None:
        self.pollers.append(start_poller(sqs, url, batch_size, deliver, self.closing))

    def _make_queue(self, name: str) -> tuple[str, str]:
        # Longer than any function may run, so that nothing is delivered while it is handled.
        attributes = {"VisibilityTimeout": "1800"}
        url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, asked["Attributes"]["QueueArn"]

    def _dead_letter_url(self, logical_id: str) -> str | None:
        properties = self._template.cloudformation["Resources"][logical_id]["Properties"]
        target = clean_json(properties.get("DeadLetterConfig", {}), self.resources)
        return self._queue_url(target["TargetArn"]) if target else None

    def _queue_url(self, arn: str) -> str:
        url: str = self._sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        return url


def _stop_deliveries(
    closing: threading.Event, pollers: list[threading.Thread], functions: dict[str, LambdaFunction]
) -> None:
    closing.set()
    for function in functions.values():
        function.close()
    for poller in pollers:
        poller.join()
