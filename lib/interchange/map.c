#include "interchange/map.h"

#include "base/compiler.h"
#include "net/ipv4_addr.h"
#include "net/ipv4_hilbert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDE        1024 /* of one map, in the picture's units */
#define MARGIN      24
#define HEAD        30 /* above a map */
#define LEGEND      230
#define CELL        4 /* sides of what is smaller are not drawn one by one, but together */
#define CELLS       (SIDE / CELL)
#define FONT_MIN    7.0
#define FONT_MAX    16.0
#define FONT_ASPECT 0.58 /* width of a character against its height */
#define GRID_BITS   8    /* a map has 256 fields, with lines between */

/* --- colours ------------------------------------------------------------------------------------------------------ */

/* X(enumerator, colour, what it is) */
#define TINTS(X)                             \
    X(FREE, "#f3f4f6", "not planned")        \
    X(BLOCK, "#dbeafe", "block")             \
    X(SUBNET, "#93c5fd", "subnet")           \
    X(POOL, "#14b8a6", "pool")               \
    X(HOST, "#1e3a8a", "host")               \
    X(RESERVED, "#fbbf24", "reserved")       \
    X(QUARANTINED, "#ef4444", "quarantined") \
    X(EMPTY, "#e5f5e0", "under 1 % used")    \
    X(LOW, "#a1d99b", "under half")          \
    X(MIDDLE, "#41ab5d", "under 80 %")       \
    X(HIGH, "#fdae61", "under 95 %")         \
    X(FULL, "#d7301f", "95 % and more")

enum tint {
#define X(enumerator, ...) TINT_##enumerator,
    TINTS(X)
#undef X
        TINT_COUNT
};

static const char *const colour_of[] = {
#define X(enumerator, colour, text) (colour),
    TINTS(X)
#undef X
};

static const char *const name_of[] = {
#define X(enumerator, colour, text) (text),
    TINTS(X)
#undef X
};

static bool is_dark(enum tint tint)
{
    return tint == TINT_HOST || tint == TINT_QUARANTINED || tint == TINT_FULL;
}

static enum tint tint_by_use(double used)
{
    return used < 0.01   ? TINT_EMPTY
           : used < 0.5  ? TINT_LOW
           : used < 0.8  ? TINT_MIDDLE
           : used < 0.95 ? TINT_HIGH
                         : TINT_FULL;
}

/* What would hide how full its subnet is. */
static bool is_outline(const struct map_node *node, enum map_colours colours)
{
    return colours == MAP_BY_UTILISATION && (node->entry.kind == PLAN_POOL || node->entry.kind == PLAN_HOST);
}

static enum tint tint_of(const struct map_node *node, enum map_colours colours)
{
    static const enum tint kinds[] = {
        [PLAN_BLOCK] = TINT_BLOCK, [PLAN_SUBNET] = TINT_SUBNET, [PLAN_POOL] = TINT_POOL, [PLAN_HOST] = TINT_HOST};

    if (is_outline(node, colours))
        return TINT_FREE;
    if (node->entry.status == PLAN_QUARANTINED)
        return TINT_QUARANTINED;
    if (node->entry.status == PLAN_RESERVED)
        return TINT_RESERVED;
    if (colours == MAP_BY_UTILISATION && node->entry.kind == PLAN_SUBNET)
        return tint_by_use(node->used);
    return kinds[node->entry.kind];
}

/* --- the picture -------------------------------------------------------------------------------------------------- */

struct box {
    double x, y, width, height;
};

/* A map of it. */
struct panel {
    struct ipv4_prefix whole;
    struct box box;
    double scale;                 /* units a square */
    const struct map_node *nodes; /* those that lie there */
    size_t count;
};

/* What is too small, by what it is: addresses in a cell. */
struct cell {
    uint32_t addresses[TINT_COUNT];
};

struct picture {
    FILE *stream;
    enum map_colours colours;
    struct cell *cells;             /* CELLS * CELLS, of the panel that is drawn */
    uint64_t addresses[TINT_COUNT]; /* of all */
};

