"""What a browser may ask about duels. Until the answer it is told nothing that tells the machine's clip.

    POST /duel                      a duel: an unguessable id, two sounds under it, their seam and length
    GET  /duel/{id}/{a or b}.mp3    a sound, until the answer
    POST /duel/{id}/answer          the guess, once; then what was what, and the score so far

Both sounds have the same number of bytes, the same headers, path and code (`model.blind.serving`); the server
draws the sides. Refusals are one sentence of plain text. A visitor is a random token that their browser
keeps.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from model.blind.hearing import HEARD_FRACTION, NotHeard
from model.blind.limits import Rate, Throttle
from model.blind.serving import Streams, Withheld
from model.duels.stock import Machine, Stock
from model.duels.store import FILE, Answered, Busy, DuelError, DuelStore, Guess, NoDuel
from model.duels.tables import DuelRow
from model.library import Piece
from model.shelf import Shelf

FEW = 5                             # decided guesses from which on a score has an interval
MAX_BYTES = 2_000                   # of a request
# A classroom of 40 behind one address may begin at once; alone, nobody uses up what others want to hear.
RATES = {"duel": Rate(60, 0.2), "answer": Rate(60, 0.5), "clip": Rate(800, 20)}
_STATUS = {NoDuel: 503, Busy: 503, Answered: 409}
_UNKEPT = {"Cache-Control": "no-store"}
Interval = Callable[[int, int], Sequence[float] | None]     # of right answers among so many
Form = TypeVar("Form", bound=BaseModel)
log = logging.getLogger(__name__)


class _Asked(BaseModel):
    """A visitor who wants a duel; without a token they get one."""

    model_config = ConfigDict(extra="forbid", strict=True)
    visitor: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{22}$")


class _Said(BaseModel):
    """A guess, and what the page reports about how it came about."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    guess: Literal["a", "b", "unsure"]
    recognised: bool = False
    heard_a_s: float = Field(ge=0, le=1e6)
    heard_b_s: float = Field(ge=0, le=1e6)
    plays_a: int = Field(ge=0, le=10_000)
    plays_b: int = Field(ge=0, le=10_000)
    response_ms: int = Field(ge=0, le=10**9)

    def guessed(self) -> Guess:
        return Guess(self.guess, {"a": self.heard_a_s, "b": self.heard_b_s},
                     {"a": self.plays_a, "b": self.plays_b}, self.response_ms, self.recognised)


class Refusal(Exception):
    """A request that is refused, with a status and one sentence."""

    def __init__(self, sentence: str, status: int = 400):
        super().__init__(sentence)
        self.response = PlainTextResponse(sentence, status, _UNKEPT)


