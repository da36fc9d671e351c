"""Keys and titles of streams."""

import pytest

from streid.reporting.streams import kind_order, kind_title, stream_fusion, stream_key, stream_kind, stream_title


@pytest.mark.parametrize(
    ("stream", "fusion", "key", "title"),
    [
        ("visual", "likelihood", "visual", "Appearance"),
        ("joint", "likelihood", "joint/likelihood", "Appearance + times, likelihood"),
        ("reranked", "none", "reranked/none", "Re-ranked, without times"),
        ("zebra", "logistic", "zebra/logistic", "zebra, logistic"),
    ],
)
def test_a_key_tells_stream_and_fusion(stream: str, fusion: str, key: str, title: str) -> None:
    assert stream_key(stream, fusion) == key
    assert (stream_kind(key), stream_fusion(key)) == (stream, fusion if "/" in key else "")
    assert stream_title(key) == title
    assert title.startswith(kind_title(key))


def test_kinds_follow_the_road_and_others_their_names() -> None:
    keys = ["zebra/a", "reranked/b", "aardvark/a", "visual", "joint/a", "spatiotemporal/b"]
    assert sorted(keys, key=kind_order) == [
        *("visual", "spatiotemporal/b", "joint/a", "reranked/b"),
        *("aardvark/a", "zebra/a"),
    ]
