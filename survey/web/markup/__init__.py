"""What a participant sees, as HTML: one function for every kind of page. Pure; the words are
`survey.web.wording`'s.

A view holds nothing that tells AI from human: it is made from what is due (`values.Due`), which knows no
origin. Text of the study is escaped; blank lines part its paragraphs. static/study.js brings a view to life
and static/study.css dresses it.

    doors.py    before the first answer, and after withdrawal
    steps.py    the step that is due
    parts.py    what they are made of: players, answers, buttons
    debrief.py  the end: what was what, and how well it was told
"""

from survey.web.markup.doors import building, frame, invitation, shut, unknown, welcome, withdrawn
from survey.web.markup.steps import step

__all__ = ["building", "frame", "invitation", "shut", "step", "unknown", "welcome", "withdrawn"]
