"""The model that answers for a dataset."""

from dataclasses import dataclass

from portable.model import PortableModel


@dataclass(frozen=True)
class Listed:
    """A dataset that has a model."""

    dataset: str
    job: str
    target: str
    uploaded: str
    """When the train file came, in ISO 8601."""
    answers_requests: bool
    """Whether the API predicts with it."""


@dataclass(frozen=True)
class LiveModel:
    """A model of a dataset, ready to predict."""

    listed: Listed
    model: PortableModel
