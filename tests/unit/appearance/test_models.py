"""The appearance models: lengths, parts, stripes, and the model file."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from streid.appearance.backbones import Backbone
from streid.appearance.baseline import Baseline
from streid.appearance.models import ModelConfig, build_model, load_model, save_model
from streid.appearance.outputs import describe
from streid.appearance.pcb import PCB
from streid.errors import InputError


def config(architecture: str = "pcb", **changes: object) -> ModelConfig:
    values: dict[str, object] = {"backbone": "resnet18", "identities": 3, "height": 96, "width": 48}
    return ModelConfig(architecture=architecture, **values | changes)  # type: ignore[arg-type]


def test_feature_lengths_are_the_papers() -> None:
    assert PCB("resnet50", 2).feature_length == 12_288
    assert Baseline("resnet50", 2).feature_length == 2_048


def test_pcb_keeps_the_last_stage_resolution() -> None:
    pictures = torch.zeros(1, 3, 96, 48)
    assert Backbone("resnet18", last_stride=1)(pictures).shape == (1, 512, 6, 3)
    assert Backbone("resnet18")(pictures).shape == (1, 512, 3, 2)
    assert Backbone("resnet50", last_stride=1)(pictures).shape == (1, 2048, 6, 3)


def test_stripes_are_pooled_top_to_bottom_and_heads_see_their_own() -> None:
    model = PCB("resnet18", 3)
    feature_map = torch.zeros(2, 512, 12, 4)
    feature_map[:, :, 4:6] = 7.0
    model.backbone.forward = lambda _: feature_map.requires_grad_()  # type: ignore[method-assign]
    stripes_NPD = model.describe(torch.zeros(2, 3, 96, 48)).view(2, 6, 512)
    torch.testing.assert_close(stripes_NPD[0, :, 0], torch.tensor([0.0, 0.0, 7.0, 0.0, 0.0, 0.0]))
    model.train()
    for part, logits in enumerate(model(torch.zeros(2, 3, 96, 48)).logits):
        (gradient,) = torch.autograd.grad((logits * torch.randn(2, 3)).sum(), feature_map, retain_graph=True)
        rows = gradient.abs().sum((0, 1, 3)) > 0
        assert rows.nonzero().flatten().tolist() in ([2 * part, 2 * part + 1], [])
        assert logits.shape == (2, 3)


def test_descriptions_are_unit_length_per_part_and_do_not_see_mirroring() -> None:
    torch.manual_seed(0)
    model = build_model(config()).eval()
    pictures = torch.randn(2, 3, 96, 48)
    with torch.inference_mode():
        features = describe(model, pictures)
        mirrored = describe(model, pictures.flip(3))
    torch.testing.assert_close(features, mirrored)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(features.view(2, 6, 512).norm(dim=2), torch.full((2, 6), 6**-0.5))
    with torch.inference_mode():
        by_hand = (model.describe(pictures) + model.describe(pictures.flip(3))).view(2, 6, 512)
        by_hand = by_hand / by_hand.norm(dim=2, keepdim=True) / 6**0.5
    torch.testing.assert_close(features, by_hand.flatten(1))


@pytest.mark.parametrize("architecture", ["pcb", "baseline"])
def test_model_file_round_trip(tmp_path: Path, architecture: str) -> None:
    model = build_model(config(architecture))
    save_model(tmp_path / "model.safetensors", model, config(architecture))
    loaded, loaded_config = load_model(tmp_path / "model.safetensors")
    assert loaded_config == config(architecture)
    for (name, value), (_, other) in zip(model.state_dict().items(), loaded.state_dict().items(), strict=True):
        torch.testing.assert_close(value, other, rtol=0, atol=0, msg=name)


def test_unusable_model_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model"):
        load_model(tmp_path / "none.safetensors")
    save_model(tmp_path / "model.safetensors", build_model(config()), config())
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged model"):
        load_model(tmp_path / "half.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="not a model of this streid"):
        load_model(tmp_path / "other.safetensors")
    torch.save({"a": torch.zeros(1)}, tmp_path / "pickled.safetensors")
    with pytest.raises(InputError, match="damaged model"):
        load_model(tmp_path / "pickled.safetensors")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="unknown architecture 'vgg'"):
        config("vgg")
    with pytest.raises(InputError, match="unknown backbone 'vgg16'"):
        build_model(config(backbone="vgg16"))
    with pytest.raises(InputError, match="at least 2 identities"):
        config(identities=1)
