"""How the target of a model was found: a code in job.json, and the message for it."""

from typing import Literal

from .messages import Message, message, verbatim

Rule = Literal["rule.settings", "rule.parameter", "rule.lacking", "rule.usual"]
# What releases up to 0.0.1 wrote into job.json.
IN_ENGLISH: dict[str, Rule] = {
    "the settings file names it": "rule.settings",
    "the stack's parameter TargetColumn names it": "rule.parameter",
    "it is the only column that the test file lacks": "rule.lacking",
}
USUAL_IN_ENGLISH = " is a usual name for it"
CODES: tuple[Rule, ...] = (*IN_ENGLISH.values(), "rule.usual")


def rule_code(rule: str) -> str:
    """The code, also for the English sentence of an earlier release; others stay as they are."""
    if rule.endswith(USUAL_IN_ENGLISH):
        return "rule.usual"
    return IN_ENGLISH.get(rule, rule)


def rule_message(rule: str, target: str) -> Message:
    """The message for what job.json says; a rule that is not known stays as it is."""
    code = rule_code(rule)
    return message(code, column=target) if code in CODES else verbatim(rule)
