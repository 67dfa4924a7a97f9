"""Describe training jobs."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from aws.clients import client
from aws.errors import does_not_exist
from pipeline.results import ENDED, EndedJob

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeTrainingJobResponseTypeDef

sagemaker: "SageMakerClient" = client("sagemaker")


class NotEndedError(Exception):
    """Raised when a job has not ended yet; Lambda tries its event again."""


def described(name: str) -> "DescribeTrainingJobResponseTypeDef | None":
    """Describe the job; None when it does not exist."""
    try:
        return sagemaker.describe_training_job(TrainingJobName=name)
    except ClientError as error:
        if does_not_exist(error):
            return None
        raise


def ended_job(name: str) -> EndedJob:
    """Describe a job that is over.

    Raises LookupError when it does not exist, and NotEndedError while SageMaker says that it runs:
    an event may be faster than the description, which then lacks the outcome and the costs.
    """
    job = described(name)
    if job is None:
        raise LookupError(f"There is no training job {name} in this account and region.")
    if job["TrainingJobStatus"] not in ENDED:
        raise NotEndedError(f"{name} is {job['TrainingJobStatus']}; its end is published later.")
    return EndedJob.from_description(job)
