"""Pictures of what happened are SVG that a browser reads, whatever the numbers are."""

from xml.etree import ElementTree

import pytest

from examples.plots import Panel, draw

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("end", [0.3, 1.0, 7.0, 59.0, 100.0, 4321.0])
def test_axes_have_round_numbers(tmp_path, end):
    draw(tmp_path / "plot.svg", "A <title> & more", [Panel("one", [0.0, end], {"a": [0.0, 3.0]})])
    root = ElementTree.parse(tmp_path / "plot.svg").getroot()
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == "A <title> & more"
    moments = [float(text.removesuffix(" s")) for text in texts if text.endswith(" s")]
    assert 3 <= len(moments) <= 9
    assert moments[0] == 0
    assert moments[-1] <= end


def test_a_line_ends_where_nothing_is_known_and_areas_lie_upon_each_other(tmp_path):
    times = [0.0, 1.0, 2.0, 3.0, 4.0]
    lines = Panel("lines", times, {"a": [1.0, 2.0, None, 3.0, 4.0]}, marks={"limit": 9.0})
    areas = Panel("areas", times, {"a": [1.0] * 5, "b": [2.0] * 5}, stacked=True)
    draw(tmp_path / "plot.svg", "both", [lines, areas])
    root = ElementTree.parse(tmp_path / "plot.svg").getroot()
    assert [len(line.get("points").split()) for line in root.iter(f"{SVG}polyline")] == [2, 2]
    lower, upper = (
        [point.split(",")[1] for point in each.get("points").split()] for each in root.iter(f"{SVG}polygon")
    )
    assert set(upper[len(upper) // 2 :]) == set(lower[: len(lower) // 2])  # begins where the other ends


def test_what_is_above_the_ceiling_is_drawn_there(tmp_path):
    draw(tmp_path / "plot.svg", "cut", [Panel("cut", [0.0, 1.0, 2.0], {"a": [1.0, 100.0, 2.0]}, ceiling=2.0)])
    (line,) = ElementTree.parse(tmp_path / "plot.svg").getroot().iter(f"{SVG}polyline")
    heights = [float(point.split(",")[1]) for point in line.get("points").split()]
    assert heights[1] < heights[2] < heights[0]


def test_the_last_values_of_an_area_hold_as_long_as_those_before(tmp_path):
    draw(tmp_path / "plot.svg", "areas", [Panel("nodes", [0.0, 1.0, 2.0], {"nodes": [1.0, 1.0, 5.0]}, stacked=True)])
    (area,) = ElementTree.parse(tmp_path / "plot.svg").getroot().iter(f"{SVG}polygon")
    points = [tuple(map(float, point.split(","))) for point in area.get("points").split()]
    highest = min(y for _, y in points)
    left, right = sorted(x for x, y in points if y == highest)
    assert right - left == pytest.approx(left / 2 - 30, abs=1), "a third of the width, which begins at 60"
