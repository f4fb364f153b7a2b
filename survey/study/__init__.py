"""Study files: what they may say, and every mistake in them with its line. Those that ship are in `studies/`.

    definition.py   a whole study
    schema.py       what every part is made of: strict fields, names, texts in several languages
    sections.py     what a participant is led through     questions.py   and asked (ready to use: blocks/)
    settings.py     of the clips
    study_file.py   reads a file                          mistakes.py    as sentences
    draft.py        drafts a file from a form            written.py     writes it as people do
"""

from survey.study.definition import (
    CHOICES,
    RATING_MAX,
    RATING_MIN,
    SIMULATED,
    Completion,
    Stop,
    Study,
    reread,
)
from survey.study.questions import (
    LEVELS,
    ChoiceQuestion,
    NumberQuestion,
    Question,
    ScaleQuestion,
    TextQuestion,
)
from survey.study.schema import say, spoken
from survey.study.sections import (
    CommentsSection,
    ConsentSection,
    OpenRatingsSection,
    PairCounts,
    PairsSection,
    QuestionsSection,
    RatingScale,
    RatingsSection,
    Section,
    SoundCheckSection,
    ThanksSection,
    TrialSection,
)
from survey.study.settings import ClipRules, ClipSettings, RatedSettings, SettingsGrid

__all__ = [
    "CHOICES", "LEVELS", "RATING_MAX", "RATING_MIN", "SIMULATED", "ChoiceQuestion", "ClipRules",
    "ClipSettings", "CommentsSection", "Completion", "ConsentSection", "NumberQuestion",
    "OpenRatingsSection", "PairCounts", "PairsSection", "Question", "QuestionsSection", "RatedSettings",
    "RatingScale", "RatingsSection", "ScaleQuestion", "Section", "SettingsGrid", "SoundCheckSection", "Stop",
    "Study", "TextQuestion", "ThanksSection", "TrialSection", "reread", "say", "spoken",
]
