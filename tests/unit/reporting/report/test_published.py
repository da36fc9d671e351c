"""Published figures: only beside the data sets they are of."""

from streid.data.layouts import FORMATS
from streid.reporting.report.published import published_results


def test_published_numbers_only_for_the_data_sets_they_are_of() -> None:
    counts = {"train": {"pictures": 12936}}
    assert published_results({"source_format": "market1501", "expected": None}) == ()
    assert published_results({"source_format": "manifest", "expected": counts}) == ()
    market = {result.method: (result.rank1, result.mean_ap) for result in published_results(
        {"source_format": "market1501", "expected": counts}
    )}  # fmt: skip
    assert market["st-ReID"] == (98.1, 87.6)
    assert market["st-ReID, appearance alone"] == (91.2, None)
    for source_format in sorted(set(FORMATS) - {"manifest"}):
        assert published_results({"source_format": source_format, "expected": counts, "rendered": False})
        assert published_results({"source_format": source_format, "expected": counts, "rendered": True}) == ()
    assert published_results({"source_format": "unknown", "expected": counts}) == ()
    assert market["InSTD, appearance and times"] == (None, 90.8)
    mars = {
        result.method: result.mean_ap for result in published_results({"source_format": "mars", "expected": counts})
    }
    assert mars == {"STGCN, Yang et al. (CVPR 2020)": 83.7, "VID-Trans-ReID ViT-B": 90.25}
