"""Fine-tuning a translator from Hugging Face, within a time that is given."""

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from ctranslate2.converters import TransformersConverter
from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer

from contract.messages import message
from failure import TrainingError, first_line
from translation.export import WEIGHTS
from translation.learn import LOOKS, Clock, Lesson, Look
from translation.network import LONGEST_PIECES
from translation.pairs import Pair
from translation.variants import variant

# Models for one language pair; multilingual models need language tokens.
KINDS = ("marian",)
RATE, LARGEST_GRADIENT = 3e-5, 1.0
PAIRS_PER_BATCH, HELD_OUT_PAIRS = 16, 200


class BaseModel:
    """A pretrained model and its tokenizer, by name from the hub or from a folder."""

    def __init__(self, name: str) -> None:
        try:
            kind = AutoConfig.from_pretrained(name).model_type
            if kind not in KINDS:
                raise TrainingError(
                    message("pairs.base_model_kind", name=name, kind=str(kind), known=KINDS)
                )
            self.tokenizer: Any = AutoTokenizer.from_pretrained(name)
            self.model: Any = AutoModelForSeq2SeqLM.from_pretrained(name)
        except (OSError, ValueError) as error:
            reason = first_line(error) or type(error).__name__
            raise TrainingError(
                message("pairs.base_model_unloadable", name=name, error=reason)
            ) from error
        self.name = name

    def loss(self, pairs: Sequence[Pair]) -> torch.Tensor:
        """Mean loss of a batch, in nats per piece."""
        batch = self.tokenizer(
            [pair.source for pair in pairs],
            text_target=[pair.target for pair in pairs],
            padding=True,
            truncation=True,
            max_length=LONGEST_PIECES,
            return_tensors="pt",
        ).to(self.model.device)
        batch["labels"][batch["labels"] == self.tokenizer.pad_token_id] = -100
        with torch.autocast(self.model.device.type, torch.bfloat16):
            loss: torch.Tensor = self.model(**batch).loss
        return loss

    def export(self, folder: Path) -> None:
        """The CTranslate2 model, and the tokenizer beside it."""
        with tempfile.TemporaryDirectory() as saved:
            self.model.float().cpu().save_pretrained(saved)
            self.tokenizer.save_pretrained(saved)
            TransformersConverter(saved).convert(str(folder), quantization=WEIGHTS)
        self.tokenizer.save_pretrained(folder / "tokenizer")


def fine_tune(
    base: BaseModel,
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    lesson: Lesson,
    looked: Callable[[Look], None],
) -> None:
    """Learn the pairs; the rate falls in a line to nothing as the time runs out."""
    torch.manual_seed(lesson.seed)
    base.model.to("cuda" if torch.cuda.is_available() else "cpu").train()
    optimizer = torch.optim.AdamW(base.model.parameters(), lr=RATE)
    clock, to_look, lost, steps = Clock(lesson, len(pairs)), 1.0 / LOOKS, 0.0, 0
    for batch in _batches(pairs, random.Random(lesson.seed)):
        for group in optimizer.param_groups:
            group["lr"] = RATE * max(0.0, 1 - clock.share)
        loss = base.loss(batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(base.model.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        lost, steps, clock.seen = lost + loss.item(), steps + 1, clock.seen + len(batch)
        if clock.share >= to_look:
            looked(Look(clock.seconds, clock.epochs, lost / steps, _held_out(base, held_out)))
            to_look, lost, steps = clock.share + 1.0 / LOOKS, 0.0, 0
        if clock.share >= 1:
            break
    base.model.eval()


def _held_out(base: BaseModel, pairs: Sequence[Pair]) -> float:
    base.model.eval()
    with torch.no_grad():
        losses = [
            base.loss(pairs[at : at + PAIRS_PER_BATCH]).item()
            for at in range(0, min(len(pairs), HELD_OUT_PAIRS), PAIRS_PER_BATCH)
        ]
    base.model.train()
    return sum(losses) / len(losses)


def _batches(pairs: Sequence[Pair], rng: random.Random) -> Iterator[list[Pair]]:
    """Without end, in a new order every epoch."""
    while True:
        order = rng.sample(range(len(pairs)), len(pairs))
        for at in range(0, len(order), PAIRS_PER_BATCH):
            yield [variant(pairs[index], rng) for index in order[at : at + PAIRS_PER_BATCH]]
