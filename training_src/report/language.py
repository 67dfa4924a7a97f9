"""The texts of the report, in one of its languages."""

import json
from pathlib import Path
from typing import Any

from model_code.notes import Note

TEXTS = Path(__file__).with_name("texts")
LANGUAGES = ("en", "ko", "zh-TW")


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
