"""Models built by their configuration: sizes as the papers have them, and the model file."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
import yaml
from conftest import ROOT
from safetensors.torch import save_file
from unit.appearance.small_models import inputs_for, small_config, small_model

from streid.appearance.appearance_model import retrieval_features
from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.models import ModelConfig, build_model, load_model, save_model
from streid.errors import InputError


def parameters_by_hand(entry: str, identities: int) -> int:
    """Weights of the published networks without their ImageNet classifiers, and of the layers on top."""
    backbones = {"resnet50": 25_557_032 - 2_049_000, "densenet121": 7_978_856 - 1_025_000}
    i = identities
    c, d = 2048, 1024

    def context(c: int) -> int:
        channel = c * c + 2 * c
        parts = 4 * c + 8 + (c * c // 2 + c // 2) + (c + 2) + (c * c // 2 + c) + (c * c + 2 * c)
        return channel + parts

    # ViT-B/16: 86,567,656 with a classifier of 1000 classes and 14 x 14 patches, here 21 x 10.
    v = 86_567_656 - 769_000 + (21 * 10 - 14 * 14) * 768
    graph_branch = 256 * c + 2 * (c * c + 2 * c)
    on_top = {
        "pcb": 6 * ((c * 256 + 256) + 2 * 256 + (256 * i + i)),
        "resnet50": (c * 512 + 512) + 2 * 512 + (512 * i + i),
        "bot": 2 * c + c * i,
        "densenet121": (d * 512 + 512) + 2 * 512 + (512 * i + i),
        "vit": v + 2 * 768 + 768 * i,
        "stgcn": 2 * graph_branch + (3 * c * c + c) + 2 * c + (c * 512 + 512) + (512 * i + i),
        "stcanet": context(512) + context(1024) + 2 * c + (c * i + i),
        "stcanet_video": context(512) + 2 * c + (c * i + i),
    }
    backbone = 0 if entry == "vit" else backbones["densenet121" if entry == "densenet121" else "resnet50"]
    return backbone + on_top[entry]


ENTRIES = {
    "pcb": ("pcb", "resnet50", 1, 12_288),
    "resnet50": ("baseline", "resnet50", 1, 2_048),
    "bot": ("bot", "resnet50", 1, 2_048),
    "vit": ("vit", "timm:vit_base_patch16_224", 1, 768),
    "densenet121": ("baseline", "densenet121", 1, 1_024),
    "stgcn": ("stgcn", "resnet50", 8, 512),
    "stcanet": ("stcanet", "resnet50", 1, 2_048),
    "stcanet_video": ("stcanet", "resnet50", 4, 2_048),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_sizes_are_the_papers_and_the_documents(entry: str) -> None:
    architecture, backbone, frames, feature_length = ENTRIES[entry]
    shape = {"backbone": backbone, "identities": 751, "height": 256, "width": 128, "cameras": (), "cameras_of": ()}
    with torch.device("meta"):
        model = build_model(small_config(architecture, **shape, frames=frames))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert parameters == parameters_by_hand(entry, 751)
    assert model.feature_length == feature_length
    table = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| `{entry}` \|(.+)\|$", table, re.M)
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[1] == ("picture" if frames == 1 else f"clip of {frames}")
    assert cells[3:6] == [backbone, f"{feature_length:,}", f"{parameters:,}"]


def test_the_configuration_has_these_models() -> None:
    config_file = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    found = {}
    for name, entry in config_file["models"].items():
        train = {"frames": 1} | config_file["train"] | entry["train"]
        found[name] = (train["architecture"], train["backbone"], train["frames"])
    assert found.items() >= {name: values[:3] for name, values in ENTRIES.items()}.items()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_model_file_round_trip(tmp_path: Path, architecture: str) -> None:
    model = small_model(architecture)
    save_model(tmp_path / "model.safetensors", model, small_config(architecture))
    loaded, loaded_config = load_model(tmp_path / "model.safetensors")
    assert loaded_config == small_config(architecture)
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
    save_model(tmp_path / "model.safetensors", build_model(small_config()), small_config())
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


def test_the_same_model_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        save_model(tmp_path / name, small_model("pcb"), small_config())
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "vgg"}, "unknown architecture 'vgg'"),
        ({"architecture": 3}, "architecture is 3; it must be a name"),
        ({"backbone": "vgg16"}, "unknown backbone 'vgg16'"),
        ({"identities": 1}, "at least 2 identities"),
        ({"identities": 2.5}, "identities is 2.5, but a model takes a whole number up to 1000000"),
        ({"height": 5000}, "height is 5000, but a model takes a whole number up to 4096"),
        ({"width": 0}, "no pictures of 64 x 0 pixels"),
        ({"frames": 4}, "pcb takes single pictures: set frames to 1"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ModelConfig(**asdict(small_config()) | changes)
