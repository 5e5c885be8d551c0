#include "conf/conf.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct conf *parsed(const char *text)
{
    struct conf_errors errors = {0};
    struct conf *conf = NULL;

    int rc = conf_parse(text, strlen(text), &conf, &errors);
    for (size_t i = 0; i < errors.count; i++)
        print_error("%u: %s\n", errors.all[i].line, errors.all[i].text);
    assert_int_equal(rc, 0);
    assert_int_equal(errors.count, 0);
    return conf;
}

static void an_example_means_what_it_says(void **state)
{
    (void)state;
    struct conf *conf = parsed("hostname = \"edge-1\"   # a comment\n"
                               "interface \"lan0\" {\n"
                               "    address = [\"10.0.1.1/24\", \"10.0.9.1/24\",]\n"
                               "    address = 10.0.10.1/31\n"
                               "    door = tc\n"
                               "}\n"
                               "interface wan0 { address = \"203.0.113.2/30\" }\n"
                               "route \"0.0.0.0/0\" { via = \"203.0.113.1\"  metric = 7  preference = 200 };\n"
                               "route 192.0.2.0/24 { type = blackhole }\n"
                               "route 198.51.100.0/24 { interface = wan0 }\n"
                               "preferences { static = 20 kernel = 30 }\n"
                               "management { sessions = 9 group = \"adm\" }\n");
    assert_string_equal(conf->hostname, "edge-1");
    assert_int_equal(conf->interface_count, 2);
    const struct conf_interface *lan = &conf->interfaces[0];
    assert_string_equal(lan->name, "lan0");
    assert_int_equal(lan->door, CONF_DOOR_TC);
    assert_int_equal(lan->address_count, 3);
    assert_int_equal(lan->addresses[1].prefix.addr, IPV4(10, 0, 9, 1));
    assert_int_equal(lan->addresses[2].prefix.len, 31);
    assert_int_equal(lan->addresses[2].line, 4);
    assert_int_equal(conf->interfaces[1].door, CONF_DOOR_AUTO);
    assert_int_equal(conf->route_count, 3);
    assert_int_equal(conf->routes[0].via, IPV4(203, 0, 113, 1));
    assert_int_equal(conf->routes[0].metric, 7);
    assert_int_equal(conf->routes[0].preference, 200);
    assert_int_equal(conf->routes[1].type, CONF_ROUTE_BLACKHOLE);
    assert_int_equal(conf->routes[1].preference, 20); /* written behind it, and yet its default */
    assert_string_equal(conf->routes[2].interface, "wan0");
    assert_int_equal(conf->kernel_preference, 30);
    assert_int_equal(conf->management.sessions, 9);
    assert_string_equal(conf->management.group, "adm");
    conf_free(conf);
}

static void what_is_served_by_dhcp(void **state)
{
    (void)state;
    struct conf *conf = parsed("interface lan0 {\n"
                               "    address = \"10.0.1.1/24\"\n"
                               "    dhcp {\n"
                               "        pool = [\"10.0.1.100-10.0.1.199\", \"10.0.1.32/28\"]\n"
                               "        lease = 1h30m\n"
                               "        lease-max = infinite\n"
                               "        authoritative = true\n"
                               "        client = mac\n"
                               "        next-server = 10.0.1.9\n"
                               "        routers = []\n"
                               "        dns = 10.0.1.1\n"
                               "        domain-name-servers = 10.0.1.2\n"
                               "        domain = \"lab.example\"\n"
                               "    }\n"
                               "}\n"
                               "interface lan1 { dhcp { pool = 192.0.2.5-192.0.2.5 } }\n");
    const struct conf_dhcp *dhcp = conf->interfaces[0].dhcp;

    assert_non_null(dhcp);
    assert_int_equal(dhcp->range_count, 2);
    assert_int_equal(dhcp->ranges[0].first, IPV4(10, 0, 1, 100));
    assert_int_equal(dhcp->ranges[0].last, IPV4(10, 0, 1, 199));
    assert_int_equal(dhcp->ranges[1].first, IPV4(10, 0, 1, 32));
    assert_true(dhcp->ranges[1].is_prefix);
    assert_int_equal(dhcp->lease_s, 5400);
    assert_int_equal(dhcp->lease_min_s, 60);
    assert_int_equal(dhcp->lease_max_s, UINT32_MAX);
    assert_true(dhcp->authoritative && dhcp->by_mac && !dhcp->bootp && dhcp->has_routers);
    assert_int_equal(dhcp->next_server, IPV4(10, 0, 1, 9));
    assert_int_equal(dhcp->option_count, 2);
    assert_int_equal(dhcp->options[0].option->code, 6);
    assert_int_equal(dhcp->options[0].len, 8);
    assert_memory_equal(dhcp->options[0].bytes, "\n\0\1\1\n\0\1\2", 8);
    assert_int_equal(dhcp->options[1].len, 11);
    assert_true(conf_serves_dhcp(conf));
    assert_int_equal(conf->interfaces[1].dhcp->lease_s, 3600);
    assert_false(conf->interfaces[1].dhcp->has_routers);
    conf_free(conf);
}

