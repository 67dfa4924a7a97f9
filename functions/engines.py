"""The engines of translate: a SageMaker endpoint per pair, and Amazon Translate."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from translation.errors import BadRequestError, EngineError
from translation.languages import Pair, parse_pairs
from translation.tokens import detokenise, tokenise
from translation.translate import Engine, Failed

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_translate import TranslateClient

UNITS_PER_REQUEST, REQUESTS_AT_ONCE = 32, 4
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

    def translate(self, units: Sequence[str], pair: Pair) -> list[str | Failed]:
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            answers = pool.map(lambda some: self._batch(some, pair), _chunks(units))
            return [answer for some in answers for answer in some]

    def _batch(self, units: Sequence[str], pair: Pair) -> list[str | Failed]:
        """All at once; when the endpoint refuses them, one by one to find the bad one."""
        try:
            return list(self._invoked(units, pair))
        except _RefusedError:
            if len(units) == 1:
                return [Failed("The translator cannot translate this text.")]
            return [answer for unit in units for answer in self._batch([unit], pair)]

    def _invoked(self, units: Sequence[str], pair: Pair) -> Sequence[str]:
        prepare, finish = (tokenise, detokenise) if self.tokenised else (str, str)
        try:
            answer = self.client.invoke_endpoint(
                EndpointName=pair.endpoint(self.prefix),
                ContentType="application/json",
                Accept="application/json",
                Body=json.dumps({"instances": [{"data": prepare(unit)} for unit in units]}),
            )
            predictions = json.loads(answer["Body"].read())["predictions"]
            targets = [prediction["target"] for prediction in predictions]
        except ClientError as error:
            raise _endpoint_error(error, pair) from error
        except BotoCoreError as error:
            raise EngineError(
                "The translator did not answer in time; try again.", retry_after=5
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError("The translator gave an answer that makes no sense.", 502) from error
        if len(targets) != len(units) or not all(isinstance(target, str) for target in targets):
            raise EngineError("The translator gave an answer that makes no sense.", 502)
        return [finish(target) for target in targets]


@dataclass(frozen=True)
class AmazonTranslateEngine:
    """Amazon Translate, billed by the character."""

    client: "TranslateClient"
    name: str = "amazon-translate"
    longest_bytes: int = AMAZON_LONGEST_BYTES
    by_sentence: bool = False

    def speaks(self, pair: Pair) -> bool:
        return True

    def translate(self, units: Sequence[str], pair: Pair) -> list[str | Failed]:
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            return list(pool.map(lambda unit: self._one(unit, pair), units))

    def _one(self, unit: str, pair: Pair) -> str | Failed:
        try:
            answer = self.client.translate_text(
                Text=unit, SourceLanguageCode=pair.source, TargetLanguageCode=pair.target
            )
        except ClientError as error:
            return _amazon_failure(error, pair)
        except BotoCoreError as error:
            raise EngineError("Amazon Translate did not answer in time.", retry_after=5) from error
        return answer["TranslatedText"]


def engines_from_environ(environ: Mapping[str, str], patience_seconds: int) -> list[Engine]:
    """The stack's engine and its fallback, in this order."""
    # A second try would come too late for who waits, and a queue has tries of its own.
    patience = Config(
        connect_timeout=3, read_timeout=patience_seconds, retries={"total_max_attempts": 1}
    )
    sagemaker: SageMakerRuntimeClient = boto3.client("sagemaker-runtime", config=patience)
    amazon: TranslateClient = boto3.client("translate", config=patience)
    known: dict[str, Engine] = {
        "sagemaker": SageMakerEngine(
            sagemaker,
            environ["ENDPOINT_PREFIX"],
            parse_pairs(environ["TRANSLATOR_PAIRS"]),
            tokenised=environ["ENDPOINT_INPUT"] == "tokens",
        ),
        "amazon-translate": AmazonTranslateEngine(amazon),
    }
    chosen = dict.fromkeys([environ["TRANSLATION_ENGINE"], environ["TRANSLATION_FALLBACK"]])
    return [known[name] for name in chosen if name in known]


class _RefusedError(Exception):
    """Raised when an endpoint calls the request, not itself, wrong."""


def _endpoint_error(error: ClientError, pair: Pair) -> Exception:
    response: Any = error.response
    code = response["Error"]["Code"]
    if code in ("ThrottlingException", "Throttling", "TooManyRequestsException"):
        return EngineError("The translator has too much to do; try again.", 429, retry_after=2)
    if code == "ModelNotReadyException":
        return EngineError("The translator is starting; try again in a minute.", retry_after=30)
    if code == "ValidationError":
        return EngineError(f"There is no translator from {pair.source} to {pair.target} now.")
    if code == "ModelError" and response.get("OriginalStatusCode") in CLIENT_ERROR:
        return _RefusedError()
    if code == "ModelError":
        return EngineError("The translator failed on this request.", 502)
    return EngineError(f"The translator cannot be used ({code}).", 502)


def _amazon_failure(error: ClientError, pair: Pair) -> Failed:
    """What concerns one unit is answered; the rest is raised."""
    code = error.response["Error"]["Code"]
    if code == "TextSizeLimitExceededException":
        return Failed("This text is too long for Amazon Translate.")
    if code == "DetectedLanguageLowConfidenceException":
        return Failed("The language of this text was not recognised; say it in source.")
    if code == "UnsupportedLanguagePairException":
        raise BadRequestError(
            "target", f"Amazon Translate does not translate {pair.source} to {pair.target}."
        ) from error
    if code in ("TooManyRequestsException", "ThrottlingException", "LimitExceededException"):
        raise EngineError("Amazon Translate takes no more for now.", 429, retry_after=2) from error
    raise EngineError(f"Amazon Translate cannot be used ({code}).", 502) from error


def _chunks(units: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(units), UNITS_PER_REQUEST):
        yield units[at : at + UNITS_PER_REQUEST]
