"""TransReID's vision transformer baseline: overlapping patches, the class token, the cameras, and that it learns."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional
from unit.appearance.planted import IDENTITIES, found_first, train_on_planted

from streid.appearance.models import ModelConfig, build_model
from streid.appearance.start_weights import load_start_weights
from streid.appearance.timm_backbones import build_timm
from streid.appearance.vit import VisionTransformer
from streid.errors import InputError

pytestmark = pytest.mark.slow

SIZE = (64, 32)
GRID = (5, 2)  # patches of 16 pixels that start every 12


@pytest.fixture
def model() -> VisionTransformer:
    torch.manual_seed(0)
    return VisionTransformer("timm:test_vit", 3, SIZE, cameras=2).eval()


def test_tokens_are_overlapping_patches_with_position_and_camera(model: VisionTransformer) -> None:
    """Cut by hand, embedded by the same weights, and put through timm's own blocks."""
    network = build_timm("timm:test_vit", (GRID[0] * 16, GRID[1] * 16)).eval()
    stem = model.backbone.stem[0]
    state = {f"patch_embed.{name}": value for name, value in stem.patch_embed.state_dict().items()}
    state |= {name: getattr(stem, name) for name in ("cls_token", "pos_embed")}
    blocks = [block for layer in model.backbone.layers() for block in layer]
    for number, block in enumerate(blocks[:-1]):
        state |= {f"blocks.{number}.{name}": value for name, value in block.state_dict().items()}
    state |= {f"norm.{name}": value for name, value in blocks[-1].state_dict().items()}
    pictures = torch.randn(2, 3, *SIZE)
    with torch.inference_mode():
        # Pictures whose patches side by side are the overlapping ones.
        rows = torch.cat([pictures[:, :, 12 * row : 12 * row + 16] for row in range(GRID[0])], 2)
        laid_out = torch.cat([rows[:, :, :, 12 * column : 12 * column + 16] for column in range(GRID[1])], 3)
        for row in (0, 1, -1):
            camera = model.cameras.mean(0) if row < 0 else model.cameras[row]  # type: ignore[union-attr,index]
            moved = {**state, "pos_embed": state["pos_embed"] + 3 * camera}
            network.load_state_dict(moved)
            expected = network.forward_features(laid_out)[:, 0]
            torch.testing.assert_close(model.features(pictures, torch.tensor([row, row])), expected)
        torch.testing.assert_close(model.features(pictures), expected)  # without cameras: the mean of all


def test_each_picture_has_its_own_camera(model: VisionTransformer) -> None:
    pictures = torch.randn(1, 3, *SIZE).expand(3, -1, -1, -1)
    with torch.inference_mode():
        together = model.features(pictures, torch.tensor([1, -1, 0]))
        for place, row in enumerate((1, -1, 0)):
            alone = model.features(pictures[:1], torch.tensor([row]))
            torch.testing.assert_close(together[place : place + 1], alone)
    assert functional.pdist(together).min() > 1e-4


def test_the_classifier_alone_uses_the_normalised_token(model: VisionTransformer) -> None:
    pictures = torch.randn(2, 3, *SIZE)
    outputs = model(pictures)
    torch.testing.assert_close(outputs.embeddings[0], model.features(pictures))
    normed = outputs.embeddings[0] / (1 + model.neck.eps) ** 0.5
    torch.testing.assert_close(outputs.logits[0], normed @ model.classify.weight.T)


def test_cameras_and_classes_learn(model: VisionTransformer) -> None:
    outputs = model.train()(torch.randn(4, 3, *SIZE), torch.tensor([0, 0, 0, -1]))
    outputs.logits[0].square().sum().backward()
    assert model.cameras is not None
    assert model.cameras.grad is not None
    assert model.cameras.grad.abs().sum(1).gt(0).all()  # that of camera 1 through the mean


