"""The decode loop over token ids: bar by bar, within the grammar."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from model import engine as engines
from model.plan import Heard
from model.remi.grammar import Grammar, State
from model.remi.plan import Rules
from model.remi.tokenizer import Tokenizer
from model.sampling import NEVER, Bars, Ngrams, Sampling, ban, draw, hand_over


def spelling(bases: Sequence[tuple[str, ...]], text: tuple[str, ...], forbidden: Set[str]) -> np.ndarray:
    """Bool (V,): the ids that begin a text of base tokens, or say all of it and then nothing forbidden."""
    size = len(text)
    return np.array([bool(base) and base[:size] == text[: len(base)] and forbidden.isdisjoint(base[size:])
                     for base in bases])


def begun(tokenizer: Tokenizer, prompt: np.ndarray) -> np.ndarray:
    """What the network reads of a prompt, int64 (n + 1,): BOS first."""
    return np.concatenate([[tokenizer.bos], prompt]).astype(np.int64)


def generate(
    network: object,
    grammar: Grammar,
    prompt: np.ndarray,
    how: Sampling,
    *,
    bars: int,
    minimum_bars: int = 0,
    max_tokens: int = 4096,
    seed: int = 0,
    rules: Rules = Rules(),
    heard: Heard = lambda new, share: True,
    prefix: object | None = None,
) -> tuple[list[int], bool]:
    """Continue a prompt bar by bar.

    Parameters
    ----------
    network: a torch module or an engine (see model/engine).
    prompt: token ids without BOS, may be empty.
    bars: how many bars to add; the token that would begin one more ends the take.
    minimum_bars: EOS is ruled out before so many new bars are begun.
    rules: what the new ids begin with, in whatever ids the network spells it, and the base tokens that they
        do not hold after it, unless the grammar demands them.
    heard: called after each new token with the ids since the last call; False stops the loop.
    prefix: what engine.prefill made of `begun`; it is copied. None: that is done now.

    Returns
    -------
    The new ids, and whether the take came to its end (False: stopped, or max_tokens reached). The same
    network, prompt, settings and seed give the same ids on the same machine.
    """
    tokenizer = grammar.tokenizer
    engine, rng = engines.of(network), np.random.default_rng(seed)
    ngrams, whole_bars = Ngrams(how.no_repeat_ngram), Bars(how.no_repeat_bars)
    state = State()
    for token in prompt:
        state = grammar.advance(state, int(token))
        ngrams.add(int(token))
        _hear(whole_bars, tokenizer.base[int(token)])
    allowed = np.array([rules.forbidden.isdisjoint(base) for base in tokenizer.base])
    left = rules.opening
    closing = [*np.flatnonzero(tokenizer.bars > 0).tolist(), tokenizer.eos]
    start = state.bars
    ids: list[int] = []
    given = begun(tokenizer, prompt)
    cache = (prefix or engines.prefill(engine, given)).copy(len(given) + max_tokens)
    feed = given[-1:]
    while len(ids) < max_tokens:
        logits = engine.read(feed, cache)
        mask = grammar.mask(state)
        wanted = mask & (spelling(tokenizer.base, left, rules.forbidden) if left else allowed)
        mask = wanted if wanted.any() else mask
        # A note that does not rise would begin another chord: what it weighs is for moving on in time. Shared
        # out among the higher notes instead, it drives every part upwards.
        logits = hand_over(logits, grammar.falls(state), mask & grammar.moves)
        logits = np.where(mask, logits, NEVER)
        if state.bars - start < minimum_bars:
            logits = ban(logits, [tokenizer.eos])
        if whole_bars.must_go_on():
            logits = ban(logits, closing)
        token = draw(ban(logits, ngrams.banned()), how, rng)
        state = grammar.advance(state, token)
        if token == tokenizer.eos or state.bars - start > bars:
            return ids, True
        ids.append(token)
        left = left[len(tokenizer.base[token]) :]
        ngrams.add(token)
        _hear(whole_bars, tokenizer.base[token])
        share = (state.bars - start - 1 + max(state.position, 0) / state.length) / max(bars, 1)
        if not heard([token], min(max(share, 0.0), 1.0)):
            return ids, False
        feed = np.array([token])
    return ids, False


def _hear(bars: Bars, base: Sequence[str]) -> None:
    """Tell the bars what a token says."""
    for token in base:
        if token == "Bar_None":
            bars.begin()
        else:
            bars.add(token, sounds=token.startswith("Pitch"))
