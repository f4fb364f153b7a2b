"""The mixed logistic model against lme4's published example, brute force, and known truth."""

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats
from statsmodels.api import Logit

from analysis.deviance import Laplace
from analysis.mixed import fit, profile_interval

# Lesnoff et al. (2004), as in R's lme4::cbpp: sick cattle and size of 15 herds in up to four periods.
HERD = np.repeat(np.arange(15), [4, 3, 4, 4, 4, 4, 4, 1, 4, 4, 4, 4, 4, 4, 4])
PERIOD = np.array([int(digit) for digit in "1234" + "123" + "1234" * 5 + "1" + "1234" * 7])
SICK = [2, 3, 4, 0, 3, 1, 1, 8, 2, 0, 2, 2, 0, 2, 0, 5, 0, 0, 1, 3, 0, 0, 1, 8, 1, 3, 0, 12]
SICK += [2, 0, 0, 0, 1, 1, 0, 2, 0, 5, 3, 1, 2, 1, 0, 0, 1, 2, 0, 0, 11, 0, 0, 0, 1, 1, 1, 0]
SIZE = [
    14,
    12,
    9,
    5,
    22,
    18,
    21,
    22,
    16,
    16,
    20,
    10,
    10,
    9,
    6,
    18,
    25,
    24,
    4,
    17,
    17,
    18,
    20,
    16,
    10,
    9,
    5,
    34,
]
SIZE += [9, 6, 8, 6, 22, 22, 18, 22, 25, 27, 22, 22, 10, 8, 6, 5, 21, 24, 19, 23, 19, 2, 3, 2, 19, 15, 15, 15]


def made_up(rng, people: int, items: int, heard: int, spread: tuple[float, float], mean: float):
    """Answers of ``people`` who each hear ``heard`` of ``items``: right or wrong, and the two codes."""
    person = np.repeat(np.arange(people), heard)
    item = np.concatenate([rng.permutation(items)[:heard] for _ in range(people)])
    able = spread[0] * rng.normal(size=people)[person] + spread[1] * rng.normal(size=items)[item]
    return (rng.random(len(person)) < special.expit(mean + able)).astype(float), person, item


def test_cbpp_as_lme4_prints_it():
    """lme4's help page ?glmer, example gm1 (Laplace): summary(gm1)."""
    x = np.column_stack([np.ones(56), *(period == PERIOD for period in (2, 3, 4))])
    model = fit(np.array(SICK), HERD, np.zeros(56, dtype=int), x, np.array(SIZE))
    assert model.beta == pytest.approx([-1.3983, -0.9919, -1.1282, -1.5797], abs=1e-3)
    assert model.error == pytest.approx([0.2312, 0.3032, 0.3228, 0.4220], rel=0.02)
    assert model.sd == pytest.approx([0.6421, 0], abs=1e-3)
    assert model.deviance == pytest.approx(184.1, abs=0.05)


@pytest.mark.parametrize("people_first", [True, False])
def test_deviance_and_slopes_by_brute_force(people_first):
    """The mode by a general optimiser, the Hessian as a full matrix, the slopes by differences."""
    rng = np.random.default_rng(2)
    correct, person, item = made_up(rng, 9, 5, 4, (0.8, 0.5), 0.3)
    x = np.column_stack([np.ones(36), rng.normal(size=36)])
    codes = (person, item) if people_first else (item, person)
    beta, variances = np.array([0.4, -0.3]), np.array([0.7, 0.3])
    laplace = Laplace(correct, np.ones(36), codes, x)
    value, slopes = laplace.deviance(beta, variances)
    sizes = [int(code.max()) + 1 for code in codes]
    z = np.hstack([np.eye(n)[code] * np.sqrt(v) for n, code, v in zip(sizes, codes, variances, strict=True)])

    def penalised(u):
        eta = x @ beta + z @ u
        return -2 * np.sum(correct * eta - np.logaddexp(0, eta)) + u @ u

    mode = optimize.minimize(penalised, np.zeros(14), method="BFGS", options={"gtol": 1e-8}).x
    share = special.expit(x @ beta + z @ mode)
    curvature = z.T @ (z * (share * (1 - share))[:, None]) + np.eye(14)
    assert value == pytest.approx(penalised(mode) + np.linalg.slogdet(curvature)[1], abs=1e-6)
    place = np.concatenate([beta, variances])
    for which in range(4):
        ends = []
        for step in (1e-5, -1e-5):
            moved = place.copy()
            moved[which] += step
            ends.append(laplace.deviance(moved[:2], moved[2:])[0])
        assert slopes[which] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4)


