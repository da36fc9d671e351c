"""The names of a report's streams: appearance is shared, every other stream belongs to a fusion.

A stream's key is `visual`, or `stream/fusion` such as `joint/likelihood`.
"""

from streid.scoring.fusion_records import FUSIONS

APPEARANCE, TIMES_ALONE, JOINT, RERANKED = "visual", "spatiotemporal", "joint", "reranked"
STREAM_TITLES = {
    APPEARANCE: "Appearance",
    TIMES_ALONE: "Times alone",
    JOINT: "Appearance + times",
    RERANKED: "Re-ranked",
}


def stream_key(stream: str, fusion: str) -> str:
    """The key of a stream, from its name in a fusion's files."""
    return stream if stream == APPEARANCE else f"{stream}/{fusion}"


def stream_kind(key: str) -> str:
    """The kind of stream of a key: `joint` for `joint/likelihood`."""
    return key.partition("/")[0]


def stream_fusion(key: str) -> str:
    """The fusion a key belongs to, empty for `visual`."""
    return key.partition("/")[2]


def kind_order(key: str) -> tuple[int, str]:
    """Sorts keys by kind: the known ones in the order of the steps, then the others by name."""
    kind, known = stream_kind(key), list(STREAM_TITLES)
    return (known.index(kind), "") if kind in known else (len(known), kind)


def stream_title(key: str) -> str:
    """The title of a stream: 'Re-ranked, likelihood'."""
    fusion = stream_fusion(key)
    return f"{kind_title(key)}, {fusion_title(fusion)}" if fusion else kind_title(key)


def kind_title(key: str) -> str:
    """The title of a stream whose fusion is clear: 'Re-ranked'."""
    kind = stream_kind(key)
    return STREAM_TITLES.get(kind, kind)


def fusion_title(fusion: str) -> str:
    """The title of a fusion: 'likelihood', 'without times'."""
    return FUSIONS[fusion].title


def fusion_phrase(fusion: str) -> str:
    """A fusion in a sentence: 'likelihood fusion', 'without times'."""
    return f"{fusion_title(fusion)} fusion" if FUSIONS[fusion].uses_times else fusion_title(fusion)
