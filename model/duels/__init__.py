"""The blind duel: a composer's own continuation against the machine's, for whoever likes to guess.

    making.py    one duel from one passage: two clips that nothing but the music tells apart
    stock.py     a few of them ahead, when nobody else wants the machine
    store.py     duels, guesses and scores, each written once       tables.py   the table
    routes.py    what a browser may ask

Visitors choose themselves and may guess as often as they like: this is no study, and its answers are kept in
a file of their own (`duels.db`), apart from those of studies.
"""