static void nothing_at_all_is_a_configuration(void **state)
{
    (void)state;
    struct conf *conf = parsed(" \n# nothing\n");

    assert_int_equal(conf->interface_count, 0);
    assert_int_equal(conf->static_preference, 5);
    assert_int_equal(conf->kernel_preference, 10);
    assert_int_equal(conf->management.sessions, 256);
    assert_null(conf_free(conf));
    assert_null(conf_free(NULL));
}

/* A text, and all that is wrong with it: "line: beginning of the error" for each. */
static const struct {
    const char *text;
    const char *errors[6];
} wrong[] = {
    {"hostname \"x\"", {"1: expected '{' behind the label"}},
    {"interface a { dhcp { } }", {"1: dhcp: expected a pool"}},
    {"interface a { dhcp { pool = 10.0.0.9-10.0.0.2\npool = 10.0.0.1\npool = 10.0.0.1/24\npool = 0.0.0.0/0 } }",
     {"1: pool: '10.0.0.9-10.0.0.2': character 10: expected an address that is not lower", "1: dhcp: expected a pool",
      "2: pool: '10.0.0.1': character 9: expected '-' and the last", "3: pool: '10.0.0.1/24': character",
      "4: pool: '0.0.0.0/0': expected at most 16777216"}},
    {"interface a { address = 10.0.0.1/24 dhcp { pool = 10.0.1.5-10.0.1.6 } }",
     {"1: pool 10.0.1.5-10.0.1.6: expected a range in a subnet of interface a"}},
    {"interface a { address = 10.0.0.1/24 dhcp { pool = 10.0.0.0-10.0.0.6 } }",
     {"1: pool 10.0.0.0-10.0.0.6: expected hosts' addresses"}},
    {"interface a { dhcp { pool = 10.0.0.5-10.0.0.6 } }\ninterface b { dhcp { pool = 10.0.0.6-10.0.0.7 } }",
     {"2: pool: 10.0.0.6 is in two ranges, of lines 1 and 2"}},
    {"interface a { dhcp { pool = 10.0.0.5-10.0.0.6\nlease = 3s\nlease-min = 2h\nlease-max = 1\nclient = me } }",
     {"2: lease: '3s': expected at least 4 s", "4: lease-max: '1': character 2: expected a duration",
      "5: client: 'me': expected id or mac"}},
    {"interface a { dhcp { pool = 10.0.0.5-10.0.0.6 lease = 1h lease-min = 2h } }",
     {"1: dhcp: expected lease-min <= lease <= lease-max"}},
    {"interface a { dhcp { pool = 10.0.0.5-10.0.0.6\nsubnet-mask = 1\nrouter = 1\nmtu = 70000\ndomain = a\n"
     "domain-name = b } }",
     {"2: subnet-mask is the server's own", "3: 'router' is not known in dhcp: expected one of pool, lease",
      "4: mtu: '70000': character 1: expected a number from 0 to 65535", "6: domain-name is set already, in line 5"}},
    {"dhcp { pool = 10.0.0.5-10.0.0.6 }", {"1: 'dhcp' is not known here"}},
    {"= 3", {"1: expected the name of a setting or block, found '='"}},
    {"hostname = \ninterface lan0 { color = 3 }",
     {"1: expected a value: a string in quotation marks, or a word, found the end of the line",
      "2: 'color' is not known in interface"}},
    {"hostname = \"x\nhostname = \"y\"", {"1: expected '\"' at the end of the string, found the end of the line"}},
    {"hostname = \"a\\n\"", {"1: expected '\"' or '\\' behind a backslash"}},
    {"hostname = a hostname = b", {"1: hostname is set already, in line 1"}},
    {"hostname = -a", {"1: hostname: '-a': expected letters"}},
    {"hostname = [a, b]", {"1: hostname: expected one value, no list"}},
    {"hostname = [a b]", {"1: expected ',' or ']'"}},
    {"hostname { }", {"1: hostname: expected '='"}},
    {"nothing = 1\n\nnonsense { x = 1 }",
     {"1: 'nothing' is not known here: expected one of hostname, interface, route, preferences, management",
      "3: 'nonsense' is not known here"}},
    {"interface lan0 {", {"1: expected '}' at the end of this block, found the end of the file"}},
    {"}\nhostname = x y\n\nroute",
     {"1: expected the name of a setting or block, found '}'",
      "2: expected '=' or '{' or a label behind the name, found the end of the line",
      "4: expected '=' or '{' or a label behind the name, found the end of the file"}},
    {"interface { }", {"1: interface: expected the interface's name in front of '{'"}},
    {"interface = lan0", {"1: interface: expected the interface's name and '{'"}},
    {"interface \"a name that is too long\" { }", {"1: interface 'a name that is too long': expected the name"}},
    {"interface \"../x\" { }", {"1: interface '../x': expected the name"}},
    {"interface lan0 { }\ninterface lan0 { }", {"2: interface lan0 is there already, in line 1"}},
    {"interface lan0 { door = left }", {"1: door: 'left': expected auto, xdp or tc"}},
    {"interface lan0 { color = 3 }", {"1: 'color' is not known in interface: expected one of address, door"}},
    {"interface lan0 {\n  address = 10.0.1.1\n  address = 10.0.1.256/24 }",
     {"2: address: '10.0.1.1': character 9: expected", "3: address: '10.0.1.256/24': character 8: expected"}},
    {"interface lan0 { address = [10.0.1.0/24, 10.0.2.255/24, 224.0.0.1/24, 127.0.0.5/8, 0.0.0.0/0] }",
     {"1: interface lan0: address '10.0.1.0/24': expected a host's address, not the network's",
      "1: interface lan0: address '10.0.2.255/24': expected a host's address, not the subnet's broadcast",
      "1: interface lan0: address '224.0.0.1/24': expected an address that a host can have",
      "1: interface lan0: address '127.0.0.5/8': expected an address that a host can have",
      "1: interface lan0: address '0.0.0.0/0': expected a subnet smaller"}},
    {"interface a { address = 10.0.1.1/24 }\ninterface b {\n address = 10.0.0.1/16 }",
     {"3: interface b: address '10.0.0.1/16' overlaps 10.0.1.1/24 of a in line 1"}},
    {"interface a { address = 10.0.1.1/24 address = 10.0.1.1/25 }", {"1: interface a: address '10.0.1.1/25' overlaps"}},
    {"route 10.0.0.0 { via = 10.0.0.1 }", {"1: route '10.0.0.0': character 9: expected"}},
    {"route 10.0.0.1/24 { via = 10.0.0.1 }", {"1: route '10.0.0.1/24': character"}},
    {"route 10.0.0.0/24 { }", {"1: route 10.0.0.0/24: expected via, interface or type"}},
    {"route 10.0.0.0/24 { via = 0.0.0.0 }", {"1: route 10.0.0.0/24: expected via, interface or type"}},
    {"route 10.0.0.0/24 { via = 224.0.0.5 }", {"1: route 10.0.0.0/24: via '224.0.0.5': expected a host's"}},
    {"route 224.0.0.0/24 { via = 10.0.0.5 }", {"1: route 224.0.0.0/24: expected a prefix of hosts"}},
    {"route 10.0.0.0/24 { type = blackhole via = 10.1.0.5 }",
     {"1: route 10.0.0.0/24: a blackhole route leads nowhere"}},
    {"route 10.0.0.0/24 { type = grey }",
     {"1: type: 'grey': expected unicast, blackhole, unreachable or prohibit",
      "1: route 10.0.0.0/24: expected via, interface or type"}},
    {"route 10.0.0.0/24 { via = 10.1.0.5 }\nroute 10.0.0.0/24 { via = 10.1.0.6 }",
     {"2: route 10.0.0.0/24 is there already, in line 1: expected another metric or preference"}},
    {"route 10.0.0.0/24 { via = 10.1.0.5 metric = 4294967296 }", {"1: metric: '4294967296': expected a number from 0"}},
    {"route 10.0.0.0/24 { via = 10.1.0.5 preference = 1 }", {"1: preference: '1': expected a number from 2 to 254"}},
    {"interface a { address = 10.1.0.5/24 }\nroute 10.0.0.0/24 { via = 10.1.0.5 }",
     {"2: route 10.0.0.0/24: via '10.1.0.5' is this router itself (interface a, line 1)"}},
    {"interface a { address = 10.1.0.5/24 }\nroute 10.0.0.0/24 { via = 10.2.0.5 interface = a }",
     {"2: route 10.0.0.0/24: via '10.2.0.5': expected an address in a subnet of interface a"}},
    {"preferences { static = 3 }\npreferences { kernel = 3 }", {"2: preferences is there already, in line 1"}},
    {"preferences x { }", {"1: preferences: expected '{', found a label"}},
    {"management { sessions = 0 }", {"1: sessions: '0': expected a number from 1 to 4096"}},
    {"management { group = \"\" }", {"1: group: '': expected the name of a group"}},
    {"a{a{a{a{a{a{a{a{a{a{}}}}}}}}}}", {"1: expected fewer blocks within blocks"}},
};

