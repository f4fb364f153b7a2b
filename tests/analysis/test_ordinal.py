"""The cumulative-link mixed model against R's published output, statsmodels, brute force and known truths."""

from itertools import product

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from analysis.laplace import Point, crossed, log_likelihood
from analysis.ordinal import fit

# Randall (1989), the data set `wine` of R's package ordinal: 9 judges rate 8 bottles, two each of cold and
# warm pressing, without and with skin contact. One number a judge, bottles in order.
WINE = (23344455, 12132354, 23325544, 32323253, 23433333, 32322454, 11222323, 22233334, 12323244)
BITTER = np.array([int(value) for judge in WINE for value in str(judge)])
JUDGE, BOTTLE = np.repeat(np.arange(9), 8), np.tile(np.arange(8), 9)
TREATED = {"warm": BOTTLE // 4, "contact": BOTTLE // 2 % 2}


def simulated(rng, people=24, clips=12, heard=8, effect=-0.8, spreads=(0.8, 0.5)):
    """Ratings 0-4 of clips, every other one by AI; each listener hears `heard` of them."""
    who = np.repeat(np.arange(people), heard)
    clip = np.concatenate([rng.permutation(clips)[:heard] for _ in range(people)])
    ai = (clip % 2).astype(float)
    eta = effect * ai + spreads[0] * rng.normal(size=people)[who] + spreads[1] * rng.normal(size=clips)[clip]
    noise = rng.logistic(size=len(eta))
    return ((eta + noise)[:, None] > np.array([-2, -0.7, 0.5, 1.8])).sum(axis=1), ai, who, clip


def test_no_random_effects_as_r_clm():
    # clm(rating ~ temp + contact): Christensen (2019), section 4.1
    found = fit(BITTER, TREATED, None, None)
    assert found.effects == pytest.approx([2.503, 1.528], abs=5e-4)
    assert found.thresholds == pytest.approx([-1.344, 1.251, 3.467, 5.006], abs=5e-4)
    assert np.sqrt(found.covariance.diagonal()[4:]) == pytest.approx([0.529, 0.477], abs=6e-4)
    assert found.log_likelihood == pytest.approx(-86.49, abs=5e-3)


@pytest.mark.parametrize("bottles", [None, BOTTLE])
def test_random_judges_as_r_clmm(bottles):
    # clmm(rating ~ temp + contact + (1 | judge)): 3.062997 (0.5954), 1.834885 (0.5125), judges' SD 1.131133;
    # thresholds and errors as broom's manual prints them. Random bottles add nothing: the treatments
    # explain them.
    found = fit(BITTER, TREATED, JUDGE, bottles)
    assert found.effects == pytest.approx([3.062997, 1.834885], abs=2e-4)
    assert found.spreads == pytest.approx([1.131133, 0], abs=1e-4)
    assert found.thresholds == pytest.approx([-1.62, 1.51, 4.23, 6.09], abs=5e-3)
    errors = [0.682, 0.604, 0.809, 0.972, 0.595, 0.513]
    assert np.sqrt(found.covariance.diagonal()) == pytest.approx(errors, abs=6e-4)


def test_no_random_effects_as_statsmodels():
    values, ai, *_ = simulated(np.random.default_rng(1))
    other = np.random.default_rng(2).normal(size=len(values))
    found = fit(values, {"ai": ai, "other": other}, None, None)
    known = OrderedModel(values, np.column_stack([ai, other]), distr="logit").fit(method="bfgs", disp=False)
    assert found.effects == pytest.approx(known.params[:2], abs=1e-4)
    assert found.log_likelihood == pytest.approx(known.llf, abs=1e-6)
    assert np.sqrt(found.covariance.diagonal()[-2:]) == pytest.approx(known.bse[:2], rel=1e-3)


def dense_log_likelihood(values, x, who, clip, at):
    """Laplace's formula with a general optimiser and a numerical Hessian of everything at once."""
    people, size = who.max() + 1, who.max() + clip.max() + 2
    bounds = np.concatenate([[-np.inf], at.thresholds, [np.inf]])

    def loss(b):
        eta = x @ at.effects + at.spreads[0] * b[who] + at.spreads[1] * b[people + clip]
        p = expit(bounds[values + 1] - eta) - expit(bounds[values] - eta)
        return -np.log(p).sum() + b @ b / 2

    mode = optimize.minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-7}).x
    steps = 1e-3 * np.eye(size)
    hessian = [
        [
            (loss(mode + a + b) - loss(mode + a - b) - loss(mode - a + b) + loss(mode - a - b)) / 4e-6
            for a in steps
        ]
        for b in steps
    ]
    return -loss(mode) - np.linalg.slogdet(np.array(hessian))[1] / 2


