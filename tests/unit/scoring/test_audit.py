"""Counts of what the times do not know, against loops over all pairs."""

from dataclasses import replace

import numpy as np
import pytest
from scenes_by_hand import group, made_up_likelihood, naive_log_ratio, random_rows, seen, tables_with

from streid.files.histograms import Likelihood, neutral_likelihood
from streid.scoring.audit import audit, log_audit


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


def test_pairs_with_time_equal_a_loop() -> None:
    rng = np.random.default_rng(0)
    counts = (rng.random((3, 3, 4)) < 0.15).astype(np.int64)
    counts[range(3), range(3)] = 0
    tables = replace(tables_with(made_up_likelihood()), counts_CCB=counts)
    rows, cameras = random_rows(8, 90), [2, 4, 7]
    expected = 0
    for camera, session, time in rows[:30]:
        for other, other_session, other_time in rows[30:]:
            if camera in cameras and other in cameras and session == other_session and min(time, other_time) >= 0:
                one, two = cameras.index(camera), cameras.index(other)
                expected += bool(counts[one, two].any() or counts[two, one].any())
    found = audit(seen(*rows[:30]), seen(*rows[30:]), tables, "logistic")
    assert 0 < found["pairs_with_time"] == pytest.approx(expected / 1800)


def test_junk_and_distractors_are_counted() -> None:
    found = audit(group([5], [2]), group([5, 0, -1, 0], [4, 4, 4, 4]), tables_with(made_up_likelihood()), "none")
    assert (found["query"], found["gallery"], found["junk"], found["distractors"]) == (1, 4, 1, 2)


@pytest.mark.parametrize(
    ("fusion", "changes", "said"),
    [
        ("logistic", {"unknown_times": 2}, "2 of 10 pictures have no time"),
        ("logistic", {"unknown_cameras": 3}, "3 of 10 pictures are of cameras not seen in training"),
        ("logistic", {"pairs_with_time": 0.0}, "no pair of pictures has a spatial-temporal score"),
        ("likelihood", {"neutral_pairs": 1}, "the times say nothing about any pair"),
        ("likelihood", {"neutral_pairs": 0.5}, ""),
        ("none", {"unknown_times": 2, "pairs_with_time": 0.0}, ""),
    ],
)
def test_what_times_could_not_be_used_for_is_said(
    fusion: str, changes: dict[str, float], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    counts = {"query": 4, "gallery": 6, "unknown_times": 0, "unknown_cameras": 0, "pairs_with_time": 0.5}
    log_audit(counts | changes, fusion)
    assert said in caplog.text if said else not caplog.records
