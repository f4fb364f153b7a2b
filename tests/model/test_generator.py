"""Takes: the same from the same seed, joined without a gap, within what was asked for; in both layouts.

Real worker processes play tiny networks of random weights.
"""

from dataclasses import replace

import numpy as np
import pytest
from symusic import Score

from model.compound.plan import PROMPT_EVENTS
from model.generator import Generator, Progress, Take, round_trip
from model.music import unpack
from model.remi.plan import PROMPT_TOKENS
from model.score import WHISTLE, bar_seconds, count_bars, cut_bars, normalise, read, write
from model.settings import PRESETS, RANGES, Settings, Start
from tests.model.takes import LIVELY, play


@pytest.fixture(scope="module", params=["tiny", "tiny_events"])
def folder(request):
    """A checkpoint of each layout."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def generator(folder):
    with Generator(str(folder), workers=2) as generator:
        yield generator


# --- what a take is -----------------------------------------------------------------------------------------

def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(generator, music):
    one, again = (play(generator, music(), LIVELY, takes=2) for _ in range(2))
    assert [write(take.score) for take in one] == [write(take.score) for take in again]
    assert [take.settings.seed for take in one] == [0, 1]
    assert write(one[0].score) != write(one[1].score)
    alone, = play(generator, music(), replace(LIVELY, seed=1))
    assert write(alone.score) == write(one[1].score), "a take does not depend on those beside it"


def test_another_system_is_played_by_the_same_workers(generator, music, tiny, tiny_events):
    other_folder = tiny_events if generator.layout.styles == () else tiny
    other = generator.of(str(other_folder))
    assert other is generator.of(str(other_folder)) and generator.of(None) is generator
    [mine], [theirs] = play(generator, music(), LIVELY), play(other, music(), LIVELY)
    assert (mine.system, theirs.system) == (generator.system, other_folder.name)
    with Generator(str(other_folder), workers=1) as alone:
        [own] = play(alone, music(), LIVELY)
    assert write(theirs.score) == write(own.score) != write(mine.score)


def test_wishes_reach_the_system_that_takes_them(generator, music, monkeypatch):
    wished, given, run = replace(LIVELY, style="folk tune", density=4), [], generator._pool.run
    monkeypatch.setattr(generator._pool, "run", lambda job, *more: given.append(job.given) or run(job, *more))
    if generator.layout.styles:
        for origin in (music(), Start((0,), 100.0)):
            play(generator, origin, wished)
            assert given[-1][0, 2] == generator.layout.styles.index("folk tune") + 1
        play(generator, music(), LIVELY)
        assert given[-1][0, 2] == 0
    else:
        with pytest.raises(ValueError, match=r"no wish .* received 'folk tune' and 4 notes a bar\.$"):
            play(generator, music(), wished)


def test_a_take_tells_how_it_was_made(generator, music, folder):
    events = list(generator.stream(music(), replace(LIVELY, bars=6), 2))
    takes = [event for event in events if isinstance(event, Take)]
    progress = [event for event in events if isinstance(event, Progress)]
    assert {take.index for take in takes} == {0, 1}
    for take in takes:
        assert take.complete and not take.retried and take.faults == ()
        assert take.system == folder.name and take.checkpoint_sha256 == generator.checkpoint_sha256
        assert take.tokens >= take.notes > 0 and take.elapsed_s > 0
        part = cut_bars(take.score, take.seam_bar, take.seam_bar + 6)
        assert part.note_num() == take.notes
    assert progress and all(event.takes == 2 and 0 <= event.fraction <= 1 for event in progress)
    assert [event.notes for event in progress] == sorted(event.notes for event in progress)
    assert all(event.seconds_left is None or event.seconds_left >= 0 for event in progress)


@pytest.mark.parametrize("metre", [(4, 4), (3, 4), (6, 8)], ids=str)
def test_the_continuation_begins_where_the_prompt_ends(generator, music, metre):
    prompt = music(bars=6, metre=metre, tempo=123.0)
    take, = play(generator, prompt)
    assert take.seam_bar == 4 and take.seam_s == pytest.approx(bar_seconds(prompt, 4)[-1])
    assert bar_seconds(take.score)[4] == pytest.approx(take.seam_s)
    assert write(cut_bars(take.score, 0, 4)) == write(cut_bars(prompt, 0, 4)), "the prompt stays as it was"
    assert [(s.numerator, s.denominator) for s in take.score.time_signatures] == [metre]
    assert count_bars(take.score) <= 4 + 3
    assert take.score.tempos[0].qpm == pytest.approx(123.0, abs=0.001)
    new = unpack(cut_bars(take.score, 4, 7)).notes()
    assert len(new) and not (new[:, 0] % (160 // metre[1])).any(), "onsets lie on the grid from the seam on"


def test_a_prompt_that_ends_with_silent_bars(generator, music):
    prompt = music(bars=2)
    prompt.tracks[0].notes.append(music(bars=8).tracks[0].notes[-1])       # one note in the eighth bar
    take, = play(generator, prompt, replace(LIVELY, prompt_bars=6))
    assert take.seam_bar == 6 and take.seam_s == pytest.approx(12.0)
    assert cut_bars(take.score, 2, 6).note_num() == 0
    assert cut_bars(take.score, 6, 9).note_num() == take.notes > 0


def test_a_prompt_longer_than_the_network_hears(generator, music):
    prompt = music(bars=100, notes=9)
    assert len(generator.layout.piece(prompt)) > 2 * max(PROMPT_TOKENS, PROMPT_EVENTS)
    take, = play(generator, prompt, replace(LIVELY, prompt_bars=0, bars=1))
    assert take.seam_bar == 100 and take.seam_s == pytest.approx(200.0)
    assert cut_bars(take.score, 0, 100).note_num() == normalise(prompt).note_num()


def test_a_whistle_marks_the_seam(generator, music):
    plain, = play(generator, music())
    marked, = play(generator, music(), replace(LIVELY, whistle=True))
    whistle = unpack(marked.score).parts.pop(WHISTLE)
    assert whistle[:, 0].tolist() == [4 * 1920] and marked.notes == plain.notes
    parts = unpack(marked.score).parts
    assert {program: notes.tolist() for program, notes in parts.items() if program != WHISTLE} == {
        program: notes.tolist() for program, notes in unpack(plain.score).parts.items()}


def test_instruments_of_the_prompt_play_on(generator, music):
    prompt = music(programs=(40, 128))
    kept = play(generator, prompt, replace(LIVELY, bars=8, keep_instruments=True), takes=3)
    assert all(set(unpack(take.score).parts) <= {40, 128} for take in kept)
    free = play(generator, prompt, replace(LIVELY, bars=8, keep_instruments=False), takes=3)
    assert any(0 in unpack(take.score).parts for take in free)


def test_the_takes_survive_being_written_and_read(generator, music):
    take, = play(generator, music())
    again = read(write(take.score))
    assert write(again) == write(take.score)


@pytest.mark.parametrize("programs", [(40,), (0, 128), (128,)], ids=str)
def test_from_nothing_only_the_chosen_instruments_play(generator, programs):
    take, = play(generator, Start(programs, tempo=93.0), replace(LIVELY, bars=4))
    assert set(unpack(take.score).parts) <= set(programs) and take.notes > 0
    assert take.seam_s == 0 and take.seam_bar == 0 and take.complete
    assert [tempo.qpm for tempo in take.score.tempos] == [pytest.approx(93.0, abs=0.001)]
    assert count_bars(take.score) <= 4


def test_from_nothing_one_bar_is_possible(generator):
    takes = play(generator, Start((0, 40)), replace(LIVELY, bars=1), takes=4)
    assert sum(take.notes for take in takes) > 0
    assert all(take.complete and count_bars(take.score) <= 1 for take in takes)


def test_chosen_seeds_wrap_around(generator, music):
    takes = play(generator, music(), replace(LIVELY, seed=2**31 - 1), takes=2)
    assert [take.settings.seed for take in takes] == [2**31 - 1, 0]
    other, = play(generator, music(), replace(LIVELY, seed=0))
    assert write(takes[1].score) == write(other.score), "the seed that is told is the one that was used"


# --- wrong input --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("field, low, high", [(name, *ends) for name, ends in RANGES.items()])
def test_settings_go_from_end_to_end_and_no_further(field, low, high):
    for end in (low, high, np.float64(low), int(high) if high == int(high) else high):
        assert type(getattr(Settings(**{field: end}), field)) is type(low)
    for wrong in (low - 1, high + 1, float("nan"), float("inf"), None, "much"):
        with pytest.raises(ValueError) as caught:
            Settings(**{field: wrong})
        assert str(caught.value) == f"{field.replace('_', ' ')} goes from {low} to {high}; received {wrong}."


def test_counts_are_whole():
    assert Settings(top_k=15.0) == Settings(top_k=15)
    with pytest.raises(ValueError, match=r"^top k is a whole number; received 1\.5\.$"):
        Settings(top_k=1.5)


@pytest.mark.parametrize("programs, tempo, sentence", [
    ((), 120, "A start has 1 to 16 programs from 0 to 128; received []."),
    ((129,), 120, "A start has 1 to 16 programs from 0 to 128; received [129]."),
    ((-1,), 120, "A start has 1 to 16 programs from 0 to 128; received [-1]."),
    ((0.5,), 120, "A start has 1 to 16 programs from 0 to 128; received [0.5]."),
    (tuple(range(17)), 120, "A start has 1 to 16 programs"),
    ((0,), 39, "A tempo goes from 40 to 250 beats a minute; received 39."),
    ((0,), float("nan"), "A tempo goes from 40 to 250 beats a minute; received nan."),
])
def test_starts_are_checked(programs, tempo, sentence):
    with pytest.raises(ValueError) as caught:
        Start(programs, tempo)
    assert str(caught.value).startswith(sentence)


def test_wrong_requests_are_sentences(generator, music):
    for takes in (0, 17, 1.5):
        with pytest.raises(ValueError, match=f"^takes goes from 1 to 16; received {takes}"):
            next(generator.stream(music(), LIVELY, takes))
    with pytest.raises(ValueError, match="A prompt has notes; received one without"):
        next(generator.stream(Score(480), LIVELY))
    with pytest.raises(ValueError, match="at least 1 worker; received 0"):
        Generator(workers=0)
    with pytest.raises(ValueError, match="A checkpoint is one that ships"):
        Generator("no-such-system")


def test_presets_are_the_default_and_the_published_settings():
    published = list(PRESETS.values())[1:]
    assert all(s.top_p == 1 for s in published)
    rows = {(s.temperature, s.top_k, s.no_repeat_ngram) for s in published}
    assert rows == {(0.7, 12, 4), (0.7, 12, 10), (0.3, 8, 4), (0.3, 8, 8), (0.5, 15, 6), (0.9, 30, 12),
                    (0.9, 30, 2), (0.1, 5, 2), (0.1, 5, 10)}
    assert PRESETS["natural"] == Settings() and next(iter(PRESETS)) == "natural"
    balanced = PRESETS["balanced"]
    assert (balanced.temperature, balanced.top_k, balanced.no_repeat_ngram) == (0.5, 15, 6)


# --- the path of human music --------------------------------------------------------------------------------

def test_round_trip_is_stable(music, folder):
    score = music(bars=6, tempo=123.0)
    for track in score.tracks:
        for i, note in enumerate(track.notes):
            note.time += i % 7
    once = round_trip(score, str(folder))
    assert write(round_trip(once, str(folder))) == write(once) != write(score)
    assert once.note_num() == normalise(score).note_num() and count_bars(once) == 6
    assert round_trip(Score(480), str(folder)).note_num() == 0
