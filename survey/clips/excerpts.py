"""Which piece becomes which prompt, and which music becomes a clip: one rule for people and machines.

A clip's music is always `round_trip(join(prompt, continuation))`, cut at bar lines: prompt and continuation
meet in the same way, and what the vocabulary cannot hold is missing from both. Only the continuation
differs. Where several systems are compared, that is the round trip through all of their vocabularies, one
after the other, for every clip: a velocity or a tempo that one of them cannot write, nobody's clip has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np

from model import Score, ScoreError, bar_seconds, copied, cut_bars, cut_seconds, describe, join, roll
from survey.clips.cues import stands_in_training
from survey.design import ClipSpec, PromptSpec, prompt_order
from survey.study import ClipRules, Study

MOST_REST_BEFORE_S = 1.0            # a clip may begin with so much silence
MOST_REST_AFTER_S = 2.0             # and end with so much
MOST_BARS = 400                     # looked at of a piece
log = logging.getLogger(__name__)
RoundTrip = Callable[[Score], Score]
Plays = Callable[[Score], bool]     # whether music can be played at the loudness of all clips


class Piece(Protocol):
    """What is needed of `model.Piece`. `in_training`, where there is one, says that the model has seen it."""

    id: str
    title: str
    composer: str
    licence: str

    def score(self) -> Score: ...


class BuildError(ValueError):
    """Clips cannot be built. `str(error)` is one sentence."""


# --- pieces -------------------------------------------------------------------------------------------------


def choose(study: Study, needed: Iterable[PromptSpec], library: Sequence[Piece], round_trip: RoundTrip,
           plays: Plays = lambda music: True) -> dict[int, Piece]:
    """A piece for every prompt, by index: the first suitable one that is not taken, in the seed's order.

    Raises:
        BuildError: if the library has too few suitable pieces.
    """
    chosen: dict[int, Piece] = {}
    known: dict[tuple[str, int], bool] = {}

    def suited(piece: Piece, passages: int) -> bool:
        case = piece.id, passages
        if case not in known:
            known[case] = suits(piece, passages, study.clips, round_trip, plays)
        return known[case]

    order = [library[index] for index in prompt_order(study, len(library))]
    # The demanding prompts first, so that no undemanding one takes the piece that they need.
    for prompt in sorted(needed, key=lambda prompt: (-prompt.passages, prompt.index)):
        taken = {piece.id for piece in chosen.values()}
        free = (piece for piece in order if piece.id not in taken)
        piece = next((piece for piece in free if suited(piece, prompt.passages)), None)
        if piece is None:
            raise BuildError(
                f"The study '{study.slug}' needs one more piece in 4/4 with {study.clips.prompt_bars} bars "
                f"before {prompt.passages * study.clips.seconds:g} seconds of music, beside the {len(taken)} "
                f"found; the library of {len(library)} pieces has none. SEGUE_LIBRARY may add some.")
        chosen[prompt.index] = piece
    return chosen


def suits(piece: Piece, passages: int, rules: ClipRules, round_trip: RoundTrip,
          plays: Plays = lambda music: True) -> bool:
    """Whether a piece is unknown to the model, in 4/4, and long and loud enough for so many human clips."""
    if getattr(piece, "in_training", False):
        return False
    try:
        score = piece.score()
    except ScoreError as error:
        log.warning("The piece '%s' is left out: %s", piece.title, error)
        return False
    if describe(score).bars <= rules.prompt_bars:
        return False
    prompt = cut_bars(score, 0, rules.prompt_bars)
    if not prompt.note_num() or describe(prompt).bars < rules.prompt_bars:
        return False                # silent at its end: the machine would begin before the human does
    if not in_common_time(cut_bars(score, 0, _bars_until(score, rules, passages))):
        return False
    try:
        clips = [human(score, rules, passage, round_trip) for passage in range(passages)]
    except BuildError:
        return False
    if any(rests(clip, rules.seconds) for clip in clips):
        return False
    heard = [cut_seconds(clip, 0.0, rules.seconds) for clip in clips]
    if any(stands_in_training(known.notes, known.share) for known in map(copied, [prompt, *heard])):
        log.info("The piece '%s' is left out: its beginning stands in the training music.", piece.title)
        return False
    return all(plays(clip) for clip in clips)


def in_common_time(score: Score) -> bool:
    """Whether every bar is in 4/4."""
    return all((change.numerator, change.denominator) == (4, 4) for change in score.time_signatures)


def _bars_until(score: Score, rules: ClipRules, passages: int) -> int:
    """How many bars a prompt and so many passages take; every passage may wait for a bar line."""
    lines = bar_seconds(score, MOST_BARS)
    longest = float(np.diff(lines).max())
    end = lines[rules.prompt_bars - rules.lead_bars] + passages * (rules.seconds + longest)
    return max(rules.prompt_bars, min(int(np.searchsorted(lines, end)) + 1, MOST_BARS))


# --- spans --------------------------------------------------------------------------------------------------


def human(score: Score, rules: ClipRules, passage: int, round_trip: RoundTrip) -> Score:
    """The span of a piece that is a human clip.

    Raises:
        BuildError: if the piece is too short.
    """
    bars = min(_bars_until(score, rules, passage + 1), max(describe(score).bars, rules.prompt_bars + 1))
    prompt = cut_bars(score, 0, rules.prompt_bars)
    continuation = cut_bars(score, rules.prompt_bars, max(bars, rules.prompt_bars + 1))
    return span(join(prompt, continuation, at_bar=rules.prompt_bars), rules, passage, round_trip)


def machine_bars(prompt: Score, rules: ClipRules) -> int:
    """How many bars the machine must add to fill a clip, with two to spare should it hurry."""
    lines = bar_seconds(prompt, rules.prompt_bars)
    lead = float(lines[-1] - lines[rules.prompt_bars - rules.lead_bars])
    missing = max(rules.seconds - lead, 0.0)
    return int(np.ceil(missing / float(lines[-1] - lines[-2]))) + 2


def span(whole: Score, rules: ClipRules, passage: int, round_trip: RoundTrip) -> Score:
    """Prompt joined with continuation -> the music of a clip, from a bar line on; it may be too long.

    Passage 0 begins `lead_bars` before the prompt's end; every further one at the first bar line after the
    one before.
    """
    held = round_trip(whole)
    lines = bar_seconds(held, MOST_BARS)
    first = rules.prompt_bars - rules.lead_bars
    for _ in range(passage):
        first = int(np.searchsorted(lines, lines[first] + rules.seconds - 1e-6))
    last = int(np.searchsorted(lines, lines[min(first, MOST_BARS)] + rules.seconds)) + 1
    if first >= MOST_BARS:
        raise BuildError(f"A clip would begin after bar {MOST_BARS}, further than is looked at.")
    return cut_bars(held, first, last)


def rests(music: Score, seconds: float) -> bool:
    """Whether a clip of this music would begin or end with a long silence, or hold nothing else."""
    heard = [(onset, onset + duration) for track in roll(music)["tracks"]
             for onset, duration, *_ in track["notes"] if onset < seconds]
    if not heard:
        return True
    first, last = min(onset for onset, _ in heard), max(end for _, end in heard)
    return first > MOST_REST_BEFORE_S or last < seconds - MOST_REST_AFTER_S


def machine_prompt(piece: Piece, spec: ClipSpec) -> Score:
    """The bars that the machine is given."""
    return cut_bars(piece.score(), 0, spec.prompt_bars)
