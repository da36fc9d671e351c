"""Learning-rate schedules by hand."""

import pytest

from streid.appearance.schedules import rate_factor
from streid.appearance.train_settings import ScheduleSettings


def test_step_schedule_drops_after_its_epochs() -> None:
    config = ScheduleSettings(schedule="step", epochs=60, step_epochs=[40, 50])
    assert [rate_factor(config, progress) for progress in (0, 39.99, 40, 50)] == pytest.approx([1, 1, 0.1, 0.01])


def test_cosine_schedule_warms_up_and_falls_to_zero() -> None:
    config = ScheduleSettings(schedule="cosine", epochs=12, warmup_epochs=2)
    assert [rate_factor(config, progress) for progress in (0, 1, 2, 7, 12)] == pytest.approx([0.1, 0.55, 1, 0.5, 0])
