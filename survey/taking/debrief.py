"""The debrief: what was what, shown to whoever has answered everything. There is no other way by which the
truth about a clip reaches a browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from survey.database.tables import AnswerRow, HandleRow, ParticipantRow, StimulusRow, VisitRow
from survey.study import Study
from survey.values import Debrief, DebriefTrial, Revealed, Score

FEWEST_OTHERS = 5
SHOWN = ("pair", "preference", "rating", "open_rating")
_TRUTH = {("ai", "human"): "a", ("human", "ai"): "b", ("ai", "ai"): "both", ("human", "human"): "neither"}


def of(session: Session, someone: ParticipantRow, study: Study) -> Debrief:
    """A participant's debrief; the study is in their language. Practice and repeats are left out."""
    trials = tuple(_trials(session, someone, study))
    judged = [trial.correct for trial in trials if trial.correct is not None]
    own = Score(sum(judged), len(judged)) if judged else None
    return Debrief(trials, own, crowd_score(_others(session, someone)))


def _trials(session: Session, someone: ParticipantRow, study: Study) -> list[DebriefTrial]:
    clips = _clips(session, someone)
    answers = session.scalars(select(AnswerRow).where(
        AnswerRow.participant_id == someone.id, AnswerRow.kind.in_(SHOWN), AnswerRow.repeat_of.is_(None))
        .order_by(AnswerRow.id))
    return [DebriefTrial(
        answer.kind, study.section(answer.section).title, answer.position, clips[answer.step_id],
        answer.choice, answer.rating, answer.said_ai, answer.label, _correct(answer, clips[answer.step_id]))
        for answer in answers]


def _clips(session: Session, someone: ParticipantRow) -> dict[str, tuple[Revealed, ...]]:
    """The clips of every step of a participant, by side."""
    found: dict[str, tuple[Revealed, ...]] = {}
    query = (select(VisitRow.step_id, HandleRow, StimulusRow)
             .join(HandleRow, HandleRow.visit_id == VisitRow.id)
             .join(StimulusRow, HandleRow.stimulus_id == StimulusRow.id)
             .where(VisitRow.participant_id == someone.id).order_by(VisitRow.id, HandleRow.slot))
    for step_id, row, clip in session.execute(query):
        shown = Revealed(row.slot, row.handle, clip.origin, clip.title or "", clip.composer or "")
        found[step_id] = (*found.get(step_id, ()), shown)
    return found


def _correct(answer: AnswerRow, clips: Sequence[Revealed]) -> bool | None:
    """Whether a pair was told rightly; None for what is no such pair, and for 'I don't know'."""
    if answer.kind != "pair" or answer.choice == "dont_know":
        return None
    return answer.choice == _TRUTH[tuple(clip.origin for clip in clips)]


def _others(session: Session, someone: ParticipantRow) -> list[tuple[int, int]]:
    """(right, judged) pairs of everybody else who finished and counts."""
    a, b = aliased(StimulusRow), aliased(StimulusRow)
    truth = case(*((((a.origin == first) & (b.origin == second)), choice)
                   for (first, second), choice in _TRUTH.items()))
    right = func.sum(case((AnswerRow.choice == truth, 1), else_=0))
    query = (select(right, func.count())
             .join(ParticipantRow, AnswerRow.participant_id == ParticipantRow.id)
             .join(a, AnswerRow.stimulus_a == a.id).join(b, AnswerRow.stimulus_b == b.id)
             .where(AnswerRow.study_id == someone.study_id, AnswerRow.kind == "pair",
                    AnswerRow.repeat_of.is_(None), AnswerRow.choice != "dont_know",
                    ParticipantRow.id != someone.id, ParticipantRow.preview.is_(False),
                    ParticipantRow.excluded.is_not(True), ParticipantRow.finished_at.is_not(None))
             .group_by(AnswerRow.participant_id))
    return [(int(correct), judged) for correct, judged in session.execute(query)]


def crowd_score(people: Sequence[tuple[int, int]]) -> Score | None:
    """The share of right answers of a crowd, with a 95% interval; None for fewer than FEWEST_OTHERS people.

    The interval is Wilson's (JASA 22:209, 1927) at the effective sample size n / deff. The design effect deff
    (L. Kish, Survey Sampling, 1965: the variance of the ratio Σ right / Σ judged between people, over that of
    independent answers; at least 1) makes it honest: one person's answers are alike.

    Args:
        people: (right, judged) of every person.
    """
    right, judged = sum(one for one, _ in people), sum(n for _, n in people)
    if len(people) < FEWEST_OTHERS or not judged:
        return None
    share = right / judged
    between = sum((one - share * n) ** 2 for one, n in people) * len(people) / (len(people) - 1) / judged**2
    deff = max(1.0, between / (share * (1 - share) / judged)) if 0 < share < 1 else 1.0
    low, high = wilson(share, judged / deff)
    return Score(right, judged, low, high)


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95% score interval of a share of n (E. B. Wilson, JASA 22:209, 1927, eq. 3)."""
    z = NormalDist().inv_cdf(0.975)
    centre, width = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (centre - width) / (1 + z * z / n)), min(1.0, (centre + width) / (1 + z * z / n))
