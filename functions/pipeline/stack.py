"""What the template gives the functions: read once, from their environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.guard_rails import GuardRails
from pipeline.settings import Settings, settings_from_environ


@dataclass(frozen=True)
class Stack:
    """The parameters and resources of one deployed stack that start_training needs."""

    name: str
    region: str
    defaults: Settings
    target_column: str
    use_spot: bool
    network_isolation: bool
    image_uri: str
    role_arn: str
    guard_rails: GuardRails = field(default_factory=GuardRails)
    monthly_budget_usd: float = 0
    """Maximum worst-case cost of all jobs in a calendar month; 0 means unlimited."""
    free_of_charge: bool = False
    """Whether no machine is rented for its jobs."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Stack":
        return cls(
            name=environ["STACK_NAME"],
            region=environ["AWS_REGION"],
            defaults=settings_from_environ(environ),
            target_column=environ["TARGET_COLUMN"],
            use_spot=environ["USE_SPOT"] == "true",
            network_isolation=environ["NETWORK_ISOLATION"] == "true",
            image_uri=environ["TRAINING_IMAGE_URI"],
            role_arn=environ["TRAINING_JOB_ROLE_ARN"],
            guard_rails=GuardRails.from_environ(environ),
            monthly_budget_usd=float(environ["MONTHLY_BUDGET_USD"]),
            free_of_charge=environ["FREE_OF_CHARGE"] == "true",
        )
