"""CloudWatch: what functions count becomes metrics of moto, and the template's alarms ring.

moto keeps metrics, and evaluates no alarm. Here those alarms ring that are about one metric of the
functions' own; what AWS's services report of themselves, nothing reports here.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from codefree.aws import Endpoint

LOOK_SECONDS = 1
EMF = '"_aws"'
Dimensions = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Counted:
    """Values that a function has counted."""

    namespace: str
    metric: str
    dimensions: Dimensions
    values: Sequence[float]
    at: float
    """Seconds since 1970."""


@dataclass
class Alarm:
    """An alarm of the template, and what it has heard of in its period."""

    name: str
    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str
    """Sum or Average."""
    period: float
    """Seconds."""
    threshold: float
    heard: deque[tuple[float, float]] = field(default_factory=deque)
    """Times and values."""
    rings: bool = False

    def hear(self, counted: Counted) -> None:
        """Take what is about its metric."""
        own = (self.namespace, self.metric, self.dimensions)
        if (counted.namespace, counted.metric, counted.dimensions) == own:
            self.heard.extend((counted.at, value) for value in counted.values)

    def changes(self, now: float) -> bool:
        """Whether it begins to ring, or ceases to."""
        while self.heard and self.heard[0][0] <= now - self.period:
            self.heard.popleft()
        before, self.rings = self.rings, self._is_breached()
        return before != self.rings

    def _is_breached(self) -> bool:
        values = [value for _, value in self.heard]
        if not values:
            return False
        total = sum(values)
        return (total if self.statistic == "Sum" else total / len(values)) >= self.threshold


def read_alarm(name: str, properties: Mapping[str, Any]) -> Alarm | None:
    """From the template, references resolved; None for one about several metrics."""
    if "MetricName" not in properties or properties["Statistic"] not in ("Sum", "Average"):
        return None
    dimensions = {one["Name"]: one["Value"] for one in properties.get("Dimensions", [])}
    return Alarm(
        name,
        properties["Namespace"],
        properties["MetricName"],
        frozenset(dimensions.items()),
        properties["Statistic"],
        float(properties["Period"]) * int(properties["EvaluationPeriods"]),
        float(properties["Threshold"]),
    )


def counted_in(line: str) -> Iterator[Counted]:
    """What a line of a log counts, in the embedded metric format of CloudWatch."""
    if EMF not in line:
        return
    try:
        content = json.loads(line)
        described = content["_aws"]
        for directive in described["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, str(content[name])) for name in names)
                for metric in directive["Metrics"]:
                    found = content[metric["Name"]]
                    values = tuple(map(float, found if isinstance(found, list) else [found]))
                    at = described["Timestamp"] / 1000
                    yield Counted(directive["Namespace"], metric["Name"], dimensions, values, at)
    except (KeyError, OverflowError, TypeError, ValueError):
        # A function may print anything.
        return


class _Log:
    """The lines of a growing file, each once."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._rest = path, 0, b""

    def lines(self) -> list[str]:
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
            self._read += len(new)
            *whole, self._rest = (self._rest + new).split(b"\n")
            return [line.decode(errors="replace") for line in whole]
        return []


def watch(
    endpoint: Endpoint,
    alarms: Sequence[Alarm],
    logs: Sequence[Path],
    now: Any,
    closing: threading.Event,
) -> threading.Thread:
    """A thread that reads the logs of functions, and sends an event when an alarm changes.

    `now` tells the time in seconds since 1970.
    """
    cloudwatch, events = endpoint.client("cloudwatch"), endpoint.client("events")
    watched = {(alarm.namespace, alarm.metric) for alarm in alarms}

    def look(files: list[_Log]) -> None:
        for line in (line for file in files for line in file.lines()):
            for counted in counted_in(line):
                if (counted.namespace, counted.metric) in watched:
                    _keep(cloudwatch, counted)
                    for alarm in alarms:
                        alarm.hear(counted)
        for alarm in alarms:
            if alarm.changes(now()):
                _tell(events, alarm)

    def keep_looking() -> None:
        files = [_Log(path) for path in logs]
        while not closing.wait(LOOK_SECONDS):
            # moto may be busy, or closing: what was heard is not lost.
            with suppress(BotoCoreError, ClientError):
                look(files)

    thread = threading.Thread(target=keep_looking, name="alarms", daemon=True)
    thread.start()
    return thread


def _keep(cloudwatch: Any, counted: Counted) -> None:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(counted.dimensions)]
    cloudwatch.put_metric_data(
        Namespace=counted.namespace,
        MetricData=[
            {
                "MetricName": counted.metric,
                "Dimensions": dimensions,
                "Timestamp": counted.at,
                "Value": value,
            }
            for value in counted.values
        ],
    )


def _tell(events: Any, alarm: Alarm) -> None:
    state = {"value": "ALARM" if alarm.rings else "OK"}
    events.put_events(
        Entries=[
            {
                "Source": "aws.cloudwatch",
                "DetailType": "CloudWatch Alarm State Change",
                "Detail": json.dumps({"alarmName": alarm.name, "state": state}),
            }
        ]
    )
