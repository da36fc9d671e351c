"""The figure: it stands on the ground, is as tall as its look says, and has every part."""

import math

import pytest

from streid.data.rendered.body import HEAD, LOWER, SHOES, UPPER, Pose, Shape, build_figure, plain
from streid.data.rendered.wardrobe import dress_identities

LOOKS = dress_identities(range(1, 13), seed=4, shared_clothes=0.0)
STANDING = Pose(phase=0.0, swing=0.0, head_turn=0.0, arm_lift=0.0)
WALKING = Pose(phase=1.0, swing=1.0, head_turn=0.3, arm_lift=0.0)


def heights(shapes: list[Shape], part: int) -> list[float]:
    return [end[2] for shape in shapes if shape.part == part for end in (shape.start, shape.end)]


def test_a_cloth_of_one_colour_has_no_other() -> None:
    cloth = plain((1, 2, 3))
    assert cloth.colour == cloth.accent == (1, 2, 3)


@pytest.mark.parametrize("pid", LOOKS)
@pytest.mark.parametrize("pose", [STANDING, WALKING])
def test_parts_follow_one_another_from_head_to_shoes(pid: int, pose: Pose) -> None:
    shapes = build_figure(LOOKS[pid], pose)
    assert {HEAD, UPPER, LOWER, SHOES} <= {shape.part for shape in shapes}
    means = [sum(heights(shapes, part)) / len(heights(shapes, part)) for part in (HEAD, UPPER, LOWER, SHOES)]
    assert means == sorted(means, reverse=True)
    assert max(heights(shapes, HEAD)) == pytest.approx(LOOKS[pid].height, rel=0.15)
    # Nobody floats or sinks: the lowest shoe is at the ground.
    assert abs(min(heights(shapes, SHOES))) < 0.1


def test_half_a_gait_cycle_later_the_legs_have_changed_places() -> None:
    look = LOOKS[1]
    forwards = []
    for phase in (0.7, 0.7 + math.pi):
        shoes = [shape for shape in build_figure(look, Pose(phase=phase, swing=1.0, head_turn=0.0, arm_lift=0.0))
                 if shape.part == SHOES]  # fmt: skip
        forwards.append({side: max(s.end[1] for s in shoes if (s.end[0] > 0) == side) for side in (True, False)})
    assert forwards[0][True] == pytest.approx(forwards[1][False], abs=1e-6)
    assert forwards[0][False] == pytest.approx(forwards[1][True], abs=1e-6)
    assert abs(forwards[0][True] - forwards[0][False]) > 0.1


def test_a_raised_arm_changes_nothing_below_it() -> None:
    look = LOOKS[2]
    lifted = build_figure(look, Pose(phase=0.0, swing=0.0, head_turn=0.0, arm_lift=1.0))
    down = build_figure(look, STANDING)
    assert lifted != down
    assert [s for s in lifted if s.part in (LOWER, SHOES)] == [s for s in down if s.part in (LOWER, SHOES)]
