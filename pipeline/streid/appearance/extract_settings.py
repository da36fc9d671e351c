"""Settings of extracting features."""

from typing import Annotated, Literal

from streid.stage.settings import Count, Jobs, Passing, Precision, Section, Workers


class ExtractSettings(Section):
    """Features of every picture or tracklet."""

    unit: Literal["auto", "picture", "tracklet"] = "auto"
    """what a feature is for: auto (as protocol and model need), picture or tracklet"""
    shards: Annotated[Jobs, Passing.BY_RULE] = 1
    """jobs that share the extraction, with one GPU each"""
    batch_size: Count = 64
    """pictures per step"""
    dtype: Literal["float32", "float16"] = "float32"
    """of the stored features: float32 or float16"""
    precision: Precision = "fp32"
    """of the computation: fp32, bf16 or fp16"""
    workers: Workers = 2
    """processes that read pictures"""
