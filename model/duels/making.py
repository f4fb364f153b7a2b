"""Makes one duel: two clips of one passage, its composer's and the machine's; only the music differs.

Both take the path of a study's clips (`model.blind.clips`). What the machine was given is PROMPT_BARS bars; a
listener hears the last of these, up to LEAD_S, and then a continuation.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
from symusic import Score

from model.blind import clips
from model.duels.tables import DuelRow
from model.generator import Take, round_trip
from model.library import Piece
from model.originality import copied
from model.render import encode
from model.score import bar_seconds, cut_bars, cut_seconds, describe, write
from model.settings import Settings

SECONDS = 20.0
PROMPT_BARS = 8
LEAD_S = 6.5
STEP = 4                            # bars from one passage of a piece to the next
LUFS_DRAWN = 0.04                   # see ``make``
_SAME_S = 1e-3


@dataclass(frozen=True)
class Rules:
    """As in `model.blind.clips.Rules`."""

    seconds: float
    prompt_bars: int
    lead_bars: int


@dataclass(frozen=True)
class Passage:
    """Bars of a piece that become a duel; the prompt begins at `first`, from 0."""

    piece: Piece
    first: int
    rules: Rules


@dataclass(frozen=True)
class Made:
    """A duel that is ready: its facts, and by name of its two files the sound (MP3) and the music (MIDI)."""

    facts: DuelRow
    files: dict[str, tuple[bytes, bytes]]


def passages(piece: Piece, round_trip: clips.RoundTrip = round_trip) -> list[Passage]:
    """The passages of a piece that can become duels: unknown to the model, in one metre, long, loud and busy
    enough for the human side. ScoreError if the piece cannot be read."""
    if piece.in_training:
        return []
    score = piece.score()
    bars, lines = describe(score).bars, bar_seconds(score)
    if len(score.time_signatures) > 1:
        return []
    found = []
    for first in range(0, bars - PROMPT_BARS, STEP):
        seam = first + PROMPT_BARS
        lead = max(1, int((lines[seam] - lines[first:seam] <= LEAD_S).sum()))
        if lines[-1] - lines[seam - lead] >= SECONDS:
            passage = Passage(piece, first, Rules(SECONDS, PROMPT_BARS, lead))
            if _suits(cut_bars(score, first, bars), passage.rules, round_trip):
                found.append(passage)
    return found


def _suits(score: Score, rules: Rules, round_trip: clips.RoundTrip) -> bool:
    prompt = cut_bars(score, 0, rules.prompt_bars)
    if not prompt.note_num() or describe(prompt).bars < rules.prompt_bars:
        return False                # silent at its end: the machine would begin before the human does
    heard = clips.human_clip(score, rules, 0, round_trip)
    known = map(copied, (prompt, cut_seconds(heard, 0.0, rules.seconds)))
    return not clips.rests(heard, rules.seconds) and not any(
        clips.stands_in_training(one.notes, one.share) for one in known)


def make(passage: Passage, compose: Callable[[Score, Settings], Take], chance: random.Random,
         round_trip: clips.RoundTrip = round_trip) -> Made | None:
    """The duel of a passage; None where one of its sides is too silent, or the two do not begin alike.

    compose(prompt, settings) gives a take. The two clips are as loud as each other, but no two duels quite:
    their loudness is drawn within LUFS_DRAWN of that of all clips, so that bytes that somebody has learnt to
    be the human's do not tell again.
    """
    piece, rules = passage.piece, passage.rules
    score = cut_bars(whole := piece.score(), passage.first, describe(whole).bars)
    prompt = cut_bars(score, 0, rules.prompt_bars)
    lufs = clips.LUFS + chance.uniform(-LUFS_DRAWN, LUFS_DRAWN)
    own = clips.human_clip(score, rules, 0, round_trip)
    asked = Settings(bars=clips.machine_bars(prompt, rules), prompt_bars=rules.prompt_bars,
                     seed=chance.randrange(2**31))
    machine = clips.machine_clip(lambda settings: compose(prompt, settings), asked, rules, round_trip, lufs)
    audio = clips.clip_audio(own, rules.seconds, lufs)
    if machine is None or not clips.at_loudness(audio, lufs):
        return None
    seams = [float(bar_seconds(music, rules.lead_bars)[-1]) for music in (own, machine.music)]
    sounds = [encode(one, "mp3") for one in (audio, machine.audio)]
    if abs(np.diff(seams)[0]) > _SAME_S or len(sounds[0]) != len(sounds[1]):
        return None
    names = [f"{chance.getrandbits(128):032x}" for _ in sounds]
    music = [write(cut_seconds(one, 0.0, rules.seconds)) for one in (own, machine.music)]
    return Made(_facts(passage, machine, audio, seams[0], names, sounds, write(prompt)),
                dict(zip(names, zip(sounds, music, strict=True), strict=True)))


def _facts(passage: Passage, machine: clips.MachineClip, audio: clips.Audio, seam_s: float,
           names: Sequence[str], sounds: Sequence[bytes], prompt: bytes) -> DuelRow:
    piece, take = passage.piece, machine.take
    return DuelRow(
        prepared_at=datetime.now(UTC).isoformat(timespec="milliseconds"), human=names[0], machine=names[1],
        duration_s=audio.seconds, seam_s=round(seam_s, 3), piece_id=piece.id, title=piece.title,
        composer=piece.composer, licence=piece.licence, source=piece.source, first_bar=passage.first,
        prompt_bars=passage.rules.prompt_bars, lead_bars=passage.rules.lead_bars, system=take.system,
        checkpoint_sha256=take.checkpoint_sha256, seed=take.settings.seed,
        settings=json.dumps(asdict(take.settings), sort_keys=True), faults=", ".join(machine.faults),
        renderer=audio.renderer, lufs=round(audio.lufs, 3), human_audio_sha256=_sha256(sounds[0]),
        machine_audio_sha256=_sha256(sounds[1]), prompt_sha256=_sha256(prompt))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