class Duels:
    """Duels in a data folder: prepared from what `find` gives, played over `router`, told by `answered`.

    interval: the 95% interval of a share. What was heard is laid on the shelf after the answer.
    """

    def __init__(self, data_dir: Path, machine: Machine, find: Callable[[], Sequence[Piece]], shelf: Shelf,
                 interval: Interval, limits: Throttle | None = None):
        self.store = DuelStore(data_dir / FILE)
        self.stock = Stock(data_dir / "duels", self.store, machine, find)
        self._shelf, self._interval = shelf, interval
        self._limits = Throttle(RATES) if limits is None else limits
        self._streams = Streams(self._served)

    def start(self) -> None:
        """Begins to prepare duels in the background."""
        self.stock.start()

    def close(self) -> None:
        """Ends what `start` began, and closes the store."""
        self.stock.close()
        self.store.dispose()

    def answered(self) -> list[dict[str, object]]:
        """Every answer with its provenance, for researchers."""
        return self.store.answered()

    def router(self) -> APIRouter:
        """The routes above."""
        router = APIRouter(include_in_schema=False)

        @router.post("/duel")
        async def begin(request: Request) -> Response:
            return await self._answering("duel", request, _Asked, self._begin)

        @router.post("/duel/{handle}/answer")
        async def answer(request: Request, handle: str) -> Response:
            return await self._answering("answer", request, _Said, lambda said: self._answer(handle, said))

        @router.api_route("/duel/{handle}/{side}.mp3", methods=["GET", "HEAD"])
        def sound(request: Request, handle: str, side: str,
                  range_: Annotated[str | None, Header(alias="Range")] = None) -> Response:
            return self._limits.refusal("clip", request.scope) or self._sound(handle, side, range_)

        return router

    async def _answering(self, what: str, request: Request, form: type[Form],
                         work: Callable[[Form], dict[str, object]]) -> Response:
        try:
            if refusal := self._limits.refusal(what, request.scope):
                return refusal
            asked = _read(form, await _body(request))
            return JSONResponse(await run_in_threadpool(work, asked), headers=_UNKEPT)
        except Refusal as refusal:
            return refusal.response
        except NotHeard as error:
            return Refusal(str(error), 422).response
        except DuelError as error:
            return _refused(error)

    # --- what is asked ---

    def _begin(self, asked: _Asked) -> dict[str, object]:
        visitor = asked.visitor or secrets.token_urlsafe(16)
        try:
            row = self.store.give(visitor)
        finally:
            self.stock.wake()
        return {"id": row.handle, "visitor": visitor, "seconds": row.duration_s, "seam": row.seam_s,
                "heard": HEARD_FRACTION, "score": self._score(row.visitor_sha256),
                **{side: f"/duel/{row.handle}/{side}.mp3" for side in ("a", "b")}}

    def _sound(self, handle: str, side: str, wanted: str | None) -> Response:
        if side not in ("a", "b"):
            return Refusal("There is no such sound.", 404).response
        try:
            name, seconds = self.store.clip(handle, side)
            data = self.stock.sound(name)
        except DuelError as error:
            return _refused(error)
        except OSError:
            return Refusal("There is no such sound any more.", 404).response
        return self._streams.response(f"{handle}/{side}", data, seconds, wanted)

    def _served(self, name: str, seconds: float) -> None:
        handle, _, side = name.partition("/")
        try:
            self.store.served(handle, side, seconds)
        except DuelError as error:
            raise Withheld(_refused(error)) from error

    def _answer(self, handle: str, said: _Said) -> dict[str, object]:
        row = self.store.answer(handle, said.guessed())
        human = "b" if row.machine_side == "a" else "a"
        right = None if row.guess == "unsure" else row.guess == row.machine_side
        return {"guess": row.guess, "right": right, "machine": row.machine_side,
                "score": self._score(row.visitor_sha256), "seam": row.seam_s,
                "piece": {"title": row.title, "composer": row.composer, "licence": row.licence,
                          "source": row.source, "bars": [row.first_bar + 1, row.first_bar + row.prompt_bars]},
                "made": {"system": row.system, "checkpoint": row.checkpoint_sha256, "seed": row.seed,
                         "settings": json.loads(row.settings), "faults": row.faults},
                row.machine_side: self._reveal(row, row.machine, "the machine"),
                human: self._reveal(row, row.human, row.composer)}

    # --- what is told ---

    def _reveal(self, row: DuelRow, name: str, by: str) -> dict[str, str] | None:
        """Where one side can be seen, heard and taken home from now on; None where that failed."""
        texts = [f"Segue: a duel, {row.title}, continued by {by}", f"licence of the piece: {row.licence}"]
        if name == row.machine:
            texts += [f"system {row.system}", f"checkpoint {row.checkpoint_sha256}",
                      f"settings {row.settings}"]
        try:
            token = self._shelf.put(self.stock.music(name), f"{row.title}, continued by {by}", texts)
        except Exception:               # an answer that was written must be answered
            log.exception("A duel's music could not be laid on the shelf.")
            return None
        return {"roll": f"/takes/{token}/roll.json", "audio": f"/takes/{token}/take.mp3",
                "midi": f"/takes/{token}/take.mid?download=true"}

    def _score(self, visitor_sha256: str) -> dict[str, object]:
        score = self.store.score(visitor_sha256)
        decided = score.right + score.wrong
        return {"right": score.right, "wrong": score.wrong, "unsure": score.unsure,
                "interval": self._interval(score.right, decided) if decided >= FEW else None}


async def _body(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal("A request about duels is JSON (Content-Type: application/json).", 415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise Refusal(f"A request about duels may have at most {MAX_BYTES:,} bytes.", 413)
    return body


def _read(form: type[Form], body: bytes) -> Form:
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the request"
        raise Refusal(f"This request about a duel is not understood: {where}: {first['msg']}; received "
                      f"{str(first['input'])[:40]!r}.") from None


def _refused(error: DuelError) -> Response:
    status = _STATUS.get(type(error), 404)
    retry = {"Retry-After": "2"} if status == 503 else {}
    return PlainTextResponse(str(error), status, {**_UNKEPT, **retry})
