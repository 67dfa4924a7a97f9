"""What the template gives the functions: read once, from their environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from automl.settings import Settings, settings_from_environ


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
    monthly_budget_usd: float = 0
    """What all jobs of a calendar month may cost in the worst case; 0 is no limit."""

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
            monthly_budget_usd=float(environ["MONTHLY_BUDGET_USD"]),
        )
