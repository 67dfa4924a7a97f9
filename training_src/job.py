"""What every training job does around its own story: folders before it, words when it fails."""

import os
import traceback
from collections.abc import Callable

from failure import in_words
from job_spec import Folders


def run_job(train: Callable[[Folders], None]) -> int:
    """The exit status of the job."""
    folders = Folders.from_environ(os.environ)
    folders.make()
    try:
        train(folders)
    except Exception as error:
        traceback.print_exc()
        # SageMaker shows the first 1,024 characters of this file as the failure reason.
        reason = in_words(error)[:1000].encode(errors="replace")
        (folders.output / "failure").write_bytes(reason)
        return 1
    return 0
