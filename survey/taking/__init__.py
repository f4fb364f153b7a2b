"""Taking part: from the door to the debrief, each step inside one transaction.

    admission.py     who may start                    invitations.py   the codes that let one person in
    steps.py         the step that is due             standing.py      how many got how far
    handles.py       the names under which clips are heard, for a while
    replies.py       what an answer may hold          debrief.py       what was what, at the end
"""

from survey.taking.steps import answer, person, set_language, show, shown, start, study_of

__all__ = ["answer", "person", "set_language", "show", "shown", "start", "study_of"]
