"""Attention that channels get."""

from inspections_by_hand import attention, inspection, with_pictures

from streid.reporting.figures.channel_attention import plot_channels


def test_channels_are_sorted_in_equal_shares() -> None:
    made = with_pictures(inspection(blocks={"layer2": attention(), "layer3": attention(9)}))
    # Of 1 + 2 + 3 + 4 the last channel gets 4/10, four times as many equal shares; of 1 to 9 9/45.
    assert plot_channels(made).alt == (
        "Attention made's channels get, as a multiple of an equal share; the first one gets "
        "after layer2 1.6, after layer3 1.8."
    )
