"""What SageMaker says of a training job."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from clients import client

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeTrainingJobResponseTypeDef

sagemaker: "SageMakerClient" = client("sagemaker")


def described(name: str) -> "DescribeTrainingJobResponseTypeDef | None":
    """The job as it is now; None when there is none."""
    try:
        return sagemaker.describe_training_job(TrainingJobName=name)
    except ClientError as error:
        # SageMaker has no code of its own for a job that does not exist.
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return None
        raise
