"""What Continue, Stop, a link and a reload do on the Compose page. No Gradio.

What comes in may be sent by anybody; what cannot be used is answered with one sentence.
"""

from __future__ import annotations

import contextlib
import json
import random
from dataclasses import dataclass, replace

from model import keeping, take_view, view
from model.ahead import Ahead
from model.catalogue import Catalogue
from model.generator import Generator
from model.hanging import hang_up
from model.runs import Run, Running, reason
from model.settings import CHARACTER, PRESETS, Settings, preset_of
from model.shelf import Shelf, is_token
from model.visit import SHELF, Visit, bars_of, seed_of
from model.wishes import ANY

AT_ONCE_S = 0.3         # how long Continue waits for the first take to begin
GONE = "What was being composed is no longer here. Please press Continue once more."


@dataclass(frozen=True)
class Asked:
    """What stands in the page when Continue is pressed, in the order in which the page sends it.

    piece: the card that is chosen. origin: the take and the bar that are continued instead of the chosen
    prompt; see keeping.resume.
    """

    visit: Visit
    piece: object
    programs: list
    tempo: float
    first: float
    used: float
    length: float
    unit: str
    takes: float
    temperature: float
    top_k: float
    top_p: float
    ngram: float
    guidance: float
    seed: str
    keep_instruments: bool
    whistle: bool
    system: str
    style: str
    density: float
    best_of: float
    ending: bool
    origin: str


@dataclass(frozen=True)
class Shown:
    """How the run of a page stands; None: as it did.

    said: HTML of its status. takes: HTML of its takes. over: whether Continue may be pressed.
    """

    said: str | None = None
    takes: str | None = None
    over: bool | None = None


class Composing:
    """The runs of a generator. ``chance`` draws the seeds of visitors who name none."""

    def __init__(self, generator: Generator, catalogue: Catalogue, shelf: Shelf,
                 chance: random.Random | None = None) -> None:
        self._generator, self._catalogue, self._shelf = generator, catalogue, shelf
        self._chance = chance or random.SystemRandom()
        self._running, self._ahead = Running(), Ahead(shelf)

    def begin(self, session: str, asked: Asked) -> Shown:
        """Starts the session's run; if one is under way, shows that."""
        try:
            return self._start(session, *self._wished(asked))
        except Exception as error:
            return Shown(view.note(reason(error)))

    def reopen(self, session: str, wish: object) -> Shown:
        """A link whose take is no longer kept: starts a run that makes it anew; see keeping.reopen."""
        try:
            player, source = keeping.reopen(self._generator, wish)
        except keeping.OtherCheckpoint as other:
            return Shown(take_view.offer(str(other), self._generator.system))
        except Exception as error:
            return Shown(view.note(reason(error)))
        return self._start(session, player, source, source.expected.settings, 1)

    def resume(self, session: str, wish: object) -> Shown:
        """After a reload: the session's page follows the run that the browser remembers.

        wish: JSON, {"run": its id, "mine": whether it was this very tab that followed it}.
        """
        try:
            said = json.loads(wish)
            id, mine = said["run"], said["mine"] is True
        except (ValueError, TypeError, KeyError, RecursionError):
            return Shown()
        if not is_token(id):
            return Shown()
        found = self._running.follow(session, id, mine)
        if found is None:
            return Shown(takes=take_view.run(id, "", [], over=True))
        return self.watch(session) if self._running.of(session) is found else Shown()

    def watch(self, session: str) -> Shown:
        """How the session's run stands: its status and its takes so far."""
        run = self._running.of(session) or Run("", id="", said=GONE, failed=True, over=True)
        run.asked()
        over = run.over         # asked before the takes are read
        said = view.note(run.said, wrong=run.failed) if over else view.progress(run.progress)
        return Shown(said, take_view.run(run.id, run.title, list(run.takes.values()), over), over)

    def halt(self, session: str) -> None:
        """The visitor presses Stop."""
        self._running.stop(session)

    def closed(self, session: str) -> None:
        """The page was closed, or is being reloaded."""
        self._running.closed(session)

    def _wished(self, asked: Asked) -> tuple[Generator, keeping.Source, Settings, int]:
        """Who plays, what is continued, how, and how many takes. ValueError: what cannot be."""
        visit, first, systems = asked.visit, asked.first, self._generator.systems
        if visit.source == SHELF and isinstance(asked.piece, str) and self._catalogue.prompt(asked.piece):
            first = first if asked.piece == visit.piece else 1  # the card may have been chosen a moment ago
            visit = replace(visit, piece=asked.piece)
        if asked.system not in systems:
            raise ValueError(f"A system is one of {', '.join(systems)}; received '{asked.system}'.")
        source = keeping.resume(self._shelf, asked.origin)
        if source is None:
            music, title = visit.origin(self._catalogue, asked.programs, asked.tempo, first)
            source = keeping.Source(title, music)
        used = source.parent[1] or int(asked.used)
        character = asked.temperature, int(asked.top_k), asked.top_p, int(asked.ngram), asked.guidance
        settings = replace(
            PRESETS[preset_of(character) or "natural"], **dict(zip(CHARACTER, character, strict=True)),
            bars=bars_of(asked.length, asked.unit, source.music, used), prompt_bars=used,
            seed=seed_of(asked.seed, self._chance), keep_instruments=bool(asked.keep_instruments),
            whistle=bool(asked.whistle), style=str(asked.style or ANY), density=int(asked.density or 0),
            best_of=int(asked.best_of), ending=bool(asked.ending))
        return self._generator.of(asked.system), source, settings, int(asked.takes)

    def _start(self, session: str, player: Generator, source: keeping.Source, settings: Settings,
               count: int) -> Shown:
        made_before = {"again": source.expected.steps} if source.again else {}

        def work(run: Run) -> None:
            stream = player.stream(source.music, settings, count, run.stop, growing=True, **made_before)
            with contextlib.closing(stream):
                hang_up(run, stream, self._shelf, source, self._ahead)
        run = self._running.begin(session, source.title, work)
        run.hung.wait(AT_ONCE_S)
        return self.watch(session)
