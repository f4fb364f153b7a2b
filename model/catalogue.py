"""The prompts that Compose offers, read once in the background, each with its picture, each on the shelf."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model.library import Piece
from model.picture import picture, thumbnail
from model.score import Description, Score, bar_seconds, cut_bars, describe
from model.shelf import Shelf

MAX_BARS, MAX_SECONDS = 64, 180.0   # of a prompt that are shown and offered for use
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prompt:
    """Music to continue: its names, the bars that can be used, what is in it, and its token on the shelf."""

    id: str                         # of the piece; "" for a visitor's own file
    title: str
    composer: str
    ensemble: str
    score: Score
    bars: int                       # of the score
    about: Description              # of the whole piece
    token: str


@dataclass(frozen=True)
class Card:
    """A prompt and its thumbnail (SVG)."""

    prompt: Prompt
    thumbnail: str


def prompt_of(score: Score, shelf: Shelf, title: str, *, id: str = "", composer: str = "", ensemble: str = "",
              permanent: bool = False) -> Prompt:
    """Describes a score as a prompt and puts it on the shelf, to be seen and heard."""
    about = describe(score)
    bars = max(1, min(about.bars, MAX_BARS, int((bar_seconds(score) <= MAX_SECONDS).sum()) - 1))
    if bars < about.bars:
        score = cut_bars(score, 0, bars)
    token = shelf.put(score, f"{composer} {title}" if composer else title, permanent=permanent)
    return Prompt(id, title, composer, ensemble, score, bars, about, token)


class Catalogue:
    """Cards in the order of ``find()``; they appear one after another while ``start``'s thread reads them."""

    def __init__(self, find: Callable[[], Sequence[Piece]], shelf: Shelf):
        self._find, self._shelf = find, shelf
        self._cards: dict[str, Card] = {}
        self._done = threading.Event()
        self.expected = 0

    def start(self) -> threading.Thread:
        """Begins to read; what can't be read is logged and left out."""
        thread = threading.Thread(target=self._read, name="catalogue", daemon=True)
        thread.start()
        return thread

    @property
    def done(self) -> bool:
        return self._done.is_set()

    def cards(self) -> list[Card]:
        return list(self._cards.values())

    def prompt(self, id: str) -> Prompt | None:
        card = self._cards.get(id)
        return card.prompt if card else None

    def _read(self) -> None:
        try:
            pieces = self._find()
            self.expected = len(pieces)
            for piece in pieces:
                try:
                    self._add(piece)
                except Exception:
                    log.exception("The prompt %s could not be read and is left out of Compose.", piece.id)
        except Exception:
            log.exception("The prompts of the Compose page could not be read.")
        finally:
            self._done.set()

    def _add(self, piece: Piece) -> None:
        prompt = prompt_of(piece.score(), self._shelf, piece.title, id=piece.id, composer=piece.composer,
                           ensemble=piece.ensemble, permanent=True)
        self._cards[piece.id] = Card(prompt, thumbnail(picture(prompt.score)))
