"""What all functions behind the HTTP API do alike: origins, errors, headers, languages."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.answer import (
    HEADERS,
    error_body,
    json_text,
    message_body,
    preferred_kind,
    preferred_language,
)
from api.errors import ApiError, OtherKeyError
from api.fields import require_known
from api.paths import part_of_path
from contract.messages import message

JSON = "application/json"


class HttpApi(APIGatewayRestResolver):
    """Routes whose errors are answered in words; `origin` is another site that may ask.

    Where the path begins with `says_message`, the words are in `message`, not in `error`.
    """

    def __init__(self, logger: Logger, origin: str, says_message: str = "") -> None:
        headers = ["Content-Type", "X-Api-Key"]
        cors = CORSConfig(allow_origin=origin, allow_headers=headers, max_age=3600)
        super().__init__(cors=cors if origin else None)
        self._logger = logger
        self._says_message = says_message
        self._path = self._resource = ""
        self.exception_handler(ApiError)(self._refuse)
        self.exception_handler(Exception)(self._break)
        self.not_found(self._miss)

    def resolve(self, event: Any, context: LambdaContext) -> dict[str, object]:
        """Answer a resource such as `/predict/{dataset}`, whatever letters a path has there.

        The library's own patterns of paths know few letters.
        """
        self._path, self._resource = event["path"], event["resource"]
        return super().resolve({**event, "path": event["resource"]}, context)

    def part(self, name: str) -> str:
        """The part of the path that the resource has in braces."""
        after = self.current_event.resource.partition(f"{{{name}}}")[2]
        path = self._path.rstrip("/").removesuffix(after)
        return part_of_path(path, self.current_event.path_parameters[name])

    @property
    def key_id(self) -> str | None:
        """The caller's key, which API Gateway has checked; None where a route needs none."""
        return self.current_event.request_context.identity.api_key_id

    def require_key(self, own: str, instead: str) -> None:
        """Raise OtherKeyError, with the message `instead`, for a key of another purpose.

        `sam local` knows no keys.
        """
        if self.key_id not in (own, None):
            raise OtherKeyError(message(instead))

    def parameters(self, *known: str) -> dict[str, str]:
        """Those of the query; raises BadRequestError for one that is not known."""
        given = self.current_event.query_string_parameters
        require_known(given, known)
        return given

    @property
    def request_id(self) -> str:
        """API Gateway's own, which no other request has."""
        return self.current_event.request_context.request_id or ""

    @property
    def language(self) -> str:
        """That of the answer's own sentences: what the caller's browser asks for."""
        return preferred_language(self.header("Accept-Language"))

    def kind(self, *kinds: str) -> str:
        """Which of these the caller would rather have as an answer; the first where it is open."""
        return preferred_kind(self.header("Accept"), kinds)

    @property
    def body(self) -> str:
        return self.current_event.decoded_body or ""

    def header(self, name: str) -> str:
        return self.current_event.headers.get(name) or ""

    def _refuse(self, error: ApiError) -> Response[str]:
        kind = type(error).__name__
        self._logger.info("refused", extra={"status": error.status, "kind": kind})
        response = answer(error.status, self._worded(error_body(error, self.language)))
        if (seconds := getattr(error, "retry_after", None)) is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def _break(self, error: Exception) -> Response[str]:
        # Only the type: the text of an unforeseen error may quote what the caller has sent.
        self._logger.error("broken", extra={"kind": type(error).__name__})
        return answer(500, self._worded(message_body(message("api.broken"), self.language)))

    def _worded(self, body: dict[str, str]) -> dict[str, str]:
        if self._says_message and self._resource.startswith(self._says_message):
            return {"message": body["error"], "code": body["code"]}
        return body

    def _miss(self, _: Exception) -> Response[str]:
        return answer(404, message_body(message("api.not_found"), self.language))


def answer(status: int, content: object, kind: str = JSON) -> Response[str]:
    """A text as it is, and anything else as JSON."""
    text = content if isinstance(content, str) else json_text(content)
    return Response(status, kind, text, headers=dict(HEADERS))
