"""The table of architectures, and what is refused by it."""

import pytest
from unit.appearance.small_models import FRAMES, small_config

from streid.appearance.architectures import ARCHITECTURES, build_network, check_architecture
from streid.errors import InputError


def test_the_architectures_take_what_they_say() -> None:
    kinds = {name: (kind.pictures, kind.clips, kind.part_maps) for name, kind in ARCHITECTURES.items()}
    assert kinds["baseline"] == kinds["pcb"] == (True, False, False)
    assert (kinds["stcanet"], kinds["stgcn"]) == ((True, True, True), (False, True, False))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_built_from_a_module_of_its_name(name: str) -> None:
    backbone = str(small_config(name).backbone)
    network = build_network(name, backbone, 3, FRAMES[name])
    assert type(network).__module__ == f"streid.appearance.{name}"
    assert network.frames == FRAMES[name]
    assert network.backbone.name == backbone


@pytest.mark.parametrize(
    ("name", "frames", "message"),
    [
        ("vgg", 1, f"unknown architecture 'vgg'; known: {', '.join(ARCHITECTURES)}"),
        ("pcb", 4, "frames is 4, but pcb takes single pictures: set frames to 1"),
        ("stgcn", 1, "frames is 1, but stgcn takes clips of a tracklet: set frames to at least 2"),
        ("stcanet", 0, "frames is 0, but a model takes at least 1"),
    ],
)
def test_what_an_architecture_does_not_take_is_refused(name: str, frames: int, message: str) -> None:
    with pytest.raises(InputError) as refused:
        check_architecture(name, frames)
    assert str(refused.value) == message
    with pytest.raises(InputError):
        build_network(name, "resnet18", 3, frames)
