"""Which music becomes a clip, and how it sounds: one path for people and machines.

A clip's music is always `round_trip(join(prompt, continuation))`, cut at bar lines: prompt and continuation
meet in the same way, and what the vocabulary cannot hold is missing from both. Only the continuation
differs. Then come one renderer, one loudness and one length (`model.to_audio`), and one codec at a constant
bit rate (`model.encode`). Music that cannot be played within LUFS_WITHIN of the common loudness (a few lone
clicks, whose peaks a limiter would have to crush) becomes no clip, so that none is softer than the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from symusic import Score

from model.generator import Take
from model.render import Audio, to_audio
from model.score import ScoreError, bar_seconds, cut_bars, cut_seconds, describe, join, roll
from model.settings import Settings

LUFS = -20.0
LUFS_WITHIN = 0.1
TRIES = 3                           # calls of the generator for one clip; each tries a faulty take twice
MOST_REST_BEFORE_S = 1.0            # a clip may begin with so much silence
MOST_REST_AFTER_S = 2.0             # and end with so much
MOST_BARS = 400                     # looked at of a piece
RoundTrip = Callable[[Score], Score]

# What is no chance: 95% of held-out human excerpts have fewer than 16 notes in a row in common with the
# training music, and 98% less than a third of their melodies (model/weights/originality.json).
COPIED_NOTES = 24
QUOTED_NOTES, QUOTED_SHARE = 16, 1 / 3


class Rules(Protocol):
    """What all clips of a test have in common: a piece's first `prompt_bars` bars are the prompt, and a clip
    starts `lead_bars` bars before their end and lasts exactly `seconds`."""

    @property
    def seconds(self) -> float: ...

    @property
    def prompt_bars(self) -> int: ...

    @property
    def lead_bars(self) -> int: ...


def bars_until(score: Score, rules: Rules, passages: int = 1) -> int:
    """How many bars a prompt and so many passages take; every passage may wait for a bar line."""
    lines = bar_seconds(score, MOST_BARS)
    longest = float(np.diff(lines).max())
    end = lines[rules.prompt_bars - rules.lead_bars] + passages * (rules.seconds + longest)
    return max(rules.prompt_bars, min(int(np.searchsorted(lines, end)) + 1, MOST_BARS))


def human_clip(score: Score, rules: Rules, passage: int, round_trip: RoundTrip) -> Score:
    """The span of a piece that is a human clip. ScoreError: it would begin too late to be looked at."""
    bars = min(bars_until(score, rules, passage + 1), max(describe(score).bars, rules.prompt_bars + 1))
    prompt = cut_bars(score, 0, rules.prompt_bars)
    continuation = cut_bars(score, rules.prompt_bars, max(bars, rules.prompt_bars + 1))
    return clip_span(join(prompt, continuation, at_bar=rules.prompt_bars), rules, passage, round_trip)


def machine_bars(prompt: Score, rules: Rules) -> int:
    """How many bars the machine must add to fill a clip, with two to spare should it hurry."""
    lines = bar_seconds(prompt, rules.prompt_bars)
    lead = float(lines[-1] - lines[rules.prompt_bars - rules.lead_bars])
    missing = max(rules.seconds - lead, 0.0)
    return int(np.ceil(missing / float(lines[-1] - lines[-2]))) + 2


def clip_span(whole: Score, rules: Rules, passage: int, round_trip: RoundTrip) -> Score:
    """Prompt joined with continuation -> the music of a clip, from a bar line on; it may be too long.

    Passage 0 begins `lead_bars` before the prompt's end; every further one at the first bar line after the
    one before. ScoreError: a clip would begin after MOST_BARS.
    """
    held = round_trip(whole)
    lines = bar_seconds(held, MOST_BARS)
    first = rules.prompt_bars - rules.lead_bars
    for _ in range(passage):
        first = int(np.searchsorted(lines, lines[first] + rules.seconds - 1e-6))
    last = int(np.searchsorted(lines, lines[min(first, MOST_BARS)] + rules.seconds)) + 1
    if first >= MOST_BARS:
        raise ScoreError(f"A clip would begin after bar {MOST_BARS}, further than is looked at.")
    return cut_bars(held, first, last)


def rests(music: Score, seconds: float) -> bool:
    """Whether a clip of this music would begin or end with a long silence, or hold nothing else."""
    heard = [(onset, onset + duration) for track in roll(music)["tracks"]
             for onset, duration, *_ in track["notes"] if onset < seconds]
    if not heard:
        return True
    first, last = min(onset for onset, _ in heard), max(end for _, end in heard)
    return first > MOST_REST_BEFORE_S or last < seconds - MOST_REST_AFTER_S


def stands_in_training(notes: float, share: float) -> bool:
    """Whether so many notes in a row, and such a share of the melodies, are more than chance."""
    return notes >= COPIED_NOTES or (notes >= QUOTED_NOTES and share >= QUOTED_SHARE)


def clip_audio(music: Score, seconds: float, lufs: float = LUFS) -> Audio:
    """The sound of a clip, cut or filled to the length of all."""
    return to_audio(music, seconds=seconds, lufs=lufs)


def at_loudness(audio: Audio, lufs: float = LUFS) -> bool:
    """Whether sound is as loud as all clips are."""
    return abs(audio.lufs - lufs) <= LUFS_WITHIN


@dataclass(frozen=True, eq=False)
class MachineClip:
    """A machine's continuation as a clip; `faults`: what is wrong with it although other seeds were tried."""

    take: Take
    music: Score
    audio: Audio
    faults: tuple[str, ...]


def machine_clip(compose: Callable[[Settings], Take], settings: Settings, rules: Rules, round_trip: RoundTrip,
            lufs: float = LUFS) -> MachineClip | None:
    """The machine's continuation: the first take without fault, else the least faulty of all tries.

    None if `compose` plays nothing that can be used with TRIES different seeds, beginning with settings.seed,
    or too little to be as loud as other clips.
    """
    best: MachineClip | None = None
    for _ in range(TRIES):
        take = compose(settings)
        music = clip_span(take.score, rules, 0, round_trip)
        # A take may sound for long and yet be silent where the clip is cut: such a clip has no loudness.
        if "empty" not in take.faults and cut_seconds(music, 0.0, rules.seconds).note_num():
            faults = (*take.faults, *(["a long silence"] if rests(music, rules.seconds) else []))
            if best is None or _rank(faults) < _rank(best.faults):
                audio = clip_audio(music, rules.seconds, lufs)
                if at_loudness(audio, lufs):
                    best = MachineClip(take, music, audio, faults)
            if best is not None and not best.faults:
                break
        settings = replace(settings, seed=(take.settings.seed + 1) % 2**31)
    return best


def _rank(faults: tuple[str, ...]) -> tuple[bool, int]:
    return "a long silence" in faults, len(faults)