static struct box box_of(const struct panel *panel, struct ipv4_prefix prefix)
{
    struct ipv4_rect rect = ipv4_hilbert(panel->whole, prefix);

    return (struct box){panel->box.x + rect.x * panel->scale, panel->box.y + rect.y * panel->scale,
                        rect.width * panel->scale, rect.height * panel->scale};
}

/* To be ended by whoever says what else it is. */
static void begin_rect(FILE *stream, const struct box *box)
{
    fprintf(stream, "<rect x=\"%.6g\" y=\"%.6g\" width=\"%.6g\" height=\"%.6g\"", box->x, box->y, box->width,
            box->height);
}

static void write_escaped(FILE *stream, const char *text)
{
    for (; text && *text; text++) {
        if (*text == '<')
            fputs("&lt;", stream);
        else if (*text == '&')
            fputs("&amp;", stream);
        else
            putc(*text, stream);
    }
}

/* What is shown for a node when it is pointed at. */
static void write_title(const struct picture *picture, const struct map_node *node)
{
    const struct plan_entry *entry = &node->entry;
    const char *const texts[] = {entry->name, entry->owner, entry->provider, entry->note};
    char range[IPV4_RANGE_TEXT_SIZE];
    FILE *stream = picture->stream;

    ipv4_range_format(entry->range, range);
    fprintf(stream, "<title>%s %s, %s", range, plan_kind_name(entry->kind), plan_status_name(entry->status));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (!texts[i])
            continue;
        fputs(", ", stream);
        write_escaped(stream, texts[i]);
    }
    if (entry->kind == PLAN_BLOCK || entry->kind == PLAN_SUBNET)
        fprintf(stream, ", %.1f %% used", node->used * 100);
    fputs("</title>", stream);
}

/* --- small ones --------------------------------------------------------------------------------------------------- */

static bool is_small(const struct box *box)
{
    return box->width < CELL || box->height < CELL;
}

/* Addresses of a block that is smaller than a cell. */
static void count_small(struct picture *picture, const struct panel *panel, struct ipv4_prefix prefix, enum tint tint)
{
    struct ipv4_rect rect = ipv4_hilbert(panel->whole, prefix);
    size_t x = (size_t)(rect.x * panel->scale / CELL), y = (size_t)(rect.y * panel->scale / CELL);

    picture->cells[(y < CELLS ? y : CELLS - 1) * CELLS + (x < CELLS ? x : CELLS - 1)].addresses[tint] +=
        (uint32_t)ipv4_prefix_size(prefix);
}

/* The cells' colours are what most of them is, the stronger the more of it is used. */
static void write_cells(const struct picture *picture, const struct panel *panel)
{
    double addresses = (CELL / panel->scale) * (CELL / panel->scale);

    for (size_t i = 0; i < (size_t)CELLS * CELLS; i++) {
        const struct cell *cell = &picture->cells[i];
        unsigned most = TINT_FREE;
        uint64_t all = 0;
        for (unsigned tint = 0; tint < TINT_COUNT; tint++) {
            all += cell->addresses[tint];
            most = cell->addresses[tint] > cell->addresses[most] ? tint : most;
        }
        if (!all)
            continue;
        size_t x = i % CELLS * CELL, y = i / CELLS * CELL;
        double part = (double)all / addresses;
        begin_rect(picture->stream, &(struct box){panel->box.x + (double)x, panel->box.y + (double)y, CELL, CELL});
        fprintf(picture->stream, " fill=\"%s\" opacity=\"%.2f\"/>\n", colour_of[most],
                0.3 + 0.7 * (part < 1 ? part : 1));
    }
}

/* --- nodes -------------------------------------------------------------------------------------------------------- */

static void write_box(const struct picture *picture, const struct box *box, enum tint tint, const struct map_node *node)
{
    double line = node->entry.kind == PLAN_BLOCK ? 1.5 : 0.75;

    begin_rect(picture->stream, box);
    fprintf(picture->stream, " fill=\"%s\" stroke=\"#374151\" stroke-width=\"%g\">",
            is_outline(node, picture->colours) ? "none" : colour_of[tint],
            box->width < 12 || box->height < 12 ? 0.3 : line);
    write_title(picture, node);
    fputs("</rect>\n", picture->stream);
}

