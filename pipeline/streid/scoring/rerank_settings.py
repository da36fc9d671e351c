"""Settings of k-reciprocal re-ranking."""

from typing import Annotated, Literal

from streid.stage.settings import Count, Fraction, OneOf, Section

AVERAGES = ("nearest", "cross-camera")


class RerankSettings(Section):
    """k-reciprocal re-ranking.

    With the average `cross-camera` the first k2 // 2 before the picture's own camera, itself the first of them, have
    half the weight, and the first k2 - 1 before other cameras the other half, all among its first k1 + 1. The nearest
    are mostly the same person before the same camera, so that averaging over them brings the camera's look along;
    averaging over other cameras' alone lets the wrong ones in where few are right.
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
    """of the products between all pictures: fp32, or bf16 (to find candidates; scores are float32)"""
    block_rows: Count = 2048
    """pictures per block of scores; fewer need less memory"""
