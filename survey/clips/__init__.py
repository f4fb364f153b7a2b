"""Clips: made so that nothing but the music can tell who wrote them, and audited for what tells it after all.

    stimuli.py      builds a study's clips            excerpts.py     which music becomes one
    workshop.py     makes one clip                    soundcheck.py   makes the notes to be counted
    files.py        whole files or none               cues.py         what can be measured of a clip
    audit.py        whether that tells its origin     inspection.py   of a study in the store
"""
