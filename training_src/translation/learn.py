"""Learning from scratch, within a time that is given."""

import math
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sentencepiece
import torch
from torch import Tensor, nn
from torch.optim import swa_utils

from translation.network import LONGEST_PIECES, Network, Shape
from translation.pairs import Pair
from translation.variants import variant
from translation.vocabulary import BEGIN, PADDING

HIGHEST_RATE, WARM_UP_STEPS = 1.5e-3, 300
PIECES_PER_BATCH = 2200
BATCHES_SORTED_TOGETHER = 100
SMOOTHING, LARGEST_GRADIENT = 0.1, 1.0
LOOKS = 20
AVERAGING_SHARE, AVERAGING_DECAY = 0.25, 0.995


@dataclass(frozen=True)
class Look:
    """One point of the learning curve."""

    seconds: float
    epochs: float
    learned_loss: float
    """With SMOOTHING, in nats per piece, over the variants that were learned."""
    held_out_loss: float
    """Without, over the held-out pairs as they are."""

    def csv(self) -> str:
        return (
            f"{self.seconds:.1f},{self.epochs:.3f},{self.learned_loss:.4f},{self.held_out_loss:.4f}"
        )


@dataclass(frozen=True)
class Lesson:
    """How long to learn, how much at most, and from which random numbers."""

    seconds: float
    epochs: float = 60.0
    seed: int = 0


@dataclass
class Clock:
    """Which share of the lesson is over, by time or by epochs, whichever is further."""

    lesson: Lesson
    pairs: int
    seen: int = 0
    start: float = 0.0

    def __post_init__(self) -> None:
        self.start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start

    @property
    def epochs(self) -> float:
        return self.seen / self.pairs

    @property
    def share(self) -> float:
        return max(self.seconds / self.lesson.seconds, self.epochs / self.lesson.epochs)


def threads() -> int:
    """One per core: torch's own guess counts hyper-threads."""
    return os.cpu_count() or 1


def learn(
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    subwords: sentencepiece.SentencePieceProcessor,
    lesson: Lesson,
    looked: Callable[[Look], None],
) -> Network:
    """A network that has learned the pairs, with the weights that lose least on the held-out ones.

    Those may be the mean of its last weights. The learning rate falls to nothing as the time runs
    out, so any time gives a finished network.
    """
    torch.manual_seed(lesson.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = Network(Shape(subwords.get_piece_size())).to(device)
    average = swa_utils.get_ema_multi_avg_fn(AVERAGING_DECAY)  # type: ignore[no-untyped-call]
    mean = swa_utils.AveragedModel(network, multi_avg_fn=average)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=HIGHEST_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    clock = Clock(lesson, len(pairs))
    to_look, loss_since, steps_since, step = 1.0 / LOOKS, 0.0, 0, 0
    best = Best(held_out, subwords, device)
    for batch in _batches(pairs, subwords, random.Random(lesson.seed)):
        step += 1
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, clock.share)
        loss_since += _step(network, optimizer, batch, device)
        steps_since, clock.seen = steps_since + 1, clock.seen + len(batch)
        if clock.share > 1 - AVERAGING_SHARE:
            mean.update_parameters(network)
        if clock.share >= to_look:
            lost = best.look_at(network)
            if mean.n_averaged:
                best.look_at(mean.module)
            looked(Look(clock.seconds, clock.epochs, loss_since / steps_since, lost))
            loss_since, steps_since = 0.0, 0
            to_look = clock.share + 1.0 / LOOKS
        if clock.share >= 1:
            break
    best.look_at(mean.module if mean.n_averaged else network)
    network.load_state_dict(best.weights)
    return network.eval().cpu()


