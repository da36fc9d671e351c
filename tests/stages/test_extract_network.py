"""extract_features.py and search_gallery.py with a network of another program, as a user runs them."""

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import RunStage, error_line, write_picture
from unit.appearance.small_networks import HEIGHT, WIDTH, write_onnx, write_openvino

FED = ("--colour", "bgr", "--scale", 1, "--mean", 104, 117, 123, "--std", 1)


def arguments(world: Path, network: Path, out: Path, *more: object) -> list[object]:
    return [
        *("extract_features", "--manifest", world / "manifest.csv", "--summary", world / "dataset.json"),
        *("--root", world / "data", "--network", network, "--name", "small", *FED),
        *("--output", out / "features.h5", "--work", out / "work", "--device", "cpu", "--threads", 2, *more),
    ]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvino(tmp_path_factory.mktemp("network") / "small.xml", shape=(1, 3, HEIGHT, WIDTH))


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory, run_stage: RunStage, tiny_world: Path, network: Path) -> Path:
    folder = tmp_path_factory.mktemp("features")
    run_stage(*arguments(tiny_world, network, folder))
    return folder / "features.h5"


def test_features_say_what_made_them(features: Path, tiny_world: Path, network: Path) -> None:
    table = pd.read_csv(tiny_world / "manifest.csv")
    digests = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in (network, network.with_suffix(".bin")))
    with h5py.File(features) as file:
        assert file.attrs["weights_sha256"] == hashlib.sha256(digests).hexdigest()
        assert json.loads(file.attrs["network"]) == {
            "height": HEIGHT,
            "width": WIDTH,
            "colour": "bgr",
            "layout": "nchw",
            "resize": "bilinear",
            "scale": 1,
            "mean": [104, 117, 123],
            "std": [1],
            "flip": True,
            "output_name": "feature",
        }
        for name, group in file.items():
            assert group["path"].asstr()[:].tolist() == table.loc[table["split"] == name, "path"].tolist()
            assert group["features"].shape[1] == 3
            np.testing.assert_allclose(np.linalg.norm(group["features"][:], axis=1), 1, rtol=1e-5)
    assert not (features.parent / "work").exists()


def test_merged_shards_are_the_same_bytes(
    features: Path, tiny_world: Path, network: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    shards = [tmp_path / f"{shard}.h5" for shard in (1, 2)]
    for shard, path in enumerate(shards, start=1):
        out = ("--output", path, "--work", tmp_path / f"work{shard}", "--shard", shard, "--shards", 2)
        run_stage(*arguments(tiny_world, network, tmp_path, *out))
    run_stage("merge_features", "--shards", *shards, "--output", tmp_path / "features.h5")
    assert (tmp_path / "features.h5").read_bytes() == features.read_bytes()


def test_a_search_feeds_the_network_as_the_features_say(
    features: Path, tiny_world: Path, network: Path, run_stage: RunStage, tmp_path: Path
) -> None:
    with h5py.File(features) as file:
        path, wanted = file["query/path"].asstr()[0], file["query/features"][0]
        cosines = file["gallery/features"][:] @ wanted
    asked = (
        "search_gallery",
        "--features",
        features,
        "--image",
        tiny_world / "data" / path,
        "--device",
        "cpu",
        "--json",
    )
    done = run_stage(*asked, "--network", network, "--threads", 1)
    found = [one["score"] for one in json.loads(done.stdout)["results"]]
    np.testing.assert_allclose(found, np.sort(cosines)[::-1][:10], atol=1e-5)
    other = write_onnx(tmp_path / "other.onnx")
    assert "was made with other weights than" in error_line(run_stage(*asked, "--network", other, status=2).stderr)
    (tmp_path / "model.safetensors").touch()
    said = error_line(run_stage(*asked, "--model", tmp_path, status=2).stderr)
    assert "was made with a network of another program: give that by --network" in said


def test_bad_input_is_one_clear_line(run_stage: RunStage, tiny_world: Path, network: Path, tmp_path: Path) -> None:
    def refused(*more: object, used: Path = network) -> str:
        error = error_line(run_stage(*arguments(tiny_world, used, tmp_path, *more), status=2).stderr)
        assert not list(tmp_path.glob("*.h5"))
        return error

    assert "none.onnx: no such network" in refused(used=tmp_path / "none.onnx")
    assert "a network is an .onnx file, or an OpenVINO .xml" in refused(used=tmp_path / "model.pth")
    assert "height is 300, but its input pictures (1x3x16x8, float32) takes 16 only" in refused("--height", 300)
    assert "std has 2 values; give one, or three" in refused("--std", 1, 2)
    assert "is read as an input" in refused("--output", network)
    both = arguments(tiny_world, network, tmp_path, "--model", tmp_path / "model.safetensors")
    assert "not allowed with argument --network" in run_stage(*both, status=2).stderr


def test_a_folder_of_pictures_is_searched_without_a_manifest(run_stage: RunStage, tmp_path: Path) -> None:
    for seed in range(5):
        write_picture(tmp_path / "pictures" / f"{seed}.jpg", seed=seed)
    network, features = write_onnx(tmp_path / "person.onnx"), tmp_path / "found" / "features.h5"
    asked = ("extract_features", "--network", network, "--name", "person", "--output", features, "--device", "cpu")
    asked = (*asked, "--work", tmp_path / "found" / "work", "--threads", 1)
    run_stage(*asked, "--pictures", tmp_path / "pictures")
    image = tmp_path / "pictures" / "3.jpg"
    done = run_stage("search_gallery", "--network", network, "--features", features, "--image", image, "--json")
    found = json.loads(done.stdout)
    assert found["dataset"] == "pictures"
    assert found["results"][0]["path"] == "3.jpg"
    assert len(found["results"]) == 5
    said = error_line(run_stage(*asked, "--manifest", tmp_path / "m.csv", status=2).stderr)
    assert "--manifest needs --summary and --root" in said
