/* Importing: whole plans into empty ones, parts into what is there, whose kinds are guessed, and who may. */
#include "plan/wanted.h"

#include "base/compiler.h"
#include "tests/plan_draw.h"
#include "tests/plan_dump.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#define NODES 200

static const uint8_t key[SIPHASH_KEY_SIZE] = {7};
static const struct plan_by me = {.now_s = 1000}, later = {.now_s = 2000};

static struct ipv4_range range_of(const char *text)
{
    struct ipv4_range range = {0};

    assert_int_equal(ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, &range, NULL), 0);
    return range;
}

/* Of which only the range is said. */
static struct plan_wanted some(const char *range)
{
    return (struct plan_wanted){.entry.range = range_of(range)};
}

static struct plan_wanted of_kind(const char *range, enum plan_kind kind)
{
    return (struct plan_wanted){{.range = range_of(range), .kind = (uint8_t)kind}, PLAN_GIVES_KIND};
}

static void import(struct plan *plan, struct plan_wanted *wanted, size_t count, const struct plan_by *by)
{
    struct plan_refusal why;

    plan_wanted_settle(plan, wanted, count);
    if (plan_import(plan, wanted, count, by, &why)) {
        char text[PLAN_REFUSAL_SIZE];
        plan_refusal_format(plan, &why, text);
        fail_msg("%s", text);
    }
}

static void must_not(struct plan *plan, struct plan_wanted *wanted, size_t count, const struct plan_by *by,
                     const char *expected)
{
    char text[PLAN_REFUSAL_SIZE], *was = plan_dump(plan);
    struct plan_refusal why;

    plan_wanted_settle(plan, wanted, count);
    assert_int_not_equal(plan_import(plan, wanted, count, by, &why), 0);
    plan_refusal_format(plan, &why, text);
    assert_string_equal(text, expected);
    char *is = plan_dump(plan);
    assert_string_equal(is, was);
    free(is);
    free(was);
}

static void assert_plan(const struct plan *plan, const char *expected)
{
    char *text = plan_dump(plan);

    assert_string_equal(text, expected);
    free(text);
}

#define NOBODYS " name= owner= provider= contract= note= "

/* --- kinds -------------------------------------------------------------------------------------------------------- */

static void kinds_are_what_they_look_like(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_wanted wanted[] = {some("10.0.1.7"),
                                   some("10.0.0.0/16"),
                                   some("10.0.1.100-10.0.1.149"),
                                   some("10.0.1.0/24"),
                                   some("10.0.2.0/24"),
                                   some("192.168.0.0/24"),
                                   some("192.168.0.10"),
                                   some("192.0.2.1"),
                                   some("10.0.2.0/25"),
                                   of_kind("10.0.1.200-10.0.1.203", PLAN_POOL)};

    import(plan, wanted, ARRAY_SIZE(wanted), &me);
    assert_plan(plan, "10.0.0.0/16 block allocated" NOBODYS "1000 1000 0\n"
                      "10.0.1.0/24 subnet assigned" NOBODYS "1000 1000 0\n"
                      "10.0.1.7 host assigned" NOBODYS "1000 1000 0\n"
                      "10.0.1.100-10.0.1.149 pool assigned" NOBODYS "1000 1000 0\n"
                      "10.0.1.200/30 pool assigned" NOBODYS "1000 1000 0\n"
                      "10.0.2.0/24 block allocated" NOBODYS "1000 1000 0\n"
                      "10.0.2.0/25 subnet assigned" NOBODYS "1000 1000 0\n"
                      "192.0.2.1 subnet assigned" NOBODYS "1000 1000 0\n"
                      "192.168.0.0/24 subnet assigned" NOBODYS "1000 1000 0\n"
                      "192.168.0.10 host assigned" NOBODYS "1000 1000 0\n");
    plan_free(plan);
}

