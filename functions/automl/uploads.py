"""Whose upload an object is."""

from automl.dataset import Dataset, MisnamedError, dataset_of_key
from automl.translator import PREFIX, TranslatorData, translator_of_key
from translation.columns import columns_file_of_key


def owner_of_key(key: str) -> Dataset | TranslatorData | None:
    """What an uploaded object belongs to, by its folder; None for a folder marker.

    Raises MisnamedError with a sentence for the uploader.
    """
    return translator_of_key(key) if key.startswith(PREFIX) else dataset_of_key(key)


def dataset_of_upload(key: str) -> str | None:
    """The name of the dataset, for logs; None when the object belongs to none."""
    try:
        owner = columns_file_of_key(key) or owner_of_key(key)
    except MisnamedError:
        return None
    return owner.name if owner else None
