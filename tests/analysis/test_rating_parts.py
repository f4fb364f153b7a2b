"""Belief, labels, scales, experience, reliability: against other libraries, hand counts and known effects."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from analysis.agreement import agreement, intraclass, repeated
from analysis.estimates import clustered_mean, detection
from analysis.halo import halo_results
from analysis.labels import label_results, labelled
from analysis.models import rating_models
from analysis.moderators import experience_results
from analysis.ratings import rating_results
from analysis.scales import correlation, scale_results
from analysis.within import absorbed, codes, mean_difference, regression
from tests.analysis.frames import given, ratings_of

RNG = np.random.default_rng


def study(rng, people=12, clips=8, effect=-1.0, halo=0.8, share=0.8):
    """Blind ratings with beliefs; every other clip is by AI."""
    rows = []
    for person in range(people):
        taste = rng.normal(scale=0.7)
        for clip in range(clips):
            if rng.random() > share:
                continue
            origin = "ai" if clip % 2 else "human"
            said_ai = bool(rng.random() < (0.65 if origin == "ai" else 0.35))
            eta = np.array([taste + effect * (origin == "ai") - halo * said_ai])
            rows.append(
                {
                    "who": f"p{person}",
                    "clip": f"c{clip}",
                    "origin": origin,
                    "said_ai": said_ai,
                    "rating": int(given(rng, eta)[0]),
                }
            )
    return ratings_of(rows)


def test_two_way_regression_as_dummies_with_clustered_errors():
    ratings = study(RNG(1))
    y, x = ratings["rating"].to_numpy(float), ratings["said_ai"].to_numpy(float)
    found = regression(y, x[:, None], ratings["participant_id"], ratings["stimulus_a"])
    frame = pd.DataFrame({"y": y, "x": x, "who": ratings["participant_id"], "clip": ratings["stimulus_a"]})
    known = smf.ols("y ~ x + C(who) + C(clip)", frame).fit(
        cov_type="cluster",
        cov_kwds={"groups": codes(frame["who"]), "use_correction": False},
    )
    assert found.coefficients[0] == pytest.approx(known.params["x"])
    plain = found.covariance[0, 0] * (found.groups - 1) / found.groups
    assert np.sqrt(plain) == pytest.approx(known.bse["x"])
    low, high = found.contrast([1]).ci95
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 11) * np.sqrt(found.covariance[0, 0]))


def test_absorbed_has_no_mean_left():
    rng = RNG(2)
    a, b = rng.integers(0, 5, 60), rng.integers(0, 4, 60)
    rest = absorbed(rng.normal(size=60), a, b)
    assert np.abs(np.bincount(a, rest)).max() < 1e-8
    assert np.abs(np.bincount(b, rest)).max() < 1e-8


def test_a_listeners_own_difference_as_a_paired_t_test():
    ratings = study(RNG(3), share=0.7)
    is_ai = (ratings["clip_origin"] == "ai").to_numpy()
    found = mean_difference(ratings["rating"].to_numpy(float), is_ai, ratings["participant_id"].to_numpy())
    wide = ratings.pivot_table(index="participant_id", columns="clip_origin", values="rating").dropna()
    test = stats.ttest_rel(wide["ai"].astype(float), wide["human"].astype(float))
    assert found.p_value == pytest.approx(test.pvalue)
    assert found.ci95 == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.n_participants == len(wide)


def test_halo_counts_cells_and_guesses():
    ratings = study(RNG(4))
    found = halo_results(ratings, RNG(0), 100)
    said, ai = ratings["said_ai"].to_numpy(bool), (ratings["clip_origin"] == "ai").to_numpy()
    values = ratings["rating"].to_numpy(float)
    assert found["by_truth_and_belief"]["human"]["said_ai"]["mean"] == pytest.approx(
        values[said & ~ai].mean()
    )
    counts = (said & ai).sum(), (~said & ai).sum(), (said & ~ai).sum(), (~said & ~ai).sum()
    guesses = found["guesses"]
    assert [guesses[k] for k in ("hits", "misses", "false_alarms", "correct_rejections")] == list(counts)
    assert guesses["d_prime"] == pytest.approx(detection(*map(int, counts)).d_prime)
    assert guesses["accuracy"] == pytest.approx((said == ai).mean())
    assert found["within_clips"]["n"] == len(ratings)
    assert found["difference"]["ai"]["family"] == "belief"


def test_halo_of_ai_clips_alone_has_no_d_prime():
    ratings = study(RNG(4))
    found = halo_results(ratings[ratings["clip_origin"] == "ai"], RNG(0), 50)
    assert found["guesses"]["d_prime"] is None
    assert found["difference"]["human"]["estimate"] is None


def label_study(rng, people=30, clips=6, effect=-1.2):
    rows = []
    for person in range(people):
        for clip in range(clips):
            told = (None, "ai", "human")[(person + clip) % 3]
            eta = np.array([effect * (told == "ai") + 0.3 * clip])
            rows.append(
                {"who": f"p{person}", "clip": f"c{clip}", "origin": "ai" if clip % 2 else "human",
                 "label": told, "section": "told", "rating": int(given(rng, eta)[0])}
            )  # fmt: skip
    return rows


def test_the_label_moves_ratings_of_the_same_clips():
    rows = label_study(RNG(5))
    found = label_results(labelled(ratings_of(rows)))
    assert found["labels"] == ["human", "blind", "ai"]
    assert set(found["contrasts"]) == {"blind minus human", "ai minus human", "ai minus blind"}
    assert found["contrasts"]["ai minus human"]["ci95"][1] < 0
    assert found["contrasts"]["ai minus human"]["p_holm"] < 0.05
    assert set(found["contrasts_by_origin"]) == {"ai", "human"}
    assert found["model"]["effects"]["told “AI”"]["log_ci95"][1] < 0
    assert found["means"]["blind"]["ai"]["n"] == 30
    # a balanced design: the contrast is the plain difference of means
    means = ratings_of(rows).assign(told=[row["label"] for row in rows]).groupby("told")["rating"].mean()
    assert found["contrasts"]["ai minus human"]["estimate"] == pytest.approx(means["ai"] - means["human"])


def test_what_was_told_stays_out_of_the_blind_ratings_and_repeats_out_of_both():
    rows = label_study(RNG(6), people=9)
    rows.append({**rows[0], "trial": "again", "repeat_of": rows[0]["clip"], "rating": 1})
    people = pd.DataFrame(
        {"participant_id": [f"p{n}" for n in range(9)], "musician": "yes", "level": "expert"}
    )
    found = rating_results(ratings_of(rows), people, RNG(0), 50)
    assert (found["n_answers"], found["n_labelled"], found["n_repeats"]) == (18, 36, 1)
    assert found["labels"]["n"] == 54
    assert found["reliability"]["repeats"]["n"] == 1
    told = [row for row in rows if row["label"]]
    assert rating_results(ratings_of(told), people, RNG(0), 50)["n_answers"] == 36


def test_scales_are_summed_up_and_corrected_together():
    rng, rows = RNG(7), []
    for row in label_study(rng, people=12):
        rows.append(row | {"label": None, "s_use": int(rng.integers(1, 6)), "s_flow": row["rating"]})
    ratings = ratings_of(rows)
    found = scale_results(ratings, RNG(0), 100)
    assert list(found["by_scale"]) == ["use", "flow"]
    assert found["by_scale"]["flow"]["mean"] == pytest.approx(ratings["rating"].mean())
    family = [found["first"], *found["by_scale"].values()]
    raw = sorted(part["origin_difference"]["p_value"] for part in family)
    assert min(part["origin_difference"]["p_holm"] for part in family) == pytest.approx(min(1, 3 * raw[0]))
    assert [(pair["first"], pair["second"]) for pair in found["correlations"]] == [
        ("rating", "use"), ("rating", "flow"), ("use", "flow"),
    ]  # fmt: skip
    assert found["correlations"][1]["r"] == pytest.approx(1)
    assert scale_results(ratings.drop(columns=["s_use", "s_flow"]), RNG(0), 10)["by_scale"] == {}


def test_correlation_within_listeners_leaves_their_levels_out():
    rows = [
        {"who": who, "clip": f"c{n}", "rating": level + n, "s_x": level + 2 - n}
        for who, level in (("a", 1), ("b", 3))
        for n in range(3)
    ]
    found = correlation(ratings_of(rows), "rating", "s_x", RNG(0), 50)
    assert found["r"] == pytest.approx(-1)


def test_experience_as_welch_of_listeners_means():
    ratings = study(RNG(8), people=20)
    people = pd.DataFrame(
        {
            "participant_id": [f"p{n}" for n in range(20)],
            "musician": ["yes", "no"] * 10,
            "level": ["expert", None] * 10,
        }
    )
    found = experience_results(ratings, people)
    mean = ratings.groupby("participant_id")["rating"].mean().astype(float)
    yes = mean[people.loc[people["musician"] == "yes", "participant_id"]]
    no = mean[people.loc[people["musician"] == "no", "participant_id"]]
    known = stats.ttest_ind(yes, no, equal_var=False)
    assert found["level"]["p_value"] == pytest.approx(known.pvalue)
    assert found["level"]["ci95"] == pytest.approx(tuple(known.confidence_interval(0.95)))
    assert set(found["model"]["effects"]) == {"by AI", "musician", "by AI × musician"}
    assert found["by_level"]["expert"]["n"] == found["by_musician"]["yes"]["n"]


def test_models_are_asked_only_what_the_study_asks():
    ratings = study(RNG(9))
    found = rating_models(ratings, ratings["setting"], ratings["system"])
    assert list(found["origin"]["effects"]) == ["by AI"]
    assert found["system"] is None  # one system beside human music
    low, high = found["origin"]["effects"]["by AI"]["ci95"]
    assert low < found["origin"]["effects"]["by AI"]["odds_ratio"] < high


def test_icc_as_shrout_and_fleiss():
    table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    single, average = intraclass(table.astype(float))
    # Shrout & Fleiss (1979), table 4; the intervals as R's psych::ICC prints them
    assert (single.value, average.value) == pytest.approx((0.29, 0.62), abs=5e-3)
    assert single.ci95 == pytest.approx((0.019, 0.76), abs=5e-3)
    assert average.ci95 == pytest.approx((0.07, 0.93), abs=8e-3)
    assert intraclass(np.ones((3, 3)))[0].value is None
    assert intraclass(np.zeros((0, 0)))[0].value is None


def test_agreement_takes_the_icc_of_those_who_rated_all():
    ratings = study(RNG(10), share=1.0)
    whole = agreement(ratings)
    assert whole["icc"]["n_participants"] == 12
    assert agreement(ratings.iloc[1:])["icc"]["n_participants"] == 11


def test_repeats_by_hand():
    first = [
        {"who": who, "clip": clip, "rating": r}
        for who, clip, r in (("a", "x", 3), ("a", "y", 5), ("b", "x", 2))
    ]
    again = [
        {"who": "a", "clip": "x", "trial": "x2", "repeat_of": "x", "rating": 3},
        {"who": "a", "clip": "y", "trial": "y2", "repeat_of": "y", "rating": 3},
        {"who": "b", "clip": "x", "trial": "x2", "repeat_of": "x", "rating": 3},
    ]
    found = repeated(ratings_of(first + again))
    assert found["n"] == 3
    assert found["same"]["share"] == pytest.approx(1 / 3)
    assert found["within_one"]["share"] == pytest.approx(2 / 3)
    assert found["drift"]["mean"] == pytest.approx(-1 / 3)


@pytest.mark.parametrize("kind", ["mean", "halo", "within clips"])
def test_intervals_cover(kind):
    # 1,000 studies and other sizes: tests/bench/coverage_ratings.py
    rng, people, heard = RNG(11), 15, 6

    def drawn(listeners):
        who = np.repeat(np.arange(listeners), heard)
        clip = np.tile(np.arange(heard), listeners)
        said_ai = rng.random(len(who)) < 0.5
        eta = 0.9 * rng.normal(size=listeners)[who] - 0.8 * said_ai + 0.3 * clip
        return given(rng, eta).astype(float), said_ai, who, clip

    def estimate(values, said_ai, who, clip):
        if kind == "mean":
            return clustered_mean(values.tolist(), who.tolist())
        if kind == "halo":
            return mean_difference(values, ~said_ai, who)
        return regression(values, (~said_ai).astype(float)[:, None], who, clip).contrast([1])

    truth = estimate(*drawn(50_000))[0]
    bounds = [estimate(*drawn(people)).ci95 for _ in range(300)]
    covered = sum(low <= truth <= high for low, high in bounds)
    assert 0.915 <= covered / 300 <= 0.985
