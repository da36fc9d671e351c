"""What was measured of the fusions, as Markdown."""

from collections.abc import Callable, Sequence

from fusion_runs import Comparison, Figures, Thinned
from markdown_tables import markdown_table

Column = tuple[str, Callable[[Comparison], str]]


def compare_fusions(rows: Sequence[Comparison]) -> str:
    """Both fusions side by side, rank-1 / mAP, and what the likelihood gains in mAP over the paper's.

    "re-ranked" is the paper's form, over the nearest neighbours; "cross-camera" averages over other cameras'.
    Gains are over the paper's joint score and over its re-ranking in the paper's form.
    """
    columns: list[Column] = [
        ("set, draw", lambda row: row.label),
        ("appearance", lambda row: _pair(row.appearance)),
        ("paper's joint", lambda row: _pair(row.paper.joint)),
        ("paper's, re-ranked", lambda row: _pair(row.paper.nearest)),
        ("paper's, cross-camera", lambda row: _pair(row.paper.cross)),
        ("likelihood joint", lambda row: _pair(row.likelihood.joint)),
        ("likelihood re-ranked", lambda row: _pair(row.likelihood.nearest)),
        ("likelihood cross-camera", lambda row: _pair(row.likelihood.cross)),
        ("joint gain", lambda row: _gain(row.likelihood.joint, row.paper.joint)),
        ("re-ranked gain", lambda row: _gain(row.likelihood.nearest, row.paper.nearest)),
        ("cross-camera gain", lambda row: _gain(row.likelihood.cross, row.paper.nearest)),
        ("re-ranked rank-1 - joint's", lambda row: f"{row.likelihood.nearest.rank1 - row.likelihood.joint.rank1:+.2f}"),
        (
            "cross-camera rank-1 - joint's",
            lambda row: f"{row.likelihood.cross.rank1 - row.likelihood.joint.rank1:+.2f}",
        ),
    ]
    return markdown_table([name for name, _ in columns], [[show(row) for _, show in columns] for row in rows])


def compare_weights(rows: Sequence[Comparison]) -> str:
    """The weight chosen on held-out identities beside the one that needs none, and what either reaches."""
    header = [
        "set, draw", "default weight", "chosen", "best on the held-out", "joint, default", "joint, chosen",
        "re-ranked, default", "re-ranked, chosen", "cross-camera, default", "cross-camera, chosen",
    ]  # fmt: skip
    cells = []
    for row in rows:
        weights = [f"{weight:.4f}" for weight in (row.weights.default, row.weights.chosen, row.weights.best)]
        reached = []
        for before, after in (
            (row.by_default.joint, row.likelihood.joint),
            (row.by_default.nearest, row.likelihood.nearest),
            (row.by_default.cross, row.likelihood.cross),
        ):
            reached += [_pair(before), "the same" if row.weights.chosen == row.weights.default else _pair(after)]
        cells.append([row.label, *weights, *reached])
    return markdown_table(header, cells)


def compare_thinned(rows: Sequence[Thinned]) -> str:
    """The joint scores over the number of training identities."""
    header = ["set, draw", "identities", "appearance", "paper's joint", "likelihood joint"]
    return markdown_table(
        header,
        [
            [row.label, str(row.identities), _pair(row.appearance), _pair(row.paper), _pair(row.likelihood)]
            for row in rows
        ],
    )


def _pair(figures: Figures) -> str:
    return f"{figures.rank1:.1f} / {figures.mAP:.1f}"


def _gain(ours: Figures, theirs: Figures) -> str:
    return f"{ours.mAP - theirs.mAP:+.2f}"
