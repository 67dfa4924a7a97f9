"""API Gateway: moto serves no Lambda proxy, so this is the template's REST API on loopback.

What a caller meets is read from the template: routes, which of them need a key, the usage plan's
rate, burst and quota, and the answers that API Gateway gives by itself.
"""

import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from codefree.front_door import PatientHandler, cut_off, foreign
from codefree.lambda_service import FunctionClosedError, FunctionError, LambdaFunction
from codefree.words import Tell

STAGE = "Prod"
# Logical ids: the API makes one key by itself, and the template two more.
TRANSLATION_KEY, PREDICTION_KEY = "TranslationApiApiKey", "PredictionKey"
DATASETS_KEY = "DatasetsKey"
ALLOWED_ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"
LARGEST_BODY = 10 * 1024 * 1024
INTEGRATION_SECONDS = 29.0


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    function: str
    """Logical id."""
    needs_key: bool


@dataclass(frozen=True)
class Api:
    """A REST API as the template describes it."""

    routes: Mapping[tuple[str, str], Route]
    """Method and path → route; a part of the path in braces stands for any one part."""
    gateway_responses: Mapping[str, Any]
    """Response type → statusCode, responseParameters, responseTemplates."""
    usage_plans: Mapping[str, Mapping[str, Any]]
    """Logical id of a key → Throttle and Quota of its plan, resolved."""

    def route(self, method: str, path: str) -> tuple[str, Route, dict[str, str]] | None:
        """The resource that a path leads to, its route, and the parts that stand in braces."""
        for (own, resource), route in self.routes.items():
            if own == method and (found := _parts(resource, path)) is not None:
                return resource, route, found
        return None


@dataclass
class Meter:
    """A usage plan's token bucket and its quota."""

    rate: float
    burst: float
    quota: float
    tokens: float = field(init=False)
    used: int = 0
    filled: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def take(self) -> str | None:
        """One request; the type of the gateway's response when there is none to be had."""
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
            self.filled = now
            if self.used >= self.quota:
                return "QUOTA_EXCEEDED"
            if self.tokens < 1:
                return "THROTTLED"
            self.tokens -= 1
            self.used += 1
            return None


def read_api(
    rest_api: Mapping[str, Any],
    usage_plans: Mapping[str, Mapping[str, Any]],
    resolve: Callable[[Any], Any],
) -> Api:
    """From the OpenAPI body that the SAM translator made; `resolve` knows the references."""
    body = rest_api["Body"]
    routes = {}
    for path, methods in body["paths"].items():
        for method, described in methods.items():
            integration = described.get("x-amazon-apigateway-integration", {})
            if function := _function(integration.get("uri")):
                needs_key = any("api_key" in need for need in described.get("security", []))
                routes[method.upper(), path] = Route(function, needs_key)
    responses = resolve(body.get("x-amazon-apigateway-gateway-responses", {}))
    return Api(routes, responses, resolve(usage_plans))


def _parts(resource: str, path: str) -> dict[str, str] | None:
    """What a path has in place of the parts in braces; None where it is another resource's."""
    names, given = resource.split("/"), path.split("/")
    if len(names) != len(given):
        return None
    found = {}
    for name, part in zip(names, given, strict=True):
        if name.startswith("{") and part:
            found[name.strip("{}")] = unquote(part)
        elif name != part:
            return None
    return found


