"""The appearance models: sizes as the papers have them, stripes, what is frozen, and the model file."""

import json
import re
from pathlib import Path

import pytest
import torch
import yaml
from conftest import ROOT
from safetensors.torch import save_file

from streid.appearance.appearance_model import AppearanceModel, retrieval_features
from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.models import ModelConfig, build_model, load_model, save_model
from streid.appearance.pcb import PCB
from streid.errors import InputError

FRAMES = {name: 1 if kind.pictures else 2 for name, kind in ARCHITECTURES.items()}


def config(architecture: str = "pcb", **changes: object) -> ModelConfig:
    values: dict[str, object] = {"backbone": "resnet18", "identities": 3, "height": 64, "width": 32}
    values["frames"] = FRAMES.get(architecture, 1)
    return ModelConfig(architecture=architecture, **values | changes)  # type: ignore[arg-type]


def parameters_by_hand(entry: str, identities: int) -> int:
    """Weights of the published networks without their ImageNet classifiers, and of the layers on top."""
    backbones = {"resnet50": 25_557_032 - 2_049_000, "densenet121": 7_978_856 - 1_025_000}
    i = identities
    c, d = 2048, 1024

    def context(c: int) -> int:
        channel = c * c + 2 * c
        parts = 4 * c + 8 + (c * c // 2 + c // 2) + (c + 2) + (c * c // 2 + c) + (c * c + 2 * c)
        return channel + parts

    graph_branch = 256 * c + 2 * (c * c + 2 * c)
    on_top = {
        "pcb": 6 * ((c * 256 + 256) + 2 * 256 + (256 * i + i)),
        "resnet50": (c * 512 + 512) + 2 * 512 + (512 * i + i),
        "densenet121": (d * 512 + 512) + 2 * 512 + (512 * i + i),
        "stgcn": 2 * graph_branch + (3 * c * c + c) + 2 * c + (c * 512 + 512) + (512 * i + i),
        "stcanet": context(512) + context(1024) + 2 * c + (c * i + i),
        "stcanet_video": context(512) + 2 * c + (c * i + i),
    }
    return backbones["densenet121" if entry == "densenet121" else "resnet50"] + on_top[entry]


ENTRIES = {
    "pcb": ("pcb", "resnet50", 1, 12_288),
    "resnet50": ("baseline", "resnet50", 1, 2_048),
    "densenet121": ("baseline", "densenet121", 1, 1_024),
    "stgcn": ("stgcn", "resnet50", 8, 512),
    "stcanet": ("stcanet", "resnet50", 1, 2_048),
    "stcanet_video": ("stcanet", "resnet50", 4, 2_048),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_sizes_are_the_papers_and_the_documents(entry: str) -> None:
    architecture, backbone, frames, feature_length = ENTRIES[entry]
    with torch.device("meta"):
        model = build_model(config(architecture, backbone=backbone, identities=751, frames=frames))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert parameters == parameters_by_hand(entry, 751)
    assert model.feature_length == feature_length
    table = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| `{entry}` \|(.+)\|$", table, re.M)
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[1] == ("picture" if frames == 1 else f"clip of {frames}")
    assert cells[3:6] == [backbone, f"{feature_length:,}", f"{parameters:,}"]


def test_the_architectures_take_what_they_say() -> None:
    kinds = {name: (kind.pictures, kind.clips, kind.part_maps) for name, kind in ARCHITECTURES.items()}
    assert kinds["baseline"] == kinds["pcb"] == (True, False, False)
    assert (kinds["stcanet"], kinds["stgcn"]) == ((True, True, True), (False, True, False))


def test_the_configuration_has_these_models() -> None:
    config_file = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    found = {}
    for name, entry in config_file["models"].items():
        train = {"frames": 1} | config_file["train"] | entry["train"]
        found[name] = (train["architecture"], train["backbone"], train["frames"])
    assert found.items() >= {name: values[:3] for name, values in ENTRIES.items()}.items()


def test_each_stripe_reaches_only_its_own_head() -> None:
    torch.manual_seed(0)
    model = PCB("resnet18", 3).eval()
    feature_map = torch.randn(2, 512, 12, 4, requires_grad=True)
    model.backbone.forward = lambda _: feature_map  # type: ignore[method-assign]
    logits = model(torch.zeros(2, 3, 96, 48)).logits
    assert len(logits) == 6
    for part, head in enumerate(logits):
        (gradient,) = torch.autograd.grad(head.square().sum(), feature_map, retain_graph=True)
        assert (gradient.abs().sum((0, 1, 3)) > 0).nonzero().flatten().tolist() == [2 * part, 2 * part + 1]


def test_stripes_are_pooled_top_to_bottom() -> None:
    model = PCB("resnet18", 3).eval()
    feature_map = torch.zeros(2, 512, 12, 4)
    feature_map[:, :, 4:6] = 7.0
    model.backbone.forward = lambda _: feature_map  # type: ignore[method-assign]
    stripes_NPD = model.features(torch.zeros(2, 3, 96, 48)).view(2, 6, 512)
    torch.testing.assert_close(stripes_NPD[0, :, 0], torch.tensor([0.0, 0.0, 7.0, 0.0, 0.0, 0.0]))


@pytest.fixture(params=sorted(ARCHITECTURES))
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(architecture: str) -> AppearanceModel:
    torch.manual_seed(0)
    return build_model(config(architecture))


def inputs_for(model: AppearanceModel) -> torch.Tensor:
    pictures = torch.randn(2, model.frames, 3, 64, 32)
    return pictures if model.frames > 1 else pictures[:, 0]


def test_descriptions_are_unit_length_per_part_and_do_not_see_mirroring(model: AppearanceModel) -> None:
    model.eval()
    inputs = inputs_for(model)
    with torch.inference_mode():
        features = retrieval_features(model, inputs)
        mirrored = retrieval_features(model, inputs.flip(-1))
        by_hand = (model.features(inputs) + model.features(inputs.flip(-1))).view(2, model.parts, -1)
    assert features.shape == (2, model.feature_length)
    torch.testing.assert_close(features, mirrored)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))
    parts = features.view(2, model.parts, -1)
    torch.testing.assert_close(parts.norm(dim=2), torch.full((2, model.parts), model.parts**-0.5))
    by_hand = by_hand / by_hand.norm(dim=2, keepdim=True) / model.parts**0.5
    torch.testing.assert_close(features, by_hand.flatten(1))


