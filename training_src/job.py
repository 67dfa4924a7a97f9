"""What every training job does around its own story: folders before it, words when it fails."""

import os
import traceback
from collections.abc import Callable

from failure import TrainingError
from job_spec import Folders


def run_job(train: Callable[[Folders], None]) -> int:
    """The exit status of the job."""
    folders = Folders.from_environ(os.environ)
    for folder in (folders.results, folders.output_data, folders.model, folders.unfinished):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        train(folders)
    except TrainingError as error:
        return _fail(folders, str(error))
    except MemoryError:
        return _fail(folders, "OutOfMemory: the machine ran out of memory.")
    except Exception as error:
        return _fail(folders, f"Something unforeseen broke: {type(error).__name__}: {error}")
    return 0


def _fail(folders: Folders, reason: str) -> int:
    """SageMaker shows the first 1,024 characters of this file as the failure reason."""
    traceback.print_exc()
    (folders.output / "failure").write_text(reason[:1000], encoding="utf-8")
    return 1