static void everything_that_is_wrong_is_listed_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct conf_errors errors = {0};
        struct conf *conf = NULL;
        assert_int_equal(conf_parse(wrong[i].text, strlen(wrong[i].text), &conf, &errors), -EINVAL);
        assert_null(conf);
        size_t expected = 0;
        for (; expected < ARRAY_SIZE(wrong[i].errors) && wrong[i].errors[expected]; expected++) {
            char line[CONF_ERROR_TEXT_SIZE + 20];
            const char *want = wrong[i].errors[expected];
            assert_true(expected < errors.count);
            snprintf(line, sizeof(line), "%u: %s", errors.all[expected].line, errors.all[expected].text);
            line[strlen(want) < strlen(line) ? strlen(want) : strlen(line)] = '\0';
            assert_string_equal(line, want);
        }
        if (strncmp(wrong[i].text, "a{a", 3) != 0) /* braces that are left over there */
            assert_int_equal(errors.count, expected);
    }
}

static void more_errors_than_are_kept_are_counted(void **state)
{
    (void)state;
    struct conf_errors errors = {0};
    struct conf *conf = NULL;
    char text[150 * 6 + 1] = "";

    for (size_t i = 0; i < 150; i++)
        memcpy(text + i * 6, "x = 1\n", 7);
    assert_int_equal(conf_parse(text, strlen(text), &conf, &errors), -EINVAL);
    assert_int_equal(errors.count, 150);
    assert_int_equal(errors.all[99].line, 100);
}

