"""The table of architectures: what each takes, and which module builds it.

To add an architecture, write its module, its line in ARCHITECTURES and its case in `build_network`. Importing this
table loads nothing heavy, because every command line lists the names; a network's module is imported when it is built.
A line and a case count as code of that architecture alone (`streid.stage.fingerprints`).
"""

from typing import TYPE_CHECKING, NamedTuple

from streid.errors import InputError

if TYPE_CHECKING:
    from streid.appearance.appearance_model import AppearanceModel


class Architecture(NamedTuple):
    """What an architecture takes and gives.

    pictures, clips: whether it takes single pictures, and clips of a tracklet. part_maps: whether it gives maps of the
    body parts of single pictures, which are trained against part masks. pools: whether how it pools can be chosen.
    class_matrix: whether its classifier is one matrix, as ArcFace needs. cameras: whether it learns the cameras.
    """

    pictures: bool
    clips: bool
    part_maps: bool = False
    pools: bool = False
    class_matrix: bool = False
    cameras: bool = False


POOLINGS = ("average", "gem")
ARCHITECTURES = {
    "baseline": Architecture(pictures=True, clips=False),
    "bot": Architecture(pictures=True, clips=False, pools=True, class_matrix=True),
    "pcb": Architecture(pictures=True, clips=False),
    "stcanet": Architecture(pictures=True, clips=True, part_maps=True),
    "stgcn": Architecture(pictures=False, clips=True),
    "vit": Architecture(pictures=True, clips=False, class_matrix=True, cameras=True),
}


def check_architecture(name: str, frames: int, pooling: str = "average") -> None:
    """Check that an architecture is known, and takes this number of frames and this pooling.

    Raises:
        InputError: it is not known, or does not take them.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"unknown architecture {name!r}; known: {', '.join(ARCHITECTURES)}")
    if frames < 1:
        raise InputError(f"frames is {frames}, but a model takes at least 1")
    if frames > 1 and not ARCHITECTURES[name].clips:
        raise InputError(f"frames is {frames}, but {name} takes single pictures: set frames to 1")
    if frames == 1 and not ARCHITECTURES[name].pictures:
        raise InputError(f"frames is 1, but {name} takes clips of a tracklet: set frames to at least 2")
    if pooling not in POOLINGS:
        raise InputError(f"unknown pooling {pooling!r}; known: {', '.join(POOLINGS)}")
    if pooling != "average" and not ARCHITECTURES[name].pools:
        raise InputError(f"pooling is {pooling}, but {name} pools in a way of its own: set pooling to average")


def build_network(
    name: str,
    backbone: str,
    identities: int,
    frames: int,
    *,
    size: tuple[int, int] = (256, 128),
    pooling: str = "average",
    cameras: int = 0,
) -> "AppearanceModel":
    """A network of an architecture with random weights.

    Args:
        size: rows and columns of the input; only vision transformers need to know them.
        pooling: one of POOLINGS, for architectures that leave the choice.
        cameras: number of training cameras, for architectures that learn them.

    Raises:
        InputError: the architecture or the backbone is not known, it does not take this number of frames or this
            pooling, or the architecture cannot use the backbone.
    """
    check_architecture(name, frames, pooling)
    network: AppearanceModel
    match name:
        case "baseline":
            from streid.appearance.baseline import Baseline

            network = Baseline(backbone, identities, size)
        case "bot":
            from streid.appearance.bot import BagOfTricks

            network = BagOfTricks(backbone, identities, size, pooling)
        case "pcb":
            from streid.appearance.pcb import PCB

            network = PCB(backbone, identities, size)
        case "stcanet":
            from streid.appearance.stcanet import STCANet

            network = STCANet(backbone, identities, frames)
        case "stgcn":
            from streid.appearance.stgcn import STGCN

            network = STGCN(backbone, identities, frames, size)
        case "vit":
            from streid.appearance.vit import VisionTransformer

            network = VisionTransformer(backbone, identities, size, cameras)
    return network
