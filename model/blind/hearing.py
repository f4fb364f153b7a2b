"""Forced listening: how long a clip can have been heard, and whether that is enough to judge it. Pure.

The page counts the seconds that sounded. The server knows two bounds that no page can move: what was
streamed, and how long ago the step was shown. The report is believed as far as both allow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEARD_FRACTION = 0.5                # of a clip, for every play that is asked for
_SLACK_S = 0.25                     # for rounding, and a player's own idea of a clip's length


class NotHeard(ValueError):
    """A clip was not heard for long enough. The message is one sentence; `code` is the clip's."""

    def __init__(self, sentence: str, code: str):
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Listened:
    """One clip of a step: what the page reports (`plays`, `reported_s`; None: nothing) and what the server
    knows (`served_s` of `duration_s` were streamed; `served`: it was asked for at all). `name` is how a
    sentence calls it, `code` the refusal's."""

    slot: str
    name: str
    code: str
    plays: int
    reported_s: float | None
    served: bool
    served_s: float
    duration_s: float


def heard(clips: Iterable[Listened], elapsed_s: float, min_plays: int) -> dict[str, float | None]:
    """Seconds of each clip that were heard, by slot.

    A clip that was streamed once can sound again, so what was streamed counts once more than it was played
    through. Two clips cannot sound at once, so they share the time that has passed.

    Args:
        clips: the clips of the step.
        elapsed_s: seconds since the step was shown.
        min_plays: how often each must have been played, each time at least `HEARD_FRACTION` of it.

    Raises:
        NotHeard: if a clip was not heard for long enough.
    """
    left = elapsed_s + _SLACK_S
    found: dict[str, float | None] = {}
    for clip in clips:
        possible = min(clip.reported_s or 0.0, left, (clip.plays + 1) * clip.served_s)
        left -= possible
        if min_plays:
            _check(clip, possible, min_plays)
        found[clip.slot] = None if clip.reported_s is None else round(possible, 3)
    return found


def _check(clip: Listened, seconds: float, min_plays: int) -> None:
    once = HEARD_FRACTION * clip.duration_s
    if not clip.served:
        what = "has not been played"
    elif clip.plays < min_plays:
        what = f"was played {clip.plays} times, but must be played at least {min_plays} times"
    elif clip.served_s + _SLACK_S < once:
        what = f"was fetched for {clip.served_s:.1f} seconds only, but at least {once:.1f} must be heard"
    elif clip.reported_s is None:
        what = f"must be heard for {min_plays * once:.1f} seconds, but how long it was is missing"
    elif seconds + _SLACK_S < min_plays * once:
        what = f"was heard for {seconds:.1f} seconds, but {min_plays * once:.1f} are needed"
    else:
        return
    raise NotHeard(f"Please listen first: {clip.name} {what}.", clip.code)
