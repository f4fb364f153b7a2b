"""What the store refuses. `str(error)` is always one sentence that may be shown as it is; `error.code` names
the rule for those who say it in another language (empty where only a forged request can break it).

    StoreError
    ├── UnknownStudy, UnknownParticipant, UnknownClip    no such thing, or no longer
    ├── NotReady        the study's clips are not all built
    ├── Closed          nobody may start: not opened, closed, over, or full (`code` is a `values.Shut`)
    ├── BadInvitation   the invitation is missing, unknown or used
    ├── NotDue          replayed, skipped ahead, or finished: ask for what is due
    ├── InvalidAnswer   the payload breaks a rule; the step stays due
    ├── Conflict        it would change what participants have heard, or what is stored already
    └── Busy            the database is locked, full or away; the same call may be tried again
"""


class StoreError(ValueError):
    """Something the store refuses. `values` are what its sentence names."""

    code = ""

    def __init__(self, message: str, code: str = "", **values: object):
        super().__init__(message)
        self.code = code or self.code
        self.values = values


class UnknownStudy(StoreError):
    """There is no study with this slug."""


class UnknownParticipant(StoreError):
    """The token belongs to nobody: mistyped, or the participant has withdrawn."""


class UnknownClip(StoreError):
    """The handle belongs to no clip."""


class NotReady(StoreError):
    """The study cannot be taken yet."""


class Closed(StoreError):
    """Nobody may start the study now."""

    code = "closed"


class BadInvitation(StoreError):
    """The study needs an invitation, and this is none."""

    code = "invitation"


class NotDue(StoreError):
    """The step is not the one that is due."""


class InvalidAnswer(StoreError):
    """A payload breaks a rule. The step stays due.

    Its codes and their values: `consent`; `missing` and `choose` (question); `number` (question, minimum,
    maximum); `long` (limit); `listen`, `listen_a` and `listen_b`; `count`.
    """


class Conflict(StoreError):
    """What is stored already forbids it."""


class Busy(StoreError):
    """The database is locked, full or away. Nothing was written; the same call may be tried again."""