class Key:
    """An API key, and what its usage plan has left."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.value = secrets.token_hex(20)
        throttle, quota = plan.get("Throttle", {}), plan.get("Quota", {})
        self.meter = Meter(
            float(throttle.get("RateLimit", "inf")),
            float(throttle.get("BurstLimit", "inf")),
            float(quota.get("Limit", "inf")),
        )


class ApiServer:
    """The API on a port of its own, until closed."""

    def __init__(
        self,
        api: Api,
        functions: Mapping[str, LambdaFunction],
        port: int,
        warn: Tell,
    ) -> None:
        self._api = api
        self._keys = {key_id: Key(plan) for key_id, plan in api.usage_plans.items()}
        self._functions = functions
        self._warn = warn
        # The origins that the template's own answers name.
        self._origins = {
            response.get("responseParameters", {}).get(ALLOWED_ORIGIN, "").strip("'")
            for response in api.gateway_responses.values()
        } - {""}
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", port, self._application, threaded=True, request_handler=PatientHandler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def keys(self) -> Mapping[str, str]:
        """Logical id of a key → the key."""
        return {key_id: key.value for key_id, key in self._keys.items()}

    @property
    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Method and path → route."""
        return self._api.routes

    @property
    def url(self) -> str:
        """With a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def origins(self) -> tuple[str, ...]:
        """Those of its page, however the browser was asked for it."""
        port = self._server.server_port
        return f"http://127.0.0.1:{port}", f"http://localhost:{port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _application(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = LARGEST_BODY
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if foreign(request.environ, origins=self._origins):
            return self._own("ACCESS_DENIED", 403, "Forbidden")
        found = self._api.route(request.method, raw_path(request))
        if found is None:
            return self._own("MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token")
        resource, route, parts = found
        key_id = None
        if route.needs_key:
            key_id = self._key_id(request.headers.get("X-Api-Key", ""))
            if key_id is None:
                return self._own("INVALID_API_KEY", 403, "Forbidden")
            if refused := self._keys[key_id].meter.take():
                return self._own(refused, 429, "Too Many Requests")
        try:
            event = proxy_event(request, resource, parts, key_id)
        except RequestEntityTooLarge:
            return self._own("REQUEST_TOO_LARGE", 413, "Request Too Long")
        except ClientDisconnected as error:
            status = cut_off(error)
            return self._own("BAD_REQUEST_BODY", status, HTTPStatus(status).phrase)
        function = self._functions[route.function]
        try:
            return _response(function.invoke(event))
        except FunctionClosedError:
            return self._own("DEFAULT_5XX", 503, "Service Unavailable")
        except FunctionError as error:
            self._warn(function.failed(error))
            return self._own("DEFAULT_5XX", 502, "Internal server error")

    def _key_id(self, given: str) -> str | None:
        """Whose key it is; every key is compared, so that no time tells which is near."""
        found = [
            key_id
            for key_id, key in self._keys.items()
            if secrets.compare_digest(given.encode(), key.value.encode())
        ]
        return found[0] if found else None

    def _own(self, kind: str, status: int, message: str) -> Response:
        """The gateway's own answer, as the template words it."""
        default = "DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX"
        given = self._api.gateway_responses.get(kind)
        worded = given or self._api.gateway_responses.get(default, {})
        template = worded.get("responseTemplates", {}).get("application/json")
        text = template or '{"message":$context.error.messageString}'
        text = text.replace("$context.error.messageString", json.dumps(message))
        headers = {
            name.removeprefix("gatewayresponse.header."): value.strip("'")
            for name, value in worded.get("responseParameters", {}).items()
        }
        code = int(worded.get("statusCode", status)) if given else status
        return Response(text, code, headers, content_type="application/json")


def raw_path(request: Request) -> str:
    """The path as it was sent: %2F is no slash between two parts."""
    sent = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    return sent.partition("?")[0] or request.path


def proxy_event(
    request: Request, resource: str, parts: Mapping[str, str], key_id: str | None
) -> dict[str, Any]:
    """What API Gateway hands to a function (payload format 1.0): the path as it was sent."""
    body, path = request.get_data(), raw_path(request)
    identity = {"sourceIp": request.remote_addr, "userAgent": request.user_agent.string}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": dict(request.headers.items()),
        "multiValueHeaders": {k: request.headers.getlist(k) for k in request.headers.keys()},
        "queryStringParameters": request.args.to_dict() or None,
        "multiValueQueryStringParameters": request.args.to_dict(flat=False) or None,
        "pathParameters": dict(parts) or None,
        "stageVariables": None,
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": STAGE,
            "path": path,
            "httpMethod": request.method,
            "resourcePath": resource,
            "identity": {**identity, **({"apiKeyId": key_id} if key_id else {})},
        },
        "body": body.decode("utf-8", "replace") if body else None,
        "isBase64Encoded": False,
    }


def _response(answer: Mapping[str, Any]) -> Response:
    headers = [(name, value) for name, value in (answer.get("headers") or {}).items()]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers.extend((name, value) for value in values)
    return Response(answer.get("body") or "", answer["statusCode"], headers)


def _function(uri: Any) -> str | None:
    """`…/functions/${TranslateFunction.Arn}/invocations` → TranslateFunction."""
    text = uri.get("Fn::Sub", "") if isinstance(uri, dict) else ""
    _, found, rest = str(text).partition("/functions/${")
    return rest.partition(".Arn}")[0] if found else None
