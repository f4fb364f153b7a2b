"""The columns of the export files, word for word from the design.

The survey writes them and the analysis reads them; neither knows the other, and the tests hold both to these.
"""

PARTICIPANTS = [        # and q_ID for every other question
    "study", "participant_id", "started_at", "finished_at", "language", "musician", "level", "excluded",
    "exclusion_reason",
]
STIMULI = [
    "study", "stimulus_id", "origin", "system", "prompt_id", "temperature", "top_k", "top_p",
    "no_repeat_ngram", "seed", "checkpoint_sha256", "title", "composer", "licence", "duration_s", "lufs",
    "audio_sha256",
]
ANSWERS = [
    "study", "answer_id", "participant_id", "section", "trial_id", "position", "kind", "condition",
    "stimulus_a", "stimulus_b", "choice", "rating", "said_ai", "recognised", "comment", "plays_a", "plays_b",
    "response_ms", "answered_at",
]
# of answers.csv; then s_ID for further scales
NEWER = ["heard_a_s", "heard_b_s", "label", "repeat_of", "starts_a", "starts_b"]
