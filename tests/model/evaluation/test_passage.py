"""Scores become plain arrays in steps, whatever their metre."""

from symusic import Note, Score, TimeSignature, Track

from model.evaluation.passage import passage


def test_a_score_in_steps():
    score = Score(480)
    score.time_signatures.append(TimeSignature(0, 3, 4))
    score.tracks = [Track("", 0, True), Track("", 40, False)]
    score.tracks[0].notes = [Note(1440, 10, 36, 90)]
    score.tracks[1].notes = [Note(0, 480, 60, 70), Note(1439, 960, 64, 60), Note(2880, 480, 50, 50)]
    part = passage(score, 2)
    assert part.lines.tolist() == [0, 36, 72]
    assert part.notes.tolist() == [[0, 12, 40, 60, 70], [36, 60, 40, 64, 60], [36, 37, 128, 36, 90]]
    assert part.bar.tolist() == [0, 1, 1] and part.pitched[:, 2].tolist() == [40, 40]
    assert part.contents == [{(0, 40, 60)}, {(0, 40, 64), (0, 128, 36)}]


def test_silence_has_bars():
    part = passage(Score(480), 3)
    assert part.bars == 3 and part.contents == [frozenset()] * 3 and part.notes.shape == (0, 5)
