"""Names in the paths of requests."""

from urllib.parse import unquote


def part_of_path(path: str, given: str) -> str:
    """The name that stands last in a path, whose part a gateway has handed over as `given`.

    API Gateway leaves `path` as it was sent, with %20 for a space; parts of it have come decoded
    and not. A part that looks as the path does is not decoded.
    """
    sent = path.rstrip("/").rpartition("/")[2]
    return unquote(given) if given == sent else given
