"""The model that answers for a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from api.errors import UnavailableError
from contract.messages import Message
from portable.model import Answers, PortableModel
from serving.endpoint_answers import Endpoint, Rows, asked


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


By = Literal["function", "endpoint"]


@dataclass(frozen=True)
class LiveModel:
    """A model of a dataset, ready to predict."""

    listed: Listed
    model: PortableModel
    """It knows the columns; where it has no members, only the endpoint predicts."""
    endpoint: Endpoint | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.labels

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.names

    @property
    def is_portable(self) -> bool:
        return bool(self.model.members)

    def predict(self, rows: Rows, *, points: bool = False) -> Answers:
        """What the model says of each row; raises what its endpoint raises."""
        return self.predict_by(rows, points)[0]

    def predict_by(self, rows: Rows, points: bool) -> tuple[Answers, By]:
        """The same, and what has answered: this function while the endpoint is not there."""
        if self.endpoint is None:
            return self.model.predict(rows, points=points), "function"
        try:
            return asked(self.endpoint, self.model, rows, points), "endpoint"
        except UnavailableError:
            if not self.is_portable:
                raise
            return self.model.predict(rows, points=points), "function"
