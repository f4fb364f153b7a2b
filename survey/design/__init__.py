"""Who hears what, in which order, from one seed. Pure: nothing is read, nothing is kept.

    trials.py      the clips and the trials of a study
    dealing.py     which of them a participant hears, where and on which side, balanced across participants
    sequences.py   everybody's steps, from consent to thanks
    outline.py     all of it as one JSON document
"""

from survey.design.sequences import Step, StepKind, steps
from survey.design.trials import (
    NOTES,
    ClipSpec,
    PromptSpec,
    SoundCheck,
    Trial,
    clips,
    prompt_order,
    prompts,
    seeded,
    sound_checks,
    trials,
)

__all__ = ["NOTES", "ClipSpec", "PromptSpec", "SoundCheck", "Step", "StepKind", "Trial", "clips",
           "prompt_order", "prompts", "seeded", "sound_checks", "steps", "trials"]
