"""The Study page behind `survey.page`: what a browser may ask for, and what it gets.

    visit.py     every request, answered              gate.py     what may be reached at all
    audio.py     clips, under their handles           limits.py   how often one may ask
    markup/      what a participant sees              wording/    in which words, by language
"""
