"""Ask a paid engine for what the stack's own translator is unsure of, and for nothing else."""

from collections.abc import Sequence
from dataclasses import replace

from translation.errors import EngineError
from translation.request import Request
from translation.translate import Engine, Translation, translate_all


def with_second_opinion(
    request: Request, translations: Sequence[Translation], engines: Sequence[Engine]
) -> list[Translation]:
    """The translations, those with a doubt by another engine; as they are where none can."""
    unsure = [at for at, one in enumerate(translations) if one.doubt]
    others = [
        engine
        for engine in engines
        if engine.speaks(request.pair) and engine.name != translations[0].engine
    ]
    if not unsure or not others:
        return list(translations)
    queries = tuple(request.queries[at] for at in unsure)
    try:
        answers = translate_all(replace(request, queries=queries), others)
    except EngineError:
        return list(translations)
    found = {
        at: one for at, one in zip(unsure, answers, strict=True) if one.translation is not None
    }
    return [found.get(at, one) for at, one in enumerate(translations)]
