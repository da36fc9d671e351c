"""search_gallery.py as a user runs it: a query of the tiny world finds what evaluation found for it."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import RunStage, error_line, write_picture
from PIL import Image

from streid.files.features import read_sightings
from streid.files.rankings import read_rankings


def arguments(results: Path, *images: Path | str) -> list[object]:
    model = results / "pcb"
    return [
        *("search_gallery", "--model", model, "--features", model / "features.h5", "--image", *images),
        *("--device", "cpu", "--threads", 1),
    ]


def place(results: Path, row: int) -> list[object]:
    query = read_sightings(results / "pcb" / "features.h5", "query")
    names = ("camid", "session", "time")
    return [word for name in names for word in (f"--{name}", int(getattr(query, f"{name}_N")[row]))]


def query_path(results: Path, row: int) -> Path:
    return results / "data" / str(read_sightings(results / "pcb" / "features.h5", "query").path_N[row])


@pytest.mark.parametrize("fusion", ["likelihood", "logistic"])
def test_a_query_finds_what_evaluation_found(tiny_results: Path, run_stage: RunStage, fusion: str) -> None:
    row, results = 3, tiny_results
    query, gallery = (read_sightings(results / "pcb" / "features.h5", group) for group in ("query", "gallery"))
    more = ("--fusion", fusion, "--top", len(gallery), "--json")
    done = run_stage(*arguments(results, query_path(results, row)), *place(results, row), *more)
    found = json.loads(done.stdout)
    assert (found["dataset"], found["model"], found["fusion"]["name"]) == ("tiny", "pcb", fusion)
    own = gallery.pid_N == query.pid_N[row]
    ignored = (own & (gallery.camid_N == query.camid_N[row])) | (gallery.pid_N == -1)
    counted = [one for one in found["results"] if not ignored[one["row"]]]
    joint = read_rankings(results / "pcb" / fusion / "scores.h5")["joint"]
    kept = joint.indices_QK[row][joint.indices_QK[row] >= 0]
    scores = joint.scores_QK[row, : len(kept)]
    np.testing.assert_allclose([one["score"] for one in counted][: len(kept)], scores, atol=1e-6)
    by_row = {one["row"]: one["score"] for one in counted}
    np.testing.assert_allclose([by_row[found] for found in kept], scores, atol=1e-6)
    gaps = np.abs(np.diff(scores, append=-np.inf, prepend=np.inf))
    settled = np.flatnonzero(np.minimum(gaps[:-1], gaps[1:]) > 2e-6)  # nearer ones may change places by rounding
    assert len(settled) > 5
    assert [counted[n]["row"] for n in settled] == kept[settled].tolist()
    visual = read_rankings(results / "pcb" / fusion / "scores.h5")["visual"]
    cosines = dict(zip(visual.indices_QK[row].tolist(), visual.scores_QK[row].tolist(), strict=True))
    for one in counted[:10]:
        assert one["visual"] == pytest.approx(cosines[one["row"]], abs=1e-5)
        assert one["path"] == gallery.path_N[one["row"]]
        assert (one["pid"], one["camid"]) == (gallery.pid_N[one["row"]], gallery.camid_N[one["row"]])


def test_without_place_and_time_a_table_by_appearance(tiny_results: Path, run_stage: RunStage) -> None:
    done = run_stage(*arguments(tiny_results, query_path(tiny_results, 0)), "--top", 4)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["rank", "identity", "camera", "session", "time", "score", "cosine", "path"]
    assert len(lines) == 5
    visual = read_rankings(tiny_results / "pcb" / "logistic" / "scores.h5")["visual"]
    gallery = read_sightings(tiny_results / "pcb" / "features.h5", "gallery")
    best = str(gallery.path_N[visual.indices_QK[0, 0]])
    assert f"{visual.scores_QK[0, 0]:.4f}" in next(line for line in lines if line.endswith(f"  {best}"))
    assert re.search(r"searched \d+ pictures in \d", done.stderr)


def test_several_pictures_are_averaged(tiny_results: Path, run_stage: RunStage) -> None:
    images = [query_path(tiny_results, row) for row in (0, 1)]
    done = run_stage(*arguments(tiny_results, *images), "--json")
    with h5py.File(tiny_results / "pcb" / "features.h5") as file:
        mean = file["query/features"][:2].sum(axis=0)
        cosines = file["gallery/features"][:] @ (mean / np.linalg.norm(mean))
    found = json.loads(done.stdout)["results"]
    assert len(found) == 10
    np.testing.assert_allclose([one["score"] for one in found], np.sort(cosines)[::-1][:10], atol=1e-5)


def test_a_page_with_the_pictures(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    image = tmp_path / "<b>me&you.jpg"
    shutil.copy(query_path(tiny_results, 2), image)
    page = tmp_path / "out" / "found.html"
    more = ("--html", page, "--root", tiny_results / "data", "--top", 3)
    run_stage(*arguments(tiny_results, image), *place(tiny_results, 2), *more)
    text = page.read_text(encoding="utf-8")
    assert text.count("<img ") == 4
    assert "&lt;b&gt;me&amp;you.jpg" in text and "<b>me" not in text
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", text)
    assert "joined by the logistic fusion" in text


def test_what_cannot_be_searched_is_one_clear_line(
    tiny_results: Path, run_stage: RunStage, tmp_path: Path, tiny_model: Path
) -> None:
    image = query_path(tiny_results, 0)
    (tmp_path / "no.jpg").write_text("no picture")

    def refused(*more: object, images: tuple[Path, ...] = (image,)) -> str:
        return error_line(run_stage(*arguments(tiny_results, *images), *more, status=2).stderr)

    assert "no.jpg: unreadable picture" in refused(images=(tmp_path / "no.jpg",))
    assert "none.jpg: no such picture" in refused(images=(image, tmp_path / "none.jpg"))
    assert "--camid and --time go together" in refused("--camid", 1)
    assert "--camid 77: the histograms have only the cameras" in refused("--camid", 77, "--session", 0, "--time", 5)
    assert "give the data set's histograms.h5" in refused("--time", 5, "--histograms", tmp_path / "none.h5")
    assert "--html needs the gallery's pictures" in refused("--html", tmp_path / "page.html")
    assert "is read as an input" in refused("--html", image, "--root", tiny_results / "data")
    assert "no such model" in refused("--model", tmp_path)


@pytest.mark.parametrize("outside", ["{}", "../{}"])
def test_no_page_shows_a_picture_from_outside_the_data_sets_root(
    tiny_results: Path, run_stage: RunStage, tmp_path: Path, outside: str
) -> None:
    """A features.h5 of somebody else may name any file."""
    private = shutil.copy(query_path(tiny_results, 0), tmp_path / "private.jpg")
    (tmp_path / "data").symlink_to(tiny_results / "data")
    path = outside.format(private.relative_to(tmp_path) if outside.startswith("..") else private)
    with h5py.File(shutil.copy(tiny_results / "pcb" / "features.h5", tmp_path / "f.h5"), "r+") as file:
        rows = len(file["gallery/path"])
        del file["gallery/path"]
        file["gallery"].create_dataset("path", data=[path] * rows, dtype=h5py.string_dtype())
    more = ("--features", tmp_path / "f.h5", "--html", tmp_path / "page.html", "--root", tmp_path / "data")
    said = error_line(run_stage(*arguments(tiny_results, private), *more, status=2).stderr)
    assert "a picture's path must be relative and without '..', so that it stays inside" in said and repr(path) in said
    assert not (tmp_path / "page.html").exists()


def test_features_of_another_model_are_refused(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    image = query_path(tiny_results, 0)
    with h5py.File(shutil.copy(tiny_results / "pcb" / "features.h5", tmp_path / "f.h5"), "r+") as file:
        weights = (tiny_results / "pcb" / "model.safetensors").read_bytes()
        assert file.attrs["weights_sha256"] == hashlib.sha256(weights).hexdigest()
        file.attrs["weights_sha256"] = "00"
    more = ("--features", tmp_path / "f.h5")
    assert "was made with other weights" in run_stage(*arguments(tiny_results, image), *more, status=2).stderr
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        del file.attrs["weights_sha256"]
    assert "does not say which weights" in run_stage(*arguments(tiny_results, image), *more).stderr
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        for group in file.values():
            short = group["features"][:, :8]
            del group["features"]
            group["features"] = short
    done = run_stage(*arguments(tiny_results, image), *more, status=2)
    assert "features have 8 values" in done.stderr.splitlines()[-1]


def test_pictures_of_any_size_can_be_asked_for(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    write_picture(tmp_path / "wide.png", seed=1, size=(300, 40))
    Image.new("L", (1, 1)).save(tmp_path / "dot.png")
    more = ("--html", tmp_path / "page.html", "--root", tiny_results / "data", "--top", 2)
    run_stage(*arguments(tiny_results, tmp_path / "wide.png", tmp_path / "dot.png"), *more)
