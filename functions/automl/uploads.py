"""Whose upload an object is."""

from automl.dataset import Dataset, dataset_of_key
from automl.translator import PREFIX, TranslatorData, translator_of_key


def owner_of_key(key: str) -> Dataset | TranslatorData | None:
    """What an uploaded object belongs to, by its folder; None for a folder marker.

    Raises MisnamedError with a sentence for the uploader.
    """
    return translator_of_key(key) if key.startswith(PREFIX) else dataset_of_key(key)
