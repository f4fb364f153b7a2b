"""From the export files of a listening test to numbers, figures and a report.

Knows the three CSV files that ``python -m survey export`` writes, and nothing else of the program:
no database, no model, no web server (``page.py`` alone draws the Research page).

    columns.py      what the export files may hold
    answers.py      reads and checks them
    estimates.py    one formula a function: intervals, d', exact tests
    within.py       comparisons within listeners and within clips
    families.py     Holm's correction, and how many tests there were
    laplace.py      the likelihood of ordered ratings with crossed listeners and clips
    ordinal.py      the cumulative-link mixed model fitted with it
    statistics.py   frames -> results, the content of results.json
    pairs.py        the part of it about A/B pairs, which gathers
    tallies.py          counts and shares
    clustered.py        shares with the listener as the unit
    right_answers.py    the mixed model of right answers, and what moves it
    mixed.py            how it is fitted
    equivalence.py      equivalence, and the weight of evidence for guessing
    detection.py        d' over listeners and clips, by origin, system and clip
    order.py            sides and positions
    preferences.py  the part of it about preferences
    davidson.py         the Bradley-Terry model with ties
    consistency.py  repeats and attention checks
    threads.py      one thread for linear algebra
    ratings.py      the part of it about ratings, which gathers
    summaries.py        means by clip, setting and system
    models.py           the ordinal model by origin, system, setting
    ranks.py            Friedman's and Wilcoxon's tests
    surface.py          the best settings
    halo.py             ratings and belief
    labels.py           the label experiment
    scales.py           further scales
    moderators.py       experience
    agreement.py        alpha, intraclass correlation, repeats
    comments.py     the part of it about comments
    themes.py           what they name, by the dictionary in themes.yaml
    wording.py      results -> sentences that claim no more than the numbers do
    figures.py      results -> plotly figures
    drawing.py      what they are drawn with
    numbers.py      results -> one table with n, interval and method in every row
                    (pair_*.py and rating_*.py are the parts of wording, figures and numbers)
    report.py       all of it -> report.html and results.json
    record.py       what lies beside the three files: study file, plan, audit
    plan.py         the analysis plan, and the departures from it
    power.py        how many participants a design needs
    neighbour.py    what is asked of the survey, by its command line
    stills.py       figures -> SVG and PNG
    methods.py      a methods and results section
    bundle.py       all of it in one zip; reproduce.py is the check inside
    gate.py         the password of the Research page
    board.py        the studies and their counts, as that page shows them
    desk.py         what that page makes of a study on request
    page.py         the Research page
"""
