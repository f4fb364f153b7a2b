"""The store: every rule of what may be written, as methods; each is one transaction.

    answers.py   participants and their answers       studies.py   studies, clips, plans and audits
"""

from survey.errors import (
    BadInvitation,
    Busy,
    Closed,
    Conflict,
    InvalidAnswer,
    NotDue,
    NotReady,
    StoreError,
    UnknownClip,
    UnknownParticipant,
    UnknownStudy,
)
from survey.store.answers import Store
from survey.values import BuiltClip, Clip, ClipFile, Due, StudyData, StudyStatus, Welcome

__all__ = [
    "BadInvitation", "BuiltClip", "Busy", "Clip", "ClipFile", "Closed", "Conflict", "Due", "InvalidAnswer",
    "NotDue", "NotReady", "Store", "StoreError", "StudyData", "StudyStatus", "UnknownClip",
    "UnknownParticipant", "UnknownStudy", "Welcome",
]
