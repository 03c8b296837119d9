"""Which format a delivered file has: its first bytes say it, then its suffix, then the channel.

Owns the signatures of files, those that are refused with the way out among them.
"""

from pathlib import Path

from lead_platform.capture.channels import FileFormat
from lead_platform.capture.lines import read_head

_SUFFIXES: dict[str, FileFormat] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "json", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip
_SIGNATURES: dict[bytes, FileFormat] = {b"PK\x03\x04": "xlsx", b"PAR1": "parquet"}
_REFUSED: dict[bytes, str] = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": (
        "old Excel workbook: it is an .xls file, or has a password; save it as .xlsx without one, "
        "or as CSV"
    ),
    b"\x1f\x8b": "compressed file: it is packed with gzip; unpack it first",
    b"7z\xbc\xaf": "compressed file: it is packed with 7-Zip; unpack it first",
    b"Rar!": "compressed file: it is packed with RAR; unpack it first",
    b"%PDF-": "no table: it is a PDF document; export the list as CSV or .xlsx",
}
_PAGES = (b"<html", b"<!doctype html", b"<table", b"<head", b"<body", b"<meta")
_SPREADSHEET_XML = b"schemas-microsoft-com:office:spreadsheet"


class RefusedFormatError(ValueError):
    """A kind of file that is known and not read; the message names the way out."""


def format_of(path: Path, declared: FileFormat) -> FileFormat:
    """The file's format; `declared` is the channel's. Raises RefusedFormatError, OSError."""
    head = read_head(path)
    for signature, reason in _REFUSED.items():
        if head.startswith(signature):
            raise RefusedFormatError(reason)
    for signature, file_format in _SIGNATURES.items():
        if head.startswith(signature):
            return file_format
    named = _SUFFIXES.get(path.suffix.lower(), declared)
    if named in ("csv", "xlsx"):
        _refuse_pages(head)
        return "csv"
    return named


def _refuse_pages(head: bytes) -> None:
    """Reports that are called .xls or .csv and are written for a browser or an old Excel."""
    start = head[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_PAGES):
        raise RefusedFormatError(
            "no table: it is a web page, as some reports called .xls are; open it in a spreadsheet "
            "and save it as .xlsx, or export it as CSV"
        )
    if start.startswith(b"<?xml"):
        kind = "an Excel 2003 XML spreadsheet" if _SPREADSHEET_XML in head else "an XML document"
        raise RefusedFormatError(f"no table: it is {kind}; save it as .xlsx or export it as CSV")
