"""Invitations: codes that let one participant in each, once.

A code is twelve characters of Crockford's base 32 (letters and digits without I, L, O and U), 60 random bits,
in three groups. What people type is forgiven: case, spaces and hyphens do not matter, O is read as 0, I and L
as 1. Only a code's SHA-256 is kept and looked for, so how long a look-up takes says nothing about codes that
are nearly right. That a code was used is kept by the day only: to the second it would tie the code, and who
was given it, to a participant.

Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlmodel import Session

from survey.database import catalogue
from survey.database.tables import InvitationRow, StudyRow
from survey.errors import BadInvitation, StoreError
from survey.values import Invited

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"      # https://www.crockford.com/base32.html
LENGTH = 12                                        # of 5 bits each
MAX_COUNT = 10_000
_GROUP = 4
_FORGIVEN = str.maketrans("OIL", "011", "- \t\n\r\u00a0\u2010\u2011\u2013")
_UNKNOWN = "This invitation is not known; please check that it is typed as you were given it."
_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


def create(session: Session, row: StudyRow, count: int) -> list[str]:
    """New codes of a study, as they are to be handed out. They cannot be shown a second time.

    Raises:
        StoreError: if `count` is not from 1 to MAX_COUNT.
    """
    if not 1 <= count <= MAX_COUNT:
        raise StoreError(f"At once, 1 to {MAX_COUNT:,} invitations can be made, but {count} were asked for.")
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(count)]
    made = catalogue.now()
    session.add_all(InvitationRow(study_id=row.id, code_sha256=_sha256(code), created_at=made)
                    for code in codes)
    session.flush()
    return [_grouped(code) for code in codes]


def redeem(session: Session, row: StudyRow, code: str | None) -> None:
    """Uses an invitation of a study up; of two who try at once, one gets in.

    Raises:
        BadInvitation: if there is no code, or it is not one of this study's, or it has been used.
    """
    if not code:
        raise BadInvitation("This study is by invitation: please enter the code that you were given.")
    plain = code.upper().translate(_FORGIVEN)
    if not _CODE.fullmatch(plain):
        raise BadInvitation(_UNKNOWN)
    mine = (InvitationRow.study_id == row.id, InvitationRow.code_sha256 == _sha256(plain))
    today = catalogue.now().replace(hour=0, minute=0, second=0, microsecond=0)
    used = session.execute(update(InvitationRow).where(*mine, InvitationRow.used_at.is_(None))
                           .values(used_at=today))
    if used.rowcount == 1:
        return
    if session.scalar(select(InvitationRow.id).where(*mine)) is None:
        raise BadInvitation(_UNKNOWN)
    raise BadInvitation("This invitation has been used. If it was by you, please go on by your private link.")


def counts(session: Session, row: StudyRow) -> Invited:
    """How many invitations a study has, and how many of them are used."""
    made, used = session.execute(select(func.count(), func.count(InvitationRow.used_at))
                                 .where(InvitationRow.study_id == row.id)).one()
    return Invited(made, used)


def purge(session: Session, row: StudyRow, before: datetime) -> None:
    """Deletes the invitations of a study that were used before a moment; they stay unusable."""
    session.execute(delete(InvitationRow).where(
        InvitationRow.study_id == row.id, InvitationRow.used_at < before))


def _sha256(code: str) -> str:
    return hashlib.sha256(code.encode("ascii")).hexdigest()


def _grouped(code: str) -> str:
    return "-".join(code[i:i + _GROUP] for i in range(0, LENGTH, _GROUP))
