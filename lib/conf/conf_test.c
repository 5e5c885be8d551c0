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

static struct conf *printed_and_parsed(const struct conf *conf)
{
    char *text = printed(conf);
    struct conf *again = parsed(text);

    free(text);
    return again;
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

static void how_fast_and_where_it_waits(void **state)
{
    (void)state;
    struct conf *conf = parsed("interface a { rate = 20Mbit }\n"
                               "interface b { rate = 1Gbit  queue = drop-tail  link = pppoe-llcsnap }\n"
                               "interface c { rate = 512kbit  queue red {\n"
                               "    min = 20ms max = \"60ms\" probability = \"2%\" weight = 0.002 limit = 500ms\n"
                               "    gentle = false byte-mode = true ecn = false } }\n"
                               "interface d { rate = 10Gbit  queue fq-codel { target = 800us interval = 20ms\n"
                               "    flows = 64 quantum = 300 limit = 2000p } }\n"
                               "interface e { rate = 1Mbit  queue dualpi2 { coupling = 1.5 step = 3ms\n"
                               "    low-latency-share = 80 } }\n"
                               "interface f { }\n"
                               "interface g { rate = 1Mbit  queue = red }\n"
                               "interface h { rate = 1Mbit  queue red { adaptive = false } }\n"
                               "interface i { rate = 1Mbit  queue red { adaptive = true min = 10ms max = 30ms } }\n"
                               "interface j { rate = 1Gbit  queue drop-tail { limit = auto  factor = 1.5\n"
                               "    limit-min = 2ms  limit-max = 60000p } }\n");
    const struct conf_shape *a = &conf->interfaces[0].shape, *b = &conf->interfaces[1].shape,
                            *c = &conf->interfaces[2].shape, *d = &conf->interfaces[3].shape,
                            *e = &conf->interfaces[4].shape;
    assert_int_equal(a->rate, 2500000);
    assert_int_equal(a->classes[0].queue.kind, QUEUE_FQ_CODEL);
    assert_string_equal(link_kind_name(a->link), "ethernet");
    assert_int_equal(b->classes[0].queue.kind, QUEUE_DROP_TAIL);
    assert_string_equal(link_kind_name(b->link), "pppoe-llcsnap");
    assert_int_equal(c->classes[0].queue.kind, QUEUE_RED);
    assert_int_equal(c->classes[0].queue.red[0].max.value, 60000000);
    assert_int_equal(c->classes[0].queue.limit.unit, QUEUE_NS);
    assert_true(c->classes[0].queue.red[0].probability > 0.0199 && c->classes[0].queue.red[0].probability < 0.0201);
    assert_true(c->classes[0].queue.weight > 0.00199 && c->classes[0].queue.weight < 0.00201);
    assert_true(c->classes[0].queue.not_gentle && c->classes[0].queue.byte_mode && c->classes[0].queue.no_ecn &&
                !c->classes[0].queue.adaptive);
    assert_int_equal(d->classes[0].queue.target_ns, 800000);
    assert_int_equal(d->classes[0].queue.limit.value, 2000);
    assert_int_equal(d->classes[0].queue.flows, 64);
    assert_true(e->classes[0].queue.coupling > 1.49 && e->classes[0].queue.coupling < 1.51);
    assert_int_equal(e->classes[0].queue.low_latency_percent, 80);
    assert_int_equal(conf->interfaces[5].shape.rate, 0);
    assert_true(conf->interfaces[6].shape.classes[0].queue.adaptive &&
                !conf->interfaces[7].shape.classes[0].queue.adaptive);
    assert_true(conf->interfaces[8].shape.classes[0].queue.adaptive);

    const struct conf_shape *itself = &conf->interfaces[9].shape;
    assert_int_equal(itself->classes[0].queue.limit.unit, QUEUE_AUTO);
    assert_int_equal(itself->classes[0].queue.limit_min.value, 2000000);
    assert_int_equal(itself->classes[0].queue.limit_max.unit, QUEUE_PACKETS);
    assert_true(itself->classes[0].queue.factor > 1.49 && itself->classes[0].queue.factor < 1.51);
    assert_true(conf_shape_measures(itself) && !conf_shape_measures(b) && !conf_shape_measures(a));

    struct conf *again = printed_and_parsed(conf);
    for (size_t i = 0; i < conf->interface_count; i++) {
        assert_true(conf_shape_equal(&conf->interfaces[i].shape, &again->interfaces[i].shape));
        for (size_t j = 0; j < i; j++)
            assert_false(conf_shape_equal(&conf->interfaces[i].shape, &again->interfaces[j].shape));
    }
    conf_free(again);
    conf_free(conf);
}

static void what_waits_by_itself(void **state)
{
    (void)state;
    struct conf *conf =
        parsed("interface a { rate = 20Mbit  queue = codel\n"
               "    class \"voice\" { dscp = [\"ef\", \"va\", 63]  priority = 0  rate = 2Mbit  queue = drop-tail }\n"
               "    class \"bulk\" { dscp = le  priority = 5  weight = 3\n"
               "        queue red { min = 10p max = 30p  profile { dscp = [\"le\", \"cs1\"] min = 5p max = 10p }\n"
               "                    profile { dscp = 63 probability = 0.5 } } } }\n"
               "interface b { rate = 20Mbit  class default { priority = 1  queue = codel } }\n"
               "interface c { rate = 20Mbit  queue = codel }\n");
    const struct conf_shape *a = &conf->interfaces[0].shape, *b = &conf->interfaces[1].shape;
    const struct conf_traffic_class *voice = &a->classes[1], *bulk = &a->classes[2];

    assert_int_equal(a->class_count, 3);
    assert_string_equal(a->classes[0].name, "default");
    assert_int_equal(a->classes[0].queue.kind, QUEUE_CODEL);
    assert_int_equal(a->classes[0].priority, CONF_PRIORITY);
    assert_string_equal(voice->name, "voice");
    assert_true(voice->dscps == (UINT64_C(1) << 46 | UINT64_C(1) << 44 | UINT64_C(1) << 63));
    assert_int_equal(voice->rate, 250000);
    assert_int_equal(conf_traffic_class_rate(a, voice), 250000);
    assert_int_equal(conf_traffic_class_rate(a, bulk), a->rate);
    assert_int_equal(bulk->weight, 3);
    assert_int_equal(bulk->queue.red_count, 3);
    assert_int_equal(bulk->queue.profile_of[1], 1);
    assert_int_equal(bulk->queue.profile_of[8], 1);
    assert_int_equal(bulk->queue.profile_of[63], 2);
    assert_int_equal(bulk->queue.red[1].max.value, 10);
    assert_false(bulk->queue.adaptive);
    assert_int_equal(b->classes[0].queue.kind, QUEUE_CODEL);
    assert_int_equal(b->classes[0].priority, 1);

    struct conf *again = printed_and_parsed(conf);
    for (size_t i = 0; i < conf->interface_count; i++)
        for (size_t j = 0; j < conf->interface_count; j++)
            assert_int_equal(conf_shape_equal(&conf->interfaces[i].shape, &again->interfaces[j].shape), i == j);
    conf_free(again);
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
    assert_int_equal(dhcp->scope.lease_s, 5400);
    assert_int_equal(dhcp->scope.lease_min_s, 60);
    assert_int_equal(dhcp->scope.lease_max_s, UINT32_MAX);
    assert_true(dhcp->authoritative && dhcp->by_mac && !dhcp->bootp);
    assert_int_equal(dhcp->scope.next_server, IPV4(10, 0, 1, 9));
    assert_int_equal(dhcp->scope.option_count, 3);
    assert_int_equal(dhcp->scope.options[0].code, 3);
    assert_int_equal(dhcp->scope.options[0].text_count, 0); /* there is none */
    assert_int_equal(dhcp->scope.options[1].code, 6);
    assert_int_equal(dhcp->scope.options[1].len, 8);
    assert_memory_equal(dhcp->scope.options[1].bytes, "\n\0\1\1\n\0\1\2", 8);
    assert_int_equal(dhcp->scope.options[2].len, 11);
    assert_true(conf_has_clients(conf));
    assert_int_equal(conf->interfaces[1].dhcp->scope.lease_s, 3600);
    assert_int_equal(conf->interfaces[1].dhcp->scope.option_count, 0);
    conf_free(conf);
}

static void what_holds_for_some_clients(void **state)
{
    (void)state;
    struct conf *conf =
        parsed("interface lan0 {\n"
               "    address = [10.0.1.1/24, 10.0.2.1/24]\n"
               "    dhcp {\n"
               "        dns = []\n"
               "        pool = 10.0.1.100-10.0.1.199\n"
               "        pool 10.0.1.200-10.0.1.210 { class = phones }\n"
               "        subnet 10.0.2.0/24 { pool = 10.0.2.9-10.0.2.20 lease = 1d }\n"
               "        reservation nas { mac = 02:00:00:00:00:01 address = 10.0.1.9 }\n"
               "    }\n"
               "}\n"
               "dhcp {\n" /* behind it, and yet it holds there */
               "    lease = 2h  dns = 9.9.9.9  ntp = 9.9.9.8  always = dns  history = infinite\n"
               "    option-43.1:uint8 = 8  option-43.2:text = ab  option-224:address = [1.2.3.4, 1.2.3.5]\n"
               "    class pxe { vendor-class = \"PXEClient*\" architecture = [7, 9] boot-file-name = x }\n"
               "    class phones { mac = 00:1b:54 option-43 = 01:02 }\n"
               "    reservation a { client-id = \"name\" circuit-id = 0x6531 host-name = h lease = 1h }\n"
               "    subnet 10.7.0.0/24 { network = campus pool = 10.7.0.0/25 option-43.1:uint8 = 9 }\n"
               "    subnet 10.7.1.0/24 { network = campus authoritative = true }\n"
               "}\n");
    const struct conf_dhcp_general *general = &conf->dhcp;
    const struct conf_dhcp *lan = conf->interfaces[0].dhcp, *campus = general->all.subnets;

    assert_int_equal(general->history_s, UINT32_MAX);
    assert_int_equal(general->all.scope.option_count, 5);
    assert_string_equal(general->all.scope.options[2].key, "option-43.1:uint8");
    assert_memory_equal(general->all.scope.options[4].bytes, "\1\2\3\4\1\2\3\5", 8);
    assert_int_equal(general->class_count, 2);
    assert_true(general->classes[0].vendors[0].prefix && general->classes[0].vendors[0].len == 9);
    assert_int_equal(general->classes[0].systems[1], 9);
    assert_memory_equal(general->classes[1].macs[0].bytes, "\0\x1b\x54", 3);
    assert_memory_equal(general->all.reservations[0].keys[DHCP_BY_CIRCUIT_ID].bytes, "e1", 2);
    assert_int_equal(general->all.reservations[0].scope.lease_max_s, 3600);
    assert_int_equal(lan->scope.lease_s, 7200);
    assert_int_equal(lan->scope.option_count, 5);
    assert_int_equal(lan->scope.options[4].code, 6); /* none, here */
    assert_int_equal(lan->scope.options[4].text_count, 0);
    assert_int_equal(lan->scope.always_count, 1);
    assert_int_equal(lan->ranges[1].class_bits, 2);
    assert_int_equal(lan->subnets[0].scope.lease_s, 86400);
    assert_int_equal(lan->subnets[0].scope.option_count, 5);
    assert_string_equal(lan->reservations[0].name, "nas");
    assert_int_equal(lan->reservations[0].scope.lease_s, 0);
    assert_int_equal(general->all.subnet_count, 2);
    assert_string_equal(campus[1].network, "campus");
    assert_true(campus[1].authoritative && !campus[0].authoritative);
    assert_int_equal(campus[0].scope.option_count, 5);
    assert_memory_equal(campus[0].scope.options[4].bytes, "\x9", 1); /* one part is another */
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
    const char *errors[8];
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
     {"2: subnet-mask is the server's own",
      "3: 'router' is not known in dhcp: expected one of pool, subnet, reservation, authoritative",
      "4: mtu: '70000': character 1: expected a number from 0 to 65535", "6: domain-name is set already, in line 5"}},
    {"dhcp { pool = 10.0.0.5-10.0.0.6 }", {"1: 'pool' is not known in dhcp: expected one of relays, offer"}},
    {"dhcp { option-0 = 01\noption-255 = 01\noption-224:words = a\noption-50 = 10.0.0.1\noption-6.1 = 01\n"
     "option-224 = 1g\noption-1x = a }",
     {"1: option-0: expected option-N or option-N:TYPE", "2: option-255: expected option-N",
      "3: option-224:words: expected a type behind ':'", "4: option-50 is the server's own",
      "5: option-6.1: expected no parts", "6: option-224: '1g': character 2: expected hexadecimal digits",
      "7: option-1x: expected option-N"}},
    {"dhcp { option-43.1:uint8 = 1\nvendor-encapsulated-options = 0102\nalways = [dns, colour, option-50]\nhistory = 0 "
     "}",
     {"1: option-43.1:uint8: the option as a whole is set in line 2", "3: always: 'colour': expected an option's name",
      "3: always: 'option-50': expected", "4: history: '0': character 2: expected a duration"}},
    {"dhcp { domain-search = a domain-search = b option-119 = c\noption-119:text = d }",
     {"2: option-119:text is set already, in line 1"}},
    {"dhcp { class a { }\nclass b { vendor-class = \"\" mac = x architecture = 70000 }\nclass a { mac = 02 } }",
     {"1: class 'a': expected vendor-class", "2: vendor-class: '': expected 1 to 255", "2: mac: 'x': expected how",
      "2: architecture: '70000': expected a number", "2: class 'b': expected",
      "3: class 'a' is there already, in line 1"}},
    {"dhcp { reservation a { }\nreservation b { mac = 02:00 }\nreservation c { client-id = 0x }\n"
     "reservation d { mac = 02:00:00:00:00:01 address = 1.2.3 } }",
     {"1: reservation 'a': expected mac, client-id or circuit-id", "2: mac: '02:00': expected a hardware address",
      "2: reservation 'b': expected", "3: client-id: '0x': character 3", "3: reservation 'c': expected",
      "4: address: '1.2.3'"}},
    {"interface a { address = 10.0.0.1/24 dhcp {\n"
     "reservation b { mac = 02:00:00:00:00:01 address = 10.0.1.5 }\n"
     "reservation c { mac = 02:00:00:00:00:02 address = 10.0.0.255 }\n"
     "reservation d { mac = 02:00:00:00:00:03 address = 10.0.0.1 }\n"
     "reservation e { mac = 02:00:00:00:00:04 address = 10.0.0.6 }\n"
     "reservation f { mac = 02:00:00:00:00:04 address = 10.0.0.6 } } }",
     {"2: reservation 'b': 10.0.1.5: expected an address of this interface's",
      "3: reservation 'c': 10.0.0.255: expected", "4: reservation 'd': 10.0.0.1 is this router's own (interface a)",
      "6: reservation 'f': 10.0.0.6 is reserved already, in line 5", "6: reservation 'f': this mac has one already"}},
    {"interface a { address = 10.0.0.1/24 dhcp { subnet 10.0.1.0/24 { pool = 10.0.1.5-10.0.1.6 } } }\n"
     "dhcp { subnet 10.0.0.0/25 { pool = 10.1.0.5-10.1.0.6 }\nsubnet 10.2.0.0/16 { }\nsubnet 10.2.3.0/24 { }\n"
     "subnet 10.3.0.0 { network = \"a name that is too long\" } }",
     {"1: subnet 10.0.1.0/24: expected that of an address of interface a",
      "2: pool 10.1.0.5-10.1.0.6: expected a range in this subnet",
      "2: subnet 10.0.0.0/25 overlaps that of interface a", "4: subnet 10.2.3.0/24 overlaps the one in line 3",
      "5: subnet '10.3.0.0': character 9"}},
    {"interface a { dhcp { pool 10.0.0.5-10.0.0.6 { class = phones } } }",
     {"1: class: 'phones': expected the name of a class of the general dhcp block"}},
    {"interface a { source-guard = on }", {"1: source-guard: 'on': expected true or false"}},
    {"interface a { source-guard = true }\ninterface b { source-guard = true relay { server = 1.2.3.4 } }",
     {"1: interface a: source-guard would drop everything: expected dhcp or host",
      "2: interface b: source-guard would drop everything: expected dhcp or host (leases of other servers"}},
    {"interface a { address = 10.0.0.1/24 dhcp { pool = 10.0.0.5-10.0.0.6 }\nhost x { }\nhost 10.0.0.2 { }\n"
     "host 10.0.0.2 { mac = 01:00:00:00:00:01 }\nhost 10.0.1.2 { mac = 02:00:00:00:00:01 }\n"
     "host 10.0.0.6 { mac = 02:00:00:00:00:01 }\nhost 10.0.0.1 { mac = 02:00:00:00:00:01 } }",
     {"2: host 'x': character 1: expected", "3: host 10.0.0.2: expected mac", "4: mac: '01:00:00:00:00:01': expected a",
      "4: host 10.0.0.2: expected mac", "4: host 10.0.0.2 is there already, in line 3",
      "5: host 10.0.1.2: expected an address in a subnet", "6: host 10.0.0.6: is in the pool in line 1",
      "7: host 10.0.0.1: is this router itself (interface a)"}},
    {"interface a { relay { } }", {"1: relay: expected a server"}},
    {"interface a { address = 10.0.0.1/24 dhcp { pool = 10.0.0.5-10.0.0.6 }\n"
     "relay { server = 10.0.0.1 server = 127.0.0.1\nhops = 17 circuit-id = 0xabc giaddr = x } }",
     {"2: server: '127.0.0.1': expected a host's address", "2: interface a: expected dhcp or relay, not both",
      "2: relay: server '10.0.0.1' is this router itself", "3: hops: '17': expected a number from 0 to 16",
      "3: circuit-id: '0xabc': character", "3: giaddr: 'x'"}},
    {"= 3", {"1: expected the name of a setting or block, found '='"}},
    {"hostname = \ninterface lan0 { color = 3 }",
     {"1: expected a value: a string in quotation marks, or a word, found the end of the line",
      "2: 'color' is not known in interface"}},
    {"hostname = \"x\nhostname = \"y\"", {"1: expected '\"' at the end of the string, found the end of the line"}},
    {"hostname = \"a\\n\"", {"1: expected '\"' or '\\' behind a backslash"}},
    {"hostname = a hostname = b", {"1: hostname is set already, in line 1"}},
    {"hostname = -a", {"1: hostname: '-a': expected letters"}},
    {"dead-man = 1s", {"1: dead-man: '1s': expected at least 2 s"}},
    {"dead-man = 2d", {"1: dead-man: '2d': expected at most a day"}},
    {"dead-man = soon", {"1: dead-man: 'soon': character 1: expected a duration"}},
    {"bypass-firewall = yes", {"1: bypass-firewall: 'yes': expected true or false"}},
    {"interface a { bypass-firewall = maybe }", {"1: bypass-firewall: 'maybe': expected true or false"}},
    {"hostname = [a, b]", {"1: hostname: expected one value, no list"}},
    {"hostname = [a b]", {"1: expected ',' or ']'"}},
    {"hostname { }", {"1: hostname: expected '='"}},
    {"nothing = 1\n\nnonsense { x = 1 }",
     {"1: 'nothing' is not known here: expected one of hostname, dead-man, bypass-firewall, dhcp, interface, route, "
      "probe, preferences, "
      "management",
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
    {"interface lan0 { color = 3 }", {"1: 'color' is not known in interface: expected one of address, subnet, door"}},
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

static void what_is_printed_parses_to_the_same(void **state)
{
    (void)state;
    struct conf *conf = parsed(
        "hostname = a.b dead-man = 90s bypass-firewall = true interface \"e#th\"\n{ door = xdp bypass-firewall = false "
        "address = [20.0.0.1/8, 11.0.0.1/8] }\n"
        "route 0.0.0.0/0 { via = 20.0.0.2 interface = eth1 } route 1.0.0.0/8 { type = prohibit }\n"
        "management { group = \"a\\\"\\\\b\" }"
        "dhcp { relays = [10.0.0.9, 10.3.0.0/16] lease-max = 2h always = [dns, option-200] option-224:empty = \"\" "
        "option-43.7 = 01 option-43.8:text = "
        "a\n"
        "class a { vendor-class = [\"x*\", y] user-class = z mac = 02:00 architecture = 7 next-server = 1.2.3.4 }\n"
        "reservation a { mac = 02:00:00:00:00:01 client-id = 0x00 circuit-id = \"12:34\" address = 10.5.0.9 routers = "
        "[] }\n"
        "reservation b { mac = 02:00:00:00:00:01 address = 10.6.0.9 client-id = \"port 1*\" }\n"
        "subnet 10.5.0.0/16 { network = n rapid-commit = true trust-option-82 = true pool = 10.5.0.0/24 }\n"
        "subnet 10.6.0.0/16 { routers = 10.6.0.1 domain-search = [a, b] classless-static-routes = \"10.0.0.0/8 "
        "10.6.0.2\" } }\n"
        "interface r { relay { server = [1.2.3.4, 1.2.3.5] option-82 = true circuit-id = \"a b\" remote-id = 0xff "
        "giaddr = 1.1.1.1 server-override = true trust-option-82 = true hops = 3 } }\n"
        "interface s { address = 13.0.0.1/24 source-guard = true host 13.0.0.2 { mac = 02:00:00:00:00:0a } dhcp { pool "
        "= "
        "13.0.0.5-13.0.0.6 other-servers = true } }\n"
        "interface l { address = 12.0.0.1/24 dhcp { lease = 1h30m dns = [] pool 12.0.0.0/25 { class = a } } }");
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
        cmocka_unit_test(how_fast_and_where_it_waits),
        cmocka_unit_test(what_waits_by_itself),
        cmocka_unit_test(what_is_served_by_dhcp),
        cmocka_unit_test(what_holds_for_some_clients),
        cmocka_unit_test(nothing_at_all_is_a_configuration),
        cmocka_unit_test(everything_that_is_wrong_is_listed_with_its_line),
        cmocka_unit_test(more_errors_than_are_kept_are_counted),
        cmocka_unit_test(what_is_printed_parses_to_the_same),
        cmocka_unit_test(files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
