"""Which piece becomes which prompt: music that the model has not seen, long and loud enough for its clips."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from model import (
    RoundTrip,
    Score,
    ScoreError,
    bars_until,
    copied,
    cut_bars,
    cut_seconds,
    describe,
    human_clip,
    rests,
    stands_in_training,
)
from survey.design import ClipSpec, PromptSpec, prompt_order
from survey.study import ClipRules, Study

log = logging.getLogger(__name__)
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
    if not in_common_time(cut_bars(score, 0, bars_until(score, rules, passages))):
        return False
    try:
        clips = [human_clip(score, rules, passage, round_trip) for passage in range(passages)]
    except ScoreError:
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


def machine_prompt(piece: Piece, spec: ClipSpec) -> Score:
    """The bars that the machine is given."""
    return cut_bars(piece.score(), 0, spec.prompt_bars)
