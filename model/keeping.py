"""Takes on the shelf: what is kept of them beside their music, what they continue, and what reopens them.

Beside a finished take lies ``take.json``: its HTML and the title of the piece it belongs to. A browser that
has remembered the take's token asks for it after a reload, or for a link.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from model import take_view
from model.generator import Generator, Take
from model.provenance import Recipe, RecipeError, fingerprint, link, pack, read_link, recipe, texts, unpack
from model.score import Score, bar_seconds, count_bars, normalise
from model.settings import Start
from model.shelf import Shelf, is_token

_FACTS = "take.json"
GONE = "That take is no longer kept here. Please make it again, then continue it."


@dataclass(frozen=True)
class Source:
    """What a run continues.

    title: of the piece. music: what the generator gets. parent: token and last bar of the take on the shelf
    that is continued; ("", 0) for a prompt. again: the token that a link had for the take to be made anew.
    expected: the recipe of that take.
    """

    title: str
    music: Score | Start
    parent: tuple[str, int] = ("", 0)
    again: str = ""
    expected: Recipe | None = None


def resume(shelf: Shelf, said: object) -> Source | None:
    """The take on the shelf that a visitor continues, and after which of its bars; None: they wish for none.

    said: JSON, {"token": of the take, "bar": 1 to all of its bars}. ValueError with one sentence otherwise.
    """
    if not said:
        return None
    try:
        wish = json.loads(said)
        token, bar = wish["token"], wish["bar"]
        if not is_token(token) or type(bar) is not int:
            raise ValueError("no token, or no bar")
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError("A take is continued from a bar of a take that is kept here.") from None
    try:
        score = normalise(Score(str(shelf.file(token, "take.mid"))))
        title = _facts(shelf, token).get("title") or shelf.title(token)
    except (KeyError, FileNotFoundError):
        raise ValueError(GONE) from None
    bars = max(count_bars(score), 1)
    if not 1 <= bar <= bars:
        raise ValueError(f"This take is continued after one of its bars 1 to {bars}; received {bar}.")
    return Source(title, score, (token, bar))


def reopen(generator: Generator, said: object) -> tuple[Generator, Source]:
    """Who makes the take of a link anew, and from what.

    said: JSON, {"link": what stands in it, "anyway": with another checkpoint, if need be; then what comes is
    another take of the same prompt}. RecipeError with one sentence: it cannot be made.
    """
    try:
        wish = json.loads(said)
        token, packed = read_link(wish["link"])
        anyway = wish.get("anyway") is True
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, RecipeError):
            raise
        raise RecipeError("This is no link to a take.") from error
    if not packed:
        raise RecipeError("This take was too long for its link, and it is no longer kept here.")
    found = unpack(packed)
    found = replace(found, settings=replace(found.settings, best_of=1))     # its seed is that of the best
    source = Source(found.title, found.origin(), again=token, expected=found)
    names = sorted(generator.systems, key=lambda name: name != found.system)
    for player in map(generator.of, names):
        if player.checkpoint_sha256 == found.checkpoint_sha256:
            return player, source
    if not anyway:
        raise OtherCheckpoint(found, generator)
    return generator, replace(source, again="")


class OtherCheckpoint(RecipeError):
    """A link whose take was made by a checkpoint that is not here. One sentence."""

    def __init__(self, found: Recipe, generator: Generator) -> None:
        super().__init__(f"This take was made by another checkpoint ({found.system}, "
                         f"{found.checkpoint_sha256[:8]}) than the one here ({generator.system}, "
                         f"{generator.checkpoint_sha256[:8]}), so its notes cannot be made again.")


def keep(shelf: Shelf, made: Take, source: Source, *, stopped: str = "", token: str | None = None,
         **marks: object) -> str:
    """Puts a finished take on the shelf, its recipe within; returns its HTML.

    stopped: why, if the run was stopped before it was made. token: under which it grew there. marks: of its
    player, for this once.
    """
    facts = recipe(made, source.music, source.title)
    packed = pack(facts)
    name, said = _title(made, source), texts(facts, packed)
    rejected = [_put(shelf, other, source) for other in made.rejected]
    if token:
        shelf.finish(token, made.score, said, name)
    else:
        token = shelf.put(made.score, name, said)
    heard = len(bar_seconds(made.score)) - 1 - made.seam_bar
    new_bars = made.settings.bars if made.complete else max(heard, 0)       # the last ones may be rests
    html = partial(take_view.take, made, token, new_bars, link=link(token, packed), parent=source.parent,
                   again=source.again, said=list(_told(made, source, stopped)), rejected=rejected)
    (shelf.folder / token / _FACTS).write_text(json.dumps({"title": source.title, "html": html()}), "utf-8")
    return html(**marks)


def _title(made: Take, source: Source) -> str:
    return f"Segue {source.title} take {made.index + 1} seed {made.settings.seed}"


def _put(shelf: Shelf, other: Take, source: Source) -> str:
    """A candidate that was not chosen, to be heard."""
    facts = recipe(other, source.music, source.title)
    return shelf.put(other.score, _title(other, source), texts(facts, pack(facts)))


def _told(made: Take, source: Source, stopped: str) -> Iterable[str]:
    """What is said of a take."""
    expected = source.expected
    if expected is None or not expected.steps:
        yield from take_view.remarks(made, stopped)
    else:
        yield "Here it was stopped when it was made first."
    if expected is None:
        return
    if expected.checkpoint_sha256 != made.checkpoint_sha256:
        yield ("The link's take was made by another checkpoint. This one has its prompt, settings and seed, "
               "and notes of its own.")
    elif expected.notes != fingerprint(made.score) and not stopped:
        yield ("Some notes differ from those of the link: this machine computes a little differently from "
               "the one that made it.")


def _facts(shelf: Shelf, token: str) -> dict:
    path = shelf.folder / token / _FACTS
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def router(shelf: Shelf) -> APIRouter:
    """``GET /takes/{token}/take.json``; 404 for what is not (or no longer) here. Goes before the shelf's."""
    routes = APIRouter()

    @routes.get(f"/takes/{{token}}/{_FACTS}", include_in_schema=False)
    def facts(token: str) -> FileResponse:
        path = shelf.folder / token / _FACTS
        if not is_token(token) or not path.is_file():
            raise HTTPException(404, "This take is no longer kept here.")
        return FileResponse(path, media_type="application/json", headers={
            "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex"})

    return routes
