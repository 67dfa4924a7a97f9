"""Does what each message says, and writes down which messages it has done."""

import json
import os
import time
from pathlib import Path

import boto3

s3 = boto3.client("s3")


def lambda_handler(event, context):
    if "Records" not in event:
        return do(event["do"], context)
    failed = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        if body["do"] == "fail":
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            s3.put_object(Bucket=os.environ["BUCKET"], Key=f"done/{body['name']}", Body=b"")
    return {"batchItemFailures": failed}


def do(what, context):
    if what == "sleep":
        time.sleep(30)
    if what == "exit":
        os._exit(3)
    if what == "raise":
        raise ValueError("told to raise")
    if what == "print":
        print("printed by the function")
    return {
        "process": os.getpid(),
        "environ": dict(os.environ),
        "layer": Path(os.environ["LAYER_FILE"]).read_text(),
        "arn": context.invoked_function_arn,
        "milliseconds_left": context.get_remaining_time_in_millis(),
    }