AT = Point(np.array([-2.0, -0.7, 0.5, 1.8]), np.array([0.3]), np.array([0.9, 0.6]))


def test_likelihood_as_a_dense_laplace_and_gradient_as_differences():
    values, ai, who, clip = simulated(np.random.default_rng(3), people=5, clips=4, heard=3)
    values[:5] = range(5)
    design = crossed(values, ai[:, None], who, clip)
    found = log_likelihood(design, AT)
    known = dense_log_likelihood(values, ai[:, None], who, clip, AT)
    assert found.log_likelihood == pytest.approx(known, abs=1e-4)
    moved = []
    for step in 1e-5 * np.eye(7):
        ends = [
            Point(
                AT.thresholds + sign * step[:4],
                AT.effects + sign * step[4:5],
                AT.spreads * np.exp(sign * step[5:]),
            )
            for sign in (1, -1)
        ]
        high, low = (log_likelihood(design, end).log_likelihood for end in ends)
        moved.append((high - low) / 2e-5)
    assert found.gradient == pytest.approx(moved, abs=1e-5)


def test_laplace_is_near_the_integral_itself():
    # two listeners, two clips, six ratings of each by each: four normals by Gauss and Hermite
    rng = np.random.default_rng(4)
    who, clip = (np.tile(codes, 6) for codes in ([0, 0, 1, 1], [0, 1, 0, 1]))
    values, x = np.concatenate([np.arange(5), rng.integers(0, 5, 19)]), np.zeros((24, 1))
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    weights = weights / weights.sum()
    bounds = np.concatenate([[-np.inf], AT.thresholds, [np.inf]])
    total = 0.0
    for places in product(range(15), repeat=4):
        b = nodes[list(places)]
        eta = AT.spreads[0] * b[who] + AT.spreads[1] * b[2 + clip]
        p = expit(bounds[values + 1] - eta) - expit(bounds[values] - eta)
        total += p.prod() * weights[list(places)].prod()
    found = log_likelihood(crossed(values, x, who, clip), AT).log_likelihood
    assert found == pytest.approx(np.log(total), abs=0.02)


def test_no_model_is_said_in_a_sentence():
    assert "two different" in fit([3, 3], {"ai": [0, 1]}, None, None)
    assert "follows from" in fit([1, 2, 3], {"ai": [1, 1, 1]}, None, None)
    assert "overlap" in fit([1] * 20 + [2] * 20, {"ai": [0] * 20 + [1] * 20}, None, None)


def test_few_clips_widen_the_interval_and_none_left_give_none():
    values, ai, who, clip = simulated(np.random.default_rng(5), clips=6, heard=6)
    effect = fit(values, {"ai": ai}, who, clip).effect("ai")
    assert effect.df == 4
    assert effect.ci95[1] - effect.estimate == pytest.approx(stats.t.ppf(0.975, 4) * effect.error)
    dummies = {f"clip {number}": clip == number for number in range(1, 6)}
    assert fit(values, dummies, who, clip).effect("clip 1").ci95 is None


def test_the_origin_interval_covers():
    # a few studies here; 1,000 in tests/bench/coverage_ratings.py
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(16):
        values, ai, who, clip = simulated(rng)
        low, high = fit(values, {"ai": ai}, who, clip).effect("ai").ci95
        covered += low <= -0.8 <= high
    assert stats.binom.cdf(covered, 16, 0.93) > 0.005
