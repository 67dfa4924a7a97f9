"""The two ways to a translator: learned from scratch, or fine-tuned."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from progress import Progress
from translation.inference import Translator
from translation.job import TranslatorSpec
from translation.learn import Lesson, Look, learn, threads
from translation.pack import TRANSLATOR, pack_network, serve
from translation.pairs import Pairs
from translation.vocabulary import learn_vocabulary, subwords_of


@dataclass(frozen=True)
class Made:
    """A translator that is packed for its endpoint, and what it is in a few words."""

    translator: Translator
    model: str


def make_translator(
    spec: TranslatorSpec,
    pairs: Pairs,
    lesson: Lesson,
    folder: Path,
    progress: Progress,
    looked: Callable[[Look], None],
) -> Made:
    """Learn, and fill the model's folder."""
    if spec.base_model:
        model = _fine_tuned(spec.base_model, pairs, lesson, folder, progress, looked)
    else:
        model = _from_scratch(pairs, lesson, folder, progress, looked)
    return Made(serve(folder), model)


def _from_scratch(
    pairs: Pairs,
    lesson: Lesson,
    folder: Path,
    progress: Progress,
    looked: Callable[[Look], None],
) -> str:
    progress.enter("finding subwords")
    vocabulary = learn_vocabulary(pairs.learned, threads())
    progress.enter("learning")
    network = learn(pairs.learned, pairs.watched, subwords_of(vocabulary), lesson, looked)
    progress.enter("exporting")
    pack_network(network, vocabulary, folder)
    return str(network.shape)


def _fine_tuned(
    name: str,
    pairs: Pairs,
    lesson: Lesson,
    folder: Path,
    progress: Progress,
    looked: Callable[[Look], None],
) -> str:
    # Only who fine-tunes needs Hugging Face's libraries.
    from translation.fine_tune import BaseModel, fine_tune

    base = BaseModel(name)
    progress.enter("learning")
    fine_tune(base, pairs.learned, pairs.watched, lesson, looked)
    progress.enter("exporting")
    base.export(folder / TRANSLATOR)
    return f"{name}, fine-tuned"
