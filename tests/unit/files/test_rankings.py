"""scores.h5 and reranked.h5: round trips, and what is refused."""

from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
import pytest
from rankings_by_hand import no_totals, two_queries

from streid.errors import InputError
from streid.files.rankings import Ranking, read_rankings, write_rankings


def test_rankings_round_trip(tmp_path: Path) -> None:
    ranking = two_queries()
    write_rankings(tmp_path / "s.h5", dataset="d", model="m", streams={"joint": ranking, "visual": ranking})
    loaded = read_rankings(tmp_path / "s.h5")
    assert sorted(loaded) == ["joint", "visual"]
    np.testing.assert_array_equal(loaded["joint"].indices_QK, ranking.indices_QK)
    for field in fields(Ranking):
        stored, given = (getattr(one, field.name) for one in (loaded["visual"], ranking))
        np.testing.assert_array_equal(stored, given)
        assert stored.dtype == given.dtype


def test_rankings_of_other_versions_and_unlike_lengths_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    one, none = np.ones(1, np.int32), np.empty((1, 0), np.float32)
    content = {"indices_QK": none, "scores_QK": none, "ap_Q": one, "first_match_Q": one, "match_count_Q": one}
    matches = {"match_rows_P": one, "match_ranks_P": one, "match_scores_P": one, "wrong_scores_QW": none}
    write_rankings(path, dataset="d", model="m", streams={"joint": Ranking(**content, **matches, **no_totals())})
    with h5py.File(path, "r+") as handle:
        handle["joint/match_count"][0] = 2
    with pytest.raises(InputError, match="s.h5: the right matches do not fit their number per query"):
        read_rankings(path)
    with h5py.File(path, "r+") as handle:
        handle.attrs["version"] = 1
    with pytest.raises(InputError, match=r"version 1 of streid-rankings is not the one this streid reads \(3\)"):
        read_rankings(path)
