"""Make the job that trains a translator."""

from pipeline.files import UploadedFile, UploadedFiles
from tests.plans import SOURCE, STACK
from translation.training import (
    TranslatorData,
    plan_translator,
    translator_job,
)

PAIRS = b"source\ttarget\n" + b"".join(b"text %d\tText %d\n" % (n, n) for n in range(200))


DATA = TranslatorData("en", "de")


def uploaded(key: str, content: bytes) -> UploadedFile:
    return UploadedFile(key, len(content), "etag", "v1", "2026-11-21T00:00:00+00:00", content)


def files(content: bytes = PAIRS, settings: bytes | None = None) -> UploadedFiles:
    return UploadedFiles(
        uploaded("translation/en-de_train.tsv", content),
        test=None,
        settings=uploaded("translation/en-de.json", settings) if settings else None,
    )


TRANSLATOR = translator_job("name", plan_translator(DATA, files(), STACK), STACK, SOURCE)
