"""Settings of training an appearance model: everything that decides how it is trained."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Le, Lt
from pydantic import Field

from streid.appearance.architectures import ARCHITECTURES, POOLINGS, check_architecture
from streid.appearance.backbones import BACKBONES, TIMM_NAME
from streid.data.sample_settings import AugmentationSettings, PictureSettings, SamplerSettings
from streid.errors import InputError
from streid.stage.settings import (
    READ,
    Amount,
    Auto,
    Count,
    Fraction,
    Jobs,
    OneOf,
    Passing,
    Positive,
    Precision,
    Section,
    Seed,
    Text,
    Truth,
    Whole,
    Workers,
)

DISTANCES = ("euclidean", "cosine")  # of the triplet loss
Backbone = Annotated[
    str, Text(f"one of {', '.join(BACKBONES)}, or timm:NAME with a name of timm's", "|".join([*BACKBONES, TIMM_NAME]))
]
StartWeights = Annotated[str, Text("imagenet, none or a file", r"[^\x00]+")]


class NetworkSettings(PictureSettings):
    """The network."""

    architecture: Annotated[str, OneOf(tuple(ARCHITECTURES))] = "pcb"
    """of the network (docs/models.md)"""
    backbone: Backbone = "resnet50"
    """pretrained part of the network; timm:NAME takes one of timm's (docs/models.md)"""
    start_weights: StartWeights = "imagenet"
    """imagenet (downloaded once; torchvision's alone), none (random), or a file (docs/models.md)"""
    pooling: Annotated[str, OneOf(POOLINGS)] = "average"
    """of the last map: average, or gem (a learned power mean), for models that leave the choice (docs/models.md)"""
    frames: Annotated[int, Ge(1), Le(1024), READ] = 1
    """1: pictures; T: clips of T pictures of a tracklet, for models that take clips"""
    frame_stride: Whole = 0
    """pictures from one frame of a clip to the next; 0: one drawn from each of T equal parts"""

    def check(self) -> None:
        """Refuse clips or pictures that the architecture does not take, and weights that cannot be downloaded."""
        super().check()
        check_architecture(self.architecture, self.frames, self.pooling)
        if self.architecture == "vit" and self.backbone in BACKBONES:
            raise InputError(
                f"backbone is {self.backbone}, but vit takes a vision transformer: set backbone to timm:vit_..., as "
                "timm:vit_base_patch16_224"
            )
        if self.start_weights == "imagenet" and self.backbone not in BACKBONES:
            raise InputError(
                f"start_weights is imagenet, but those of {self.backbone} are not downloaded; set start_weights to a "
                "file with them, or to none"
            )


class LossSettings(Section):
    """What is minimised."""

    identity: Annotated[str, OneOf(("softmax", "arcface"))] = "softmax"
    """loss of the classifier: softmax (cross-entropy), or arcface (angles with a margin; docs/models.md)"""
    arcface_margin: Annotated[float, Ge(0), Le(90), READ] = 28.6
    """of arcface, in degrees"""
    arcface_scale: Positive = 64.0
    """of arcface: what the cosines are multiplied by"""
    label_smoothing: Fraction = 0.0
    """share of the cross-entropy's target spread over all identities"""
    triplet: Annotated[str, OneOf(("none", *DISTANCES))] = "none"
    """batch-hard triplet loss: none, euclidean or cosine (needs the sampler pk)"""
    triplet_margin: Amount = 0.3
    """of the triplet loss, in units of its distance"""
    triplet_weight: Amount = 1.0
    """of the triplet loss, relative to the cross-entropy"""
    circle_weight: Amount = 0.0
    """of the circle loss, relative to the cross-entropy (needs the sampler pk); 0: none"""
    circle_margin: Annotated[float, Ge(0), Lt(1), READ] = 0.25
    """m of the circle loss"""
    circle_scale: Positive = 128.0
    """gamma of the circle loss"""
    mask_weight: Amount = 0.5
    """of the loss of part maps, where the model has part maps and the data set part masks"""

    def check(self) -> None:
        """Refuse label smoothing with a loss that has none."""
        super().check()
        if self.identity == "arcface" and self.label_smoothing:
            raise InputError("identity is arcface, which has no label smoothing: set label_smoothing to 0")


class OptimizerSettings(Section):
    """How weights follow their gradients."""

    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    """sgd, adam or adamw"""
    backbone_rate: Positive = 0.01
    """learning rate of the backbone"""
    head_rate: Positive = 0.1
    """learning rate of the new layers"""
    momentum: Fraction = 0.9
    """Nesterov momentum of sgd"""
    weight_decay: Amount = 0.0005
    """L2 penalty (adamw: decoupled weight decay)"""


class ScheduleSettings(Section):
    """How the learning rate changes (cosine: Loshchilov and Hutter, 2017)."""

    epochs: Count = 60
    """passes over the training pictures"""
    schedule: Literal["step", "cosine"] = "step"
    """step (multiplied by decay after step_epochs) or cosine (to 0 over the run)"""
    step_epochs: list[Count] = Field(default_factory=lambda: [40])
    """epochs after which the rate drops"""
    decay: Positive = 0.1
    """factor of each drop"""
    warmup_epochs: Amount = 0.0
    """linear rise of the rate at the start, in epochs"""

    def check(self) -> None:
        """Refuse a rise that does not end."""
        super().check()
        if self.warmup_epochs >= self.epochs:
            raise InputError(f"warmup_epochs {self.warmup_epochs:g} is not below epochs {self.epochs}")


class RunSettings(Section):
    """How a run goes."""

    max_steps: Whole = 0
    """stop after this many steps in total; 0: no limit"""
    freeze_epochs: Whole = 0
    """epochs at the start in which the backbone's early layers are not trained"""
    clip_norm: Amount = 0.0
    """largest gradient norm; 0: no clipping"""
    accumulate: Count = 1
    """batches whose gradients are added up for one step"""
    ema_decay: Annotated[float, Ge(0), Lt(1), READ] = 0.0
    """of the running average of the weights, which is validated and saved instead; 0: none"""
    seed: Seed = 0
    """of weights, order, augmentation and dropout"""
    precision: Precision = "fp32"
    """fp32, or bf16 / fp16 by autocast"""
    compile: Truth = False
    """true: use torch.compile (takes minutes at the start)"""
    processes: Annotated[Auto | Jobs, Passing.BY_RULE] = "auto"
    """GPUs that train together: auto (one, or as many as --set-resources gives), or a number"""
    workers: Workers = 2
    """processes that read and augment pictures, for each GPU"""
    validate_every: Whole = 1
    """epochs between validations on the held-out identities (prepare); 0: none"""
    checkpoint_seconds: Amount = 120.0
    """seconds between checkpoints within an epoch"""


class TrainSettings(
    RunSettings,
    ScheduleSettings,
    OptimizerSettings,
    LossSettings,
    AugmentationSettings,
    SamplerSettings,
    NetworkSettings,
):
    """Training an appearance model."""

    def check(self) -> None:
        """Refuse a loss that the architecture gives nothing for."""
        super().check()
        if self.identity == "arcface" and not ARCHITECTURES[self.architecture].class_matrix:
            raise InputError(
                f"identity is arcface, but the classifier of {self.architecture} is not one matrix: set identity to "
                "softmax"
            )

    def deciding(self) -> Self:
        """These settings without what cannot change the trained weights, for fingerprints."""
        return self.model_copy(update={"workers": 0, "checkpoint_seconds": 0.0, "processes": "auto"})
