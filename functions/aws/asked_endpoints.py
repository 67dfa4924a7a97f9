"""Ask the endpoint of a dataset's model."""

import json
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from api.errors import ApiError, BadRequestError, UnavailableError
from aws.errors import SAGEMAKER_VALIDATION
from contract.endpoint_name import endpoint_prefix
from contract.messages import message, verbatim
from pipeline.model_endpoint import endpoint_of
from reading.request_rows import CSV

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

# Twice, because the champion may have to answer after a challenger: API Gateway waits for 29.
PATIENCE_SECONDS = 12
BUSY = ("ThrottlingException", "Throttling", "TooManyRequestsException")
STARTS, BUSY_SECONDS, STARTING_SECONDS, MISSING_SECONDS = "ModelNotReadyException", 2, 20, 60
REFUSED = 400


@dataclass(frozen=True)
class AskedEndpoint:
    """The endpoint of the model that a job has made."""

    job: str
    dataset: str

    def ask(self, body: str, kind: str) -> str:
        """Return the answers as CSV; raises BadRequestError and UnavailableError."""
        name = endpoint_of(_prefix(), self.job)
        try:
            answer = _client().invoke_endpoint(
                EndpointName=name, ContentType=kind, Accept=CSV, Body=body.encode()
            )
            return answer["Body"].read().decode()
        except ClientError as error:
            raise self._error(error) from error
        except ReadTimeoutError as error:
            # A cold endpoint holds the first request until its machine is there.
            raise self._starting() from error
        except BotoCoreError as error:
            raise self._unavailable("api.endpoint_broke", BUSY_SECONDS) from error

    def _error(self, error: ClientError) -> ApiError:
        response: Any = error.response
        code = response["Error"]["Code"]
        if code == STARTS:
            return self._starting()
        if code in BUSY:
            return self._unavailable("api.endpoint_busy", BUSY_SECONDS)
        if code == "ModelError" and response.get("OriginalStatusCode") == REFUSED:
            return BadRequestError("body", verbatim(_detail(response.get("OriginalMessage", ""))))
        if code in SAGEMAKER_VALIDATION:
            return self._unavailable("api.endpoint_missing", MISSING_SECONDS)
        return self._unavailable("api.endpoint_broke", BUSY_SECONDS)

    def _starting(self) -> UnavailableError:
        said = message("api.endpoint_starting", dataset=self.dataset)
        return UnavailableError(said, STARTING_SECONDS, is_starting=True)

    def _unavailable(self, code: str, seconds: int) -> UnavailableError:
        return UnavailableError(message(code, dataset=self.dataset), seconds)


def _detail(text: str) -> str:
    """The sentence of the model's own code, as its container packs it."""
    try:
        return str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        return text


@cache
def _client() -> "SageMakerRuntimeClient":
    patience = Config(
        connect_timeout=3, read_timeout=PATIENCE_SECONDS, retries={"total_max_attempts": 1}
    )
    return boto3.client("sagemaker-runtime", config=patience)


@cache
def _prefix() -> str:
    return endpoint_prefix(os.environ["STACK_NAME"], os.environ["STACK_PART"])
