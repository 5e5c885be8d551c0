#include "conf/planned.h"

#include "conf/conf.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char router[] = "interface lan0 {\n    rate = 100Mbit\n"
                             "    subnet = plan:site/lan0\n"
                             "    address = [\"plan:site/lan0/second\", \"10.9.0.1/24\"]\n"
                             "    dhcp { pool = \"plan:site/lan0/pool\"\n"
                             "           routers = plan:site/lan0/second\n"
                             "           reservation printer { mac = 02:00:00:00:00:01  address = plan:printer }\n"
                             "    }\n"
                             "}\n"
                             "route \"plan:site\" { type = blackhole }\n"
                             "contract one { out = lan0  rate = 1Mbit  burst = 10kB  delay = 50ms\n"
                             "    match = \"to plan:printer\"\n"
                             "}\n";

static const char meanings[] = "planned \"site\" { range = 10.0.0.0/16 }\n"
                               "planned \"site/lan0\" { range = 192.0.2.0/24 }\n"
                               "planned \"site/lan0\" { range = 10.0.1.0/24  length = 24 }\n"
                               "planned \"site/lan0/second\" { range = \"10.0.1.2\"  length = 24 }\n"
                               "planned \"site/lan0/pool\" { range = \"10.0.1.10-10.0.1.99\"  length = 24 }\n"
                               "planned \"nobody\" { range = \"10.0.1.10-10.0.1.99\"  length = 24 }\n"
                               "planned \"printer\" { range = \"10.0.1.3\"  length = 24 }\n";

static char *joined(const char *text, const char *more)
{
    char *whole = NULL;

    assert_true(asprintf(&whole, "%s%s", text, more) >= 0);
    return whole;
}

static void references_are_found(void **state)
{
    (void)state;
    static const char *const names[] = {"printer", "site", "site/lan0", "site/lan0/pool", "site/lan0/second"};
    struct conf_references references;

    assert_int_equal(conf_references_find(router, strlen(router), &references), 0);
    assert_int_equal(references.count, ARRAY_SIZE(names));
    for (size_t i = 0; i < references.count; i++) {
        assert_string_equal(references.all[i].name, names[i]);
        assert_ptr_equal(conf_references_get(&references, names[i]), &references.all[i]);
    }
    assert_null(conf_references_get(&references, "nobody"));
    conf_references_clear(&references);
    assert_int_equal(conf_references_find("a = \"b\" # plan:c\n{", 18, &references), 0);
    assert_int_equal(references.count, 0);
    assert_null(conf_references_get(&references, "c"));
    conf_references_clear(&references);
}

static void meanings_are_put_in_their_place(void **state)
{
    (void)state;
    struct conf_errors errors = {0};
    struct conf *conf = NULL;
    char *text = joined(router, meanings);
    int rc = conf_parse(text, strlen(text), &conf, &errors);

    for (size_t i = 0; i < errors.count; i++)
        print_error("%u: %s\n", errors.all[i].line, errors.all[i].text);
    assert_int_equal(rc, 0);
    const struct conf_interface *lan = &conf->interfaces[0];
    assert_int_equal(lan->address_count, 3);
    assert_true(lan->addresses[1].prefix.addr == IPV4(10, 0, 1, 2) && lan->addresses[1].prefix.len == 24);
    assert_true(lan->addresses[2].prefix.addr == IPV4(10, 9, 0, 1) && lan->addresses[2].line == 4);
    assert_true(lan->addresses[0].prefix.addr == IPV4(10, 0, 1, 1) && lan->addresses[0].prefix.len == 24);
    assert_true(lan->dhcp->ranges[0].first == IPV4(10, 0, 1, 10) && lan->dhcp->ranges[0].last == IPV4(10, 0, 1, 99));
    assert_int_equal(lan->dhcp->reservations[0].addr, IPV4(10, 0, 1, 3));
    assert_string_equal(lan->dhcp->scope.options[0].texts[0], "10.0.1.2");
    assert_true(conf->routes[0].prefix.addr == IPV4(10, 0, 0, 0) && conf->routes[0].prefix.len == 16);
    assert_int_equal(conf->contracts[0].matches[0].to.addr, IPV4(10, 0, 1, 3));
    conf_free(conf);
    free(text);
}

