"""What a caller wants to upload: a file of the dataset in the address."""

from api.errors import BadRequestError
from api.fields import json_object, require_known
from automl.dataset import TEST_SUFFIXES, TRAIN_SUFFIXES, dataset_of_key
from contract.layout import DATA, QUERY_ENDING
from contract.messages import message
from pipeline.errors import MisnamedError
from reading.head import ENDINGS

# A browser sends it in one piece.
LARGEST_UPLOAD = 2_000_000_000
EXAMPLE = '{"file": "titanic_train.csv"}'
KNOWN_FIELDS = ("file",)
# S3 puts the name of the caller's own file in its place.
REPLACED_BY_S3 = "${filename}"


def endings(queries: bool) -> list[str]:
    """How files may end that are uploaded; `queries` is whether the stack runs any."""
    return [*ENDINGS, *([QUERY_ENDING] if queries else [])]


def key_to_upload(body: str, dataset: str, queries: bool) -> str:
    """The key of the file, by the rule that names all uploads.

    Raises BadRequestError with a message for the caller.
    """
    file = _file(body)
    key = f"{DATA}{file}"
    try:
        owner = dataset_of_key(key)
    except MisnamedError as error:
        raise BadRequestError("file", error.message) from error
    if REPLACED_BY_S3 in key:
        raise BadRequestError("file", message("api.replaced_by_s3", file=file, text=REPLACED_BY_S3))
    if owner is None or owner.name != dataset:
        names = (f"{dataset}{TRAIN_SUFFIXES[0]}", f"{dataset}{TEST_SUFFIXES[0]}")
        raise BadRequestError("file", message("api.other_dataset", file=file, names=names))
    if key.endswith(QUERY_ENDING) and not queries:
        raise BadRequestError("file", message("query.off"))
    return key


def _file(body: str) -> str:
    content = json_object(body, EXAMPLE, KNOWN_FIELDS)
    require_known(content, KNOWN_FIELDS)
    file = content.get("file")
    if not isinstance(file, str):
        raise BadRequestError("file", message("api.not_string", field="file"))
    return file
