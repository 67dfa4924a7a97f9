"""The texts of the report, in one of its languages."""

from typing import Any

from contract.messages import Message, is_known, known_language, message, metric_name, render
from contract.target_rule import rule_message

REPORT = "report."


class Language:
    """Renders messages; English stands in for a language that has no catalogue."""

    def __init__(self, name: str, family: str = REPORT) -> None:
        self.name = known_language(name)
        self._family = family

    def __call__(self, key: str, **values: Any) -> str:
        """The text of `report.<key>`, or of another family, filled with `values`."""
        return self.render(message(f"{self._family}{key}", **values))

    def has(self, key: str) -> bool:
        return is_known(f"{self._family}{key}")

    def render(self, what: Message) -> str:
        return render(what, self.name)

    def rule(self, rule: str, target: str) -> str:
        """The rule that chose the target."""
        return self.render(rule_message(rule, target))

    def column(self, name: str) -> str:
        """A column of the leaderboard file; a file has the codes of metrics."""
        code = f"leaderboard.{name}"
        if is_known(code):
            return self.render(message(code))
        metric, _, place = name.rpartition("_")
        where = f"leaderboard.score_{place}"
        if not is_known(where):
            return name
        return f"{self.metric_name(metric)} ({self.render(message(where))})"

    def metric_name(self, name: str) -> str:
        """What people call a metric."""
        return metric_name(name, self.name)

    def metric(self, name: str) -> str:
        """What a metric measures."""
        code = f"metric.{name}"
        return self.render(message(code)) if is_known(code) else name

    def verdict(self, key: str) -> str:
        """The verdict of a color, or `checks`: what it comes from."""
        return self.render(message(f"verdict.{key}"))

    def stage(self, name: str) -> str:
        """One of the job's stages, as progress.json names it."""
        return self.render(message(f"stage.{name.replace(' ', '_')}"))
