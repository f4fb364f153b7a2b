"""What a participant's browser may ask for, and what it gets. No web framework: `survey.page` is the door.

Everything arrives through `Visits.act`, which anybody can call with anything. So nothing in a request is
believed but the token, and that only as far as the store knows it: the server says what is due, and a
refused answer is followed by what is due. The reply never tells AI from human: it is a view made from
`store.Due`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from survey import markup
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
)

MAX_TOKEN = 200                     # characters; the store's tokens are shorter
MAX_STEP_ID = 200
NOT_UNDERSTOOD = "This page is out of step with the server. Please load it again."
ALREADY = "That answer is already with us. Here is where you are."
UNKNOWN_LINK = "This link is not valid any more, so the test starts afresh."
log = logging.getLogger(__name__)

Reply = dict[str, object]


class Visits:
    """Serves the visitors of all studies. Holds nothing between calls, so any process can serve the next."""

    def __init__(self, store: Store):
        self._store = store

    def act(self, slug: object, request: object) -> Reply:
        """One request of a browser.

        Args:
            slug: the study, as the address has it.
            request: `{"do": "open" | "start" | "answer" | "withdraw", "token"?, "step"?, "answer"?}`.

        Returns:
            `{"state", "html"?, "token"?, "notice"?}`, for JSON. `state` is `welcome`, `building`, `step`,
            `unknown` or `withdrawn`, with the view in `html`; or `kept`: the page stays as it is, and
            `notice` says why. A `token` is to be kept by the browser, None to be forgotten.
        """
        try:
            return self._act(slug, request)
        except UnknownStudy:
            return {"state": "unknown", "html": markup.unknown()}
        except Busy as error:
            return {"state": "kept", "notice": str(error)}

    def _act(self, slug: object, request: object) -> Reply:
        if not isinstance(slug, str) or not isinstance(request, Mapping):
            return _kept(NOT_UNDERSTOOD)
        what, token = request.get("do"), request.get("token")
        if token is not None and not (isinstance(token, str) and 0 < len(token) <= MAX_TOKEN):
            return _kept(NOT_UNDERSTOOD)
        actions: dict[object, Callable[[], Reply]] = {
            "open": lambda: self._open(slug, token),
            "start": lambda: self._start(slug),
            "answer": lambda: self._answer(slug, token, request.get("step"), request.get("answer")),
            "withdraw": lambda: self._withdraw(slug, token),
        }
        action = actions.get(what) if isinstance(what, str) else None
        return action() if action else _kept(NOT_UNDERSTOOD)

    def _open(self, slug: str, token: str | None, notice: str | None = None) -> Reply:
        """Where this visitor is: the step that is due, or the door."""
        if token is not None:
            try:
                return _step(self._mine(slug, token), notice)
            except UnknownParticipant:
                return {**self._open(slug, None), "token": None, "notice": notice or UNKNOWN_LINK}
        welcome = self._store.welcome(slug)
        if welcome.ready:
            return {"state": "welcome", "html": markup.welcome(welcome)}
        status = self._store.status(slug)
        html = markup.building(welcome, status.clips_built, status.clips_needed)
        return {"state": "building", "html": html}

    def _start(self, slug: str) -> Reply:
        """The visitor has read the consent text and agreed: only now is anything written."""
        try:
            token = self._store.start(slug)
        except NotReady:
            return self._open(slug, None)
        due = self._store.due(token)
        if due.kind == "consent":
            due = self._store.answer(token, due.step_id, {"agree": True})
        return {**_step(due), "token": token}

    def _answer(self, slug: str, token: str | None, step: object, answer: object) -> Reply:
        named = isinstance(step, str) and len(step) <= MAX_STEP_ID
        if token is None or not named or not isinstance(answer, Mapping):
            return _kept(NOT_UNDERSTOOD)
        try:
            self._mine(slug, token)                 # a token of another study has no business here
            return _step(self._store.answer(token, step, answer))
        except UnknownParticipant:
            return self._open(slug, token)
        except (NotDue, Conflict) as error:
            log.warning("refused an answer to step %.40r of study %s: %s", step, slug, error)
            return self._open(slug, token, ALREADY)
        except InvalidAnswer as error:
            log.warning("refused an answer to step %.40r of study %s: %s", step, slug, error)
            return _kept(str(error))

    def _withdraw(self, slug: str, token: str | None) -> Reply:
        if token is None:
            return self._open(slug, None)
        try:
            self._mine(slug, token)
            self._store.withdraw(token)
        except UnknownParticipant:
            pass                                    # gone already, which is what was asked for
        return {"state": "withdrawn", "html": markup.withdrawn(), "token": None}

    def _mine(self, slug: str, token: str) -> Due:
        """What is due to this participant of this study.

        Raises:
            UnknownParticipant: if the token belongs to nobody, or to somebody of another study.
        """
        due = self._store.due(token)
        if due.study != slug:
            raise UnknownParticipant("This link belongs to another study.")
        return due


def _step(due: Due, notice: str | None = None) -> Reply:
    reply: Reply = {"state": "step", "html": markup.step(due)}
    return {**reply, "notice": notice} if notice else reply


def _kept(notice: str) -> Reply:
    return {"state": "kept", "notice": notice}

