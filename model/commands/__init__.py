"""The commands of `python -m model`. Each imports what it needs when it is given, so that help comes soon."""
