"""A value of a workbook or of JSON as a CSV would have it."""

import datetime
import math

Cell = str | float | bool | datetime.date | datetime.time | datetime.timedelta | None


def cell_text(cell: Cell) -> str:
    """A cell as a CSV would have it: dates in ISO 8601, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if math.isnan(cell):
            return ""
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**63 else str(cell)
    if isinstance(cell, datetime.timedelta):
        return _clock(cell)
    if isinstance(cell, datetime.datetime) and cell.tzinfo is not None:
        return str(cell.astimezone(datetime.UTC).replace(tzinfo=None))
    return str(cell)


def _clock(cell: datetime.timedelta) -> str:
    """Hours, minutes and seconds: 49:02:03."""
    seconds = cell.total_seconds()
    whole, rest = divmod(abs(seconds), 1)
    minutes, second = divmod(int(whole), 60)
    fraction = f"{rest:.6f}"[1:].rstrip("0").rstrip(".")
    return f"{'-' if seconds < 0 else ''}{minutes // 60}:{minutes % 60:02}:{second:02}{fraction}"
