"""Pictures per camera."""

import pandas as pd

from streid.reporting.figures.pictures_per_camera import plot_cameras


def test_pictures_per_camera() -> None:
    table = pd.DataFrame({"camid": [1, 1, 3], "split": ["train", "query", "gallery"]})
    assert plot_cameras(table).alt == "Pictures: camera 1 2, camera 3 1."
