"""However a prompt ends, what the network adds begins where its last bar ends."""

import pytest
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.metre import METRES, TPQ
from model.music import unpack
from model.remi.grammar import Grammar
from model.remi.plan import PROMPT_TOKENS, Plan, from_nothing, from_prompt
from model.remi.tokenizer import CONFIGURATIONS, Tokenizer
from model.score import count_bars, cut_bars, normalise


@pytest.fixture(scope="module", params=sorted(CONFIGURATIONS))
def tokenizer(request) -> Tokenizer:
    return Tokenizer.create(request.param)


def score_of(onsets: dict[int, int], *metres: tuple[int, int, int], tempo=120.0, pitch=60) -> Score:
    """Notes of program 0 by onset and length in ticks."""
    score = Score(TPQ)
    score.tempos.append(Tempo(0, tempo))
    score.time_signatures = [TimeSignature(*metre) for metre in metres or [(0, 4, 4)]]
    score.tracks.append(Track("", 0, False))
    score.tracks[0].notes = [Note(onset, length, pitch, 80) for onset, length in onsets.items()]
    return score


def ids_of(tokenizer: Tokenizer, *tokens: str) -> list[int]:
    return [tokenizer.base.index((token,)) for token in tokens]


def usable(tokenizer: Tokenizer, plan: Plan, kind: str) -> set[str]:
    """Base tokens of a kind that a plan allows after its opening."""
    every = {token for base in tokenizer.base for token in base if token.startswith(kind)}
    return every - plan.rules.forbidden


def check(tokenizer: Tokenizer, plan: Plan, metre: str) -> None:
    """A note on the first beat that the network adds is the first thing after the bars of the prompt."""
    assert tokenizer.bars[plan.given].sum() == plan.seen_bars
    assert plan.rules.opening == ("Bar_None", f"TimeSig_{metre}")
    added = ids_of(tokenizer, *plan.rules.opening, "Position_0", "Program_5", "Pitch_99", "Velocity_79",
                   "Duration_1.0.12")
    assert Grammar(tokenizer).legal([*plan.given, *added])
    decoded = normalise(tokenizer.decode([*plan.given, *added]))
    assert count_bars(decoded) == plan.seen_bars + 1
    after = unpack(cut_bars(decoded, plan.seen_bars, plan.seen_bars + 1))
    assert list(after.parts) == [5] and after.parts[5][:, 0].tolist() == [0]
    assert "{1}/{2}".format(*after.grid[-1]) == metre


@pytest.mark.parametrize("metre", sorted(METRES), ids=lambda metre: "{}/{}".format(*metre))
def test_every_metre_stays(tokenizer, music, metre):
    plan = from_prompt(tokenizer, music(bars=4, metre=metre), 3)
    assert plan.prompt_bars == plan.seen_bars == count_bars(plan.score) == 3
    check(tokenizer, plan, "{}/{}".format(*metre))
    assert usable(tokenizer, plan, "TimeSig") == {"TimeSig_{}/{}".format(*metre)}
    assert usable(tokenizer, plan, "Tempo") == set(), "the tempo stays, too"


@pytest.mark.parametrize("what, onsets, bars", [
    ("rests within", {0: 100, 3 * 1920 + 960: 100}, 4),
    ("silence at the end", {0: 100, 6 * 1920: 100}, 5),
    ("a note held over bars", {0: 100, 960: 3 * 1920}, 4),
    ("silence at the beginning", {2 * 1920 + 480: 100}, 3),
    ("a downbeat played early", {0: 100, 2 * 1920 - 5: 100, 3 * 1920: 100}, 2),
    ("the same, on its own", {0: 100, 4 * 1920 - 5: 100, 4 * 1920: 100}, 4),
])
def test_the_seam_is_where_the_bars_end(tokenizer, what, onsets, bars):
    plan = from_prompt(tokenizer, score_of(onsets), bars)
    assert plan.prompt_bars == plan.seen_bars == bars
    check(tokenizer, plan, "4/4")


def test_silent_bars_at_the_end_keep_the_metre(tokenizer):
    waltz = score_of({0: 100, 9 * 1440: 100}, (0, 3, 4))
    check(tokenizer, from_prompt(tokenizer, waltz, 6), "3/4")


def test_a_metre_that_changes(tokenizer):
    onsets = dict.fromkeys(range(0, 1920 + 3 * 1440, 240), 200)
    score = score_of(onsets, (0, 4, 4), (1920, 6, 8))
    for bars, metre in ((1, "4/4"), (2, "6/8"), (4, "6/8")):
        check(tokenizer, from_prompt(tokenizer, score, bars), metre)


