"""The head of a table file of any kind that is understood, by the ending of its name."""

from reading.csv_head import GZIP, HEAD_BYTES, NOT_CSV, Expected, TableHead, read_csv_head
from reading.errors import UnreadableError
from reading.excel_head import read_excel_head
from reading.gzip_head import unpacked
from reading.parquet_head import read_parquet_head

ENDINGS = (".csv", ".csv.gz", ".parquet", ".xlsx")
# What begins so can be read, but not under the name of a CSV.
OTHER_ENDINGS = {GZIP: ".csv.gz", b"PAR1": ".parquet", b"PK\x03\x04": ".xlsx"}


def ending_of(name: str) -> str:
    """One of ENDINGS; raises UnreadableError for a file of another kind."""
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return ending
    raise UnreadableError(f"The file {name} is none of {', '.join(ENDINGS)}; export it as CSV.")


def read_head(
    content: bytes, whole: bool, name: str, expected: Expected | None = None
) -> TableHead:
    """What the bytes tell; raises UnreadableError in words.

    `content` is the beginning of a CSV, plain or packed; the end of a Parquet file; all of a
    workbook. `whole` tells whether it is all of the file.
    """
    ending = ending_of(name)
    if ending == ".parquet":
        return read_parquet_head(content, name)
    if ending == ".xlsx":
        return read_excel_head(content, name, expected)
    if ending == ".csv.gz":
        content, whole = _unpacked(content, whole, name)
    else:
        _require_fitting_name(content, name)
    return read_csv_head(content, whole, name, expected)


def _unpacked(content: bytes, whole: bool, name: str) -> tuple[bytes, bool]:
    if not content:
        return content, whole
    head = unpacked(content, name)
    if whole and not head.ended and len(head.content) < HEAD_BYTES:
        raise UnreadableError(
            f"The file {name} ends in the middle of its gzip archive; pack and upload it again."
        )
    return head.content, whole and head.ended


def _require_fitting_name(content: bytes, name: str) -> None:
    for magic, ending in OTHER_ENDINGS.items():
        if content.startswith(magic):
            raise UnreadableError(
                f"The file {name} is {NOT_CSV[magic]}, not a CSV; end its name with {ending}, or "
                "export the table as CSV."
            )
