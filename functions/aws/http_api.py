"""What all functions behind the HTTP API do alike: origins, errors, headers, languages."""

import json

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response

from api.answer import HEADERS, error_body, message_body, preferred_language
from api.errors import ApiError
from contract.messages import message

JSON = "application/json"


class HttpApi(APIGatewayRestResolver):
    """Routes whose errors are answered in words; `origin` is another site that may ask."""

    def __init__(self, logger: Logger, origin: str) -> None:
        headers = ["Content-Type", "X-Api-Key"]
        cors = CORSConfig(allow_origin=origin, allow_headers=headers, max_age=3600)
        super().__init__(cors=cors if origin else None)
        self._logger = logger
        self.exception_handler(ApiError)(self._refuse)
        self.exception_handler(Exception)(self._break)
        self.not_found(self._miss)

    @property
    def key_id(self) -> str | None:
        """The caller's key, which API Gateway has checked; None where a route needs none."""
        return self.current_event.request_context.identity.api_key_id

    @property
    def request_id(self) -> str:
        """API Gateway's own, which no other request has."""
        return self.current_event.request_context.request_id or ""

    @property
    def language(self) -> str:
        """That of the answer's own sentences: what the caller's browser asks for."""
        return preferred_language(self.header("Accept-Language"))

    @property
    def body(self) -> str:
        return self.current_event.decoded_body or ""

    def header(self, name: str) -> str:
        return self.current_event.headers.get(name) or ""

    def _refuse(self, error: ApiError) -> Response[str]:
        kind = type(error).__name__
        self._logger.info("refused", extra={"status": error.status, "kind": kind})
        response = answer(error.status, error_body(error, self.language))
        if (seconds := getattr(error, "retry_after", None)) is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def _break(self, error: Exception) -> Response[str]:
        # Only the type: the text of an unforeseen error may quote what the caller has sent.
        self._logger.error("broken", extra={"kind": type(error).__name__})
        return answer(500, message_body(message("api.broken"), self.language))

    def _miss(self, _: Exception) -> Response[str]:
        return answer(404, message_body(message("api.not_found"), self.language))


def answer(status: int, content: object, kind: str = JSON) -> Response[str]:
    """A text as it is, and anything else as JSON."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return Response(status, kind, text, headers=dict(HEADERS))
