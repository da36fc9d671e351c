"""Settings of k-reciprocal re-ranking."""

from typing import Annotated, Literal

from streid.stage.settings import Count, Fraction, OneOf, Section

AVERAGES = ("nearest", "cross-camera")


class RerankSettings(Section):
    """k-reciprocal re-ranking.

    With the average `cross-camera`, all taken from the first k1 + 1 neighbours: half the weight goes to the first
    k2 // 2 in the picture's own camera, of which it is the first itself, and half to the first k2 - 1 in other cameras.
    The nearest neighbours mostly show the same person in the same camera, so averaging over them alone also averages in
    the look of the camera. Averaging over other cameras alone includes wrong people where few right ones are found.
    """

    k1: Count = 20
    """k-reciprocal neighbours"""
    k2: Count = 6
    """neighbours to average over"""
    average: Annotated[str, OneOf(AVERAGES)] = "nearest"
    """nearest (the paper's), or cross-camera: half own camera, half others (docs/fusion.md)"""
    lambda_: Fraction = 0.3
    """weight of the original distance; the Jaccard distance has the rest"""
    precision: Literal["fp32", "bf16"] = "fp32"
    """precision of the products of all pictures: fp32, or bf16 (to find candidates; scores are float32)"""
    block_rows: Count = 2048
    """pictures per block of scores; fewer need less memory"""
