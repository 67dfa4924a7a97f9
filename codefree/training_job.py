"""One training job as SageMaker runs it: fill the folder, run the script, upload what it made."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codefree.ml_folder import DownloadError, MlFolder, arguments, environment, hyperparameters
from codefree.processes import end_group, start
from codefree.s3_files import FolderCopy, upload_tarball

WATCH_SECONDS = 0.2
COPY_SECONDS = 1.0
REASON_LENGTH = 1024
DAY_SECONDS = 86400


@dataclass(frozen=True)
class Outcome:
    """How a job ended, in SageMaker's words."""

    status: str
    secondary_status: str
    failure_reason: str | None = None


INTERRUPTED = Outcome("InProgress", "Interrupted")


@dataclass(frozen=True)
class TrainingRun:
    """What it takes to run one job."""

    request: dict[str, Any]
    arn: str
    folder: MlFolder
    log: Path
    s3: Any
    aws: dict[str, str]
    """Credentials and endpoint; a job with network isolation never sees them."""
    stop: threading.Event
    interrupt: threading.Event
    """Set when the machine is taken away, as spare ones may be."""
    enter: Callable[[str], None]
    """Called with each secondary status as it begins."""

    def run(self) -> Outcome:
        """On one machine after the other, until one is left to the job; the time limit counts all.

        Nothing is left of a machine that was taken away but the checkpoints copied until then.
        """
        limit = self.request["StoppingCondition"].get("MaxRuntimeInSeconds", DAY_SECONDS)
        end = time.monotonic() + limit
        while (outcome := self._run_once(end)) is INTERRUPTED:
            self.interrupt.clear()
            self.enter("Interrupted")
            self.folder.remove()
            self.enter("Starting")
        return outcome

    def _run_once(self, end: float) -> Outcome:
        self.enter("Downloading")
        checkpoints = self._checkpoints()
        try:
            self.folder.prepare(self.s3, self.request)
        except DownloadError as error:
            return Outcome("Failed", "Failed", f"ClientError: {error}"[:REASON_LENGTH])
        checkpoints.restore()
        self.enter("Training")
        outcome = self._train(checkpoints, end)
        if outcome is INTERRUPTED:
            return outcome
        self.enter("Uploading")
        checkpoints.update()
        self._upload(outcome)
        return outcome

    def _checkpoints(self) -> FolderCopy:
        return FolderCopy(
            self.s3, self.folder.checkpoints, self.request["CheckpointConfig"]["S3Uri"]
        )

    def _train(self, checkpoints: FolderCopy, end: float) -> Outcome:
        process = self._start()
        try:
            ended = self._watch(process, checkpoints, end)
        finally:
            end_group(process)
        return ended or self._outcome(process.wait())

    def _start(self) -> subprocess.Popen[bytes]:
        values = hyperparameters(self.request, self.folder)
        own = {name: value for name, value in values.items() if not name.startswith("sagemaker_")}
        isolated = self.request.get("EnableNetworkIsolation", False)
        self.folder.extract_code(values["sagemaker_submit_directory"])
        with self.log.open("ab") as log:
            return start(
                [sys.executable, values["sagemaker_program"], *arguments(own)],
                cwd=self.folder.code,
                env={
                    **environment(self.request, self.arn, self.folder),
                    **({} if isolated else self.aws),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _watch(
        self, process: subprocess.Popen[bytes], checkpoints: FolderCopy, end: float
    ) -> Outcome | None:
        """Copy checkpoints until the script ends; the outcome when it was not let to its end."""
        copied = time.monotonic()
        while process.poll() is None:
            now = time.monotonic()
            if self.stop.wait(WATCH_SECONDS):
                return Outcome("Stopped", "Stopped")
            if self.interrupt.is_set():
                return INTERRUPTED
            if now > end:
                return Outcome("Stopped", "MaxRuntimeExceeded")
            if now - copied > COPY_SECONDS:
                checkpoints.update()
                copied = now
        return None

    def _outcome(self, code: int) -> Outcome:
        if code == 0:
            return Outcome("Completed", "Completed")
        # A container reports a signal as 128 + its number.
        code = 128 - code if code < 0 else code
        failure = self.folder.output / "failure"
        reason = failure.read_text("utf-8", "replace") if failure.exists() else _toolkit_text(code)
        # The toolkit itself always exits with 1.
        suffix = ", exit code: 1"
        head = f"AlgorithmError: {reason}"[: REASON_LENGTH - len(suffix)]
        return Outcome("Failed", "Failed", head + suffix)

    def _upload(self, outcome: Outcome) -> None:
        """Output always; a model unless the job failed."""
        target = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        target = f"{target}/{self.request['TrainingJobName']}/output"
        made = any(self.folder.model.iterdir())
        if outcome.status == "Completed" or (outcome.status == "Stopped" and made):
            upload_tarball(self.s3, self.folder.model, f"{target}/model.tar.gz")
        upload_tarball(self.s3, self.folder.output_data, f"{target}/output.tar.gz")


def _toolkit_text(code: int) -> str:
    extra = '\nExtraInfo "OutOfMemory: Process killed by SIGKILL"' if code == 137 else ""
    return f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage ""{extra}'
