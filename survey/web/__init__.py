"""The Study page behind `survey.page`: what a browser may ask for, and what it gets.

    visit.py     every request, answered              gate.py     what may be reached at all
    audio.py     clips, under their handles           limits.py   how often one may ask
    refusals.py  what HTTP is refused with, in the reader's language
    markup/      what a participant sees              wording/    in which words, by language
"""