def test_a_file_of_timm_fits_with_its_positions_resampled(tmp_path: Path) -> None:
    torch.save(build_timm("timm:test_vit", (160, 160)).state_dict(), tmp_path / "weights.pth")
    model = VisionTransformer("timm:test_vit", 3, SIZE)
    load_start_weights(model, str(tmp_path / "weights.pth"))
    assert model.cameras is None
    assert model.backbone.stem[0].pos_embed.shape == (1, 1 + GRID[0] * GRID[1], 64)


def test_other_backbones_are_refused() -> None:
    with pytest.raises(
        InputError, match="vit takes a vision transformer as timm:vit_base_patch16_224, not .* resnet18"
    ):
        VisionTransformer("resnet18", 3)
    with pytest.raises(InputError, match="timm:test_resnet is no vision transformer"):
        VisionTransformer("timm:test_resnet", 3)
    with pytest.raises(InputError, match="uses the class token, which the backbone timm:test_vit2 lacks"):
        VisionTransformer("timm:test_vit2", 3, SIZE)


def shape_of(**changes: object) -> ModelConfig:
    values: dict[str, object] = {"architecture": "vit", "backbone": "timm:test_vit", "identities": 3}
    return ModelConfig(height=64, width=32, **values | changes)  # type: ignore[arg-type]


def test_rows_of_cameras_follow_their_numbers_in_their_own_set() -> None:
    config = shape_of(cameras=[2, 5], cameras_of=["market"])  # lists, as JSON has them
    assert config == shape_of(cameras=(2, 5), cameras_of=("market",))
    assert config.camera_rows() == config.camera_rows("market") == {2: 0, 5: 1}
    assert config.camera_rows("another") == {}
    assert shape_of().camera_rows() == {}
    model = build_model(config)
    assert isinstance(model, VisionTransformer)
    assert model.cameras is not None
    assert model.cameras.shape == (2, 64)


def test_of_several_sets_each_has_rows_of_its_own() -> None:
    # Cameras 1 and 2 of the first set and 1 and 7 of the second, as `training_sets.join_units` numbers them.
    config = shape_of(cameras=(2, 3, 4, 15), cameras_of=("first", "second"))
    assert config.camera_rows("first") == {1: 0, 2: 2}
    assert config.camera_rows("second") == {1: 1, 7: 3}
    assert config.camera_rows("third") == {}
    assert config.camera_rows() == {2: 0, 3: 1, 4: 2, 15: 3}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": [5, 2], "cameras_of": ["a"]}, "it must be camera numbers in ascending order"),
        ({"cameras": [2, 2], "cameras_of": ["a"]}, "it must be camera numbers in ascending order"),
        ({"cameras": [-1], "cameras_of": ["a"]}, "it must be camera numbers in ascending order"),
        ({"cameras": ["1"], "cameras_of": ["a"]}, "it must be camera numbers in ascending order"),
        ({"cameras": 3, "cameras_of": ["a"]}, "cameras is 3; it must be a list"),
        ({"cameras": [1]}, "cameras_of is .*; it must be the names of the cameras' data sets"),
        ({"cameras": [1], "cameras_of": [None]}, "cameras_of is .*; it must be the names"),
        ({"cameras": [1], "cameras_of": ["a"], "architecture": "pcb", "backbone": "resnet18"}, "pcb learns no cameras"),
    ],
)
def test_what_is_no_list_of_cameras_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        shape_of(**changes)


def test_a_planted_signal_is_learned_and_a_stopped_training_resumes_exactly(tmp_path: Path) -> None:
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    settings = {"optimizer": "adamw", "backbone_rate": 0.002, "head_rate": 0.002, "epochs": 16, "erasing": 0}
    untrained = VisionTransformer("timm:test_vit", IDENTITIES, SIZE)
    model = train_on_planted(tmp_path / "whole", "vit", "timm:test_vit", **settings)
    assert found_first(untrained) < 0.75
    assert found_first(model) > 0.85
    with pytest.raises(KeyboardInterrupt):
        train_on_planted(tmp_path / "stopped", "vit", "timm:test_vit", stop_after=13, **settings)
    resumed = train_on_planted(tmp_path / "stopped", "vit", "timm:test_vit", **settings)
    assert "cameras" in model.state_dict()
    for name, value in model.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