/* A node's rectangles. False: it is too small for any. */
static bool write_node(struct picture *picture, const struct panel *panel, const struct map_node *node)
{
    struct ipv4_blocks blocks = ipv4_blocks_of(node->entry.range);
    enum tint tint = tint_of(node, picture->colours);
    struct ipv4_prefix prefix;
    bool drawn = false;

    while (ipv4_blocks_next(&blocks, &prefix)) {
        struct box box = box_of(panel, prefix);
        if (is_small(&box)) {
            if (!is_outline(node, picture->colours))
                count_small(picture, panel, prefix, tint);
        } else {
            write_box(picture, &box, tint, node);
            drawn = true;
        }
    }
    return drawn;
}

/* What a node is of all addresses: those that lie in it are told apart from it. */
static void count_node(struct picture *picture, const struct map_node *nodes, size_t count, size_t at)
{
    uint64_t inner = 0;
    struct ipv4_range range = nodes[at].entry.range, seen = {1, 0}; /* none */

    for (size_t i = at + 1; i < count && ipv4_range_covers(range, nodes[i].entry.range); i++) {
        if (is_outline(&nodes[i], picture->colours) || ipv4_range_covers(seen, nodes[i].entry.range))
            continue;
        seen = nodes[i].entry.range;
        inner += ipv4_range_size(seen);
    }
    picture->addresses[tint_of(&nodes[at], picture->colours)] += ipv4_range_size(range) - inner;
}

/* Whether others lie in it. */
static bool is_around(const struct panel *panel, size_t at)
{
    return at + 1 < panel->count && ipv4_range_covers(panel->nodes[at].entry.range, panel->nodes[at + 1].entry.range);
}

/* Those that others lie in, or the others, which come on top of the grid. */
static void write_nodes(struct picture *picture, const struct panel *panel, bool around)
{
    struct ipv4_range small = {1, 0}; /* the last one that was not drawn; none */

    for (size_t i = 0; i < panel->count; i++) {
        struct ipv4_range range = panel->nodes[i].entry.range;
        struct box box = box_of(panel, ipv4_range_around(range));
        bool big_around = is_around(panel, i) && !is_small(&box);
        if (big_around == around && !ipv4_range_covers(small, range) && !write_node(picture, panel, &panel->nodes[i]))
            small = range;
    }
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void write_text(FILE *stream, double x, double y, double size, const char *anchor, const char *fill,
                       double opacity, const char *text)
{
    fprintf(stream, "<text x=\"%.6g\" y=\"%.6g\" font-size=\"%.3g\" text-anchor=\"%s\" fill=\"%s\"", x, y, size, anchor,
            fill);
    if (opacity < 1)
        fprintf(stream, " opacity=\"%.2g\"", opacity);
    putc('>', stream);
    write_escaped(stream, text);
    fputs("</text>\n", stream);
}

/* The size in which a text fits; 0: in none that can be read. */
static double font_for(const struct box *box, const char *text, double most)
{
    double size = (box->width - 4) / (FONT_ASPECT * (double)strlen(text));

    size = size > box->height * 0.6 ? box->height * 0.6 : size;
    return size < FONT_MIN ? 0 : size > most ? most : size;
}

/* The largest of a node's rectangles. */
static struct box largest_box(const struct panel *panel, struct ipv4_range range)
{
    struct ipv4_blocks blocks = ipv4_blocks_of(range);
    struct box largest = {0, 0, 0, 0};
    struct ipv4_prefix prefix;

    while (ipv4_blocks_next(&blocks, &prefix)) {
        struct box box = box_of(panel, prefix);
        if (box.width * box.height > largest.width * largest.height)
            largest = box;
    }
    return largest;
}

/* A node's name, or its addresses; of what others lie in it is large, and behind theirs. */
static void write_label(const struct picture *picture, const struct panel *panel, size_t at)
{
    const struct plan_entry *entry = &panel->nodes[at].entry;
    bool around = is_around(panel, at);
    struct box box = largest_box(panel, entry->range);
    char range[IPV4_RANGE_TEXT_SIZE], addr[IPV4_TEXT_SIZE];

    ipv4_range_format(entry->range, range);
    ipv4_addr_format(entry->range.first, addr);
    const char *last = strrchr(addr, '.');
    const char *const texts[] = {entry->name, range, entry->kind == PLAN_HOST ? last : NULL};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        double size = texts[i] ? font_for(&box, texts[i], around ? 3 * FONT_MAX : FONT_MAX) : 0;
        if (!size)
            continue;
        bool dark = is_dark(tint_of(&panel->nodes[at], picture->colours)) && !around;
        write_text(picture->stream, box.x + box.width / 2, box.y + box.height / 2 + size * 0.35, size, "middle",
                   dark ? "#fff" : "#111827", around ? 0.35 : 1, texts[i]);
        return;
    }
}

