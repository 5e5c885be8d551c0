/*
 * Any file as an address plan: what can be of it becomes one, which is the same when it is written and read again, as
 * JSON, as CSV, and by way of NetBox.
 */
#include "interchange/interchange.h"
#include "interchange/map.h"
#include "tests/fuzz/fuzz.h"
#include "tests/plan_dump.h"
#include "tests/plan_written.h"

#include <string.h>

static const uint8_t key[SIPHASH_KEY_SIZE] = {7};
static const struct plan_by by = {.everywhere = true, .now_s = 1000};

/* One after the other, but for what cannot be: as many as could. */
static size_t import_each(struct plan *plan, struct interchange *files)
{
    struct plan_wanted *wanted = calloc(files->count + 1, sizeof(*wanted));
    size_t count = 0;

    FUZZ_CHECK(wanted && interchange_join(files) == 0);
    for (size_t i = 0; i < files->count; i++)
        wanted[i] = files->all[i].wanted;
    plan_wanted_settle(plan, wanted, files->count);
    for (size_t i = 0; i < files->count; i++)
        count += plan_import(plan, &wanted[i], 1, &by, NULL) == 0;
    free(wanted);
    return count;
}

static void there_and_back(const struct plan *plan, const enum interchange_format *formats, size_t count)
{
    struct interchange files = {0};
    struct plan *again = plan_new(key);

    FUZZ_CHECK(again);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        char *text = plan_written(plan, formats[i], &len);
        FUZZ_CHECK(interchange_read(&files, "file", text, len) == 0);
        free(text);
    }
    FUZZ_CHECK(import_each(again, &files) == plan_count(plan));
    char *was = plan_dump(plan), *is = plan_dump(again);
    FUZZ_CHECK(strcmp(was, is) == 0);
    free(was);
    free(is);
    plan_free(again);
    interchange_clear(&files);
}

static void draw_map(const struct plan *plan)
{
    struct map_node *nodes = calloc(plan_count(plan) + 1, sizeof(*nodes));
    FILE *stream = fopen("/dev/null", "w");
    struct plan_view view;
    size_t count = 0;
    uint32_t node;

    FUZZ_CHECK(nodes && stream);
    plan_view_begin(&view, plan, (struct ipv4_prefix){0, 0});
    while ((node = plan_view_next(&view)))
        plan_get(plan, node, &nodes[count++].entry);
    FUZZ_CHECK(map_write(stream, nodes, count, NULL, MAP_BY_STATUS) == 0);
    fclose(stream);
    free(nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct interchange files = {0};
    struct plan *plan = plan_new(key);
    int error = interchange_read(&files, "file", (const char *)data, size);

    FUZZ_CHECK(plan && (error == 0 || (error < 0 && files.wrong[0])));
    if (!error) {
        import_each(plan, &files);
        there_and_back(plan, (const enum interchange_format[]){INTERCHANGE_JSON}, 1);
        there_and_back(plan, (const enum interchange_format[]){INTERCHANGE_CSV}, 1);
        there_and_back(plan,
                       (const enum interchange_format[]){INTERCHANGE_NETBOX_PREFIXES, INTERCHANGE_NETBOX_RANGES,
                                                         INTERCHANGE_NETBOX_ADDRESSES},
                       3);
        draw_map(plan);
    }
    interchange_clear(&files);
    plan_free(plan);
    return 0;
}
