"""Start weights: torchvision's names old and new, st-ReID's files, and files that must not be opened."""

import logging
import urllib.error
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision import models as torchvision_models

from streid.appearance.architectures import build_network
from streid.appearance.baseline import Baseline
from streid.appearance.models import ModelConfig, build_model, save_model
from streid.appearance.pcb import PCB
from streid.appearance.start_weights import load_start_weights
from streid.errors import InputError

State = dict[str, torch.Tensor]


def write_state(path: Path, state: State) -> str:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return str(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_torchvisions_file_gives_torchvisions_feature_map(tmp_path: Path, suffix: str) -> None:
    network = torchvision_models.resnet18(weights=None).eval()
    model = Baseline("resnet18", 2).eval()
    load_start_weights(model, write_state(tmp_path / f"weights{suffix}", network.state_dict()))
    pictures = torch.randn(1, 3, 64, 32)
    network.fc = torch.nn.Identity()
    with torch.inference_mode():
        torch.testing.assert_close(model.features(pictures), network(pictures))


@pytest.mark.parametrize("old", [False, True])
def test_densenet_names_old_and_new(tmp_path: Path, old: bool) -> None:
    network = torchvision_models.densenet121(weights=None).eval()
    state = network.state_dict()
    if old:
        for layer in ("norm1", "conv1", "norm2", "conv2"):
            spelt = f".{layer[:-1]}.{layer[-1]}."
            state = {
                key.replace(f".{layer}.", spelt) if "denselayer" in key else key: value for key, value in state.items()
            }
        assert "features.denseblock1.denselayer1.norm.1.weight" in state
    model = Baseline("densenet121", 2).eval()
    load_start_weights(model, write_state(tmp_path / "weights.pth", state))
    pictures = torch.randn(1, 3, 64, 32)
    network.classifier = torch.nn.Identity()  # type: ignore[assignment]
    with torch.inference_mode():
        torch.testing.assert_close(model.features(pictures), network(pictures))


def streid_state(identities: int, *, classifiers: tuple[str, ...], bottleneck: int) -> State:
    """A state dict with the names of st-ReID's net_last.pth, on a small network."""
    state = {f"model.{key}": value for key, value in torchvision_models.resnet18(weights=None).state_dict().items()}
    for name in classifiers:
        state |= {
            f"{name}.add_block.0.weight": torch.randn(bottleneck, 512),
            f"{name}.add_block.0.bias": torch.randn(bottleneck),
            f"{name}.classifier.0.weight": torch.randn(identities, bottleneck),
            f"{name}.classifier.0.bias": torch.randn(identities),
        }
        state |= {
            f"{name}.add_block.1.{value}": torch.rand(bottleneck) + 0.5
            for value in ("weight", "bias", "running_mean", "running_var")
        }
    return state


PCB_CLASSIFIERS = tuple(f"classifier{part}" for part in range(6))


@pytest.mark.parametrize("prefix", ["", "module."])
def test_streids_pcb_is_taken_with_its_heads(tmp_path: Path, prefix: str) -> None:
    state = {
        # Files of PyTorch before 0.4.1 do not count the batches of a normalisation.
        prefix + key: value
        for key, value in streid_state(5, classifiers=PCB_CLASSIFIERS, bottleneck=256).items()
        if not key.endswith("num_batches_tracked")
    }
    path = tmp_path / "net_last.pth"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    model = PCB("resnet18", 5).eval()
    load_start_weights(model, str(path))
    loaded = model.state_dict()
    assert torch.equal(loaded["backbone.stem.0.weight"], state[f"{prefix}model.conv1.weight"])
    assert torch.equal(loaded["backbone.layer4.1.bn2.running_var"], state[f"{prefix}model.layer4.1.bn2.running_var"])
    stripes = torch.randn(2, 512)
    for part in range(6):
        values = {key.split(".", 1)[1]: value for key, value in state.items() if f"classifier{part}." in key}
        values = {key.removeprefix(f"classifier{part}."): value for key, value in values.items()}
        reduced = stripes @ values["add_block.0.weight"].T + values["add_block.0.bias"]
        scale = (values["add_block.1.running_var"] + 1e-5).sqrt()
        normed = (reduced - values["add_block.1.running_mean"]) / scale
        normed = normed * values["add_block.1.weight"] + values["add_block.1.bias"]
        by_hand = normed @ values["classifier.0.weight"].T + values["classifier.0.bias"]
        torch.testing.assert_close(model.heads[part](stripes), by_hand, rtol=1e-4, atol=1e-4)


def test_heads_of_other_identities_are_random_and_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = streid_state(5, classifiers=("classifier",), bottleneck=512)
    model = Baseline("resnet18", 3)
    classifier = model.head.classify.weight.clone()
    with caplog.at_level(logging.INFO, logger="streid"):
        load_start_weights(model, write_state(tmp_path / "net_last.pth", state))
    assert torch.equal(model.head.reduce[0].weight, state["classifier.add_block.0.weight"])  # type: ignore[arg-type]
    assert torch.equal(model.head.classify.weight, classifier)
    assert "head.classify.bias, head.classify.weight" in caplog.text


def test_a_model_of_streid_starts_another(tmp_path: Path) -> None:
    config = ModelConfig(architecture="pcb", backbone="resnet18", identities=4, height=64, width=32)
    source = build_model(config)
    save_model(tmp_path / "model.safetensors", source, config)
    model = PCB("resnet18", 9)
    load_start_weights(model, str(tmp_path / "model.safetensors"))
    for key, value in model.state_dict().items():
        assert torch.equal(value, source.state_dict()[key]) != ("classify" in key), key


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "densenet121", "test_vit"])
def test_timms_file_gives_timms_features(tmp_path: Path, name: str) -> None:
    sized = {"img_size": (64, 32)} if name == "test_vit" else {}
    network = timm.create_model(name, **sized).eval()
    model = build_network("baseline", f"timm:{name}", 2, 1, size=(64, 32)).eval()
    load_start_weights(model, write_state(tmp_path / "weights.pth", network.state_dict()))
    pictures = torch.randn(1, 3, 64, 32)
    with torch.inference_mode():
        expected = network.forward_features(pictures)
        pooled = expected[:, network.num_prefix_tokens :].mean(1) if name == "test_vit" else expected.mean((2, 3))
        torch.testing.assert_close(model.features(pictures), pooled)