/* Fields of 1/256 each, with their first addresses where these can be read. */
static void write_grid(const struct picture *picture, const struct panel *panel)
{
    uint8_t len = (uint8_t)(panel->whole.len + GRID_BITS < 32 ? panel->whole.len + GRID_BITS : 32);
    uint64_t step = ipv4_prefix_size((struct ipv4_prefix){0, len}), size = ipv4_prefix_size(panel->whole);
    char text[IPV4_TEXT_SIZE];

    fputs("<g stroke=\"#6b7280\" stroke-opacity=\"0.35\" stroke-width=\"0.5\" fill=\"none\">\n", picture->stream);
    for (uint64_t at = 0; at < size; at += step) {
        struct box box = box_of(panel, (struct ipv4_prefix){panel->whole.addr + (uint32_t)at, len});
        begin_rect(picture->stream, &box);
        fputs("/>\n", picture->stream);
    }
    fputs("</g>\n", picture->stream);
    for (uint64_t at = 0; at < size; at += step) {
        struct box box = box_of(panel, (struct ipv4_prefix){panel->whole.addr + (uint32_t)at, len});
        ipv4_addr_format(panel->whole.addr + (uint32_t)at, text);
        double font = font_for(&box, text, 9);
        if (font)
            write_text(picture->stream, box.x + box.width / 2, box.y + box.height - 3, font, "middle", "#111827", 0.6,
                       text);
    }
}

static void write_panel(struct picture *picture, const struct panel *panel)
{
    const struct plan_entry *first = panel->count ? &panel->nodes[0].entry : NULL;
    char title[IPV4_PREFIX_TEXT_SIZE + PLAN_NAME_MAX + 4], prefix[IPV4_PREFIX_TEXT_SIZE];
    bool named = first && first->name && ipv4_range_equal(first->range, ipv4_range_of(panel->whole));

    ipv4_prefix_format(panel->whole, prefix);
    snprintf(title, sizeof(title), "%s%s%.63s", prefix, named ? " \xc2\xb7 " : "", named ? first->name : "");
    write_text(picture->stream, panel->box.x, panel->box.y - 9, 15, "start", "#111827", 1, title);
    begin_rect(picture->stream, &panel->box);
    fprintf(picture->stream, " fill=\"%s\"/>\n", colour_of[TINT_FREE]);
    memset(picture->cells, 0, (size_t)CELLS * CELLS * sizeof(*picture->cells));
    write_nodes(picture, panel, true);
    write_grid(picture, panel);
    write_nodes(picture, panel, false);
    write_cells(picture, panel);
    for (size_t i = 0; i < panel->count; i++)
        write_label(picture, panel, i);
    begin_rect(picture->stream, &panel->box);
    fputs(" fill=\"none\" stroke=\"#111827\" stroke-width=\"1.5\"/>\n", picture->stream);
}

static void write_legend(const struct picture *picture, double x, double y)
{
    char text[80];

    for (unsigned tint = 0; tint < TINT_COUNT; tint++) {
        if (!picture->addresses[tint])
            continue;
        begin_rect(picture->stream, &(struct box){x, y, 16, 16});
        fprintf(picture->stream, " fill=\"%s\" stroke=\"#374151\" stroke-width=\"0.5\"/>\n", colour_of[tint]);
        snprintf(text, sizeof(text), "%s: %llu", name_of[tint], (unsigned long long)picture->addresses[tint]);
        write_text(picture->stream, x + 24, y + 13, 13, "start", "#111827", 1, text);
        y += 24;
    }
}

