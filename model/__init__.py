"""Music in, music out: what the rest of the program may use.

Each name is imported when it is first asked for, so that a process that decodes need not import what renders,
nor one that trains what reads MIDI.
"""

from importlib import import_module

_HOMES = {
    "model.blind.clips": ("LUFS", "LUFS_WITHIN", "TRIES", "RoundTrip", "at_loudness", "bars_until",
                          "clip_audio", "human_clip", "machine_bars", "machine_clip", "rests",
                          "stands_in_training"),
    "model.blind.hearing": ("HEARD_FRACTION", "Listened", "NotHeard", "heard"),
    "model.blind.limits": ("Rate", "Throttle"),
    "model.blind.serving": ("Streams", "Withheld"),
    "model.generator": ("GenerationError", "Generator", "Progress", "Take", "round_trip"),
    "model.library": ("Piece", "human_pieces", "prompts"),
    "model.originality": ("Copied", "copied"),
    "model.render": ("Audio", "encode", "save", "to_audio"),
    "model.score": ("Limits", "Score", "ScoreError", "bar_seconds", "cut_bars", "cut_seconds", "describe",
                    "join", "read", "roll", "write"),
    "model.settings": ("PRESETS", "RANGES", "Settings", "Start"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'model' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
