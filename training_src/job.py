"""What every training job does around its own story: folders before it, a message on failure."""

import json
import os
import traceback
from collections.abc import Callable

from contract.layout import FAILURE_MESSAGE
from contract.messages import ENGLISH, message_to_json
from failure import in_words, reason_of
from job_spec import Folders

# SageMaker shows the first 1,024 characters of the file `failure` as the failure reason.
LONGEST_REASON = 1000


def run_job(train: Callable[[Folders], None]) -> int:
    """The exit status of the job."""
    folders = Folders.from_environ(os.environ)
    folders.make()
    try:
        train(folders)
    except Exception as error:
        traceback.print_exc()
        _report(error, folders)
        return 1
    return 0


def _report(error: Exception, folders: Folders) -> None:
    """In words for SageMaker, in the report's language, and with its code for the functions."""
    reason = reason_of(error)
    words = in_words(reason, _language(folders))[:LONGEST_REASON]
    (folders.output / "failure").write_bytes(words.encode(errors="replace"))
    # In ASCII, because a name may hold half a character.
    written = json.dumps(message_to_json(reason))
    (folders.unfinished / FAILURE_MESSAGE).write_text(written, encoding="utf-8")
    folders.show(FAILURE_MESSAGE)


def _language(folders: Folders) -> str:
    try:
        return folders.job().report_language
    # Without a job.json there is no other language to choose.
    except (OSError, ValueError, KeyError, AttributeError):
        return ENGLISH