def test_outputs_are_as_every_loss_expects(model: AppearanceModel) -> None:
    outputs = model.train()(inputs_for(model))
    assert all(logits.shape == (2, 3) for logits in outputs.logits)
    assert all(embedding.shape[0] == 2 for embedding in outputs.embeddings)
    assert len(outputs.embeddings) == 1


def test_half_precision_is_described_in_single(model: AppearanceModel) -> None:
    model.eval()
    inputs = inputs_for(model)
    with torch.inference_mode():
        single = retrieval_features(model, inputs)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        features = retrieval_features(model, inputs)
    assert features.dtype == torch.float32
    similarity = torch.nn.functional.cosine_similarity(features, single)
    torch.testing.assert_close(similarity, torch.ones(2), rtol=0, atol=0.02)


def test_early_layers_freeze_with_their_statistics_and_thaw(model: AppearanceModel) -> None:
    def after_a_step() -> tuple[set[str], set[str]]:
        before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
        model.zero_grad()
        outputs = model.train()(inputs_for(model))
        outputs.logits[0].square().sum().backward()
        learning = {name.split(".")[0] for name, weight in model.backbone.named_parameters() if weight.grad is not None}
        moved = {
            name.split(".")[0] for name, value in model.backbone.state_dict().items() if not value.equal(before[name])
        }
        return learning, moved

    stages = {"stem", "layer1", "layer2", "layer3", "layer4"}
    model.freeze_early(True)
    assert after_a_step() == ({"layer3", "layer4"}, {"layer3", "layer4"})
    model.freeze_early(False)
    assert after_a_step() == (stages, stages)


def test_model_file_round_trip(tmp_path: Path, architecture: str, model: AppearanceModel) -> None:
    save_model(tmp_path / "model.safetensors", model, config(architecture))
    loaded, loaded_config = load_model(tmp_path / "model.safetensors")
    assert loaded_config == config(architecture)
    for (name, value), (_, other) in zip(model.state_dict().items(), loaded.state_dict().items(), strict=True):
        torch.testing.assert_close(value, other, rtol=0, atol=0, msg=name)
    inputs = inputs_for(model)
    with torch.inference_mode():
        torch.testing.assert_close(
            retrieval_features(loaded.eval(), inputs), retrieval_features(model.eval(), inputs), rtol=0, atol=0
        )


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
    header = {"streid": json.dumps({"format": "streid-model", "version": 1})}
    save_file({"a": torch.zeros(1)}, tmp_path / "old.safetensors", metadata=header)
    with pytest.raises(InputError, match="another streid .version 1, this one reads 2.; train again"):
        load_model(tmp_path / "old.safetensors")
    torch.save({"a": torch.zeros(1)}, tmp_path / "pickled.safetensors")
    with pytest.raises(InputError, match="damaged model"):
        load_model(tmp_path / "pickled.safetensors")


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(InputError, match="unknown architecture 'vgg'"):
        config("vgg")
    with pytest.raises(InputError, match="unknown backbone 'vgg16'"):
        config(backbone="vgg16")
    with pytest.raises(InputError, match="at least 2 identities"):
        config(identities=1)
    with pytest.raises(InputError, match="pcb takes single pictures: set frames to 1"):
        config(frames=4)
    with pytest.raises(InputError, match="stgcn takes clips of a tracklet: set frames to at least 2"):
        config("stgcn", frames=1)
    with pytest.raises(InputError, match="frames is 0"):
        config("stcanet", frames=0)
