"""Curves as SVG: a linear and a logarithmic axis, a legend, nothing else."""
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 460, 70, 20, 40, 50
COLOURS = ["#c0392b", "#d68910", "#b7950b", "#1e8449", "#2874a6", "#6c3483"]


class Plot:
    def __init__(self, title, x_name, y_name, x_range, y_range):
        self.x_range, self.y_range, self.lines = x_range, y_range, 0
        self.parts = [self.text(WIDTH / 2, 22, title, "middle", 15), self.text(WIDTH / 2, HEIGHT - 10, x_name, "middle"),
                      f'<g transform="rotate(-90 16 {HEIGHT / 2})">{self.text(16, HEIGHT / 2, y_name, "middle")}</g>']
        for i in range(11):
            x = x_range[0] + (x_range[1] - x_range[0]) * i / 10
            self.parts += [self.rule(self.x(x), TOP, self.x(x), HEIGHT - BOTTOM), self.text(self.x(x), HEIGHT - BOTTOM + 16, f"{x:g}", "middle")]
        for power in range(round(math.log10(y_range[0])), round(math.log10(y_range[1])) + 1):
            y = self.y(10 ** power)
            self.parts += [self.rule(LEFT, y, WIDTH - RIGHT, y), self.text(LEFT - 6, y + 4, f"{10 ** power:g}", "end")]

    @staticmethod
    def text(x, y, text, anchor="start", size=12):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{text}</text>'

    @staticmethod
    def rule(x1, y1, x2, y2, colour="#ddd", more=""):
        return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{more}/>'

    def x(self, value):
        return LEFT + (value - self.x_range[0]) / (self.x_range[1] - self.x_range[0]) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        low, high = (math.log10(end) for end in self.y_range)
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def line(self, name, points):
        colour, inside = COLOURS[self.lines % len(COLOURS)], [(x, y) for x, y in points if self.y_range[0] <= y <= self.y_range[1]]
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in inside)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = TOP + 18 + 18 * self.lines
        self.parts += [self.rule(LEFT + 12, y - 4, LEFT + 36, y - 4, colour, ' stroke-width="2"'), self.text(LEFT + 42, y, name)]
        self.lines += 1

    def mark(self, x, name):
        self.parts += [self.rule(self.x(x), TOP, self.x(x), HEIGHT - BOTTOM, "#888", ' stroke-dasharray="4 4"'),
                       self.text(self.x(x) + 4, HEIGHT - BOTTOM - 6, name)]

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
                       f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")
