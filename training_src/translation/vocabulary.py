"""The subword vocabulary that both languages share, by SentencePiece."""

import io
from collections import Counter
from collections.abc import Sequence

import sentencepiece

from translation.pairs import Pair
from translation.variants import MARKS

# CTranslate2 looks for these names.
PADDING, UNKNOWN, BEGIN, END = 0, 1, 2, 3
LARGEST_VOCABULARY, SMALLEST_VOCABULARY, PAIRS_PER_PIECE = 6000, 300, 4
SENTENCES_READ = 400_000
# A character that is in the data so often is a piece of its own; others are written as bytes.
OFTEN = 10
BYTES, SPECIAL = 256, 4
# Beyond its characters, so many pieces of several of them at least.
LEAST_COMBINED = 500
# SentencePiece takes no lower one.
LOWEST_COVERAGE = 0.98


def learn_vocabulary(pairs: Sequence[Pair], threads: int) -> bytes:
    """A SentencePiece model (its file's bytes), smaller where there is little to learn from.

    It can write every character: SentencePiece's own choice, made for Chinese, would leave Ä out.
    """
    text = [side for pair in pairs for side in (pair.source, pair.target)]
    counts = Counter(character for side in text for character in side if not character.isspace())
    often = [character for character, count in counts.items() if count >= OFTEN]
    known = max(len(often), _covering(counts, LOWEST_COVERAGE))
    room = known + BYTES + SPECIAL + len(MARKS) + min(LEAST_COMBINED, len(pairs) // PAIRS_PER_PIECE)
    usual = max(SMALLEST_VOCABULARY, min(LARGEST_VOCABULARY, len(pairs) // PAIRS_PER_PIECE))
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text),
        model_writer=written,
        model_type="unigram",
        vocab_size=max(usual, room),
        # A small file may not hold as many pieces as asked for.
        hard_vocab_limit=False,
        character_coverage=LOWEST_COVERAGE,
        required_chars="".join(often),
        byte_fallback=True,
        split_digits=True,
        # NFKC would write 2 for ² and three dots for …; pairs are in NFC.
        normalization_rule_name="identity",
        user_defined_symbols=MARKS,
        input_sentence_size=SENTENCES_READ,
        shuffle_input_sentence=True,
        num_threads=threads,
        pad_id=PADDING,
        unk_id=UNKNOWN,
        bos_id=BEGIN,
        eos_id=END,
        minloglevel=2,
    )
    return written.getvalue()


def _covering(counts: Counter[str], share: float) -> int:
    """How many of the most common characters make up so much of the text."""
    left = share * counts.total()
    for number, (_, count) in enumerate(counts.most_common(), start=1):
        left -= count
        if left <= 0:
            return number
    return len(counts)


def subwords_of(vocabulary: bytes) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=vocabulary)
