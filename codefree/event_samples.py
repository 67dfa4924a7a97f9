"""The events of events/ with the names of a running stack in place of the samples'."""

from pathlib import Path

from codefree.cloud import Cloud
from codefree.stack_files import ROOT

EVENTS = ROOT / "events"
# What stands in events/ for a stack's own names.
SAMPLE_BUCKET = "codefree-automl-datasetbucket-1a2b3c4d5e6f"
SAMPLE_JOB = "titanic-0a1b2c3d4e5f"
SAMPLE_STACK_ID = (
    "arn:aws:cloudformation:us-east-1:123456789012:"
    "stack/codefree-automl/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
)
SAMPLE_LISTENER = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer"


def write_events(cloud: Cloud, folder: Path, url: str) -> None:
    """Write every sample event into the folder; functions reach the embedded AWS at `url`.

    The events of training jobs name the job that was started last, and keep the sample's name
    while there is none.
    """
    names = {
        SAMPLE_BUCKET: cloud.bucket,
        SAMPLE_STACK_ID: cloud.endpoint.client("cloudformation").describe_stacks()["Stacks"][0][
            "StackId"
        ],
        # CloudFormation, too, listens at a presigned address of S3.
        SAMPLE_LISTENER: cloud.endpoint.presigned_put(cloud.bucket, "answer", url),
    }
    if job := _last_job(cloud):
        names[SAMPLE_JOB] = job
    folder.mkdir(parents=True, exist_ok=True)
    for event in EVENTS.glob("*.json"):
        text = event.read_text("utf-8")
        for sample, real in names.items():
            text = text.replace(sample, real)
        (folder / event.name).write_text(text, "utf-8")


def _last_job(cloud: Cloud) -> str | None:
    jobs = cloud.endpoint.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    newest = max(jobs, key=lambda job: job["CreationTime"], default=None)
    return newest and str(newest["TrainingJobName"])
