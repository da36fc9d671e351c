"""inspection.h5: round trips, and what its reader and its parts refuse."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from inspections_by_hand import attention, graphs, inspection, stripes

from streid.errors import InputError
from streid.files.inspections import read_inspection, write_inspection


def assert_same(found: object, expected: object) -> None:
    assert type(found) is type(expected)
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)


def test_round_trip(tmp_path: Path) -> None:
    written = inspection(stripes=stripes(), graphs=graphs(), blocks={"layer2": attention(), "layer3": attention(7)})
    write_inspection(tmp_path / "inspection.h5", written)
    loaded = read_inspection(tmp_path / "inspection.h5")
    assert (loaded.dataset, loaded.model, loaded.architecture) == ("demo", "made", "stgcn")
    for name in ("pid_U", "camid_U", "paths_UT", "energy_UThw"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(written, name))
    assert_same(loaded.stripes, written.stripes)
    assert_same(loaded.graphs, written.graphs)
    assert list(loaded.blocks) == ["layer2", "layer3"]
    for name, block in written.blocks.items():
        assert_same(loaded.blocks[name], block)


def test_what_a_model_does_not_have_is_not_there(tmp_path: Path) -> None:
    write_inspection(tmp_path / "inspection.h5", inspection())
    loaded = read_inspection(tmp_path / "inspection.h5")
    assert loaded.stripes is None
    assert loaded.graphs is None
    assert loaded.blocks == {}


def test_the_learned_half_is_the_graph_without_its_fixed_half() -> None:
    made = graphs()
    np.testing.assert_allclose(made.learned_spatial()[0, 0, 0], [0, 0.25, 0.75], atol=1e-6)
    np.testing.assert_allclose(made.learned_temporal()[1, 2], [[0, 1], [1, 0]], atol=1e-6)


def changed(table: Any, value: float) -> np.ndarray[Any, Any]:
    table = np.array(table)
    table.flat[0] = value
    return table


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: stripes(bounds_P2=np.zeros((3, 2))), "bounds of shape"),
        (lambda: stripes(norms_UP=changed(stripes().norms_UP, -1)), "stripes' norms must be finite, not negative"),
        (lambda: graphs(boxes_V4=np.zeros((4, 4))), r"boxes has shape \(4, 4\), expected \(3, 4\)"),
        (lambda: graphs(norms_UB=np.ones((2, 2))), "norms has shape"),
        (lambda: graphs(spatial_UTVV=changed(graphs().spatial_UTVV, 0.5)), "spatial graph: a row does not add up to 1"),
        (lambda: graphs(temporal_UVTT=changed(graphs().temporal_UVTT, np.nan)), "temporal graph must be finite"),
        (lambda: graphs(spatial_UTVV=np.zeros(3)), "graphs: boxes has shape"),
        (lambda: attention(part_maps_UTPhw=attention().part_maps_UTPhw + 1), "part maps must be finite.* at most 1"),
        (lambda: attention(added_UThw=np.zeros((2, 2, 5, 5))), "added has shape"),
        (lambda: attention(received_UC=np.full((2, 4), 2)), "channel attention must be"),
        (lambda: attention(received_UC=np.full((2, 4), 0.2)), "channel attention: a row does not add up to 1"),
        (lambda: inspection(paths_UT=np.empty((0, 2), object)), "pictures have shape"),
        (lambda: inspection(pid_U=np.array([1])), "pid has shape"),
        (lambda: inspection(energy_UThw=np.ones((2, 2, 4))), "energy has shape"),
        (lambda: inspection(energy_UThw=np.full((2, 2, 4, 2), np.inf)), "energy must be finite"),
        (lambda: inspection(stripes=stripes(norms_UP=np.ones((3, 2)))), "do not have 2 units of 2 frames"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "inspection.h5"
    with pytest.raises(InputError, match="no such file"):
        read_inspection(path)
    write_inspection(path, inspection(graphs=graphs()))
    content = path.read_bytes()
    with h5py.File(path, "a") as handle:
        handle.attrs["version"] = 9
    with pytest.raises(InputError, match=r"inspection\.h5: version 9 of streid-inspection"):
        read_inspection(path)
    path.write_bytes(content)
    with h5py.File(path, "a") as handle:
        del handle["graphs"]["boxes"]
    with pytest.raises(InputError, match=r"inspection\.h5: incomplete"):
        read_inspection(path)
    path.write_bytes(content)
    with h5py.File(path, "a") as handle:
        handle["energy"][...] = -1
    with pytest.raises(InputError, match=r"inspection\.h5: energy must be"):
        read_inspection(path)
    path.write_bytes(content)
    with h5py.File(path, "a") as handle:
        del handle["pid"]
        handle["pid"] = np.array([1.5, 2.0])
    with pytest.raises(InputError, match=r"inspection\.h5: /pid holds float64, expected int64"):
        read_inspection(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"inspection\.h5: damaged"):
        read_inspection(path)
