"""What a caller wants to upload: a file of the dataset in the address."""

import json

from api.errors import BadRequestError
from automl.dataset import TEST_SUFFIXES, TRAIN_SUFFIXES, dataset_of_key
from contract.layout import DATA
from contract.messages import message
from pipeline.errors import MisnamedError
from reading.head import ENDINGS as READ

ENDINGS = READ
# A browser sends it in one piece.
LARGEST_UPLOAD = 2_000_000_000
EXAMPLE = '{"file": "titanic_train.csv"}'
KNOWN_FIELDS = ("file",)
# S3 puts the name of the caller's own file in its place.
REPLACED_BY_S3 = "${filename}"


def key_to_upload(body: str, dataset: str) -> str:
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
    return key


def _file(body: str) -> str:
    if not body.strip():
        raise BadRequestError("body", message("api.empty", example=EXAMPLE))
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("body", message("api.not_json", example=EXAMPLE)) from error
    if not isinstance(content, dict):
        raise BadRequestError("body", message("api.not_object", known=KNOWN_FIELDS))
    for name in content:
        if name not in KNOWN_FIELDS:
            raise BadRequestError(
                name, message("api.unknown_field", field=name, known=KNOWN_FIELDS)
            )
    file = content.get("file")
    if not isinstance(file, str):
        raise BadRequestError("file", message("api.not_string", field="file"))
    return file