/* --- panels ------------------------------------------------------------------------------------------------------- */

/* The outermost nodes' prefixes, each with what lies in it; all in one if they are too many, or `whole` is said. */
static size_t divide(const struct map_node *nodes, size_t count, const struct ipv4_prefix *whole,
                     struct panel panels[static MAP_PANELS_MAX])
{
    size_t found = 0;
    struct ipv4_range all = count ? nodes[0].entry.range : (struct ipv4_range){0, UINT32_MAX};

    for (size_t i = 0; i < count; i++) {
        struct ipv4_range range = nodes[i].entry.range;
        all.last = range.last > all.last ? range.last : all.last;
        if (found && found <= MAP_PANELS_MAX && ipv4_range_covers(ipv4_range_of(panels[found - 1].whole), range)) {
            panels[found - 1].count++;
            continue;
        }
        if (found < MAP_PANELS_MAX)
            panels[found] = (struct panel){.whole = ipv4_range_around(range), .nodes = &nodes[i], .count = 1};
        found += found <= MAP_PANELS_MAX;
    }
    if (found && found <= MAP_PANELS_MAX && !whole)
        return found;
    panels[0] = (struct panel){.whole = whole ? *whole : ipv4_range_around(all), .nodes = nodes, .count = count};
    return 1;
}

/* Beside and below one another. The picture's size. */
static struct box arrange(struct panel *panels, size_t count, double side, size_t columns)
{
    double y = MARGIN, row = 0;

    for (size_t i = 0; i < count; i++) {
        struct panel *panel = &panels[i];
        struct ipv4_rect rect = ipv4_hilbert(panel->whole, panel->whole);
        if (i && i % columns == 0) {
            y += row;
            row = 0;
        }
        panel->scale = side / rect.width;
        panel->box.width = side;
        panel->box.height = rect.height * panel->scale;
        panel->box.x = MARGIN + (double)(i % columns) * (side + MARGIN);
        panel->box.y = y + HEAD;
        row = HEAD + panel->box.height + MARGIN > row ? HEAD + panel->box.height + MARGIN : row;
    }
    return (struct box){0, 0, (double)columns * (side + MARGIN) + MARGIN + LEGEND, y + (row > LEGEND ? row : LEGEND)};
}

int map_write(FILE *stream, const struct map_node *nodes, size_t count, const struct ipv4_prefix *whole,
              enum map_colours colours)
{
    static const double sides[] = {SIDE, 560, 420, 340}; /* by columns */
    struct picture picture = {
        .stream = stream, .colours = colours, .cells = calloc((size_t)CELLS * CELLS, sizeof(*picture.cells))};
    struct panel panels[MAP_PANELS_MAX];
    size_t found = divide(nodes, count, whole, panels), columns = 1;
    uint64_t addresses = 0, planned = 0;

    if (!picture.cells)
        return -ENOMEM;
    while (columns < ARRAY_SIZE(sides) && columns * columns < found)
        columns++;
    struct box size = arrange(panels, found, sides[columns - 1], columns);
    fprintf(stream,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.6g %.6g\" width=\"%.6g\" height=\"%.6g\" "
            "font-family=\"sans-serif\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            size.width, size.height, size.width, size.height);
    for (size_t i = 0; i < found; i++) {
        write_panel(&picture, &panels[i]);
        addresses += ipv4_prefix_size(panels[i].whole);
    }
    for (size_t i = 0; i < count; i++)
        if (!is_outline(&nodes[i], colours))
            count_node(&picture, nodes, count, i);
    for (unsigned tint = 0; tint < TINT_COUNT; tint++)
        planned += picture.addresses[tint];
    picture.addresses[TINT_FREE] = addresses - planned;
    write_legend(&picture, size.width - LEGEND, MARGIN + HEAD);
    fputs("</svg>\n", stream);
    free(picture.cells);
    return 0;
}
