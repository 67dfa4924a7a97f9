"""Whose upload an object is."""

from automl.dataset import Dataset, dataset_of_key
from contract.layout import DATA, TRANSLATION
from contract.messages import message
from pipeline.errors import MisnamedError
from translation.columns import columns_file_of_key
from translation.training import TranslatorData, translator_of_key


def owner_of_key(key: str) -> Dataset | TranslatorData | None:
    """What an uploaded object belongs to, by its folder; None for a folder marker.

    Raises MisnamedError with a sentence for the uploader.
    """
    if key.endswith("/"):
        return None
    if key.startswith(TRANSLATION):
        return translator_of_key(key)
    if key.startswith(DATA):
        return dataset_of_key(key)
    raise MisnamedError(message("name.elsewhere", key=key, name=key.rsplit("/", 1)[-1]))


def owner_of_upload(key: str, size: int) -> Dataset | TranslatorData | None:
    """The same of an object of `size` bytes: a folder marker is empty."""
    if key.endswith("/") and size:
        raise MisnamedError(message("name.slash", key=key))
    return owner_of_key(key)


def looks_like_rows(key: str, owner: Dataset | TranslatorData) -> bool:
    """Whether a settings file has the name of a table in JSON, a common mistake."""
    return key == owner.settings_key and owner.name.endswith(("_train", "_test"))


def dataset_of_upload(key: str) -> str | None:
    """The name of the dataset, for logs; None when the object belongs to none."""
    try:
        owner = columns_file_of_key(key) or owner_of_key(key)
    except MisnamedError:
        return None
    return owner.name if owner else None