def test_a_long_prompt_is_heard_from_its_last_bars_on(tokenizer, music):
    score = normalise(music(bars=60, notes=8))
    plan = from_prompt(tokenizer, score, 0)
    assert plan.prompt_bars == 60 > plan.seen_bars > 3 and count_bars(plan.score) == 60
    assert PROMPT_TOKENS * 0.7 < len(plan.given) <= PROMPT_TOKENS
    whole = tokenizer.encode(score, rests=False)
    assert plan.given[-500:].tolist() == whole[-500:].tolist()
    check(tokenizer, plan, "4/4")


def test_a_very_long_prompt_is_not_encoded_again_and_again(music, monkeypatch):
    tokenizer, encode, calls = Tokenizer.create("segue"), Tokenizer.encode, []
    monkeypatch.setattr(Tokenizer, "encode", lambda *args, **named: calls.append(1) or encode(*args, **named))
    from_prompt(tokenizer, music(bars=400, notes=3), 0)
    assert len(calls) < 15


def test_a_bar_that_is_too_full_alone(tokenizer):
    score = score_of({})
    score.tracks = [Track("", program, False) for program in range(10)]
    for track in score.tracks:
        track.notes = [Note(step * 40, 40, 40 + track.program, 80) for step in range(2 * 48)]
    plan = from_prompt(tokenizer, score, 2)
    assert plan.seen_bars == 1 and PROMPT_TOKENS - 50 < len(plan.given) <= PROMPT_TOKENS
    check(tokenizer, plan, "4/4")
    last = unpack(tokenizer.decode(plan.given)).notes()[:, 0].max()
    assert last == 47 * 40, "the bar's end is what is heard"


def test_a_chord_that_is_too_full_alone(tokenizer):
    score = score_of({})
    score.tracks = [Track("", program, False) for program in range(15)]
    for track in score.tracks:
        track.notes = [Note(0, 40, pitch, 80) for pitch in range(30, 100)]
    check(tokenizer, from_prompt(tokenizer, score, 1), "4/4")


def test_the_tempo_at_the_seam_is_the_prompts_own(tokenizer):
    score = score_of(dict.fromkeys(range(0, 4 * 1920, 480), 200), tempo=123.4)
    score.tempos.append(Tempo(2 * 1920 + 240, 77.7))
    assert from_prompt(tokenizer, score, 2).mspq == round(60e6 / 123.4)
    assert from_prompt(tokenizer, score, 4).mspq == pytest.approx(60e6 / 77.7, abs=1)


def test_prompts_without_anything_to_hear(tokenizer):
    with pytest.raises(ValueError, match=r"^A prompt has notes; received one without\.$"):
        from_prompt(tokenizer, Score(TPQ))
    with pytest.raises(ValueError, match=r"^A prompt has notes that the model can hear"):
        from_prompt(tokenizer, score_of({0: 480}, pitch=5))


def test_from_nothing(tokenizer):
    plan = from_nothing(tokenizer, (40, 128), 100.0)
    assert plan.rules.opening == ("Bar_None", "TimeSig_4/4", "Position_0", "Tempo_100.97")
    assert (plan.score, plan.prompt_bars, plan.seen_bars, plan.mspq) == (None, 0, 0, 600_000)
    assert plan.given.tolist() == []
    assert usable(tokenizer, plan, "Program") == {"Program_40", "Program_-1"}
    assert usable(tokenizer, plan, "TimeSig") == {"TimeSig_4/4"} and not usable(tokenizer, plan, "Tempo")
    assert plan.rules.forbidden.isdisjoint({"Bar_None", "Position_0", "Pitch_60", "PitchDrum_36", "EOS_None"})


def test_instruments_are_kept_on_demand(tokenizer, music):
    score = music(programs=(40, 128))
    free, kept = (from_prompt(tokenizer, score, 4, keep_instruments=keep) for keep in (False, True))
    assert len(usable(tokenizer, free, "Program")) == 129
    assert usable(tokenizer, kept, "Program") == {"Program_40", "Program_-1"}
    assert kept.given.tolist() == free.given.tolist()


def test_silent_bars_are_spelt_as_in_training(prepared):
    tokenizer = Tokenizer.load(prepared / "tokenizer.json")
    line = tokenizer.base.index(("Bar_None", "TimeSig_4/4"))
    plan = from_prompt(tokenizer, score_of({0: 100, 6 * 1920: 100}), 5)
    assert plan.given[-4:].tolist() == [line] * 4 and plan.seen_bars == 5
