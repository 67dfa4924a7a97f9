"""Plan a small dataset, and make the job of the plan."""

import re
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from automl.dataset import Dataset
from automl.model_job import job_name, model_job
from automl.plan import TrainingPlan, plan_training
from contract.job import ModelJob
from pipeline.files import UploadedFile, UploadedFiles
from pipeline.settings import Settings
from pipeline.stack import Stack

STACK = Stack(
    name="codefree-automl",
    region="us-east-1",
    defaults=Settings(max_cost_usd_in_settings=1000),
    target_column="",
    use_spot=False,
    network_isolation=True,
    image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/autogluon:1.6.3-cpu-amzn2023",
    role_arn="arn:aws:iam::123456789012:role/codefree-automl-TrainingJobRole",
)


SOURCE = "source/0123abcd/sourcedir.tar.gz"


ROWS = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))


def uploaded(key: str, content: str, version: str = "v1") -> UploadedFile:
    head = content.encode()
    return UploadedFile(
        key, len(head), f"etag of {key}", version, "2026-11-21T04:00:00+00:00", head
    )


def plan(
    name: str = "titanic", test: bool = True, settings: str = "", stack: Stack = STACK
) -> TrainingPlan:
    dataset = Dataset(name)
    files = UploadedFiles(
        train=uploaded(dataset.train_keys[0], f"id,a,y\n{ROWS}"),
        test=uploaded(dataset.test_keys[0], "id,a\n1,2\n") if test else None,
        settings=uploaded(dataset.settings_key, settings) if settings else None,
    )
    return plan_training(dataset, files, stack)


def spec(plan_: TrainingPlan, stack: Stack = STACK) -> ModelJob:
    return model_job(job_name("bucket", plan_), plan_, stack, SOURCE)


def assert_valid(request: dict[str, Any], operation: str = "CreateTrainingJob") -> None:
    """Against botocore's own model of the API, patterns included."""
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    name = next(iter(shape.required_members))
    assert re.fullmatch(shape.members[name].metadata["pattern"], request[name])