def under_other_names(state: State) -> State:
    """The weights under names that nobody knows, in their order."""
    return {f"_part{row}.{key.rpartition('.')[2]}": value for row, (key, value) in enumerate(state.items())}


@pytest.mark.parametrize("changes", ["as it is", "without counters", "without classifier"])
def test_other_names_are_taken_by_order_and_shape(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: str
) -> None:
    network = timm.create_model("test_efficientnet")
    state = under_other_names(network.state_dict())
    if changes == "without counters":
        state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    if changes == "without classifier":
        state = dict(list(state.items())[:-2])
    model = build_network("bot", "timm:test_efficientnet", 2, 1)
    with caplog.at_level(logging.INFO, logger="streid"):
        load_start_weights(model, write_state(tmp_path / "weights.pth", state))
    expected = [value for key, value in network.state_dict().items() if "classifier" not in key]
    loaded = model.backbone.state_dict()
    assert len(loaded) == len(expected)
    for (key, value), other in zip(loaded.items(), expected, strict=True):
        assert key.endswith("num_batches_tracked") or torch.equal(value, other), key
    assert "are others; its weights were taken by order and shape" in caplog.text
    assert "5 of the model are not in it and stay random: classify.weight, neck.bias" in caplog.text


def test_other_names_in_another_order_or_shape_are_refused(tmp_path: Path) -> None:
    model = build_network("bot", "timm:test_efficientnet", 2, 1)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = under_other_names(timm.create_model("test_efficientnet").state_dict())
    items = list(state.items())
    biases_first = dict([items[0], items[2], items[1], *items[3:]])
    cases = {
        "swapped": (biases_first, r"by order weight 2, _part2.bias \(24,\), would be backbone.stem.1.weight \(24,\)"),
        "shape": (dict([("_a.weight", torch.zeros(1)), *items[1:]]), r"by order weight 1, _a.weight \(1,\), would be"),
        "longer": (state | {"_b.weight": torch.zeros(3)}, "after the last weight it has more, the first _part"),
        "shorter": (dict(items[:20]), "its names are others, and it has 17 weights instead of "),
    }
    for name, (content, message) in cases.items():
        torch.save(content, tmp_path / f"{name}.pth")
        with pytest.raises(InputError, match=message) as refused:
            load_start_weights(model, str(tmp_path / f"{name}.pth"))
        assert "\n" not in str(refused.value)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_a_position_embedding_is_resampled_to_the_size_of_the_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    network = timm.create_model("test_vit", img_size=64)
    rows = torch.arange(4.0).repeat_interleave(4)[:, None].expand(16, 64)  # each of 4 x 4 patches knows its row
    with torch.no_grad():
        network.pos_embed[0, 1:] = rows
    model = build_network("baseline", "timm:test_vit", 2, 1, size=(64, 32))
    with caplog.at_level(logging.INFO, logger="streid"):
        load_start_weights(model, write_state(tmp_path / "weights.pth", network.state_dict()))
    loaded = model.state_dict()["backbone.stem.0.pos_embed"][0]
    torch.testing.assert_close(loaded[0], network.pos_embed[0, 0])
    torch.testing.assert_close(loaded[1:], torch.arange(4.0).repeat_interleave(2)[:, None].expand(8, 64))
    assert "position embedding resampled from 4 x 4 to 4 x 2 patches" in caplog.text


