"""Which queries a stack runs, and what one can cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.budget import HOME_REGION, PRICES

GIGABYTE, TERABYTE = 10**9, 10**12
# Athena bills at least as much of every query that has read anything.
BILLED_AT_LEAST = 10**7


@dataclass(frozen=True)
class Rules:
    """What the stack's parameters allow."""

    databases: tuple[str, ...] = ()
    """Whose tables may be read; the first is the one of tables without. None = no queries."""
    workgroup: str = ""
    most_bytes: int = 0
    """At which Athena stops a query."""
    usd_per_terabyte: float = 0.0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Rules":
        databases = tuple(name for name in environ["SQL_DATABASES"].lower().split(",") if name)
        free = environ["FREE_OF_CHARGE"] == "true"
        return cls(
            databases,
            environ["SQL_WORKGROUP"],
            int(environ["SQL_MAX_GIGABYTES"]) * GIGABYTE,
            0.0 if free else _usd_per_terabyte(environ["AWS_REGION"]),
        )

    @property
    def worst_case_usd(self) -> float:
        """The most that one query can cost."""
        return self.cost_usd(self.most_bytes)

    def cost_usd(self, read_bytes: int) -> float:
        """What a query has cost that has read so many bytes of tables."""
        billed = max(read_bytes, BILLED_AT_LEAST) if read_bytes else 0
        return billed / TERABYTE * self.usd_per_terabyte


def _usd_per_terabyte(region: str) -> float:
    """The home region's price; the highest that any region has in all others."""
    name = "athena_usd_per_tb" if region == HOME_REGION else "athena_highest_usd_per_tb"
    return float(PRICES[name])
