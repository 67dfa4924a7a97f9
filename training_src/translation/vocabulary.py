"""The subword vocabulary that both languages share, by SentencePiece."""

import io
from collections.abc import Sequence

import sentencepiece

from translation.pairs import Pair
from translation.variants import MARKS

# CTranslate2 looks for these names.
PADDING, UNKNOWN, BEGIN, END = 0, 1, 2, 3
LARGEST_VOCABULARY, PAIRS_PER_PIECE = 6000, 4
SENTENCES_READ = 400_000


def learn_vocabulary(pairs: Sequence[Pair], threads: int) -> bytes:
    """A SentencePiece model (its file's bytes), smaller where there is little to learn from."""
    text = [side for pair in pairs for side in (pair.source, pair.target)]
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text),
        model_writer=written,
        model_type="unigram",
        vocab_size=max(300, min(LARGEST_VOCABULARY, len(pairs) // PAIRS_PER_PIECE)),
        # A small file may not hold as many pieces as asked for.
        hard_vocab_limit=False,
        character_coverage=0.9998,
        normalization_rule_name="nmt_nfkc",
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


def subwords_of(vocabulary: bytes) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=vocabulary)