static char *printed(const struct conf *conf)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);

    assert_non_null(stream);
    conf_print(conf, stream);
    fclose(stream);
    return text;
}

static void what_is_printed_parses_to_the_same(void **state)
{
    (void)state;
    struct conf *conf =
        parsed("hostname = a.b interface \"e#th\"\n{ door = xdp address = [10.0.0.1/8, 11.0.0.1/8] }\n"
               "route 0.0.0.0/0 { via = 10.0.0.2 interface = eth1 } route 1.0.0.0/8 { type = prohibit }\n"
               "management { group = \"a\\\"\\\\b\" }");
    char *text = printed(conf);
    struct conf *again = parsed(text);
    char *text_again = printed(again);

    assert_string_equal(text, text_again);
    assert_string_equal(again->interfaces[0].name, "e#th");
    assert_string_equal(again->management.group, "a\"\\b");
    free(text);
    free(text_again);
    conf_free(conf);
    conf_free(again);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;

    assert_int_equal(conf_read("/nowhere/at/all", &text, &len), -ENOENT);
    assert_int_equal(conf_read("/", &text, &len), -EISDIR);
    assert_int_equal(conf_read("/dev/zero", &text, &len), -EFBIG);
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_means_what_it_says),
        cmocka_unit_test(what_is_served_by_dhcp),
        cmocka_unit_test(nothing_at_all_is_a_configuration),
        cmocka_unit_test(everything_that_is_wrong_is_listed_with_its_line),
        cmocka_unit_test(more_errors_than_are_kept_are_counted),
        cmocka_unit_test(what_is_printed_parses_to_the_same),
        cmocka_unit_test(files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
