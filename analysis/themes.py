"""What comments are about: the published evaluation's four themes, by the dictionary in themes.yaml. Pure.

Counting words is crude, and says so: a dictionary finds what it lists, a negation close before a term takes
it back, and irony stays unheard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

LANGUAGES = ("en", "de", "es", "zh")
REACH = 3  # words before a term in which a negation takes it back
REACH_ZH = 4  # the same in Chinese characters
CLAUSE = "|"


class Mention(NamedTuple):
    """A theme and the words that named it; ``negated`` if they were taken back."""

    theme: str
    words: str
    negated: bool


class _Language(NamedTuple):
    terms: dict[str, re.Pattern]
    negations: frozenset[str]
    contrasts: frozenset[str]


@cache
def themes() -> tuple[str, ...]:
    """The themes' names, in the dictionary's order."""
    return tuple(_dictionary()["themes"])


def mentions(comment: str, language: str | None = None) -> list[Mention]:
    """Every theme that ``comment`` names, each place once.

    ``language`` is the participant's (``de``, ``en-GB``); its dictionary and the English one are searched,
    or all four where it is another or unknown.

    >>> [tuple(mention) for mention in mentions("Repetitive, but not chaotic.", "en")]
    [('repetitive', 'repetitive', False), ('chaotic', 'chaotic', True)]
    """
    own = (language or "").split("-")[0].lower()
    searched = tuple(dict.fromkeys((own, "en"))) if own in LANGUAGES else LANGUAGES
    plain, signs = _words(comment), _signs(comment)
    found: dict[tuple[str, bool, int], Mention] = {}
    for name in searched:
        by_sign = name == "zh"
        for place, mention in _found(signs if by_sign else plain, _language(name), by_sign):
            # A word that two languages share is one mention; what one of them takes back is taken back.
            known = found.setdefault((mention.theme, by_sign, place), mention)
            found[mention.theme, by_sign, place] = mention if mention.negated else known
    return list(found.values())


def named(found: Sequence[Mention]) -> list[str]:
    """The themes that are mentioned and not taken back."""
    said = {mention.theme for mention in found if not mention.negated}
    return [theme for theme in themes() if theme in said]


def _found(text: str, language: _Language, by_sign: bool) -> list[tuple[int, Mention]]:
    """Mentions with where they begin in ``text``."""
    found = []
    for theme, pattern in language.terms.items():
        for match in pattern.finditer(text):
            before = text[: match.start()].rpartition(CLAUSE)[2]
            if by_sign:
                near = before[-REACH_ZH:]
                cut = max((near.rfind(word) for word in language.contrasts), default=-1)
                negated = any(word in near[cut + 1 :] for word in language.negations)
            else:
                near = before.split()[-REACH:]
                start = max(
                    (place + 1 for place, word in enumerate(near) if word in language.contrasts), default=0
                )
                negated = any(word in language.negations for word in near[start:])
            found.append((match.start(), Mention(theme, match[0], negated)))
    return found


def _words(comment: str) -> str:
    """Words of letters with a space between, and | where a clause ends."""
    text = unicodedata.normalize("NFC", comment).casefold()
    return " ".join(re.findall(rf"[^\W\d_]+|[{re.escape(CLAUSE)}]", re.sub(r"[.,;:!?()\n]+", CLAUSE, text)))


def _signs(comment: str) -> str:
    """The comment without spaces, and | where a clause ends."""
    text = unicodedata.normalize("NFKC", comment)
    return re.sub(r"\s+", "", re.sub(r"[.,;:!?()、。\n]+", CLAUSE, text))


@cache
def _language(name: str) -> _Language:
    dictionary = _dictionary()
    return _Language(
        {theme: _pattern(words[name], name) for theme, words in dictionary["themes"].items()},
        frozenset(dictionary["negations"][name]),
        frozenset(dictionary["contrasts"][name]),
    )


def _pattern(terms: Sequence[str], language: str) -> re.Pattern:
    # The longest term first, so that 'off beat' is not found as less than it is.
    ordered = sorted(terms, key=len, reverse=True)
    if language == "zh":
        return re.compile("|".join(map(re.escape, ordered)))
    written = (re.escape(term.casefold()).replace(r"\*", r"[^\W\d_]*") for term in ordered)
    return re.compile(rf"(?<!\S)(?:{'|'.join(written)})(?!\S)")


@cache
def _dictionary() -> dict:
    return yaml.safe_load(Path(__file__).with_name("themes.yaml").read_text(encoding="utf-8"))
