"""How a table of data was read, for people."""

from typing import Any

from isotherm.study.tables import Table

_LISTED = 24


def reading_table(said: dict[str, Any]) -> Table:
    """What :meth:`OutcomeTable.said`, for people."""
    names = said["venues"]
    listed = ", ".join(names[:_LISTED]) + (
        f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    )
    rows = [(f"read as venues ({len(names)})", listed)]
    for column in said["left_out"]:
        at = f": {column['entry']!r} in row {column['row']}" if column["entry"] else ""
        rows.append((f"left out: {column['name']}", column["why"] + at))
    note = (
        f"{said['steps']:,} rows, {said['missing']:,} missing entries; {said['reading']}; rows count from 0"
    )
    return Table("Columns of the table", ("", "columns"), tuple(rows), note)
