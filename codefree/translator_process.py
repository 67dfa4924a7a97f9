"""The child process of `codefree translate`: one request on stdin, one answer on stdout, no AWS.

Arguments: the translator's folder, its inference.py, the pair that it speaks, the language of
errors. The core of the translate function comes by PYTHONPATH; nothing of this package is imported.
"""

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.errors import ApiError, BadRequestError
from contract.messages import message, render
from translation.confidence import Rated
from translation.languages import Pair, Spoken, listed, parse_pairs
from translation.request import Limits, read_fields, read_request
from translation.translate import translate_all

# Local translation is free; the limit only refuses an accidental paste.
LIMITS = Limits(sentences=1, bytes=20_000_000, confidence=0.5)


class OwnEngine:
    """The translator's own code, in this process."""

    name = "own"
    longest_bytes = 1000
    by_sentence = True

    def __init__(self, translator: Any, pair: Pair) -> None:
        self._translator = translator
        self._pair = pair

    def speaks(self, pair: Pair) -> bool:
        return pair == self._pair

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str]:
        found = self._translator.rated(list(segments))
        return [
            one.text if one.confidence is None else Rated(one.text, one.confidence) for one in found
        ]


def main(folder: Path, inference: Path, pair: str, language: str) -> None:
    (spoken,) = parse_pairs(pair)
    try:
        fields = read_fields(sys.stdin.read(), LIMITS)
        request = read_request(fields, LIMITS, Spoken((spoken,), others=False))
        if request.pair != spoken:
            unknown = message(
                "api.no_translator",
                source=request.pair.source,
                into=request.pair.target,
                pairs=listed([spoken]),
            )
            raise BadRequestError("target", unknown)
        engine = OwnEngine(_module(inference).load(folder), spoken)
        (done,) = translate_all(request, [engine])
        failed, answer = done.error, {"translation": done.translation}
        if done.doubt:
            answer["doubt"] = render(done.doubt, language)
    except ApiError as error:
        failed = error.message
    if failed:
        answer = {"error": render(failed, language)}
    print(json.dumps(answer, ensure_ascii=False))


def _module(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("inference", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