class Payload:
    """What a malicious weights file would carry: a call made while it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("unpickled",)


def test_a_file_with_code_is_refused_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"conv1.weight": Payload()}, tmp_path / "code.pth")
    with pytest.raises(InputError, match="not a readable weights file: it holds code") as refused:
        load_start_weights(Baseline("resnet18", 2), str(tmp_path / "code.pth"))
    assert "unpickled" not in capsys.readouterr().out
    assert "\n" not in str(refused.value)


def test_unusable_files_are_refused_and_change_nothing(tmp_path: Path) -> None:
    model = Baseline("resnet18", 2)
    before = model.state_dict()["backbone.stem.0.weight"].clone()
    whole = torchvision_models.resnet18(weights=None).state_dict()
    cases: dict[str, tuple[object, str]] = {
        "small": ({"conv1.weight": torch.zeros(1)}, "99 of 100 weights are missing"),
        "shape": (whole | {"conv1.weight": torch.zeros(1)}, r"stem.0.weight is \(1,\) instead of \(64, 3, 7, 7\)"),
        "deeper": (torchvision_models.resnet34(weights=None).state_dict(), "of another network"),
        "nested": ({"state_dict": whole}, "no state dict of tensors"),
        "list": ([torch.zeros(1)], "no state dict of tensors"),
    }
    for name, (content, message) in cases.items():
        torch.save(content, tmp_path / f"{name}.pth")
        with pytest.raises(InputError, match=message) as refused:
            load_start_weights(model, str(tmp_path / f"{name}.pth"))
        assert "\n" not in str(refused.value)
    (tmp_path / "empty.safetensors").write_bytes(b"")
    for name in ("empty.safetensors", "none.pth"):
        with pytest.raises(InputError, match=name):
            load_start_weights(model, str(tmp_path / name))
    assert torch.equal(model.state_dict()["backbone.stem.0.weight"], before)


def test_weights_that_cannot_be_downloaded_say_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> State:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(torchvision_models.DenseNet121_Weights, "get_state_dict", refuse)
    with pytest.raises(InputError, match=r"densenet121 cannot be downloaded .*to a file .*or to none"):
        load_start_weights(Baseline("densenet121", 2), "imagenet")


def test_imagenet_weights_are_torchvisions(monkeypatch: pytest.MonkeyPatch) -> None:
    network = torchvision_models.resnet18(weights=None)
    monkeypatch.setattr(torchvision_models.ResNet18_Weights, "get_state_dict", lambda *_, **__: network.state_dict())
    model = Baseline("resnet18", 2)
    load_start_weights(model, "imagenet")
    assert torch.equal(model.backbone.stem[0].weight, network.conv1.weight)
