"""Writes the vectors beside it.

Made with confseq 0.0.11 (pure Python modules from its source archive, sha256 b4f7723089478dda4b011a0bfe4d449f017d7ce0
ec0d5039181c3e4a576bc914), numpy 1.26.4 and scipy 1.17.1 under Python 3.11:

    pip download --no-deps --no-binary :all: confseq==0.0.11 && tar xf confseq-0.0.11.tar.gz
    pip install "numpy<2" scipy matplotlib multiprocess
    PYTHONPATH=confseq-0.0.11/src python make.py

The C++ modules of confseq, which need Boost, are not used.
"""

import csv
import pathlib

import numpy as np
from confseq.betting import betting_mart
from confseq.betting_strategies import lambda_aKelly
from confseq.predmix import predmix_empbern_twosided_cs
from scipy.special import betaln

HERE = pathlib.Path(__file__).parent
STEPS = 120


def write(name, header, rows):
    with open(HERE / name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows([[repr(x.item()) if isinstance(x, np.generic) else x for x in row] for row in rows])


def e_process(rng):
    """Differences D in [-1, 1] as x = (1 -+ D) / 2 in [0, 1] with null mean m = (1 -+ margin) / 2, so that
    x - m is half a payoff. The imagined first observation lies at the null value with payoff variance 1/4, which is
    1/16 for x; stakes are one-sided and cut at half of what could ruin."""
    for question, margin, mean, sd in [
        ("non_inferiority", 0.01, -0.01, 0.1),
        ("non_inferiority", 0.2, 0.0, 0.4),
        ("superiority", 0.0, -0.3, 0.5),
        ("harm", 0.01, 0.05, 0.1),
        ("harm", 0.3, 0.1, 0.6),
    ]:
        difference = np.clip(rng.normal(mean, sd, STEPS), -1, 1)
        sign = 1 if question == "harm" else -1
        x, m = (1 + sign * difference) / 2, (1 + sign * margin) / 2

        def stakes(x, m):
            return np.maximum(lambda_aKelly(x, m, prior_mean=m, prior_variance=1 / 16, fake_obs=1), 0)

        wealth = betting_mart(x, m, lambdas_fn_positive=stakes, theta=1, trunc_scale=1 / 2)
        for d, e in zip(difference, np.log(wealth)):
            yield question, margin, d, e


def bounded(rng):
    for name, alpha, x in [
        ("rate", 0.05, (rng.random(STEPS) < 0.1) * 1.0),
        ("narrow", 0.01, rng.beta(10, 30, STEPS)),
        ("ends", 0.2, rng.choice([0.0, 1.0], STEPS)),
    ]:
        low, high = predmix_empbern_twosided_cs(x, alpha=alpha, running_intersection=False)
        low, high = np.maximum.accumulate(np.maximum(low, 0)), np.minimum.accumulate(np.minimum(high, 1))
        for row in zip(x, low, high):
            yield name, alpha, *row


def ratio(rng):
    """Closed form at a constant share: the Dirichlet-multinomial Bayes factor with prior 1,000 times the share."""
    for share, truth in [(0.5, 0.5), (0.5, 0.6), (0.01, 0.05), (0.25, 0.1)]:
        canary = rng.random(STEPS) < truth
        a, b = 1000 * share, 1000 * (1 - share)
        k = np.cumsum(canary)
        n = np.arange(1, STEPS + 1)
        log_e = betaln(a + k, b + n - k) - betaln(a, b) - k * np.log(share) - (n - k) * np.log1p(-share)
        for c, e in zip(canary, log_e):
            yield share, int(c), e


if __name__ == "__main__":
    rng = np.random.default_rng(20100968)
    write("e_process.csv", ["question", "margin", "difference", "log_e"], e_process(rng))
    write("bounded.csv", ["case", "alpha", "outcome", "low", "high"], bounded(rng))
    write("ratio.csv", ["share", "canary", "log_e"], ratio(rng))
