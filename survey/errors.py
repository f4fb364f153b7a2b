"""What the store refuses. `str(error)` is always one sentence that may be shown as it is.

    StoreError
    ├── UnknownStudy, UnknownParticipant, UnknownClip    no such thing, or no longer
    ├── NotReady        the study's clips are not all built
    ├── BadInvitation   the invitation is missing, not known, or used
    ├── NotDue          replayed, skipped ahead, or finished: ask for what is due
    ├── InvalidAnswer   the payload breaks a rule; the step stays due
    ├── Conflict        it would change what participants have heard, or what is stored already
    └── Busy            the database is locked, full or away; the same call may be tried again
"""


class StoreError(ValueError):
    """Something the store refuses."""


class UnknownStudy(StoreError):
    """There is no study with this slug."""


class UnknownParticipant(StoreError):
    """The token belongs to nobody: mistyped, or the participant has withdrawn."""


class UnknownClip(StoreError):
    """The handle belongs to no clip."""


class NotReady(StoreError):
    """The study cannot be taken yet."""


class BadInvitation(StoreError):
    """The invitation is missing, not known, or has been used."""


class NotDue(StoreError):
    """The step is not the one that is due."""


class InvalidAnswer(StoreError):
    """A payload breaks a rule. The step stays due."""


class Conflict(StoreError):
    """What is stored already forbids it."""


class Busy(StoreError):
    """The database is locked, full or away. Nothing was written; the same call may be tried again."""
