"""What a participant's browser may ask for, and what it gets. No web framework: `survey.page` is the door.

Everything arrives through `Visits.act`, which anybody can call with anything. So nothing in a request is
believed but the token, and that only as far as the store knows it: the server says what is due, and a
refused answer is followed by what is due. The reply never tells AI from human: it is a view made from
`store.Due`. Refusals are said in the reader's language; in English and in detail they are in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from survey.errors import BadInvitation, Closed, StoreError
from survey.store import (
    Busy,
    Conflict,
    Due,
    InvalidAnswer,
    NotDue,
    NotReady,
    Store,
    UnknownParticipant,
    UnknownStudy,
    Welcome,
)
from survey.web import markup, wording

MAX_TOKEN = 200                     # characters; the store's tokens are shorter
MAX_STEP_ID = 200
MAX_VALUE = 200                     # characters of an invitation, or of a parameter of the link
MAX_LANGUAGES = 20
log = logging.getLogger(__name__)

Reply = dict[str, object]


@dataclass(frozen=True)
class Visitor:
    """What a request says about whoever sends it; nothing of it is known to be true.

    `languages` are what they read, the best first; `parameters` is the query of the link that they followed.
    """

    token: str | None
    languages: tuple[str, ...]
    invitation: str | None
    parameters: Mapping[str, str]

    @classmethod
    def read(cls, request: object) -> Visitor:
        """Takes from a request what has the right form.

        Raises:
            ValueError: if it is no mapping, or its token or invitation is no short text.
        """
        if not isinstance(request, Mapping):
            raise ValueError("must be a mapping")
        languages, parameters = request.get("languages"), request.get("parameters")
        return cls(_short(request.get("token"), MAX_TOKEN),
                   _languages(languages if isinstance(languages, list) else []),
                   _short(request.get("invitation"), MAX_VALUE),
                   _parameters(parameters if isinstance(parameters, Mapping) else {}))

    def say(self, key: str) -> str:
        """A sentence in a language that they read."""
        return wording.say(self.language, key)

    @property
    def language(self) -> str:
        """The language to speak where no study says which."""
        return wording.chosen(self.languages, wording.LANGUAGES)


def _short(value: object, limit: int) -> str | None:
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= limit):
        raise ValueError(f"must be a text of 1 to {limit} characters")
    return value


def _languages(given: list[object]) -> tuple[str, ...]:
    return tuple(tag for tag in given[:MAX_LANGUAGES] if isinstance(tag, str) and len(tag) <= MAX_VALUE)


def _parameters(given: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in given.items()
            if isinstance(value, str) and 0 < len(value) <= MAX_VALUE}


class Visits:
    """Serves the visitors of all studies. Holds nothing between calls, so any process can serve the next."""

    def __init__(self, store: Store):
        self._store = store

    def act(self, slug: object, request: object) -> Reply:
        """One request of a browser.

        Args:
            slug: the study, as the address has it.
            request: `{"do": "open" | "start" | "answer" | "language" | "withdraw", "token"?, "step"?,
                "answer"?, "languages"?, "invitation"?, "parameters"?}`. `languages` are the reader's, the
                best first; `language` keeps the first of them. `parameters` is the query of the link.

        Returns:
            `{"state", "html"?, "language"?, "words"?, "token"?, "notice"?}`, for JSON. `state` is `welcome`,
            `invitation`, `building`, `closed`, `step`, `unknown` or `withdrawn`, with the view in `html`,
            its language, and the page's own `words` in it; or `kept`: the page stays as it is, and `notice`
            says why. A `token` is to be kept by the browser, None to be forgotten.
        """
        try:
            visitor = Visitor.read(request)
        except ValueError:
            said = request.get("languages") if isinstance(request, Mapping) else None
            language = wording.chosen(_languages(said if isinstance(said, list) else []), wording.LANGUAGES)
            return {"state": "kept", "notice": wording.say(language, "notice.not_understood")}
        try:
            return self._act(slug, visitor, request)
        except UnknownStudy:
            return _view("unknown", visitor.language, markup.unknown(visitor.language))
        except Busy:
            return _kept(visitor, "notice.busy")

    def _act(self, slug: object, visitor: Visitor, request: Mapping[str, object]) -> Reply:
        if not isinstance(slug, str):
            return _kept(visitor, "notice.not_understood")
        what = request.get("do")
        actions: dict[object, Callable[[], Reply]] = {
            "open": lambda: self._open(slug, visitor),
            "start": lambda: self._start(slug, visitor),
            "answer": lambda: self._answer(slug, visitor, request.get("step"), request.get("answer")),
            "language": lambda: self._change_language(slug, visitor),
            "withdraw": lambda: self._withdraw(slug, visitor),
        }
        action = actions.get(what) if isinstance(what, str) else None
        return action() if action else _kept(visitor, "notice.not_understood")

    # --- before the first answer ----------------------------------------------------------------------------

    def _open(self, slug: str, visitor: Visitor, notice: str | None = None) -> Reply:
        """Where this visitor is: the step that is due, or the door."""
        if visitor.token is None:
            return self._door(slug, visitor)
        try:
            return _step(self._mine(slug, visitor.token), notice)
        except UnknownParticipant:
            notice = notice or "notice.unknown_link"
            return {**self._door(slug, visitor), "token": None, "notice": visitor.say(notice)}

    def _door(self, slug: str, visitor: Visitor) -> Reply:
        of = self._welcome(slug, visitor)
        if of.shut is not None:
            return _view("closed", of.language, markup.shut(of, of.shut))
        if not of.ready:
            status = self._store.status(slug)
            html = markup.building(of, status.clips_built, status.clips_needed)
            return _view("building", of.language, html)
        if of.invitation and visitor.invitation is None:
            return _view("invitation", of.language, markup.invitation(of))
        return _view("welcome", of.language, markup.welcome(of))

    def _welcome(self, slug: str, visitor: Visitor) -> Welcome:
        of = self._store.welcome(slug)
        language = wording.chosen(visitor.languages, (of.language, *of.languages))
        return of if language == of.language else self._store.welcome(slug, language)

    def _start(self, slug: str, visitor: Visitor) -> Reply:
        """The visitor has read the consent text and agreed: only now is anything written.

        Their browser may propose the token; sent again, the same start begins nothing twice.
        """
        of = self._welcome(slug, visitor)
        kept = {name: value for name, value in visitor.parameters.items() if name in of.parameters}
        try:
            token = self._begun(slug, visitor) or self._store.start(
                slug, of.language, invitation=visitor.invitation, parameters=kept, token=visitor.token)
        except NotReady:
            return self._door(slug, visitor)
        except Closed as error:
            return _view("closed", of.language, markup.shut(of, error.code))
        except BadInvitation:
            return _view("invitation", of.language, markup.invitation(of, wrong=True))
        except Conflict:                            # the same start, twice in one moment
            return _kept(visitor, "notice.busy")
        try:
            due = self._store.due(token)
            if due.kind == "consent":
                due = self._store.answer(token, due.step_id, {"agree": True})
        except Busy:                                # they have begun, and used an invitation up
            return {**_kept(visitor, "notice.busy"), "token": token}
        return {**_step(due), "token": token}

    def _begun(self, slug: str, visitor: Visitor) -> str | None:
        """The token of a visitor whose start came through before, though they never heard of it."""
        if visitor.token is None:
            return None
        try:
            self._mine(slug, visitor.token)
        except UnknownParticipant:
            return None
        return visitor.token

    # --- answers --------------------------------------------------------------------------------------------

    def _answer(self, slug: str, visitor: Visitor, step: object, answer: object) -> Reply:
        token = visitor.token
        named = isinstance(step, str) and len(step) <= MAX_STEP_ID
        if token is None or not named or not isinstance(answer, Mapping):
            return _kept(visitor, "notice.not_understood")
        try:
            due = self._mine(slug, token)           # a token of another study has no business here
        except UnknownParticipant:
            return self._open(slug, visitor)
        try:
            return _step(self._store.answer(token, step, answer))
        except UnknownParticipant:
            return self._open(slug, visitor)
        except (NotDue, Conflict) as error:
            log.warning("refused an answer to step %.40r of study %s: %s", step, slug, error)
            return self._open(slug, visitor, "notice.already")
        except InvalidAnswer as error:
            log.warning("refused an answer to step %.40r of study %s: %s", step, slug, error)
            return {"state": "kept", "notice": _refusal(error, due.language)}

    def _change_language(self, slug: str, visitor: Visitor) -> Reply:
        """A participant goes on in another language: the first one of the request that the study offers."""
        if visitor.token is None:
            return self._open(slug, visitor)
        try:
            due = self._mine(slug, visitor.token)
            offered = due.language, *due.languages
            self._store.set_language(visitor.token, wording.chosen(visitor.languages, offered))
        except UnknownParticipant:
            pass                                    # `_open` says so
        return self._open(slug, visitor)

    def _withdraw(self, slug: str, visitor: Visitor) -> Reply:
        if visitor.token is None:
            return self._open(slug, visitor)
        language = visitor.language
        try:
            language = self._mine(slug, visitor.token).language
            self._store.withdraw(visitor.token)
        except UnknownParticipant:
            pass                                    # gone already, which is what was asked for
        return {**_view("withdrawn", language, markup.withdrawn(language)), "token": None}

    def _mine(self, slug: str, token: str) -> Due:
        """What is due to this participant of this study.

        Raises:
            UnknownParticipant: if the token belongs to nobody, or to somebody of another study.
        """
        due = self._store.due(token)
        if due.study != slug:
            raise UnknownParticipant("This link belongs to another study.")
        return due


def _refusal(error: StoreError, language: str) -> str:
    """Why an answer was refused, in a language; in general words if no honest page would send it."""
    key = f"refused.{error.code}"
    return wording.say(language, key if key in wording.catalogue("en") else "notice.invalid", **error.values)


def _view(state: str, language: str, html: str) -> Reply:
    return {"state": state, "html": html, "language": language, "words": wording.script(language)}


def _step(due: Due, notice: str | None = None) -> Reply:
    reply = _view("step", due.language, markup.step(due))
    return {**reply, "notice": wording.say(due.language, notice)} if notice else reply


def _kept(visitor: Visitor, notice: str) -> Reply:
    return {"state": "kept", "notice": visitor.say(notice)}
