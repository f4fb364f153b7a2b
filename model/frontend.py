"""What a page of Gradio's fetches before it can be used, and how to have a browser fetch it at once.

Left to itself the page asks for one layer of files after the other: its start, its core, then the code and
the sheet of every kind of component, then what is ours. On a slow network nearly all of that is waiting. So
the page names all of it in its first bytes, and all sheets, as all of our own modules, come as one file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from model.bundle import Bundle, sheet

_LIST = re.compile(r"m\.f=(\[[^\]]*\])")
_IMPORT = r"import\(`\./(%s)`\)[^_]*__vite__mapDeps\(\[([\d,]*)\]\)"
_KIND = r"[{,]%s:\{(.*?)\}(?:,\w+:\{|\})"
_START = re.compile(r'src="\./assets/(index-[^"]+\.js)"')


def assets() -> Path:
    """The folder of Gradio's frontend that its pages fetch from."""
    return Path(find_spec("gradio").origin).parent / "templates" / "frontend" / "assets"


def needed(kinds: Iterable[str]) -> tuple[list[str], list[str]]:
    """Scripts and sheets (names in `assets`) of a page with these kinds of components, its start first.

    They are read from the loader's own lists (Vite's __vite__mapDeps). Nothing where it has changed: then the
    page works as Gradio means it to.
    """
    folder = assets()
    try:
        start = _START.search((folder.parent / "index.html").read_text("utf-8"))[1]
        first = _listed((folder / start).read_text("utf-8"))
        frame, core = (next(name for name in first if name.startswith(kind)) for kind in ("Index-", "core-"))
        found = [start, *first, *_group((folder / frame).read_text("utf-8"), r"Blocks-[^`]+")]
        code = (folder / core).read_text("utf-8")
        for kind in kinds:
            entry = re.search(_KIND % kind, code)[1]
            for part in re.findall(r"(?:base|component):.*?import\.meta\.url", entry):
                found += _group(part, r"[^`]+", code)
    except (OSError, TypeError, StopIteration, ValueError):
        return [], []
    names = [name for name in dict.fromkeys(found) if name == start or not name.startswith("index-")]
    return tuple([name for name in names if name.endswith(end)] for end in (".js", ".css"))


def opening(kinds: Iterable[str], ours: Sequence[Bundle]) -> tuple[str, list[Bundle]]:
    """What stands at the beginning of a page's <head>, and what must be served for it besides ``ours``.

    A sheet that is named, and disabled, is not fetched: the loader finds it and goes on.
    """
    scripts, sheets = needed(kinds)
    tags, theirs = "", []
    if sheets:
        theirs = [sheet("gradio", [assets() / name for name in sheets], "/assets/")]
        tags += f'<link rel="stylesheet" href="{theirs[0].path}">'
    tags += "".join(one.tag if one.kind == "js" else f'<link rel="preload" as="style" href="{one.path}">'
                    for one in ours)
    tags += "".join(f'<link rel="modulepreload" crossorigin href="./assets/{name}">' for name in scripts)
    tags += "".join(f'<link rel="stylesheet" disabled href="./assets/{name}">' for name in sheets)
    return tags, theirs


def theme(version: str) -> str:
    """Names the sheet of a page's theme, which Gradio asks for when all else is there."""
    return f'<link rel="preload" as="style" href="theme.css?v={version}">'


def _listed(code: str) -> list[str]:
    return [name.removeprefix("./") for name in json.loads(_LIST.search(code)[1])]


def _group(code: str, name: str, lists: str = "") -> list[str]:
    """What is loaded for a chunk; lists: the code with the list of names, where that is another."""
    names, found = _listed(lists or code), re.search(_IMPORT % name, code)
    return [names[int(number)] for number in found[2].split(",") if number]