@pytest.mark.parametrize(("answers", "off"), [(60, 0.1), (1500, 0.004)])
def test_likelihood_by_numerical_integration(answers, off):
    """One factor: each person's integral by quadrature, to which Laplace's comes close with many answers."""
    rng = np.random.default_rng(3)
    correct = rng.binomial(answers, special.expit(0.4 + 0.6 * rng.normal(size=8))).astype(float)
    trials = np.full(8, float(answers))
    laplace = Laplace(correct, trials, (np.arange(8), np.zeros(8, dtype=int)), np.ones((8, 1)))
    value, _ = laplace.deviance(np.array([0.4]), np.array([0.36, 0.0]))
    u = np.linspace(-6, 6, 6001)
    share = special.expit(0.4 + 0.6 * u)
    exact = [
        integrate.simpson(stats.binom.pmf(right, answers, share) * stats.norm.pdf(u), x=u)
        for right in correct
    ]
    assert value == pytest.approx(-2 * np.log(exact).sum(), abs=off)


def test_crossed_likelihood_by_numerical_integration():
    """Three people and two items: the five-fold integral on a product grid."""
    person, item = np.repeat(np.arange(3), 2), np.tile(np.arange(2), 3)
    correct, trials = np.array([30, 22, 18, 25, 33, 29.0]), np.full(6, 40.0)
    laplace = Laplace(correct, trials, (person, item), np.ones((6, 1)))
    value, _ = laplace.deviance(np.array([0.5]), np.array([0.25, 0.16]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    weights = weights / weights.sum()
    # given both items a person's answers are independent of the others': (person's node, item 1, item 2)
    likelihood = np.ones((31, 31))
    for who in range(3):
        at = [0.5 + 0.5 * nodes[:, None, None] + 0.4 * nodes[None, :, None]]
        at += [0.5 + 0.5 * nodes[:, None, None] + 0.4 * nodes[None, None, :]]
        both = [stats.binom.pmf(correct[2 * who + which], 40, special.expit(at[which])) for which in range(2)]
        likelihood *= np.einsum("p,pab->ab", weights, both[0] * both[1])
    exact = -2 * np.log(weights @ likelihood @ weights)
    assert value == pytest.approx(exact, abs=0.05)


def test_without_variance_it_is_logistic_regression():
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(400), rng.normal(size=400)])
    correct = (rng.random(400) < special.expit(0.3 + 0.5 * x[:, 1])).astype(float)
    model = fit(correct, np.arange(400) % 2, np.arange(400) // 200, x)
    plain = Logit(correct, x).fit(disp=0)
    assert model.sd == pytest.approx([0, 0], abs=1e-3)
    assert model.beta == pytest.approx(plain.params, abs=1e-4)
    assert model.error == pytest.approx(plain.bse, rel=1e-3)
    assert model.deviance == pytest.approx(-2 * plain.llf, abs=1e-4)


def test_profile_interval_by_refitting():
    rng = np.random.default_rng(5)
    model = fit(*made_up(rng, 30, 12, 8, (0.6, 0.4), 0.5))
    low, high = profile_interval(model)
    limit = model.deviance + model.few.wider * stats.t.ppf(0.975, model.few.df) ** 2
    for bound in (low, high):
        best = optimize.minimize(
            lambda v, at=bound: model.laplace.deviance(np.array([at]), v**2)[0],
            model.sd + 0.1,
            method="Nelder-Mead",
        )
        assert best.fun == pytest.approx(limit, abs=0.02)
    wald = model.intercept()[0]
    assert (low, high) == pytest.approx(wald, abs=0.25)


def test_swapping_participants_and_items_swaps_nothing_but_their_deviations():
    correct, person, item = made_up(np.random.default_rng(6), 25, 10, 6, (0.8, 0.4), 0.2)
    there, back = fit(correct, person, item), fit(correct, item, person)
    assert there.beta == pytest.approx(back.beta, abs=1e-4)
    assert there.sd == pytest.approx(back.sd[::-1], abs=1e-3)


def test_a_large_study_is_fitted_and_sparse_is_as_dense(monkeypatch):
    correct, person, item = made_up(np.random.default_rng(7), 800, 40, 6, (0.6, 0.5), 0.4)
    model = fit(correct, person, item)
    monkeypatch.setattr("analysis.deviance.DENSE", 10**9)
    assert fit(correct, person, item).beta == pytest.approx(model.beta, abs=1e-6)
    # six answers a person are few: Laplace's method finds too small a deviation, as lme4's does
    assert 0.3 < model.sd[0] < 0.65
    assert 0.3 < model.sd[1] < 0.65


@pytest.mark.parametrize(
    ("correct", "words"),
    [([1, 1, 1, 1], "right answers and wrong ones"), ([], "right answers and wrong ones")],
)
def test_what_has_no_maximum_is_refused(correct, words):
    codes = np.arange(len(correct))
    with pytest.raises(ValueError, match=words):
        fit(np.array(correct, dtype=float), codes, codes)


def test_one_participant_and_too_many_levels_are_refused():
    with pytest.raises(ValueError, match="at least two participants"):
        fit(np.array([1.0, 0.0]), np.zeros(2, dtype=int), np.arange(2))
    with pytest.raises(ValueError, match="at most 1000"):
        fit(np.tile([1.0, 0.0], 600), np.arange(1200), np.arange(1200))


def test_interval_of_the_intercept_covers():
    """200 studies of 40 people and 12 items with known log odds: about 95 in 100 intervals hold them."""
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(200):
        low, high = fit(*made_up(rng, 40, 12, 12, (0.6, 0.5), 0.4)).intercept()[0]
        held += low <= 0.4 <= high
    assert 0.90 <= held / 200 <= 0.985


def test_few_levels_by_the_classical_formulas_where_the_answers_are_all_alike_in_number():
    """Balanced and nearly normal: 10 people by 8 items, 200 answers in each cell; by mean squares."""
    rng = np.random.default_rng(9)
    person, item = (part.ravel() for part in np.mgrid[0:10, 0:8])
    liked = 0.1 * rng.normal(size=10)[person] + 0.1 * rng.normal(size=8)[item]
    right = rng.binomial(200, special.expit(liked))
    model = fit(right.astype(float), person, item, trials=np.full(80, 200))
    table = special.logit(right / 200).reshape(10, 8)
    rows, columns = 8 * table.mean(axis=1).var(ddof=1), 10 * table.mean(axis=0).var(ddof=1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    whole = rows + columns - (rest**2).sum() / 63
    assert model.covariance[0, 0] * model.few.wider == pytest.approx(whole / 80, rel=0.03)
    assert model.few.df == pytest.approx(whole**2 / (rows**2 / 9 + columns**2 / 7), rel=0.05)


def test_a_factor_without_spread_takes_no_degrees_of_freedom():
    rng = np.random.default_rng(10)
    models = [fit(*made_up(rng, 40, 6, 6, (0.6, 0), 0.4)) for _ in range(6)]
    alike = [model for model in models if model.sd[1] == 0]
    assert alike
    assert all(model.few == pytest.approx((40 / 39, 39)) for model in alike if model.sd[0] > 0.1)
    assert all(5 <= model.few.df < 39 for model in models if model.sd.min() > 0.1)


def test_three_items_cannot_show_that_they_are_alike():
    rng = np.random.default_rng(11)
    for _ in range(4):
        assert fit(*made_up(rng, 40, 3, 3, (0.6, 0), 0.4)).few == pytest.approx((3 / 2, 2))
