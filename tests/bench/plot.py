"""Draws measured points as SVG: lines with their points, axes with units, a legend. Needs nothing but Python."""

import math
import pathlib
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 820, 500
LEFT, RIGHT, TOP = 84, 28, 56
LEGEND_ROW = 20
MOST_MARKS = 60  # a line of more points has none: they would hide it
FONT = "font-family='Helvetica, Arial, sans-serif'"
# Told apart by eyes that confuse red and green, too; the shapes repeat what the colours say.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#444444"]
SHAPES = ["circle", "square", "diamond", "triangle"]


@dataclass
class Series:
    """Points (x, y) in the order in which they are joined. Dashed is for what is only compared with."""

    name: str
    points: list
    dashed: bool = False
    joined: bool = True


@dataclass
class Plot:
    """Axis labels name their unit: "events per second", "latency in ms". Goals are horizontal lines: (name, y)."""

    title: str
    x_label: str
    y_label: str
    series: list = field(default_factory=list)
    goals: list = field(default_factory=list)
    log_x: bool = False
    log_y: bool = False

    def add(self, name, points, **how):
        self.series.append(Series(name, list(points), **how))
        return self

    def write(self, file):
        pathlib.Path(file).write_text(self.svg(), encoding="utf-8")

    def svg(self):
        drawn = [one for one in self.series if one.points]
        if not drawn:
            raise ValueError("there is nothing to draw")
        xs = [x for one in drawn for x, _ in one.points]
        ys = [y for one in drawn for _, y in one.points] + [y for _, y in self.goals]
        bottom = 64 + LEGEND_ROW * math.ceil(len(drawn) / 2)
        x_axis = _Axis(xs, self.log_x, LEFT, WIDTH - RIGHT)
        y_axis = _Axis(ys, self.log_y, HEIGHT - bottom, TOP)
        parts = [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' "
            f"height='{HEIGHT}' role='img' {FONT} font-size='13' fill='#222'>",
            f"<title>{escape(self.title)}</title>", f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>",
            _text(LEFT, 30, self.title, "font-size='17' font-weight='bold'")]
        parts += self._axes(x_axis, y_axis)
        parts += self._goal_lines(y_axis)
        for number, one in enumerate(drawn):
            parts += _line(one, number, x_axis, y_axis)
        for number, one in enumerate(drawn):
            x = LEFT + (number % 2) * (WIDTH - LEFT - RIGHT) / 2
            y = y_axis.low_pixel + 62 + LEGEND_ROW * (number // 2)
            if one.joined:
                parts.append(_stroke([(x, y), (x + 28, y)], number, one.dashed))
            parts.append(_mark(x + 14, y, number))
            parts.append(_text(x + 38, y + 4, one.name))
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _axes(self, x_axis, y_axis):
        left, right, bottom, top = x_axis.low_pixel, x_axis.high_pixel, y_axis.low_pixel, y_axis.high_pixel
        for tick in x_axis.ticks:
            x = x_axis.pixel(tick)
            yield f"<path d='M{x:.1f} {bottom}V{top}' stroke='#e4e4e4'/>"
            yield _text(x, bottom + 18, _number(tick), "text-anchor='middle'")
        for tick in y_axis.ticks:
            y = y_axis.pixel(tick)
            yield f"<path d='M{left} {y:.1f}H{right}' stroke='#e4e4e4'/>"
            yield _text(left - 8, y + 4, _number(tick), "text-anchor='end'")
        yield f"<path d='M{left} {top}V{bottom}H{right}' fill='none' stroke='#222'/>"
        yield _text((left + right) / 2, bottom + 40, self._label(self.x_label, self.log_x), "text-anchor='middle'")
        middle = (top + bottom) / 2
        yield _text(20, middle, self._label(self.y_label, self.log_y),
                    f"text-anchor='middle' transform='rotate(-90 20 {middle:.1f})'")

    @staticmethod
    def _label(text, is_log):
        return f"{text} (logarithmic)" if is_log else text

    def _goal_lines(self, y_axis):
        for name, value in self.goals:
            y = y_axis.pixel(value)
            yield f"<path d='M{LEFT} {y:.1f}H{WIDTH - RIGHT}' stroke='#888' stroke-dasharray='2 3'/>"
            yield _text(LEFT + 6, y - 6, name, "fill='#666' font-size='12'")


class _Axis:
    """From values to pixels, with ticks at round numbers; the ends are ticks."""

    def __init__(self, values, is_log, low_pixel, high_pixel):
        self.low_pixel, self.high_pixel = low_pixel, high_pixel
        self.scale = math.log10 if is_log else float
        if is_log and min(values) <= 0:
            raise ValueError("a logarithmic axis has no place for zero")
        self.ticks = _log_ticks(min(values), max(values)) if is_log else _linear_ticks(max(values))
        self.low, self.high = self.scale(self.ticks[0]), self.scale(self.ticks[-1])

    def pixel(self, value):
        share = (self.scale(value) - self.low) / (self.high - self.low)
        return self.low_pixel + share * (self.high_pixel - self.low_pixel)


def _linear_ticks(high):
    """From zero, as rates and latencies are to be compared by their length."""
    rough = max(high, 1e-9) / 6
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999999)
    return [step * i for i in range(math.ceil(high / step - 1e-9) + 1)]


def _log_ticks(low, high):
    """1, 2 and 5 of each decade; the decades alone where those would be too many."""
    decades = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 2)
    steps = (1, 2, 5) if math.log10(high / low) < 3 else (1,)
    every = [m * 10.0 ** decade for decade in decades for m in steps]
    first = max(i for i, tick in enumerate(every) if tick <= low * 1.000001)
    last = min(i for i, tick in enumerate(every) if tick >= high * 0.999999)
    return every[first:max(last, first + 1) + 1]


def _line(one, number, x_axis, y_axis):
    pixels = [(x_axis.pixel(x), y_axis.pixel(y)) for x, y in one.points]
    if one.joined and len(pixels) > 1:
        yield _stroke(pixels, number, one.dashed)
    if one.joined and len(pixels) > MOST_MARKS:
        return
    for (x, y), (value_x, value_y) in zip(pixels, one.points):
        yield _mark(x, y, number, f"{one.name}: {_number(value_x)}, {_number(value_y)}")


def _stroke(pixels, number, dashed):
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in pixels)
    dashes = " stroke-dasharray='6 4'" if dashed else ""
    return f"<polyline points='{points}' fill='none' stroke='{_colour(number)}' stroke-width='2'{dashes}/>"


def _mark(x, y, number, tooltip=""):
    outlines = {"circle": None, "square": [(-4, -4), (4, -4), (4, 4), (-4, 4)],
                "diamond": [(0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)], "triangle": [(0, -5.5), (5, 4), (-5, 4)]}
    outline = outlines[SHAPES[number % len(SHAPES)]]
    inside = f"<title>{escape(tooltip)}</title>" if tooltip else ""
    paint = f"fill='{_colour(number)}' stroke='#fff'"
    if outline is None:
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4.5' {paint}>{inside}</circle>"
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in outline)
    return f"<polygon points='{points}' {paint}>{inside}</polygon>"


def _colour(number):
    return COLOURS[number % len(COLOURS)]


def _text(x, y, text, more=""):
    return f"<text x='{x:.1f}' y='{y:.1f}' {more}>{escape(text)}</text>"


def _number(value):
    """As people write it: 25,000 and 0.5."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
