"""What an HTTP request of the Study page is refused with, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Scope

from survey.web.wording import LANGUAGES, chosen, preferred, say


def language_of(scope: Scope) -> str:
    """The language of a request: what its address names (`?lang=`), else what its browser prefers."""
    named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [])
    accepted = Headers(raw=scope.get("headers", [])).get("accept-language", "")
    return chosen([*named, *preferred(accepted)], LANGUAGES)


def sentence(scope: Scope, key: str, **values: object) -> str:
    """One of the page's own sentences, for whoever sent a request."""
    return say(language_of(scope), key, **values)


def refusal(scope: Scope, status: int, key: str, headers: Mapping[str, str] | None = None,
            **values: object) -> PlainTextResponse:
    """A sentence as an answer that no cache keeps."""
    return PlainTextResponse(sentence(scope, key, **values), status, {
        "Cache-Control": "no-store", "Content-Language": language_of(scope), **(headers or {})})
