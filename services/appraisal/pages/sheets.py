"""Tables as CSV, for a spreadsheet: what stands on the page beside it, and no more."""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets would run as a formula; names come from elsewhere."""


def sheet(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download in UTF-8 with the mark that spreadsheets want. None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "private, no-store",
        "Vary": "Cookie",
    }
    return Response(out.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULAS) and not isinstance(value, int | float) else text
