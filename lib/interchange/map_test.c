/* The map: nodes where they belong, in their colours; what is too small together; words that can be read. */
#include "interchange/map.h"

#include "base/compiler.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static struct map_node node(enum plan_kind kind, const char *range, const char *name, double used)
{
    struct map_node node = {.entry = {.kind = (uint8_t)kind, .name = name, .status = PLAN_ASSIGNED}, .used = used};

    assert_int_equal(ipv4_range_parse(range, strlen(range), IPV4_PREFIX_ALLOW_ADDRESS, &node.entry.range, NULL), 0);
    return node;
}

/* To be freed. */
static char *draw(const struct map_node *nodes, size_t count, const struct ipv4_prefix *whole, enum map_colours colours)
{
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);

    assert_non_null(stream);
    assert_int_equal(map_write(stream, nodes, count, whole, colours), 0);
    fclose(stream);
    return text;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s is not in %.3000s", part, text);
}

static void nodes_are_where_they_belong(void **state)
{
    const struct map_node nodes[] = {node(PLAN_SUBNET, "192.168.1.0/24", "a<b&c", 0.5),
                                     node(PLAN_HOST, "192.168.1.3", NULL, 0),
                                     node(PLAN_POOL, "192.168.1.64-192.168.1.191", "pool", 0)};
    char *text = draw(nodes, ARRAY_SIZE(nodes), NULL, MAP_BY_STATUS);

    (void)state;
    assert_has(text, "192.168.1.0/24 \xc2\xb7 a&lt;b&amp;c</text>");
    /* The whole; the fourth address, which is right of the first; a pool of two quarters, at the right. */
    assert_has(text, "<rect x=\"24\" y=\"54\" width=\"1024\" height=\"1024\" fill=\"#93c5fd\"");
    assert_has(text, "<rect x=\"88\" y=\"54\" width=\"64\" height=\"64\" fill=\"#1e3a8a\"");
    assert_has(text, "<title>192.168.1.3 host, assigned</title>");
    assert_has(text, "<rect x=\"536\" y=\"54\" width=\"512\" height=\"512\" fill=\"#14b8a6\"");
    assert_has(text, "<rect x=\"536\" y=\"566\" width=\"512\" height=\"512\" fill=\"#14b8a6\"");
    assert_int_equal(count_of(text, "<title>"), 4);
    assert_has(text, "subnet: 127</text>");
    assert_has(text, "pool: 128</text>");
    assert_has(text, "host: 1</text>");
    assert_has(text, ">192.168.1.5</text>"); /* the grid's */
    assert_null(strstr(text, "not planned"));
    free(text);
    /* How full it is; pools and hosts do not hide it. */
    text = draw(nodes, ARRAY_SIZE(nodes), NULL, MAP_BY_UTILISATION);
    assert_has(text, "<rect x=\"24\" y=\"54\" width=\"1024\" height=\"1024\" fill=\"#41ab5d\"");
    assert_has(text, "width=\"512\" height=\"512\" fill=\"none\"");
    assert_has(text, "under 80 %: 256</text>");
    free(text);
}

static void small_ones_are_drawn_together(void **state)
{
    enum { SUBNETS = 100000 };
    struct map_node *nodes = calloc(SUBNETS + 1, sizeof(*nodes));

    (void)state;
    assert_non_null(nodes);
    nodes[0] = node(PLAN_BLOCK, "10.0.0.0/8", "all", 0.1);
    nodes[0].entry.status = PLAN_ALLOCATED;
    for (size_t i = 0; i < SUBNETS; i++) {
        uint32_t first = 0x0a000000 + (uint32_t)i * 160 / 8 * 8;
        nodes[i + 1] = nodes[0];
        nodes[i + 1].entry.kind = PLAN_SUBNET;
        nodes[i + 1].entry.status = PLAN_ASSIGNED;
        nodes[i + 1].entry.range = (struct ipv4_range){first, first + 7};
    }
    char *text = draw(nodes, SUBNETS + 1, NULL, MAP_BY_STATUS);
    assert_int_equal(count_of(text, "<title>"), 1);
    assert_has(text, "subnet: 800000</text>");
    assert_has(text, "block: 15977216</text>");
    /* A cell is a /24 there. */
    size_t cells = count_of(text, "width=\"4\" height=\"4\" fill=\"#93c5fd\"");
    assert_true(cells > 62000 && cells <= 62500);
    free(text);
    free(nodes);
}

static void each_outermost_node_has_a_map(void **state)
{
    struct map_node nodes[40];
    const struct ipv4_prefix whole = {.addr = 0x0a000000, .len = 8};
    char name[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
        snprintf(name, sizeof(name), "10.%zu.0.0/24", i);
        nodes[i] = node(PLAN_SUBNET, name, NULL, 0);
    }
    char *text = draw(nodes, 5, NULL, MAP_BY_STATUS);
    assert_int_equal(count_of(text, "fill=\"none\" stroke=\"#111827\""), 5);
    free(text);
    text = draw(nodes, MAP_PANELS_MAX, NULL, MAP_BY_STATUS);
    assert_int_equal(count_of(text, "fill=\"none\" stroke=\"#111827\""), MAP_PANELS_MAX);
    free(text);
    /* They are too many: what is around all of them. */
    text = draw(nodes, ARRAY_SIZE(nodes), NULL, MAP_BY_STATUS);
    assert_int_equal(count_of(text, "fill=\"none\" stroke=\"#111827\""), 1);
    assert_has(text, ">10.0.0.0/10</text>");
    free(text);
    text = draw(nodes, 2, &whole, MAP_BY_STATUS);
    assert_has(text, ">10.0.0.0/8</text>");
    assert_has(text, "not planned: 16776704</text>");
    free(text);
    text = draw(NULL, 0, NULL, MAP_BY_STATUS);
    assert_has(text, ">0.0.0.0/0</text>");
    assert_has(text, "not planned: 4294967296</text>");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_where_they_belong),
        cmocka_unit_test(small_ones_are_drawn_together),
        cmocka_unit_test(each_outermost_node_has_a_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
