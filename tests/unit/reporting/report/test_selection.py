"""Which queries are shown."""

import numpy as np
from rankings_by_hand import no_totals

from streid.files.rankings import Ranking
from streid.reporting.report.selection import choose_queries


def ranking(ap: list[float], first: list[int]) -> Ranking:
    none = np.empty((len(ap), 0))
    return Ranking(
        indices_QK=none.astype(np.int32),
        scores_QK=none.astype(np.float32),
        ap_Q=np.array(ap),
        first_match_Q=np.array(first, np.int32),
        match_count_Q=np.zeros(len(ap), np.int32),
        match_rows_P=np.empty(0, np.int32),
        match_ranks_P=np.empty(0, np.int32),
        match_scores_P=np.empty(0, np.float32),
        wrong_scores_QW=np.empty((len(ap), 0), np.float32),
        **no_totals(),
    )


NAN = float("nan")
VISUAL = ranking([0.1, 0.5, 0.5, 0.9, NAN, 0.3, 0.3, 0.8, 0.6], [9, 2, 2, 1, 0, 4, 4, 1, 2])
JOINT = ranking([0.9, 0.6, 0.6, 0.2, NAN, 0.3, 0.25, 0.8, 0.6], [1, 2, 2, 7, 0, 4, 5, 1, 2])


def test_gains_then_losses_then_failures_then_a_draw() -> None:
    chosen = choose_queries({"visual": VISUAL, "joint": JOINT}, "joint", 8, seed=0)
    assert [query.row for query in chosen[:6]] == [0, 1, 2, 3, 6, 5]
    assert chosen[0].reason == "Gains most: average precision 10.0 \N{RIGHTWARDS ARROW} 90.0 %"
    assert chosen[3].reason.startswith("Loses most")
    assert chosen[4].reason == "Failure: the first right match has rank 5"
    assert {query.row for query in chosen[6:]} == {7, 8}
    assert all(query.reason.startswith("Drawn at random") for query in chosen[6:])


def test_no_query_twice_and_none_without_a_match() -> None:
    for count in range(12):
        rows = [query.row for query in choose_queries({"visual": VISUAL, "joint": JOINT}, "joint", count, seed=3)]
        assert len(rows) == len(set(rows)) == min(count, 8)
        assert 4 not in rows


def test_appearance_alone_shows_failures_and_a_draw() -> None:
    chosen = choose_queries({"visual": VISUAL}, "visual", 4, seed=0)
    assert chosen[0].row == 0
    assert {query.reason.split(":")[0] for query in chosen} == {"Failure", "Drawn at random"}


def test_the_draw_follows_the_seed() -> None:
    perfect = {"visual": ranking([1.0] * 50, [1] * 50)}
    drawn = [tuple(query.row for query in choose_queries(perfect, "visual", 5, seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
