"""CloudFormation's side of the custom resource: it asks the function and waits for the answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.cloudformation.models import cloudformation_backends

from codefree.aws import ACCOUNT, Endpoint
from codefree.lambda_service import FunctionConfiguration, LambdaFunction
from tests.deployment.creators import Properties
from tests.deployment.stacks import Tell
from tests.stack_deletion import Listener

FUNCTIONS = Path(__file__).parents[2] / "functions"


@contextmanager
def answering(endpoint: Endpoint, folder: Path) -> Iterator[Tell]:
    """Sends requests to the functions of custom resources; none may fail."""

    class Answers(Listener):
        """Those of this account."""

    Answers.answers, Answers.refuse = [], 0
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def tell(kind: str, given: Properties) -> None:
        function = _function(endpoint, given["ServiceToken"], folder)
        url = f"http://127.0.0.1:{server.server_port}/answer"
        function.invoke(_request(endpoint, kind, given, url))
        function.close()
        answer = Answers.answers[-1]
        assert answer["Status"] == "SUCCESS", answer

    yield tell
    server.shutdown()
    server.server_close()


def _function(endpoint: Endpoint, arn: str, folder: Path) -> LambdaFunction:
    found = endpoint.client("lambda").get_function_configuration(FunctionName=arn)
    variables: dict[str, Any] = found["Environment"]["Variables"]
    chosen = FunctionConfiguration(
        name=found["FunctionName"],
        arn=arn,
        handler=found["Handler"],
        timeout=found["Timeout"],
        memory=found["MemorySize"],
        variables={name: str(value) for name, value in variables.items()},
        task=FUNCTIONS,
        opt=folder,
        home=folder,
        log=folder / "clean_up.log",
    )
    return LambdaFunction(chosen, endpoint.in_role(found["Role"]))


def _request(endpoint: Endpoint, kind: str, given: Properties, url: str) -> dict[str, Any]:
    stacks = cloudformation_backends[ACCOUNT][endpoint.region].stacks.values()
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": next(s.stack_id for s in stacks if s.name == given["Stack"]),
        "RequestId": uuid4().hex,
        "LogicalResourceId": "CleanUp",
        "PhysicalResourceId": "CleanUp",
        "ResourceProperties": given,
    }
