"""Curves as SVG: a logarithmic axis upwards, a linear or logarithmic one to the right, a legend, nothing else."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 460, 70, 20, 40, 50
COLOURS = ["#c0392b", "#d68910", "#1e8449", "#2874a6", "#6c3483", "#b7950b"]


def powers(between):
    """The powers of ten of a range."""
    return [10 ** power for power in range(math.ceil(math.log10(between[0])), math.floor(math.log10(between[1])) + 1)]


def share(value, between, logarithmic):
    """How far along its axis a value is: 0 to 1."""
    value, low, high = (math.log10(at) if logarithmic else at for at in (value, *between))
    return (value - low) / (high - low)


def label(value):
    return f"{value:,}" if value >= 1000 else f"{value:g}"


class Plot:
    def __init__(self, title, x_name, y_name, x_range, y_range, x_log=False, legend_top=TOP):
        self.x_range, self.y_range, self.x_log = x_range, y_range, x_log
        self.lines, self.legend_top = 0, legend_top
        self.parts = [self.text(WIDTH / 2, 22, title, "middle", 15), self.text(WIDTH / 2, HEIGHT - 10, x_name, "middle"),
                      f'<g transform="rotate(-90 16 {HEIGHT / 2})">{self.text(16, HEIGHT / 2, y_name, "middle")}</g>']
        for x in powers(x_range) if x_log else [x_range[0] + (x_range[1] - x_range[0]) * i / 10 for i in range(11)]:
            self.parts += [self.rule(self.x(x), TOP, self.x(x), HEIGHT - BOTTOM), self.text(self.x(x), HEIGHT - BOTTOM + 16, label(x), "middle")]
        for y in powers(y_range):
            self.parts += [self.rule(LEFT, self.y(y), WIDTH - RIGHT, self.y(y)), self.text(LEFT - 6, self.y(y) + 4, label(y), "end")]

    @staticmethod
    def text(x, y, text, anchor="start", size=12):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{text}</text>'

    @staticmethod
    def rule(x1, y1, x2, y2, colour="#ddd", more=""):
        return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{more}/>'

    def x(self, value):
        return LEFT + share(value, self.x_range, self.x_log) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - share(value, self.y_range, True) * (HEIGHT - TOP - BOTTOM)

    def line(self, name, points):
        colour, inside = COLOURS[self.lines % len(COLOURS)], [(x, y) for x, y in points if self.y_range[0] <= y <= self.y_range[1]]
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in inside)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = self.legend_top + 18 + 18 * self.lines
        self.parts += [self.rule(LEFT + 12, y - 4, LEFT + 36, y - 4, colour, ' stroke-width="2"'), self.text(LEFT + 42, y, name)]
        self.lines += 1

    def mark(self, x, name):
        self.parts += [self.rule(self.x(x), TOP, self.x(x), HEIGHT - BOTTOM, "#888", ' stroke-dasharray="4 4"'),
                       self.text(self.x(x) + 4, HEIGHT - BOTTOM - 6, name)]

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
                       f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")
