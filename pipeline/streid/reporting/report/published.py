"""Published results on the same data sets; shown beside the measured ones, never mixed with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class PublishedResult:
    """One method's result as its authors report it; rank-1 and mAP in percent, None where not given."""

    method: str
    rank1: float | None
    mean_ap: float | None
    source: str


# By the format of the data set.
PUBLISHED = {
    "market1501": (
        PublishedResult(method="PCB", rank1=92.6, mean_ap=77.5, source="layumi's README"),
        PublishedResult(method="ResNet50", rank1=88.8, mean_ap=71.6, source="layumi's README"),
        PublishedResult(method="DenseNet121", rank1=90.2, mean_ap=74.0, source="layumi's README"),
        PublishedResult(method="FastReID SBS R101-ibn", rank1=96.3, mean_ap=90.3, source="FastReID model zoo"),
        PublishedResult(method="TransReID*", rank1=95.1, mean_ap=89.0, source="TransReID's README"),
        PublishedResult(method="torchreid's OSNet x1.0", rank1=94.2, mean_ap=82.6, source="torchreid's model zoo"),
        PublishedResult(
            method="OpenVINO person-reidentification-retail-0288", rank1=86.1, mean_ap=59.7, source="Open Model Zoo"
        ),
        PublishedResult(
            method="OpenVINO person-reidentification-retail-0287", rank1=92.9, mean_ap=76.6, source="Open Model Zoo"
        ),
        PublishedResult(
            method="OpenVINO person-reidentification-retail-0286", rank1=94.8, mean_ap=83.7, source="Open Model Zoo"
        ),
        PublishedResult(
            method="OpenVINO person-reidentification-retail-0277", rank1=96.2, mean_ap=87.7, source="Open Model Zoo"
        ),
        PublishedResult(
            method="OpenVINO person-reidentification-retail-0300", rank1=96.3, mean_ap=88.5, source="Open Model Zoo"
        ),
        PublishedResult(method="CLIP-ReID ViT-B/16", rank1=95.5, mean_ap=89.6, source="paper"),
        PublishedResult(method="SOLIDER Swin-B", rank1=96.9, mean_ap=93.9, source="SOLIDER's README"),
        PublishedResult(method="SOLIDER Swin-B, re-ranked", rank1=96.7, mean_ap=95.6, source="SOLIDER's README"),
        PublishedResult(method="PersonViT ViT-B/16", rank1=97.6, mean_ap=95.0, source="PersonViT's README"),
        PublishedResult(method="st-ReID, appearance alone", rank1=91.2, mean_ap=None, source="paper's abstract"),
        PublishedResult(method="st-ReID", rank1=98.1, mean_ap=87.6, source="st-ReID's README"),
        PublishedResult(method="st-ReID re-ranked", rank1=98.0, mean_ap=95.5, source="st-ReID's README"),
        PublishedResult(method="InSTD, appearance alone", rank1=None, mean_ap=82.2, source="paper's abstract"),
        PublishedResult(method="InSTD, appearance and times", rank1=None, mean_ap=90.8, source="paper's abstract"),
    ),
    "dukemtmc": (
        PublishedResult(method="FastReID SBS R101-ibn", rank1=91.9, mean_ap=83.6, source="FastReID model zoo"),
        PublishedResult(method="TransReID*", rank1=90.7, mean_ap=82.2, source="TransReID's README"),
        PublishedResult(method="CLIP-ReID ViT-B/16", rank1=90.0, mean_ap=82.5, source="paper"),
        PublishedResult(method="PersonViT ViT-B/16", rank1=93.8, mean_ap=88.1, source="PersonViT's README"),
        PublishedResult(method="st-ReID, appearance alone", rank1=83.8, mean_ap=None, source="paper's abstract"),
        PublishedResult(method="st-ReID", rank1=94.4, mean_ap=83.9, source="st-ReID's README"),
        PublishedResult(method="st-ReID re-ranked", rank1=94.5, mean_ap=92.7, source="st-ReID's README"),
        PublishedResult(method="InSTD, appearance alone", rank1=None, mean_ap=72.7, source="paper's abstract"),
        PublishedResult(method="InSTD, appearance and times", rank1=None, mean_ap=89.1, source="paper's abstract"),
    ),
    "msmt17": (
        PublishedResult(method="FastReID SBS R101-ibn", rank1=84.8, mean_ap=62.8, source="FastReID model zoo"),
        PublishedResult(method="TransReID*", rank1=85.3, mean_ap=67.8, source="TransReID's README"),
        PublishedResult(method="CLIP-ReID ViT-B/16", rank1=88.7, mean_ap=73.4, source="paper"),
        PublishedResult(method="SOLIDER Swin-B", rank1=90.7, mean_ap=77.1, source="SOLIDER's README"),
        PublishedResult(method="SOLIDER Swin-B, re-ranked", rank1=91.7, mean_ap=86.5, source="SOLIDER's README"),
        PublishedResult(method="PersonViT ViT-B/16", rank1=92.0, mean_ap=80.8, source="PersonViT's README"),
    ),
    "mars": (
        PublishedResult(
            method="STGCN, Yang et al. (CVPR 2020)", rank1=89.95, mean_ap=83.7, source="awesome list of video re-ID"
        ),
        PublishedResult(method="VID-Trans-ReID ViT-B", rank1=96.36, mean_ap=90.25, source="VID-Trans-ReID's README"),
    ),
    "duke_video": (
        PublishedResult(
            method="STGCN, Yang et al. (CVPR 2020)", rank1=97.29, mean_ap=95.7, source="awesome list of video re-ID"
        ),
    ),
}


def published_results(summary: Mapping[str, Any]) -> tuple[PublishedResult, ...]:
    """Published results for a data set; empty if nobody has published any.

    Args:
        summary: dataset.json. A tree that only looks like a known data set has no `expected` counts, or is `rendered`.
    """
    return (
        PUBLISHED.get(summary["source_format"], ()) if summary.get("expected") and not summary.get("rendered") else ()
    )