class Best:
    """The weights that lost least on held-out pairs so far."""

    def __init__(
        self,
        held_out: Sequence[Pair],
        subwords: sentencepiece.SentencePieceProcessor,
        device: torch.device,
    ) -> None:
        self.weights: dict[str, Tensor] = {}
        self._held_out, self._subwords, self._device = held_out, subwords, device
        self._loss = math.inf

    def look_at(self, network: nn.Module) -> float:
        """Return what the network loses, and keep a copy of its weights if it is the least."""
        assert isinstance(network, Network)
        lost = held_out_loss(network, self._held_out, self._subwords, self._device)
        # A loss that is no number is no reason to have no weights.
        if lost < self._loss or not self.weights:
            self._loss = lost
            self.weights = {
                name: one.detach().clone() for name, one in network.state_dict().items()
            }
        return lost


def learning_rate(step: int, share: float) -> float:
    """Up in a line for WARM_UP_STEPS, then down along a cosine to a hundredth of the highest."""
    falling = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return HIGHEST_RATE * min(1.0, step / WARM_UP_STEPS) * falling


def held_out_loss(
    network: Network,
    pairs: Sequence[Pair],
    subwords: sentencepiece.SentencePieceProcessor,
    device: torch.device,
) -> float:
    """Nats per piece over at most 500 pairs, without smoothing."""
    network.eval()
    encoded = _encoded(pairs[:500], subwords)
    with torch.no_grad():
        losses = [
            _loss(network, encoded[at : at + 100], device, 0.0).item()
            for at in range(0, len(encoded), 100)
        ]
    network.train()
    return sum(losses) / len(losses)


def _step(
    network: Network,
    optimizer: torch.optim.Optimizer,
    batch: Sequence[tuple[list[int], list[int]]],
    device: torch.device,
) -> float:
    loss = _loss(network, batch, device, SMOOTHING)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
    optimizer.step()
    return loss.item()


def _loss(
    network: Network,
    batch: Sequence[tuple[list[int], list[int]]],
    device: torch.device,
    smoothing: float,
) -> Tensor:
    source = _padded([source for source, _ in batch], device)
    target = _padded([[BEGIN, *target] for _, target in batch], device)
    with torch.autocast(device.type, torch.bfloat16):
        logits = network(source, target[:, :-1])
    return nn.functional.cross_entropy(
        logits.float().flatten(0, 1),
        target[:, 1:].flatten(),
        ignore_index=PADDING,
        label_smoothing=smoothing,
    )


def _batches(
    pairs: Sequence[Pair], subwords: sentencepiece.SentencePieceProcessor, rng: random.Random
) -> Iterator[list[tuple[list[int], list[int]]]]:
    """Without end: pairs in a new order every epoch, those of like length together."""
    while True:
        order = rng.sample(range(len(pairs)), len(pairs))
        block = PIECES_PER_BATCH // 8 * BATCHES_SORTED_TOGETHER
        for at in range(0, len(order), block):
            drawn = [variant(pairs[index], rng) for index in order[at : at + block]]
            encoded = sorted(
                _encoded(drawn, subwords), key=lambda both: (len(both[1]), len(both[0]))
            )
            batches = list(_cut(encoded))
            rng.shuffle(batches)
            yield from batches


def _cut(
    encoded: Sequence[tuple[list[int], list[int]]],
) -> Iterator[list[tuple[list[int], list[int]]]]:
    batch: list[tuple[list[int], list[int]]] = []
    longest = 0
    for both in encoded:
        longest = max(longest, len(both[0]), len(both[1]))
        if batch and longest * (len(batch) + 1) > PIECES_PER_BATCH:
            yield batch
            batch, longest = [], max(len(both[0]), len(both[1]))
        batch.append(both)
    if batch:
        yield batch


def _encoded(
    pairs: Sequence[Pair], subwords: sentencepiece.SentencePieceProcessor
) -> list[tuple[list[int], list[int]]]:
    sources = subwords.encode([pair.source for pair in pairs], add_eos=True)
    targets = subwords.encode([pair.target for pair in pairs], add_eos=True)
    longest = LONGEST_PIECES - 1
    return [(s[-longest:], t[-longest:]) for s, t in zip(sources, targets, strict=True)]


def _padded(rows: Sequence[list[int]], device: torch.device) -> Tensor:
    longest = max(map(len, rows))
    filled = [[*row, *[PADDING] * (longest - len(row))] for row in rows]
    return torch.tensor(filled, device=device)
