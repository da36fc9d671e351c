"""Counts of what the times do not know, against loops over all pairs."""

import numpy as np
import pytest
from scenes_by_hand import made_up_likelihood, naive_log_ratio, random_rows, seen, tables_with

from streid.files.histograms import Likelihood, neutral_likelihood
from streid.scoring.audit import audit


@pytest.mark.parametrize(
    "likelihood",
    [
        made_up_likelihood(),
        made_up_likelihood(near=0.0, apart=0.0),
        neutral_likelihood(np.array([2, 4, 7])),
        neutral_likelihood(),
    ],
)
def test_audit_counts_the_neutral_pairs(likelihood: Likelihood) -> None:
    rows = random_rows(8, 90)
    query, gallery = seen(*rows[:30]), seen(*rows[30:])
    counts = audit(query, gallery, tables_with(likelihood), "likelihood")
    zeros = (
        sum(naive_log_ratio(likelihood, a, b) == 0 for a in rows[:30] for b in rows[30:])
        if likelihood.identities
        else 1800
    )
    assert counts["neutral_pairs"] == pytest.approx(zeros / 1800)
    known = {2, 4, 7}  # the training pictures', whether or not their times are known
    assert counts["unknown_cameras"] == sum(camera not in known for camera, _, _ in rows)
    assert counts["unknown_times"] == sum(time < 0 for _, _, time in rows)
    assert "neutral_pairs" not in audit(query, gallery, tables_with(likelihood), "logistic")
