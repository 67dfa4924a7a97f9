"""Fields of requests: names that are known, in an object that is one."""

import json
from collections.abc import Iterable, Sequence

from api.errors import BadRequestError
from contract.messages import message


def json_object(body: str, example: str, known: Sequence[str]) -> dict[str, object]:
    """The JSON object of a body; raises BadRequestError, with the example in words."""
    if not body.strip():
        raise BadRequestError("body", message("api.empty", example=example))
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("body", message("api.not_json", example=example)) from error
    if not isinstance(content, dict):
        raise BadRequestError("body", message("api.not_object", known=known))
    return content


def require_known(given: Iterable[str], known: Sequence[str]) -> None:
    """Raise BadRequestError for a field that would be passed over without a word."""
    for name in given:
        if name not in known:
            raise BadRequestError(name, message("api.unknown_field", field=name, known=known))
