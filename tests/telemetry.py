"""Read the log lines and the metrics of a stack's functions."""

import json
from collections import Counter
from typing import Any

from codefree.cloud import Cloud


def lines(cloud: Cloud, function: str, dataset: str) -> list[dict[str, Any]]:
    """The lines about a dataset that are log messages or metrics of the given function."""
    log = cloud.logs / f"{function}.log"
    text = log.read_text("utf-8") if log.exists() else ""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if line.get("dataset") == dataset]


def counted(cloud: Cloud, dataset: str) -> Counter[str]:
    """What both functions have counted for a dataset, by the names of the metrics."""
    total: Counter[str] = Counter()
    for function in ("StartTrainingFunction", "PublishResultsFunction"):
        for line in lines(cloud, function, dataset):
            for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
                assert directive["Namespace"] == "codefree-automl"
                assert directive["Dimensions"] == [["service"]]
                assert line["service"] == "codefree-automl", "the stack's name"
                for metric in directive["Metrics"]:
                    total[metric["Name"]] += sum(line[metric["Name"]])
    return total