static void names_without_a_meaning_are_listed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
        unsigned line;
    } cases[] = {
        {"interface a {\nsubnet = plan:b }", "subnet: 'plan:b': the address plan has no node of that name", 2},
        {"route plan:x/y { type = blackhole }", "route: 'plan:x/y': the address plan has no node of that name", 1},
        {"planned {}", "planned: expected planned \"NAME\" { range = \"...\"  length = ... }", 1},
        {"planned b { range = 10.0.0.1/8 }", "planned: expected planned \"NAME\" { range = \"...\"  length = ... }", 1},
        {"planned b { range = 10.0.0.0/8  length = 33 }",
         "planned: expected planned \"NAME\" { range = \"...\"  length = ... }", 1},
        {"planned = 1", "planned: expected planned \"NAME\" { range = \"...\"  length = ... }", 1},
        /* A range where an address must be: said of what it is. */
        {"interface a { address = plan:b }\nplanned b { range = 10.0.0.0/8  length = 8 }",
         "interface a: address '10.0.0.0/8': expected a host's address, not the network's", 1},
        {"interface a { subnet = plan:b }\nplanned b { range = 10.0.0.1-10.0.0.9 }",
         "subnet: '10.0.0.1-10.0.0.9': character 9: expected the end of the address", 1},
        {"interface a { subnet = 10.0.0.1/24 }",
         "subnet: '10.0.0.1/24': character 1: expected an address without bits set behind the prefix length", 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct conf_errors errors = {0};
        struct conf *conf = NULL;
        assert_int_equal(conf_parse(cases[i].text, strlen(cases[i].text), &conf, &errors), -EINVAL);
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.all[0].text, cases[i].said);
        assert_int_equal(errors.all[0].line, cases[i].line);
    }
}

static void what_is_printed_means_the_same(void **state)
{
    (void)state;
    struct conf_references references;
    struct conf_errors errors = {0};
    struct conf *conf = NULL;
    char *blocks = NULL;
    size_t size;

    assert_int_equal(conf_references_find(router, strlen(router), &references), 0);
    for (size_t i = 0; i < references.count; i++) {
        references.all[i].found = true;
        references.all[i].range.first = references.all[i].range.last = IPV4(10, 0, 1, 20) + (uint32_t)i;
        references.all[i].len = 24;
    }
    conf_references_get(&references, "site")->range = (struct ipv4_range){IPV4(10, 0, 0, 0), IPV4(10, 0, 255, 255)};
    conf_references_get(&references, "site/lan0")->range = (struct ipv4_range){IPV4(10, 0, 1, 0), IPV4(10, 0, 1, 255)};
    conf_references_get(&references, "site/lan0/pool")->range =
        (struct ipv4_range){IPV4(10, 0, 1, 9), IPV4(10, 0, 1, 11)};
    FILE *stream = open_memstream(&blocks, &size);
    assert_non_null(stream);
    conf_references_print(&references, stream);
    fclose(stream);
    conf_references_clear(&references);
    char *text = joined(router, blocks);
    assert_int_equal(conf_parse(text, strlen(text), &conf, &errors), 0);
    assert_true(conf->interfaces[0].dhcp->ranges[0].last == IPV4(10, 0, 1, 11));
    conf_free(conf);
    free(blocks);
    free(text);
}

static void what_is_announced_is_discarded(void **state)
{
    (void)state;
    static const char text[] = "plan { discard = true }\n"
                               "route 10.1.0.0/16 { type = unreachable }\n"
                               "planned-discards = [10.9.0.0/16]\n";
    struct conf_references references;
    struct conf_errors errors = {0};
    struct conf *conf = NULL;
    char *blocks = NULL, *printed = NULL;
    size_t size;

    assert_int_equal(conf_references_find(text, strlen(text), &references), 0);
    assert_true(references.wants_discards && conf_references_any(&references) && !references.count);
    assert_int_equal(conf_references_discard(&references, (struct ipv4_prefix){IPV4(10, 1, 0, 0), 16}), 0);
    assert_int_equal(conf_references_discard(&references, (struct ipv4_prefix){IPV4(10, 2, 0, 0), 16}), 0);
    FILE *stream = open_memstream(&blocks, &size);
    assert_non_null(stream);
    conf_references_print(&references, stream);
    fclose(stream);
    conf_references_clear(&references);
    char *whole = joined(text, blocks); /* the later list counts */
    assert_int_equal(conf_parse(whole, strlen(whole), &conf, &errors), 0);
    assert_true(conf->plan.discard);
    assert_int_equal(conf->route_count, 2);
    assert_true(conf->routes[0].type == CONF_ROUTE_UNREACHABLE && conf->routes[0].prefix.addr == IPV4(10, 1, 0, 0));
    assert_true(conf->routes[1].type == CONF_ROUTE_BLACKHOLE && conf->routes[1].prefix.addr == IPV4(10, 2, 0, 0));
    assert_int_equal(conf->routes[1].preference, CONF_PREFERENCE_MAX);
    stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    conf_print(conf, stream);
    fclose(stream);
    conf_free(conf);
    assert_int_equal(conf_parse(printed, size, &conf, &errors), 0); /* its routes stand there now */
    assert_int_equal(conf->route_count, 2);
    conf_free(conf);
    free(printed);
    free(blocks);
    free(whole);
    assert_int_equal(conf_parse("planned-discards = x", 20, &conf, &errors), -EINVAL);
    assert_string_equal(errors.all[0].text, "planned-discards: 'x': expected a prefix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_found),
        cmocka_unit_test(meanings_are_put_in_their_place),
        cmocka_unit_test(names_without_a_meaning_are_listed),
        cmocka_unit_test(what_is_printed_means_the_same),
        cmocka_unit_test(what_is_announced_is_discarded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
