/* What is exported is imported again, and is the same: all of it, or what the format has. */
#include "interchange/write.h"

#include "interchange/interchange.h"
#include "tests/plan_draw.h"
#include "tests/plan_dump.h"
#include "tests/plan_written.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 100
#define NODES  150

static const uint8_t key[SIPHASH_KEY_SIZE] = {7};

/* A plan of what files say. */
static struct plan *imported(struct interchange *files)
{
    const struct plan_by by = {.everywhere = true, .now_s = 9999};
    struct plan *plan = plan_new(key);
    struct plan_wanted *wanted = calloc(files->count + 1, sizeof(*wanted));
    struct plan_refusal why;
    char text[PLAN_REFUSAL_SIZE];

    assert_true(plan && wanted);
    assert_int_equal(interchange_join(files), 0);
    for (size_t i = 0; i < files->remark_count; i++)
        fail_msg("%s", files->remarks[i].text);
    for (size_t i = 0; i < files->count; i++)
        wanted[i] = files->all[i].wanted;
    plan_wanted_settle(plan, wanted, files->count);
    if (plan_import(plan, wanted, files->count, &by, &why)) {
        plan_refusal_format(plan, &why, text);
        fail_msg("%s", text);
    }
    free(wanted);
    return plan;
}

/* Out into these formats, and in again. */
static void there_and_back(const enum interchange_format *formats, size_t count)
{
    size_t nodes = 0;

    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t seed = round + 1;
        struct plan *plan = plan_draw(&seed, NODES);
        struct interchange files = {0};
        for (size_t i = 0; i < count; i++) {
            size_t len;
            char *text = plan_written(plan, formats[i], &len);
            if (interchange_read(&files, "file", text, strlen(text)))
                fail_msg("%s: %s", files.wrong, text);
            free(text);
        }
        struct plan *again = imported(&files);
        char *was = plan_dump(plan), *is = plan_dump(again);
        assert_string_equal(is, was);
        nodes += plan_count(plan);
        free(was);
        free(is);
        plan_free(plan);
        plan_free(again);
        interchange_clear(&files);
    }
    assert_true(nodes / ROUNDS > 20);
}

static void all_of_it_as_json(void **state)
{
    (void)state;
    there_and_back((const enum interchange_format[]){INTERCHANGE_JSON}, 1);
}

static void all_of_it_as_csv(void **state)
{
    (void)state;
    there_and_back((const enum interchange_format[]){INTERCHANGE_CSV}, 1);
}

static void all_of_it_by_way_of_netbox(void **state)
{
    (void)state;
    there_and_back((const enum interchange_format[]){INTERCHANGE_NETBOX_ADDRESSES, INTERCHANGE_NETBOX_PREFIXES,
                                                     INTERCHANGE_NETBOX_RANGES},
                   3);
}

/* --- by example --------------------------------------------------------------------------------------------------- */

static void add(struct plan *plan, enum plan_kind kind, const char *range, const char *name, enum plan_status status)
{
    const struct plan_by by = {.now_s = 1000};
    struct plan_entry entry = {.kind = (uint8_t)kind, .name = name, .status = (uint8_t)status};

    assert_int_equal(ipv4_range_parse(range, strlen(range), IPV4_PREFIX_ALLOW_ADDRESS, &entry.range, NULL), 0);
    assert_int_equal(plan_add(plan, &entry, &by, NULL, NULL), 0);
}

static struct plan *example(void)
{
    struct plan *plan = plan_new(key);

    assert_non_null(plan);
    add(plan, PLAN_BLOCK, "10.1.0.0/16", "site", PLAN_ALLOCATED);
    add(plan, PLAN_SUBNET, "10.1.5.0/24", "site/lan0", PLAN_ASSIGNED);
    add(plan, PLAN_POOL, "10.1.5.100-10.1.5.199", NULL, PLAN_ASSIGNED);
    add(plan, PLAN_POOL, "10.1.5.64-10.1.5.79", NULL, PLAN_ASSIGNED);
    add(plan, PLAN_HOST, "10.1.5.1", "gw.example.net", PLAN_ASSIGNED);
    add(plan, PLAN_SUBNET, "10.1.6.0/25", NULL, PLAN_ASSIGNED);
    add(plan, PLAN_SUBNET, "10.1.7.0/24", NULL, PLAN_ASSIGNED);
    add(plan, PLAN_POOL, "10.1.7.16-10.1.7.31", NULL, PLAN_RESERVED);
    struct plan_entry lan2;
    uint32_t node = plan_find(plan, (struct ipv4_range){0x0a010700, 0x0a0107ff});
    plan_get(plan, node, &lan2);
    lan2.status = PLAN_RESERVED;
    assert_int_equal(plan_set(plan, node, &lan2, &(struct plan_by){.now_s = 1000}, NULL), 0);
    return plan;
}

