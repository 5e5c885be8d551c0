"""What a table of prefixes answers, address for address: apart from the code that is to be held against it."""


def read(lines):
    """{(first address, length): where to} of lines of [TYPE] PREFIX [WHERE TO]; comments are none."""
    table = {}
    for line in lines:
        words = line.partition("#")[0].split()
        if words:
            at = 0 if "/" in words[0] else 1
            address, length = words[at].split("/")
            a, b, c, d = map(int, address.split("."))
            table[a << 24 | b << 16 | c << 8 | d, int(length)] = " ".join(words[:at] + words[at + 1:])
    return table


def of(table, nothing=None):
    """[(first address, answer)], by rising address: each answer holds up to the next one, which is another."""
    ends, found = [], []  # prefixes around here, with the answers behind them

    def say(at, answer):
        if found and found[-1][0] == at:
            found.pop()
        if not found or found[-1][1] != answer:
            found.append((at, answer))

    def leave(before):
        while ends and ends[-1][0] <= before:
            end, _ = ends.pop()
            say(end, ends[-1][1] if ends else nothing)

    say(0, nothing)
    for (first, length), answer in sorted(table.items()):
        leave(first)
        ends.append((first + (1 << (32 - length)), answer))
        say(first, answer)
    leave(1 << 32)
    if found[-1][0] == 1 << 32:
        found.pop()
    return found
