"""What of an ONNX file is read, and what is refused before anything of it runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from unit.appearance.small_networks import write_onnx

from streid.appearance.network_settings import NetworkSettings
from streid.appearance.onnx_network import OnnxNetwork, network_files
from streid.errors import InputError


@pytest.fixture
def network(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return write_onnx(tmp_path / "folder" / "n.onnx")


def with_weights_in(network: Path, location: str) -> Path:
    """The network with its ramp in a file of this name."""
    model = onnx.load(network)
    (ramp,) = model.graph.initializer
    values = ramp.raw_data
    onnx.external_data_helper.set_external_data(ramp, location, length=len(values))
    ramp.ClearField("raw_data")
    network.write_bytes(model.SerializeToString())
    if not location.startswith("/") and not (network.parent / location).exists():
        (network.parent / location).write_bytes(values)
    return network


def test_its_ports_are_told_by_name_shape_and_type(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "n.onnx", metadata={"streid.colour": "bgr"})
    file = OnnxNetwork(path, threads=1, cuda=False).file
    assert [str(port) for port in file.inputs] == ["pictures (?x3x16x8, float32)"]
    assert [port.name for port in file.outputs] == ["feature"]
    assert file.metadata == {"streid.colour": "bgr"}


def test_weights_beside_the_file_are_its_own(network: Path) -> None:
    assert network_files(network) == (network,)
    beside = with_weights_in(network, "n.onnx.data")
    assert network_files(beside) == (network, network.parent / "n.onnx.data")
    assert OnnxNetwork(network, threads=1, cuda=False).file.outputs[0].name == "feature"
    (network.parent / "n.onnx.data").unlink()
    with pytest.raises(
        InputError, match=r"n\.onnx: its weights in 'n\.onnx\.data' are missing; copy that file beside it"
    ):
        network_files(network)


@pytest.mark.parametrize("location", ["../secret", "./../secret", "{outside}", "link", ""])
def test_weights_outside_its_folder_are_never_read(network: Path, location: str) -> None:
    outside = network.parent.parent / "secret"
    outside.write_bytes(bytes(4 * 8))
    (network.parent / "link").symlink_to(outside)
    with_weights_in(network, location.format(outside=outside) or ".")
    with pytest.raises(InputError, match="only files in its own folder are read: export it as one file"):
        network_files(network)


def in_a_branch(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The node within a branch of an If."""
    result = helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None)
    branch = helper.make_graph([node], "branch", [], [result])
    yes = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    return [yes, helper.make_node("If", ["yes"], ["feature"], then_branch=branch, else_branch=branch)]


@pytest.mark.parametrize("place", [lambda node: [node], in_a_branch])
def test_custom_operators_are_refused_by_name(
    tmp_path: Path, place: Callable[[onnx.NodeProto], list[onnx.NodeProto]]
) -> None:
    for domain, name in (("com.other", "Steal"), ("", "Relo")):
        nodes = place(helper.make_node(name, ["pictures"], ["feature"], domain=domain))
        path = write_onnx(tmp_path / "n.onnx", nodes=nodes, domain=domain)
        with pytest.raises(
            InputError, match=f"uses the operator {domain or 'ai.onnx'}:{name}, which is no standard one"
        ):
            network_files(path)


def test_operators_made_of_standard_ones_in_the_file_are_its_own(tmp_path: Path) -> None:
    pooled = helper.make_node("Pool", ["pictures"], ["feature"], domain="own")
    path = write_onnx(tmp_path / "n.onnx", nodes=[pooled], domain="own")
    model = onnx.load(path)
    body = [helper.make_node("GlobalAveragePool", ["x"], ["y"])]
    model.functions.append(helper.make_function("own", "Pool", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))
    path.write_bytes(model.SerializeToString())
    assert network_files(path) == (path,)
    assert OnnxNetwork(path, threads=1, cuda=False).file.inputs[0].name == "pictures"


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x09", None])
def test_what_is_no_network_or_cut_off_is_refused(network: Path, content: bytes | None) -> None:
    network.write_bytes(network.read_bytes()[:150] if content is None else content)
    with pytest.raises(InputError, match="no ONNX network, or damaged"):
        network_files(network)
    with pytest.raises(InputError, match=r"none\.onnx: no such network"):
        network_files(network.parent / "none.onnx")


def test_what_onnxruntime_cannot_run_is_said_in_a_line(tmp_path: Path) -> None:
    shapes = [helper.make_node("MatMul", ["pictures", "ramp"], ["feature"], name="bad")]
    path = write_onnx(tmp_path / "n.onnx", nodes=shapes, shape=("N", 3, 16, 5))
    with pytest.raises(InputError, match=r"n\.onnx: onnxruntime cannot load it \(.*MatMul"):
        OnnxNetwork(path, threads=1, cuda=False)


def test_a_failing_call_is_said_in_a_line(network: Path) -> None:
    from streid.appearance.network_file import find_form

    opened = OnnxNetwork(network, threads=1, cuda=False)
    form = find_form(opened.file, NetworkSettings())
    with pytest.raises(InputError, match=r"fails on an input of shape \(1, 3, 2, 2\) \(.*Got: 2 Expected: 16"):
        opened.run(form, np.zeros((1, 3, 2, 2), np.float32))
