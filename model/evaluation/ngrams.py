"""N-grams of notes: how much of a continuation stands in its prompt, in its human counterpart, in itself.

A token is a note as (program, steps since the instrument's last onset, pitch); n-grams do not cross
instruments.

The BLEU here is *customised* in that: its words are such notes and its sentence is the bag of the
instruments' melodies. The rest is Papineni et al. 2002 (clipped precisions of 1- to 4-grams, brevity penalty)
with 1 added to the counts above 1-grams (Lin and Och 2004).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from model.evaluation.baselines import events
from model.evaluation.passage import PROGRAM, Passage

LONGEST = 4                 # of BLEU
SIZES = (2, 3, 4, 5)        # of the counts

Token = tuple[int, int, int]


def tokens(part: Passage) -> list[list[Token]]:
    """The notes of each instrument, by program."""
    return [[(program, wait, pitch) for wait, pitch, *_ in events(part, program).tolist()]
            for program in np.unique(part.notes[:, PROGRAM]).tolist()]


def ngrams(sequences: Sequence[Sequence[Token]], n: int) -> list[tuple[Token, ...]]:
    """All n-grams of all sequences, in order."""
    return [tuple(sequence[i : i + n]) for sequence in sequences for i in range(len(sequence) - n + 1)]


def bleu(candidate: Passage, references: Sequence[Passage]) -> float:
    """BLEU-4 of a passage against others, 0-1; 0 without notes."""
    mine, theirs = tokens(candidate), [tokens(reference) for reference in references]
    length = sum(map(len, mine))
    if not length:
        return 0.0
    logs = 0.0
    for n in range(1, LONGEST + 1):
        counts = Counter(ngrams(mine, n))
        most: Counter = Counter()
        for reference in theirs:
            most |= Counter(ngrams(reference, n))
        add = n > 1
        shared, total = sum((counts & most).values()) + add, sum(counts.values()) + add
        if not shared:
            return 0.0
        logs += math.log(shared / total) / LONGEST
    nearest = min((sum(map(len, reference)) for reference in theirs), key=lambda r: (abs(r - length), r))
    return math.exp(logs + min(0.0, 1 - nearest / length))


def repetition(part: Passage, before: Passage) -> dict[str, float]:
    """Of the 2- to 5-grams of a passage, taken together: `novel` are new, `from_prompt` stand in the prompt,
    `from_itself` came earlier in the passage alone. Shares that sum to 1, and `ngrams`, how many there are.

    NaN shares where there is none.
    """
    novel = from_prompt = from_itself = 0
    mine, theirs = tokens(part), tokens(before)
    for n in SIZES:
        prompt, seen = set(ngrams(theirs, n)), set()
        for gram in ngrams(mine, n):
            if gram in prompt:
                from_prompt += 1
            elif gram in seen:
                from_itself += 1
            else:
                novel += 1
            seen.add(gram)
    total = novel + from_prompt + from_itself
    shares = {"novel": novel, "from_prompt": from_prompt, "from_itself": from_itself}
    return {**{name: value / total if total else math.nan for name, value in shares.items()}, "ngrams": total}
