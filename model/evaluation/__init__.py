"""Measuring a checkpoint without listeners.

    likelihood      nats a step, bits a note
    pieces          held-out prompts and how their composers went on
    takes           the network's continuations of them, and the human ones in the same dress
    baselines       shuffled bars, a Markov chain
    features, distances     what continuations are like, and how far from people's
    listener        a classifier that tries to tell them from people's
    fingerprint, copies     longest runs of notes taken from the training music
    ngrams          BLEU, novelty, repetition
    faults          what is plainly wrong
    continuations   all of these at one setting
    run, figures, report    the command: JSON and a page
"""

from model.evaluation.likelihood import likelihood
from model.evaluation.prepared import EvaluationError

__all__ = ["EvaluationError", "likelihood"]
