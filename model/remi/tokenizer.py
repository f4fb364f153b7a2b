"""Score <-> token ids: REMI+ by MidiTok, shortened by byte-pair encoding.

Knows MidiTok and its vocabulary; knows nothing of networks, sampling or files of music.
What may follow what is in `grammar.py`.

Three named configurations:

``published``   the published system's parameters, to the letter.
``segue``       the same without Rest tokens. Under MidiTok 3.1 a rest that crosses a bar line swallows the
                Bar token, so that later notes land in the wrong place: on 60 files drawn at random from the
                training set, decode(encode(x)) moved 12,287 of 183,955 onsets with rests and 29 without, and
                the number of Bar tokens was the number of bars in 26 files with rests and 58 without.

``chordless``   the published one without Chord tokens, to see what they are worth.

All differ from plain MidiTok in one more way: simultaneous notes are sorted by program (drums first) and
pitch, so that their order does not depend on the file's, and encoding what was decoded gives the same tokens
again.

MidiTok's `drums_pitch_range` includes its upper bound, and so does `pitch_range` in practice: (21, 109)
yields the pitches 21-109, (0, 127) all 128 drum keys.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from miditok import REMI, TokenizerConfig, TokSequence
from symusic import Score

PUBLISHED = {
    "pitch_range": (21, 109),
    "beat_res": {(0, 4): 12, (4, 12): 4},
    "num_velocities": 32,
    "special_tokens": ["PAD", "BOS", "EOS", "MASK"],
    "use_chords": True,
    "use_rests": True,
    "use_tempos": True,
    "use_time_signatures": True,
    "use_programs": True,
    "num_tempos": 32,
    "tempo_range": (40, 250),
    "drums_pitch_range": (0, 127),
}
CONFIGURATIONS = {"published": PUBLISHED, "segue": {**PUBLISHED, "use_rests": False},
                  "chordless": {**PUBLISHED, "use_chords": False}}

POSITIONS_PER_BEAT = 12
LARGEST = 2**16        # ids are kept as uint16


class _SortedRemi(REMI):
    """REMI whose simultaneous notes are ordered by program and pitch, not by the file's order of tracks, nor
    by what came first before it was quantised."""

    def preprocess_score(self, score: Score) -> Score:
        score = super().preprocess_score(score)
        for track in score.tracks:
            track.notes.sort(key=lambda note: (note.start, note.pitch))
        score.tracks = sorted(score.tracks, key=lambda track: -1 if track.is_drum else track.program)
        return score


class Tokenizer:
    """One vocabulary. Make it with `create` (then `train`) or `load`.

    Attributes
    ----------
    size: number of token ids.
    base: for every id, the tuple of base tokens ("Type_Value") it stands for.
    notes: int array (size,), notes begun by each id.
    bars: int array (size,), bars begun by each id.
    pad, bos, eos: ids of the special tokens.
    """

    def __init__(self, remi: REMI) -> None:
        self._remi = remi
        self._index()

    @classmethod
    def create(cls, configuration: str = "segue") -> Tokenizer:
        if configuration not in CONFIGURATIONS:
            known = ", ".join(CONFIGURATIONS)
            raise ValueError(f"A tokenizer is one of {known}; received '{configuration}'.")
        return cls(_SortedRemi(TokenizerConfig(**CONFIGURATIONS[configuration])))

    @classmethod
    def load(cls, path: Path | str) -> Tokenizer:
        """Read a tokenizer.json written by `save`."""
        return cls(_SortedRemi(params=Path(path)))

    def save(self, path: Path | str) -> None:
        self._remi.save(Path(path))

    def train(self, files: Iterable[Path], vocabulary: int = 5000) -> None:
        """Learn byte-pair merges within bars from MIDI files until there are `vocabulary` ids.

        Music with few patterns may yield fewer ids. Files that are no MIDI are passed over.
        """
        least = len(self._remi.vocab) + 1
        if not least <= vocabulary <= LARGEST:
            raise ValueError(f"A vocabulary has {least:,} to {LARGEST:,} ids; received {vocabulary:,}.")
        self._remi.train(vocab_size=vocabulary, model="BPE", files_paths=[Path(file) for file in files])
        self._index()

    def encode(self, score: Score, rests: bool = True) -> np.ndarray:
        """Token ids of a score, uint16 array (n,), without BOS and EOS; none if it has no note in range.

        Onsets are quantised to 1/12 beat. `rests` False says silence by bars and positions alone, so that
        every bar has its Bar token; it changes nothing where the configuration has no rests.
        """
        if score.note_num() == 0:
            return np.zeros(0, np.uint16)
        remi = self._remi if rests else self._restless
        ids = np.asarray(remi.encode(score.copy()).ids, np.uint16)
        return ids if self.notes[ids].any() else ids[:0]

    def decode(self, ids: Iterable[int]) -> Score:
        """The score of token ids; special tokens are skipped."""
        tokens = [token for i in ids for token in self.base[int(i)]
                  if not token.endswith("_None") or token == "Bar_None"]
        if not tokens:
            return Score(2 * POSITIONS_PER_BEAT)
        return self._remi.decode(TokSequence(tokens=tokens))

    def _index(self) -> None:
        remi = self._remi
        # The same without rests. Not a switch that `encode` throws: threads may share a tokenizer.
        self._restless = copy.copy(remi)
        self._restless.config = remi.config.copy()
        self._restless.config.use_rests = False
        if remi.is_trained:
            table = {i: remi._vocab_learned_bytes_to_tokens[b] for b, i in remi._model.get_vocab().items()}
        else:
            table = {i: [token] for token, i in remi.vocab.items()}
        self.size = len(table)
        self.base = [tuple(table[i]) for i in range(self.size)]
        self.notes = np.array([sum(t.startswith("Pitch") for t in tokens) for tokens in self.base], np.int32)
        self.bars = np.array([tokens.count("Bar_None") for tokens in self.base], np.int32)
        special = {tokens[0]: i for i, tokens in enumerate(self.base) if len(tokens) == 1}
        self.pad, self.bos, self.eos = (special[f"{name}_None"] for name in ("PAD", "BOS", "EOS"))
