"""Experiments at equal compute: one recipe, changed in one thing at a time, taught with the same arithmetic.

``plan``      the YAML file: a base, a budget, seeds, named changes
``compute``   what a step costs, and how many steps the budget pays for
``running``   teaches and measures every change with every seed, and keeps each run as a small JSON
``effects``   from the runs to each change's effect with its interval, as a table and a figure
"""
