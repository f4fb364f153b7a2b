"""Several modules or sheets as one file, under an address that changes with its content."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

_IMPORT = re.compile(r'from "\./([\w.]+)"')
_URL = re.compile(r"""url\((["']?)(?!data:|/|https?:|#)(?:\./)?""")
_KINDS = {"js": "text/javascript", "css": "text/css"}
# Each module becomes a file of the browser's own, after those that it imports, and is imported from there.
_LINK = """const at = {};
for (const [name, source] of %s) {
  const linked = source.replace(/from "\\.\\/([\\w.]+)"/g, (_, other) => `from "${at[other]}"`);
  const named = `${linked}\\n//# sourceURL=${location.origin}/static/${name}`;
  at[name] = URL.createObjectURL(new Blob([named], { type: "text/javascript" }));
}
for (const name of %s) import(at[name]);
"""


@dataclass(frozen=True)
class Bundle:
    """name: what its address begins with. kind: js or css."""

    name: str
    kind: str
    data: bytes

    @cached_property
    def path(self) -> str:
        return f"/{self.name}-{hashlib.sha256(self.data).hexdigest()[:12]}.{self.kind}"

    @property
    def tag(self) -> str:
        """What has a browser use it."""
        return (f'<script type="module" src="{self.path}"></script>' if self.kind == "js"
                else f'<link rel="stylesheet" href="{self.path}">')


def sheet(name: str, files: Iterable[Path], base: str) -> Bundle:
    """Style sheets one after the other; what they name beside themselves lies at ``base``."""
    texts = (_URL.sub(rf"url(\g<1>{base}", path.read_text("utf-8")) for path in files)
    return Bundle(name, "css", "\n".join(texts).encode())


def modules(name: str, entries: Sequence[str], folder: Path) -> Bundle:
    """Modules of a folder with all that they import from it. ValueError: they import in a circle."""
    sources: dict[str, str] = {}

    def add(module: str, above: tuple[str, ...]) -> None:
        if module in above:
            raise ValueError(f"Modules import each other in a circle: {' > '.join((*above, module))}.")
        source = (folder / module).read_text("utf-8")
        for other in _IMPORT.findall(source):
            if other not in sources:
                add(other, (*above, module))
        sources[module] = source

    for entry in entries:
        add(entry, ())
    return Bundle(name, "js", (_LINK % (json.dumps([*sources.items()]), json.dumps(entries))).encode())


def router(bundles: Iterable[Bundle]) -> APIRouter:
    """Serves bundles; what lies at an address never changes."""
    routes = APIRouter()
    for bundle in bundles:
        answer = Response(bundle.data, media_type=_KINDS[bundle.kind], headers={
            "Cache-Control": "public, max-age=31536000, immutable"})
        routes.add_api_route(bundle.path, lambda answer=answer: answer, include_in_schema=False)
    return routes
