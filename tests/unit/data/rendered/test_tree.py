"""Names, name lists, and the folder a rendering leaves."""

from pathlib import Path

import pytest

from streid.data.market1501 import parse_name
from streid.data.rendered.drawing import Difficulty, Snapshot
from streid.data.rendered.render_settings import RenderSettings
from streid.data.rendered.tree import check_output, name_world, picture_name, plan_drawings, read_names, write_tree
from streid.data.rendered.world import plan_world
from streid.errors import InputError

LISTS = {
    "bounding_box_train.txt": "0002_c1s1_000451_03.jpg\n\n0002_c2s1_000776_01.jpg\n",
    "bounding_box_test.txt": "-1_c1s1_000401_03.jpg\n0000_c2s2_000401_03.jpg\n0001_c6s4_000301_01.jpg\n",
    "query.txt": "0001_c1s1_001051_00.jpg\n",
}


def write_lists(folder: Path, **changed: str) -> Path:
    for name, text in LISTS.items():
        (folder / name).write_text(changed.get(name.removesuffix(".txt"), text))
    return folder


@pytest.mark.parametrize("pid", [-1, 0, 7, 1501])
def test_names_say_what_they_were_made_of(pid: int) -> None:
    snapshot = Snapshot(pid=pid, camid=3, sequence=2, frame=451, box=7)
    assert Snapshot(**parse_name(picture_name(snapshot))) == snapshot


def test_every_name_of_a_world_is_its_own() -> None:
    names = name_world(plan_world(RenderSettings(train_identities=20, test_identities=20)))
    assert list(names) == ["bounding_box_train", "query", "bounding_box_test"]
    everything = [name for listed in names.values() for name in listed]
    assert len(set(everything)) == len(everything)


def test_identities_look_alike_everywhere_and_strangers_do_not(tmp_path: Path) -> None:
    names = read_names(write_lists(tmp_path))
    drawings = plan_drawings(names, seed=0, shared_clothes=0.4)
    first, second = drawings["bounding_box_train"]
    assert first.look == second.look
    junk, distractor, found = drawings["bounding_box_test"]
    assert [junk.snapshot.pid, distractor.snapshot.pid, found.snapshot.pid] == [-1, 0, 1]
    assert found.look == drawings["query"][0].look
    assert len({first.look, junk.look, distractor.look, found.look}) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0001_c1s1_001051_00.jpg\nholiday.jpg\n", r"query\.txt, line 2: 'holiday\.jpg' is not a Market-1501 picture"),
        ("0001_c7s1_001051_00.jpg\n", r"query\.txt, line 1: .* is of camera 7; the world has cameras 1-6"),
        ("0001_c1s1_001051_00.jpg\n0001_c1s1_001051_00.jpg\n", r"query\.txt, line 2: .* is already on line 1"),
        ("\n", r"query\.txt: lists no pictures"),
    ],
)
def test_bad_name_lists_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_names(write_lists(tmp_path, query=text))


def test_a_missing_name_list_is_refused(tmp_path: Path) -> None:
    (write_lists(tmp_path) / "query.txt").unlink()
    with pytest.raises(InputError, match=r"query\.txt: no such file"):
        read_names(tmp_path)


def write(output: Path, lists: Path, fail: bool = False) -> None:
    drawings = plan_drawings(read_names(lists), seed=0, shared_clothes=0.0)
    document = {"odd": float("nan")} if fail else {"pictures": 6}
    options = {"seed": 0, "difficulty": Difficulty(), "masks": False, "workers": 1}
    write_tree(output, drawings, documents={"rendered.json": document}, **options)


def test_an_earlier_rendering_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    write_lists(lists)
    output = tmp_path / "out"
    output.mkdir()  # a workflow makes the folder of its outputs
    write(output, lists)
    (output / "query" / "0009_c1s1_000001_00.jpg").touch()
    (output / "rendered.json").unlink()  # and removes an output before it is made again
    write(output, lists)
    assert [path.name for path in (output / "query").iterdir()] == ["0001_c1s1_001051_00.jpg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lists", "out"]
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").touch()
    for taken in (foreign, foreign / "thesis.tex"):
        with pytest.raises(InputError, match="is not an earlier rendering"):
            check_output(taken)


def test_a_failed_rendering_leaves_the_earlier_one(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    write_lists(lists)
    write(tmp_path / "out", lists)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.j*")}
    with pytest.raises(ValueError, match="JSON"):
        write(tmp_path / "out", lists, fail=True)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.j*")}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lists", "out"]


def test_a_link_to_another_disk_stays_a_link(tmp_path: Path) -> None:
    lists, disk = tmp_path / "lists", tmp_path / "disk"
    lists.mkdir()
    disk.mkdir()
    write_lists(lists)
    (tmp_path / "out").symlink_to(disk, target_is_directory=True)
    write(tmp_path / "out", lists)
    assert (tmp_path / "out").is_symlink()
    assert (disk / "rendered.json").is_file()
