"""A picture of recall and speed: a curve for each class of queries, in SVG without a script."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from synthprof.delivery.measuring.measured import ALL, Measured, Point

WIDTH, HEIGHT = 760, 460

LEFT, RIGHT, TOP, BOTTOM = 70, 180, 56, 54
"""Pixels around the plot: room for numbers, the legend, the title and the names of axes."""

COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Told apart by people of any colour vision (Okabe and Ito, 2008)."""


@dataclass(frozen=True)
class Frame:
    """The plot: recall from `least` to 1 along, searches a second from `low` to `high` by logarithm up."""

    least: float
    low: float
    high: float

    def x(self, recall: float) -> float:
        """Return the place along of a recall."""
        return LEFT + (recall - self.least) / (1 - self.least) * (WIDTH - LEFT - RIGHT)

    def y(self, qps: float) -> float:
        """Return the place from the top of a speed."""
        share = math.log(qps / self.low) / math.log(self.high / self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def picture(measured: Measured) -> str:
    """Return the curves of the searches under the first filter, at the number of clients that was fastest.

    Of one class more recall costs speed, so the curves fall to the right; the higher, the better.
    """
    answered = [each for each in measured.points if each.recall is not None] or measured.points
    points = [each for each in measured.points if each.filter == answered[0].filter]
    most = max(points, key=lambda each: each.qps).clients
    curves = _curves(each for each in points if each.clients == most and each.recall is not None)
    frame = _frame([each for curve in curves.values() for each in curve])
    parts = [
        *_head(measured, points[0], most),
        *_axes(frame),
        *(
            part
            for number, (name, curve) in enumerate(curves.items())
            for part in _curve(frame, number, name, curve)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _curves(points: Iterable[Point]) -> dict[str, list[Point]]:
    curves: dict[str, list[Point]] = {}
    for point in points:
        curves.setdefault(point.queries, []).append(point)
    return {name: sorted(curve, key=lambda each: each.effort) for name, curve in curves.items()}


def _frame(points: Sequence[Point]) -> Frame:
    least = min((each.recall or 0.0 for each in points), default=0.0)
    speeds = [each.qps for each in points] or [1.0]
    low, high = min(speeds), max(speeds)
    return Frame(min(0.95, math.floor(least * 20) / 20), 10 ** math.floor(math.log10(low)), _above(high))


def _above(speed: float) -> float:
    return float(10 ** (math.floor(math.log10(speed)) + 1))


def _head(measured: Measured, first: Point, clients: int) -> list[str]:
    title = f"{measured.target} on {measured.rows:,} rows of {measured.dataset}"
    doing = "client" if clients == 1 else "clients"
    more = f"recall of {first.k}, {measured.metric}, filter {first.filter}, {clients} {doing}"
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="600">{escape(title)}</text>',
        f'<text x="{LEFT}" y="42" fill="#555555">{escape(more)}</text>',
    ]


def _axes(frame: Frame) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for step in range(6):
        recall = frame.least + (1 - frame.least) * step / 5
        x = frame.x(recall)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{recall:.3g}</text>')
    for power in range(round(math.log10(frame.low)), round(math.log10(frame.high)) + 1):
        y = frame.y(10**power)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:,}</text>')
    middle = (LEFT + right) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 14}" text-anchor="middle">recall</text>')
    parts.append(
        f'<text transform="translate(16 {(TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        "searches a second</text>"
    )
    return parts


def _curve(frame: Frame, number: int, name: str, curve: Sequence[Point]) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    places = [(frame.x(each.recall or 0.0), frame.y(each.qps)) for each in curve]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dashes = "" if name == ALL else ' stroke-dasharray="5 3"'
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dashes}/>']
    for (x, y), point in zip(places, curve, strict=True):
        told = f"{name}: recall {point.recall:.3f}, {point.qps:,.0f} a second, effort {point.effort}"
        dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}">'
        parts.append(f"{dot}<title>{told}</title></circle>")
    return [*parts, *_legend(number, name, colour)]


def _legend(number: int, name: str, colour: str) -> list[str]:
    x, y = WIDTH - RIGHT + 16, TOP + 14 + number * 20
    line = f'<line x1="{x}" y1="{y - 4}" x2="{x + 22}" y2="{y - 4}" stroke="{colour}" stroke-width="2"/>'
    return [line, f'<text x="{x + 28}" y="{y}">{escape(name)}</text>']