/* What is there has its kind; a subnet in which there shall be another one becomes a block; what holds such is one. */
static void kinds_agree_with_what_is_there(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_wanted first[] = {of_kind("10.0.0.0/24", PLAN_BLOCK), some("10.0.1.0/24")},
                       second[] = {some("10.0.1.0/24"), some("10.0.1.0/25"), some("10.0.0.0/24"), some("10.0.0.0/8"),
                                   some("10.0.0.1")};

    import(plan, first, ARRAY_SIZE(first), &me);
    import(plan, second, ARRAY_SIZE(second), &later);
    assert_plan(plan, "10.0.0.0/8 block allocated" NOBODYS "2000 2000 0\n"
                      "10.0.0.0/24 block allocated" NOBODYS "1000 1000 0\n"
                      "10.0.0.1 host assigned" NOBODYS "2000 2000 0\n"
                      "10.0.1.0/24 block assigned" NOBODYS "1000 2000 0\n"
                      "10.0.1.0/25 subnet assigned" NOBODYS "2000 2000 0\n");
    plan_free(plan);
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

static void only_what_is_given_changes(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_entry site = {.range = range_of("10.0.0.0/24"),
                              .kind = PLAN_SUBNET,
                              .status = PLAN_ASSIGNED,
                              .name = "lan0",
                              .owner = "ada",
                              .note = "cellar"};
    struct plan_wanted wanted[] = {{{.range = site.range, .owner = "bob", .created_s = 5}, 0}};
    size_t count;

    assert_int_equal(plan_add(plan, &site, &me, NULL, NULL), 0);
    import(plan, wanted, 1, &later);
    plan_changes(plan, &count);
    assert_int_equal(count, 0);
    wanted[0].gives = PLAN_GIVES_OWNER | PLAN_GIVES_NOTE | PLAN_GIVES_CREATED;
    import(plan, wanted, 1, &later);
    plan_changes(plan, &count);
    assert_int_equal(count, 1);
    assert_plan(plan, "10.0.0.0/24 subnet assigned name=lan0 owner=bob provider= contract= note= 1000 2000 0\n");
    /* Names change hands at once. */
    struct plan_wanted hands[] = {{{.range = site.range}, PLAN_GIVES_NAME},
                                  {{.range = range_of("10.0.1.0/24"), .name = "lan0"}, PLAN_GIVES_NAME}};
    import(plan, hands, 2, &later);
    assert_plan(plan, "10.0.0.0/24 subnet assigned name= owner=bob provider= contract= note= 1000 2000 0\n"
                      "10.0.1.0/24 subnet assigned name=lan0 owner= provider= contract= note= 2000 2000 0\n");
    plan_free(plan);
}

/* --- who may ------------------------------------------------------------------------------------------------------ */

static void nobody_imports_where_another_acts(void **state)
{
    (void)state;
    const struct plan_by bob = {.holder = "bob", .now_s = 2000};
    struct plan *plan = plan_new(key);
    const uint32_t delegated = PLAN_GIVES_OWNER | PLAN_GIVES_DELEGATED;
    /* A delegation, and what is in it, in one. */
    struct plan_wanted whole[] = {
        {{.range = range_of("10.0.0.0/16"), .owner = "bob", .delegated = true}, delegated},
        some("10.0.1.0/24"),
        some("10.1.0.0/16"),
        {{.range = range_of("10.1.1.0/24"), .status = PLAN_RESERVED}, PLAN_GIVES_STATUS},
        some("10.1.1.9"),
    };
    struct plan_wanted in[] = {some("10.0.2.0/24")}, out[] = {some("10.2.0.0/16")}, reserved[] = {some("10.1.1.8")};

    import(plan, whole, ARRAY_SIZE(whole), &me);
    import(plan, whole, ARRAY_SIZE(whole), &me); /* it is so */
    must_not(plan, in, 1, &me,
             "10.0.2.0/24: lies in block 10.0.0.0/16, which is delegated: its owner alone acts there");
    must_not(plan, out, 1, &bob, "10.2.0.0/16: does not lie in a delegation to who acts");
    must_not(plan, reserved, 1, &me, "10.1.1.8: lies in subnet 10.1.1.0/24, which is reserved or quarantined");
    struct plan_wanted theirs[] = {{{.range = range_of("10.0.1.0/24"), .owner = "eve"}, PLAN_GIVES_OWNER}},
                       own[] = {{{.range = range_of("10.0.0.0/16"), .note = "mine"}, PLAN_GIVES_NOTE}};
    must_not(plan, theirs, 1, &me,
             "10.0.1.0/24: lies in block 10.0.0.0/16, which is delegated: its owner alone acts there");
    assert_int_equal(plan_wanted_allowed(plan, theirs, &me, NULL), -EACCES);
    assert_int_equal(plan_wanted_allowed(plan, theirs, &bob, NULL), 0);
    import(plan, in, 1, &bob);
    import(plan, own, 1, &bob); /* what the delegated node itself is for */
    plan_free(plan);
}

static void all_or_nothing(void **state)
{
    (void)state;
    struct plan *plan = plan_new(key);
    struct plan_wanted twice[] = {some("10.0.0.0/24"), some("10.0.1.0/24"), some("10.0.0.0/24")},
                       edge[] = {some("10.0.0.0/24"), some("10.0.0.0")},
                       overlap[] = {some("10.0.0.0/24"), some("10.0.0.10-10.0.0.20"), some("10.0.0.15-10.0.0.30")},
                       outermost[] = {of_kind("10.0.0.1", PLAN_HOST), some("10.1.0.0/24")};

    must_not(plan, twice, ARRAY_SIZE(twice), &me, "10.0.0.0/24: is in the plan already: another node");
    must_not(plan, edge, ARRAY_SIZE(edge), &me, "10.0.0.0: has the network or broadcast address of another node");
    must_not(plan, overlap, ARRAY_SIZE(overlap), &me, "10.0.0.15-10.0.0.30: overlaps another node");
    must_not(plan, outermost, ARRAY_SIZE(outermost), &me, "10.0.0.1: lies in no block or subnet of the plan");
    plan_free(plan);
}

/* --- any plan ----------------------------------------------------------------------------------------------------- */

/* All of it, in any order. To be freed. */
static struct plan_wanted *take_all(const struct plan *plan, uint64_t *seed, size_t *count)
{
    struct plan_wanted *all = calloc(plan_count(plan) + 1, sizeof(*all));
    struct plan_view view;
    uint32_t node;

    assert_non_null(all);
    *count = 0;
    plan_view_begin(&view, plan, (struct ipv4_prefix){0, 0});
    while ((node = plan_view_next(&view))) {
        plan_get(plan, node, &all[*count].entry);
        all[(*count)++].gives = UINT32_MAX;
    }
    for (size_t i = *count; i > 1; i--) {
        size_t other = (size_t)draw_below(seed, i);
        struct plan_wanted one = all[i - 1];
        all[i - 1] = all[other];
        all[other] = one;
    }
    return all;
}

static void any_plan_is_taken_over(void **state)
{
    (void)state;
    const struct plan_by everybody = {.everywhere = true, .now_s = 1000}; /* of what is there in delegations already */
    size_t most = 0;

    for (uint64_t round = 0; round < 300; round++) {
        uint64_t seed = round + 1;
        struct plan *plan = plan_draw(&seed, NODES), *other = plan_new(key);
        size_t count, changes;
        struct plan_wanted *all = take_all(plan, &seed, &count);
        char *was = plan_dump(plan);
        /* First a part of it, then all. */
        size_t part = (size_t)draw_below(&seed, count + 1);
        plan_wanted_settle(other, all, part);
        plan_import(other, all, part, &me, NULL);
        import(other, all, count, &everybody);
        assert_plan(other, was);
        import(other, all, count, &later);
        plan_changes(other, &changes);
        assert_int_equal(changes, 0);
        most = count > most ? count : most;
        free(was);
        free(all);
        plan_free(plan);
        plan_free(other);
    }
    assert_true(most > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_what_they_look_like),
        cmocka_unit_test(kinds_agree_with_what_is_there),
        cmocka_unit_test(only_what_is_given_changes),
        cmocka_unit_test(nobody_imports_where_another_acts),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(any_plan_is_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
