"""The texts of the report, in one of its languages."""

import json
from pathlib import Path
from typing import Any

from model_code.notes import Note

TEXTS = Path(__file__).with_name("texts")
LANGUAGES = ("en", "ko", "zh-TW")
# How the target was found; the job is told in English.
RULES = ("rule_settings", "rule_parameter", "rule_lacking", "rule_usual")


class Language:
    """Looks texts up; English stands in for a language that there is not."""

    def __init__(self, name: str) -> None:
        self.name = name if name in LANGUAGES else "en"
        self._texts: dict[str, str] = json.loads((TEXTS / f"{self.name}.json").read_text("utf-8"))

    def __call__(self, key: str, **values: Any) -> str:
        return self._texts[key].format(**values)

    def has(self, key: str) -> bool:
        return key in self._texts

    def told(self, note: Note) -> str:
        return self(f"note_{note.key}", **note.values)

    def rule(self, told: str, target: str) -> str:
        """The rule that chose the target; one that is none of ours stays as it was told."""
        english = Language("en")
        known = {english(key, target=target): key for key in RULES}
        return self(known[told], target=target) if told in known else told
