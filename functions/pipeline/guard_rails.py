"""What a company may demand of everything that the stack makes at SageMaker while it lives."""

from collections.abc import Mapping
from dataclasses import dataclass

STACK_TAG = "codefree-automl:stack"
Tags = list[dict[str, str]]


@dataclass(frozen=True)
class GuardRails:
    """The stack's parameters for it; nothing is demanded where they are empty."""

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    kms_key_arn: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    """Name and value of each."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "GuardRails":
        pairs = (tag.partition("=") for tag in _listed(environ["RESOURCE_TAGS"]))
        return cls(
            subnets=_listed(environ["SUBNET_IDS"]),
            security_groups=_listed(environ["SECURITY_GROUP_IDS"]),
            kms_key_arn=environ["KMS_KEY_ARN"],
            tags=tuple((name, value) for name, _, value in pairs),
        )

    def network(self) -> dict[str, dict[str, list[str]]]:
        """The argument that puts a job or a model into the subnets; none without them."""
        if not self.subnets:
            return {}
        groups = list(self.security_groups)
        return {"VpcConfig": {"SecurityGroupIds": groups, "Subnets": list(self.subnets)}}

    def key(self, argument: str) -> dict[str, str]:
        """The argument of that name that encrypts with the company's key; none without it."""
        return {argument: self.kms_key_arn} if self.kms_key_arn else {}

    def tagged(self, stack: str, **own: str) -> Tags:
        """The tags of a new thing: the company's, and ours, which no other may replace."""
        ours = {STACK_TAG: stack, **{f"codefree-automl:{name}": v for name, v in own.items()}}
        others = {name: value for name, value in self.tags if name not in ours}
        return [{"Key": name, "Value": value} for name, value in (ours | others).items()]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
