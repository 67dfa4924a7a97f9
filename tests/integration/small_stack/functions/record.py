"""Keeps each event that arrives as an object; the events of jobs named fail… break it."""

import json
import os

import boto3

s3 = boto3.client("s3")


def lambda_handler(event, context):
    name = event["detail"]["TrainingJobName"]
    s3.put_object(
        Bucket=os.environ["BUCKET"],
        Key=f"events/{name}/{context.aws_request_id}.json",
        Body=json.dumps(event).encode(),
    )
    if name.startswith("break"):
        raise RuntimeError("told to break")
