"""The table of duels. `model.duels.store` writes and reads it.

No address and no name: there is no column for them. A visitor is the SHA-256 of a random token that their
browser keeps.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, MetaData, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

GUESSES = "a", "b", "unsure"            # which clip is the machine's; unsure: cannot tell


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """Tables of a database of their own, apart from the listening test's."""


class DuelRow(Base, table=True):
    """One duel: prepared, then perhaps given to one visitor, then answered once or passed over.

    Moments are UTC, ISO 8601. human, machine: names of files in the stock's folder, without suffix. handle:
    unguessable, what the visitor's browser calls it. machine_side: drawn when it is given. seam_s: where both
    continuations begin, in seconds of the clips. settings: of the take, as JSON. faults: of the take, with
    commas between. heard_*_s: as reported, as far as the server can know it.
    """

    __tablename__ = "duel"
    __table_args__ = (CheckConstraint("machine_side IN ('a', 'b')"),
                      CheckConstraint("guess IN ('a', 'b', 'unsure')"))
    id: int | None = Field(default=None, primary_key=True)
    prepared_at: str
    human: str
    machine: str
    duration_s: float
    seam_s: float
    piece_id: str
    title: str
    composer: str
    licence: str
    source: str
    first_bar: int
    prompt_bars: int
    lead_bars: int
    system: str
    checkpoint_sha256: str
    seed: int
    settings: str = Field(sa_type=Text)
    faults: str
    renderer: str
    lufs: float
    human_audio_sha256: str
    machine_audio_sha256: str
    prompt_sha256: str

    handle: str | None = Field(default=None, unique=True)
    visitor_sha256: str | None = Field(default=None, index=True)
    machine_side: str | None = None
    given_at: str | None = None
    served_a_s: float = 0.0
    served_b_s: float = 0.0
    passed_at: str | None = None

    guess: str | None = None
    recognised: bool | None = None
    heard_a_s: float | None = None
    heard_b_s: float | None = None
    plays_a: int | None = None
    plays_b: int | None = None
    response_ms: int | None = None
    answered_at: str | None = None