static void assert_written(const struct plan *plan, enum interchange_format format, const char *expected)
{
    size_t len;
    char *text = plan_written(plan, format, &len);

    assert_string_equal(text, expected);
    free(text);
}

static void formats_by_example(void **state)
{
    struct plan *plan = example(), *empty = plan_new(key);

    (void)state;
    assert_written(plan, INTERCHANGE_DHCPD,
                   "# site/lan0\nsubnet 10.1.5.0 netmask 255.255.255.0 {\n    range 10.1.5.64 10.1.5.79;\n"
                   "    range 10.1.5.100 10.1.5.199;\n}\n\nsubnet 10.1.6.0 netmask 255.255.255.128 {\n}\n");
    assert_written(
        plan, INTERCHANGE_KEA,
        "{\"subnet4\": [\n"
        "  {\"id\": 167838976, \"subnet\": \"10.1.5.0/24\", \"user-context\": {\"name\": \"site/lan0\"}, \"pools\": "
        "[{\"pool\": \"10.1.5.64 - 10.1.5.79\"}, {\"pool\": \"10.1.5.100 - 10.1.5.199\"}]},\n"
        "  {\"id\": 167839232, \"subnet\": \"10.1.6.0/25\", \"user-context\": {}, \"pools\": []}\n]}\n");
    assert_written(plan, INTERCHANGE_ROUTES,
                   "[{\"type\": \"blackhole\", \"dst\": \"10.1.0.0/16\", \"protocol\": \"static\", \"flags\": []},\n"
                   " {\"dst\": \"10.1.5.0/24\", \"protocol\": \"static\", \"flags\": []},\n"
                   " {\"dst\": \"10.1.6.0/25\", \"protocol\": \"static\", \"flags\": []}]\n");
    size_t len;
    char *text = plan_written(plan, INTERCHANGE_NETBOX_ADDRESSES, &len);
    assert_non_null(strstr(text, "address,status,tenant,dns_name,description,comments\r\n"
                                 "10.1.5.1/24,active,,gw.example.net,gw.example.net,\"fairlead: {"));
    free(text);
    text = plan_written(plan, INTERCHANGE_NETBOX_RANGES, &len);
    assert_non_null(strstr(text, "\n10.1.5.64/24,10.1.5.79/24,active,,,\"fairlead: {"));
    free(text);
    text = plan_written(plan, INTERCHANGE_NETBOX_PREFIXES, &len);
    assert_non_null(strstr(text, "\n10.1.0.0/16,container,,site,\"fairlead: {"));
    free(text);
    assert_written(empty, INTERCHANGE_JSON, "{\"nodes\": []}\n");
    assert_written(empty, INTERCHANGE_KEA, "{\"subnet4\": []}\n");
    assert_written(empty, INTERCHANGE_DHCPD, "");
    assert_written(empty, INTERCHANGE_ROUTES, "[]\n");
    plan_free(plan);
    plan_free(empty);
}

/* What Fairlead writes for a DHCP server, it reads. */
static void dhcp_servers_files_are_read_again(void **state)
{
    struct plan *plan = example();

    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t len;
        char *text = plan_written(plan, i ? INTERCHANGE_KEA : INTERCHANGE_DHCPD, &len);
        struct interchange files = {0};
        assert_int_equal(interchange_read(&files, "file", text, strlen(text)), 0);
        assert_int_equal(files.count, 4);
        assert_int_equal(files.remark_count, 0);
        interchange_clear(&files);
        free(text);
    }
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_as_json),
        cmocka_unit_test(all_of_it_as_csv),
        cmocka_unit_test(all_of_it_by_way_of_netbox),
        cmocka_unit_test(formats_by_example),
        cmocka_unit_test(dhcp_servers_files_are_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
