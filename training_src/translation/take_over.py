"""Whether a new translator takes over: it has to translate, and no worse than the one that serves.

Both translate the same held-out pairs. Which pairs are held out follows from their text, so the
translator of before has learned hardly any of them if it was trained from an earlier version of the
same file that was not much larger. Where it has, the comparison favors it.
"""

import re
import tarfile
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result

from contract.bounds import TakeOver
from contract.messages import Message, message, message_to_json, render
from translation.inference import load
from translation.pack import TRANSLATOR
from translation.score import Example, Scored, tokenizer_of

# Below it, sentences have hardly a word in common with their translations.
LEAST_BLEU = 5.0
WORSE_BELOW_P, SAMPLES = 0.05, 1000
# Of the translations: empty ones, ones that repeat themselves, and the most common one of all.
MOST_EMPTY, MOST_LOOPS, MOST_ALIKE = 0.05, 0.1, 0.2
# One to twelve letters, four times more.
LOOP = re.compile(r"(\S.{0,11})\1{4}")
# Of the letters that people wrote; and so often at least, or chance may leave one out.
COMMON_LETTER, OFTEN = 0.005, 20


@dataclass(frozen=True)
class Decision:
    """What becomes of a translator, and why."""

    takes_over: bool
    why: Message | None = None
    """None for the first one of its pair."""

    def to_json(self, language: str) -> dict[str, Any]:
        if self.why is None:
            return {"takes_over": self.takes_over}
        return {
            "takes_over": self.takes_over,
            "why": message_to_json(self.why),
            "text": render(self.why, language),
        }


def decide(wanted: TakeOver, scored: Scored, target: str, before: Path | None) -> Decision:
    """Look at the translations themselves, then compare them with those of the model of before.

    `before` is its model.tar.gz; `target` the language into which both translate.
    """
    if fault := fault_of(scored):
        return Decision(False, fault)
    if wanted == "never":
        return Decision(False, message("take_over.never"))
    if before is None:
        return Decision(True)
    pairs = [example.pair for example in scored.examples]
    try:
        earlier = _translated(before, [pair.source for pair in pairs])
    except Exception as error:
        return Decision(wanted == "always", message("take_over.not_compared", error=_first(error)))
    new = [example.translation for example in scored.examples]
    compared = compare(new, earlier, [pair.target for pair in pairs], target)
    code = "worse" if compared.worse else "not_worse"
    why = message(
        f"take_over.{code}",
        before=f"{compared.before:.1f}",
        now=f"{compared.now:.1f}",
        count=len(pairs),
    )
    return Decision(wanted == "always" or not compared.worse, why)


@dataclass(frozen=True)
class Compared:
    """BLEU of two translators on the same pairs, 0 to 100."""

    before: float
    now: float
    p_value: float
    """How often chance makes such a difference."""

    @property
    def worse(self) -> bool:
        return self.now < self.before and self.p_value < WORSE_BELOW_P


def compare(
    new: Sequence[str], earlier: Sequence[str], references: Sequence[str], target: str
) -> Compared:
    """Paired bootstrap of sacrebleu: the same drawn pairs for both."""
    _, scores = PairedTest(
        [("before", list(earlier)), ("now", list(new))],
        {"BLEU": BLEU(tokenize=tokenizer_of(target))},
        [list(references)],
        test_type="bs",
        n_samples=SAMPLES,
    )()
    before, now = (cast(Result, found) for found in scores["BLEU"])
    assert now.p_value is not None
    return Compared(before.score, now.score, now.p_value)


def fault_of(scored: Scored) -> Message | None:
    """What makes the translations worthless, whatever served before."""
    examples = scored.examples
    translations = [example.translation.strip() for example in examples]
    if (empty := _share(not text for text in translations)) > MOST_EMPTY:
        return message("take_over.empty", percent=_percent(empty))
    if (loops := _share(map(is_loop, examples))) > MOST_LOOPS:
        return message("take_over.loops", percent=_percent(loops))
    text, most = Counter(translations).most_common(1)[0]
    if most / len(examples) - _same_reference(examples) > MOST_ALIKE:
        return message("take_over.alike", percent=_percent(most / len(examples)), text=text)
    if lacking := _lacking_letters(examples):
        return message("take_over.letters", letters=lacking)
    if scored.bleu < LEAST_BLEU:
        return message("take_over.weak", bleu=f"{scored.bleu:.1f}", least=f"{LEAST_BLEU:g}")
    return None


def is_loop(example: Example) -> bool:
    """Whether it says the same five times in a row, which neither text nor reference does."""
    given = (example.pair.source, example.pair.target)
    return bool(LOOP.search(example.translation)) and not any(map(LOOP.search, given))


def _same_reference(examples: Sequence[Example]) -> float:
    """The share of the most common translation that people wrote."""
    return Counter(one.pair.target for one in examples).most_common(1)[0][1] / len(examples)


def _lacking_letters(examples: Sequence[Example]) -> tuple[str, ...]:
    """Letters that people write often, and the translator never."""
    wanted = Counter(c for one in examples for c in one.pair.target if c.isalpha())
    written = {c for one in examples for c in one.translation}
    least = max(OFTEN, COMMON_LETTER * wanted.total())
    return tuple(sorted(c for c, n in wanted.items() if n >= least and c not in written))


def _translated(packed: Path, texts: list[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(packed, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        return load(Path(folder) / TRANSLATOR).translate(texts)


def _share(found: Any) -> float:
    marks = list(found)
    return sum(map(bool, marks)) / len(marks)


def _percent(share: float) -> float:
    return round(100 * share, 1)


def _first(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
