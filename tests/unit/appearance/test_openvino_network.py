"""What of an OpenVINO network's files is read, and what is refused."""

from pathlib import Path

import pytest
from unit.appearance.small_networks import write_openvino

from streid.appearance.openvino_network import OpenvinoNetwork, network_files
from streid.errors import InputError


def open_file(path: Path) -> OpenvinoNetwork:
    return OpenvinoNetwork(path, lanes=1, precision="fp32")


def test_its_ports_are_told_by_name_shape_and_type(tmp_path: Path) -> None:
    path = write_openvino(tmp_path / "n.xml")
    assert network_files(path) == (path, tmp_path / "n.bin")
    file = open_file(path).file
    assert [str(port) for port in file.inputs] == ["pictures (?x3x16x8, float32)"]
    assert [str(port) for port in file.outputs] == ["feature (?x3, float32)"]


def test_missing_files_are_named(tmp_path: Path) -> None:
    path = write_openvino(tmp_path / "n.xml")
    (tmp_path / "n.bin").unlink()
    with pytest.raises(InputError, match=r"n\.xml: n\.bin, which holds its weights, is missing; copy it beside it"):
        network_files(path)
    with pytest.raises(InputError, match=r"none\.xml: no such network"):
        network_files(tmp_path / "none.xml")


def test_what_is_no_network_or_damaged_is_refused(tmp_path: Path) -> None:
    path = write_openvino(tmp_path / "n.xml")
    text = path.read_text()
    for damaged in ("", "no network", text[: len(text) // 2], text.replace('type="Multiply"', 'type="Steal"')):
        path.write_text(damaged)
        with pytest.raises(InputError, match=r"n\.xml: no OpenVINO network, or damaged \("):
            open_file(path)
    path.write_text(text)
    (tmp_path / "n.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"n\.xml: no OpenVINO network, or damaged \("):
        open_file(path)
