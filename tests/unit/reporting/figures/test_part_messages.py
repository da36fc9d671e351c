"""Messages between parts."""

from inspections_by_hand import attention, inspection, texts, with_pictures

from streid.reporting.figures.part_messages import plot_messages


def test_messages_are_the_mean_of_the_units() -> None:
    messages = attention().messages_UVV.copy()
    messages[1, 0] = [0, 0.25, 0.75, 0]
    made = with_pictures(inspection(blocks={"layer2": attention(messages_UVV=messages)}))
    chart = plot_messages(made)
    assert chart.alt == (
        "Messages between the parts of made, largest weight: after layer2, part 2 of frame 2 receives most from part "
        "1 of frame 2 with 0.75."
    )
    # First row: means of 0.75 and 0.25, and of 0.25 and 0.75; in hundredths.
    assert texts(chart).count("50") == 2 + 4
    assert {"after layer2", "0.00", "0.75", "weight"} <= set(texts(chart))
