"""The engines of translate: a SageMaker endpoint per pair, and Amazon Translate."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from api.errors import BadRequestError
from contract.endpoint_name import endpoint_prefix
from contract.messages import message
from translation.confidence import Rated
from translation.errors import EngineError, WarmingUpError
from translation.languages import Pair, parse_pairs
from translation.price import REQUESTS_AT_ONCE, SEGMENTS_PER_REQUEST
from translation.tokens import detokenise, tokenise
from translation.translate import Engine, Failed

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_translate import TranslateClient

# TranslateText takes 10,000 bytes; a sentence of 1,000 is longer than any our own has learned.
AMAZON_LONGEST_BYTES, ENDPOINT_LONGEST_BYTES = 10_000, 1_000
CLIENT_ERROR = range(400, 500)


@dataclass(frozen=True)
class SageMakerEngine:
    """Endpoints: `{"instances": [{"data": …}]}` in, `{"predictions": [{"target": …}]}` out."""

    client: "SageMakerRuntimeClient"
    prefix: str
    """What the names of the endpoints begin with."""
    pairs: Sequence[Pair]
    tokenised: bool
    """Whether words and marks have to be apart, as for the built-in seq2seq."""
    name: str = "sagemaker"
    longest_bytes: int = ENDPOINT_LONGEST_BYTES
    by_sentence: bool = True

    def speaks(self, pair: Pair) -> bool:
        return pair in self.pairs

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        return _together(lambda some: self._batch(some, pair), list(_chunks(segments)))

    def _batch(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        """Translate a batch at once; if the endpoint refuses it, one by one to find the bad one."""
        try:
            return list(self._invoked(segments, pair))
        except _RefusedError:
            if len(segments) == 1:
                return [Failed(message("engine.cannot_translate"))]
            return [answer for segment in segments for answer in self._batch([segment], pair)]

    def _invoked(self, segments: Sequence[str], pair: Pair) -> Sequence[str]:
        prepare, finish = (tokenise, detokenise) if self.tokenised else (str, str)
        try:
            answer = self.client.invoke_endpoint(
                EndpointName=pair.endpoint(self.prefix),
                ContentType="application/json",
                Accept="application/json",
                Body=json.dumps(
                    {"instances": [{"data": prepare(segment)} for segment in segments]}
                ),
            )
            predictions = json.loads(answer["Body"].read())["predictions"]
            targets = [prediction["target"] for prediction in predictions]
            sure = [prediction.get("confidence") for prediction in predictions]
        except ClientError as error:
            raise _endpoint_error(error, pair) from error
        except ReadTimeoutError as error:
            # A cold endpoint holds the first request until its machine is there.
            raise WarmingUpError(message("engine.timeout")) from error
        except BotoCoreError as error:
            raise EngineError(message("engine.timeout"), retry_after=5) from error
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(message("engine.bad_answer"), 502) from error
        if len(targets) != len(segments) or not all(isinstance(target, str) for target in targets):
            raise EngineError(message("engine.bad_answer"), 502)
        return [
            Rated(finish(target), min(max(float(one), 0.0), 1.0))
            if isinstance(one, int | float)
            else finish(target)
            for target, one in zip(targets, sure, strict=True)
        ]


@dataclass(frozen=True)
class AmazonTranslateEngine:
    """Amazon Translate, billed by the character."""

    client: "TranslateClient"
    name: str = "amazon-translate"
    longest_bytes: int = AMAZON_LONGEST_BYTES
    by_sentence: bool = False

    def speaks(self, pair: Pair) -> bool:
        return True

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        return _together(lambda some: [self._one(some[0], pair)], [[one] for one in segments])

    def _one(self, segment: str, pair: Pair) -> str | Failed:
        try:
            answer = self.client.translate_text(
                Text=segment, SourceLanguageCode=pair.source, TargetLanguageCode=pair.target
            )
        except ClientError as error:
            return _amazon_failure(error, pair)
        except BotoCoreError as error:
            raise EngineError(message("engine.amazon_timeout"), retry_after=5) from error
        return answer["TranslatedText"]


def engines_from_environ(
    environ: Mapping[str, str], patience_seconds: int, attempts: int = 1
) -> list[Engine]:
    """Return the stack's engine and its fallback, in this order.

    With more than one attempt the SDK waits longer and longer before each further one.
    """
    patience = Config(
        connect_timeout=3,
        read_timeout=patience_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
    sagemaker: SageMakerRuntimeClient = boto3.client("sagemaker-runtime", config=patience)
    amazon: TranslateClient = boto3.client("translate", config=patience)
    known: dict[str, Engine] = {
        "sagemaker": SageMakerEngine(
            sagemaker,
            endpoint_prefix(environ["STACK_NAME"], environ["STACK_PART"]),
            parse_pairs(environ["TRANSLATOR_PAIRS"]),
            tokenised=environ["ENDPOINT_INPUT"] == "tokens",
        ),
        "amazon-translate": AmazonTranslateEngine(amazon),
    }
    chosen = dict.fromkeys([environ["TRANSLATION_ENGINE"], environ["TRANSLATION_FALLBACK"]])
    return [known[name] for name in chosen if name in known]


class _RefusedError(Exception):
    """Raised when an endpoint rejects the request (HTTP 4xx)."""


def _endpoint_error(error: ClientError, pair: Pair) -> Exception:
    response: Any = error.response
    code = response["Error"]["Code"]
    if code in ("ThrottlingException", "Throttling", "TooManyRequestsException"):
        return EngineError(message("engine.busy"), 429, retry_after=2)
    if code == "ModelNotReadyException":
        return WarmingUpError(message("engine.starting"))
    if code == "ValidationError":
        return EngineError(message("engine.not_deployed", source=pair.source, into=pair.target))
    if code == "ModelError" and response.get("OriginalStatusCode") in CLIENT_ERROR:
        return _RefusedError()
    if code == "ModelError":
        return EngineError(message("engine.failed"), 502)
    return EngineError(message("engine.unusable", error=code), 502)


def _amazon_failure(error: ClientError, pair: Pair) -> Failed:
    """Answer errors that concern one segment; raise all others."""
    code = error.response["Error"]["Code"]
    if code == "TextSizeLimitExceededException":
        return Failed(message("engine.amazon_too_long"))
    if code == "DetectedLanguageLowConfidenceException":
        return Failed(message("engine.amazon_language"))
    if code == "UnsupportedLanguagePairException":
        raise BadRequestError(
            "target", message("engine.amazon_pair", source=pair.source, into=pair.target)
        ) from error
    if code in ("TooManyRequestsException", "ThrottlingException", "LimitExceededException"):
        raise EngineError(message("engine.amazon_busy"), 429, retry_after=2) from error
    raise EngineError(message("engine.amazon_unusable", error=code), 502) from error


def _together(
    ask: Callable[[Sequence[str]], Sequence[str | Failed]], pieces: Sequence[Sequence[str]]
) -> list[str | Failed]:
    """The answers to all pieces, a few at a time; the first error ends it.

    An EngineError takes with it what was answered, and paid, by then.
    """
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        asked = [pool.submit(ask, piece) for piece in pieces]
        wait(asked, return_when=FIRST_EXCEPTION)
        pool.shutdown(cancel_futures=True)
    ended = [(piece, one) for piece, one in zip(pieces, asked, strict=True) if not one.cancelled()]
    error = next((found for _, one in ended if (found := one.exception())), None)
    if error is None:
        return [answer for _, one in ended for answer in one.result()]
    if isinstance(error, EngineError):
        error.answered = {
            segment: answer
            for piece, one in ended
            if not one.exception()
            for segment, answer in zip(piece, one.result(), strict=True)
            if isinstance(answer, str)
        }
    raise error


def _chunks(segments: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(segments), SEGMENTS_PER_REQUEST):
        yield segments[at : at + SEGMENTS_PER_REQUEST]
