"""The model that answers for a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass

from contract.messages import Message
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
class Quality:
    """How good a model is, and whether to use it."""

    score: Mapping[str, object] | None = None
    verdict: str | None = None
    """A color."""
    against: tuple[Message, ...] = ()
    """What speaks against using it."""


@dataclass(frozen=True)
class LiveModel:
    """A model of a dataset, ready to predict."""

    listed: Listed
    model: PortableModel
