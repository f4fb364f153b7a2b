"""The three export files, out and in without loss, and what is decided from their content alone.

    files.py        writes and reads them             simulate.py     makes them up, for rehearsals
    columns.py      which columns there are           exclusions.py   whom stated rules leave out
    cells.py        one value as text
"""

from survey.export.files import MalformedExport, export, import_, read, write

__all__ = ["MalformedExport", "export", "import_", "read", "write"]
