/* What RFC 1542 and RFC 3046 say of relays, as whole messages. */
#include "dhcp/relay.h"

#include "tests/dhcp.h"
#include "tests/unit.h"

#define MAC    "\2\0\0\0\0\1"
#define GIADDR 0x0a000101u
#define OTHER  0x0a000201u
#define CLIENT 0x0a000142u

static const uint32_t own[] = {GIADDR, OTHER};
static struct dhcp_relay_link link_here;
static struct dhcp_made made, expected;
static struct dhcp_message message;
static struct dhcp_relayed relayed;

static int set_up(void **state)
{
    (void)state;
    link_here = (struct dhcp_relay_link){.giaddr = GIADDR, .link_addr = GIADDR, .hops_max = DHCP_HOPS_MAX};
    return 0;
}

static void add_info(const char *circuit, size_t len)
{
    struct dhcp_relay_info info = {.circuit_id.len = (uint8_t)len};

    memcpy(info.circuit_id.bytes, circuit, len);
    assert_true(dhcp_relay_make_info(&info, &link_here.info));
}

static void begin(struct dhcp_made *to, uint8_t op, uint8_t type)
{
    made_begin(to, op, 0x01020304, MAC);
    if (type)
        made_option_u8(to, 53, type);
}

static void parse(void)
{
    assert_int_equal(dhcp_parse(made.bytes, made_end(&made), &message), DHCP_FAULT_NONE);
}

static enum dhcp_relay_outcome request(void)
{
    parse();
    return dhcp_relay_request(&link_here, own, 2, &message, &relayed);
}

static void reply(void)
{
    parse();
    dhcp_relay_reply(&link_here, &message, &relayed);
}

static void assert_relayed(void)
{
    size_t len = made_end(&expected);

    assert_int_equal(relayed.len, len);
    for (size_t i = 0; i < len; i++)
        if (relayed.bytes[i] != expected.bytes[i])
            fail_msg("byte %zu is %02x, not %02x", i, relayed.bytes[i], expected.bytes[i]);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void trap14_rfc1542_4_1_1_giaddr_and_hops(void **state)
{
    (void)state;
    begin(&made, 1, 1);
    made.bytes[10] = 0x80;
    expected = made;
    assert_int_equal(request(), DHCP_RELAY_FORWARDED);
    made_addr(&expected, MADE_GIADDR, GIADDR);
    expected.bytes[3] = 1;
    assert_relayed();
}

static void trap14_rfc1542_4_1_1_a_giaddr_is_never_overwritten(void **state)
{
    (void)state;
    add_info("lan0", 4);
    begin(&made, 1, 1);
    made_option(&made, 82, "\1\1x", 3);
    made_addr(&made, MADE_GIADDR, 0x0a090909);
    made.bytes[3] = 4;
    expected = made;
    assert_int_equal(request(), DHCP_RELAY_FORWARDED); /* and RFC 3046 2.1: nothing is added to it */
    expected.bytes[3] = 5;
    assert_relayed();
}

static void trap14_rfc1542_4_1_1_at_most_16_hops(void **state)
{
    (void)state;
    for (uint8_t hops = 0; hops < 20; hops++) {
        begin(&made, 1, 1);
        made.bytes[3] = hops;
        assert_int_equal(request(), hops > 16 ? DHCP_RELAY_HOPS : DHCP_RELAY_FORWARDED);
    }
    link_here.hops_max = 4;
    begin(&made, 1, 1);
    made.bytes[3] = 5;
    assert_int_equal(request(), DHCP_RELAY_HOPS);
}

static void trap14_rfc3046_2_1_1_a_clients_own_option_82(void **state)
{
    (void)state;
    for (unsigned trusted = 0; trusted < 2; trusted++) {
        link_here.trusted = trusted;
        add_info("lan0", 4);
        begin(&made, 1, 1);
        made_option(&made, 82, "\1\1x", 3);
        expected = made;
        assert_int_equal(request(), trusted ? DHCP_RELAY_FORWARDED : DHCP_RELAY_UNTRUSTED);
        if (!trusted)
            continue;
        made_addr(&expected, MADE_GIADDR, GIADDR);
        expected.bytes[3] = 1;
        assert_relayed(); /* with that option and no other */
    }
}

static void trap14_rfc3046_2_1_1_a_request_that_says_we_have_forwarded_it(void **state)
{
    (void)state;
    begin(&made, 1, 1);
    made_addr(&made, MADE_GIADDR, OTHER);
    assert_int_equal(request(), DHCP_RELAY_SPOOFED);
}

static void rfc3046_2_1_option_82_comes_last(void **state)
{
    struct dhcp_relay_info info = {
        .circuit_id = {2, "\7\5"}, .remote_id = {3, "box"}, .link_selection = 0x0a000100, .server_override = GIADDR};

    (void)state;
    assert_true(dhcp_relay_make_info(&info, &link_here.info));
    begin(&made, 1, 1);
    made_option(&made, 61, "\1\2", 2);
    expected = made;
    assert_int_equal(request(), DHCP_RELAY_FORWARDED);
    made_addr(&expected, MADE_GIADDR, GIADDR);
    expected.bytes[3] = 1;
    made_option(&expected, 82, "\1\2\7\5\2\3box\5\4\n\0\1\0\xb\4\n\0\1\1", 21);
    assert_relayed();
}

static void what_option_82_does_not_fit_into_goes_without(void **state)
{
    struct dhcp_relay_info info = {.circuit_id.len = 200, .remote_id.len = 52};
    uint8_t filling[255] = {0};

    (void)state;
    assert_false(dhcp_relay_make_info(&info, &link_here.info));
    add_info("0123456789", 10);
    begin(&made, 1, 1);
    while (made.at < 1400)
        made_option(&made, 200, filling, made.at + 257 < 1460 ? 255 : 1460 - made.at - 2);
    expected = made;
    assert_int_equal(request(), DHCP_RELAY_UNCHANGED);
    made_addr(&expected, MADE_GIADDR, GIADDR);
    expected.bytes[3] = 1;
    assert_relayed();
    begin(&made, 1, 0); /* BOOTP, with a vendor's own area */
    memset(made.bytes + 236, 7, 64);
    made.at = 299;
    parse();
    assert_int_equal(dhcp_relay_request(&link_here, own, 2, &message, &relayed), DHCP_RELAY_UNCHANGED);
    assert_int_equal(relayed.len, 300);
}

static void options_without_an_end(void **state)
{
    (void)state;
    add_info("l", 1);
    begin(&made, 1, 1);
    assert_int_equal(dhcp_parse(made.bytes, made.at, &message), DHCP_FAULT_NONE);
    assert_int_equal(dhcp_relay_request(&link_here, own, 2, &message, &relayed), DHCP_RELAY_FORWARDED);
    assert_int_equal(relayed.len, made.at + 6);
    assert_memory_equal(relayed.bytes + made.at, "\x52\3\1\1l\xff", 6);
}

/* --- replies ------------------------------------------------------------------------------------------------------ */

static void trap14_rfc3046_2_1_what_was_added_is_stripped(void **state)
{
    (void)state;
    add_info("lan0", 4);
    for (unsigned ours = 0; ours < 2; ours++) {
        begin(&made, 2, 2);
        made_addr(&made, MADE_GIADDR, GIADDR);
        made_addr(&made, MADE_YIADDR, CLIENT);
        made_option(&made, 1, "\xff\xff\xff\0", 4);
        expected = made;
        made_option(&made, 82, ours ? "\1\4lan0" : "\1\4lan1", 6);
        if (!ours)
            expected = made;
        reply();
        assert_relayed();
        assert_false(relayed.broadcast);
        assert_int_equal(relayed.dst, CLIENT);
    }
}

static void trap01_rfc1542_4_1_2_to_whom(void **state)
{
    static const struct {
        uint32_t yiaddr, ciaddr;
        uint8_t flags, htype, hlen;
        uint32_t dst;
    } cases[] = {
        {CLIENT, 0, 0, 1, 6, CLIENT}, {CLIENT, 0, 0x80, 1, 6, UINT32_MAX}, {0, 0, 0, 1, 6, UINT32_MAX},
        {0, CLIENT, 0, 1, 6, CLIENT}, {CLIENT, 0, 0, 32, 0, UINT32_MAX},   {CLIENT, 0, 0, 1, 8, UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin(&made, 2, 5);
        made_addr(&made, MADE_YIADDR, cases[i].yiaddr);
        made_addr(&made, MADE_CIADDR, cases[i].ciaddr);
        made.bytes[1] = cases[i].htype;
        made.bytes[2] = cases[i].hlen;
        made.bytes[10] = cases[i].flags;
        expected = made;
        reply();
        assert_relayed();
        assert_int_equal(relayed.dst, cases[i].dst);
        assert_int_equal(relayed.broadcast, cases[i].dst == UINT32_MAX);
    }
}

static void replies_find_their_link(void **state)
{
    struct dhcp_relay_link links[3] = {{.giaddr = GIADDR}, {.giaddr = OTHER}, {.giaddr = OTHER}};
    static const struct {
        const char *circuit;
        uint32_t giaddr;
        int link;
    } cases[] = {{NULL, GIADDR, 0}, {"x", GIADDR, 0}, {NULL, 0, -1},   {NULL, 1, -1},
                 {NULL, OTHER, -1}, {"b", OTHER, 1},  {"c", OTHER, 2}, {"d", OTHER, -1}};

    (void)state;
    for (unsigned i = 1; i < 3; i++) {
        struct dhcp_relay_info info = {.circuit_id = {1, {(uint8_t)('a' + i)}}};
        assert_true(dhcp_relay_make_info(&info, &links[i].info));
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char info[] = "\1\1?";
        begin(&made, 2, 5);
        made_addr(&made, MADE_GIADDR, cases[i].giaddr);
        if (cases[i].circuit) {
            info[2] = cases[i].circuit[0];
            made_option(&made, 82, info, 3);
        }
        parse();
        assert_ptr_equal(dhcp_relay_find(links, 3, &message), cases[i].link < 0 ? NULL : &links[cases[i].link]);
    }
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(trap14_rfc1542_4_1_1_giaddr_and_hops),
        TEST(trap14_rfc1542_4_1_1_a_giaddr_is_never_overwritten),
        TEST(trap14_rfc1542_4_1_1_at_most_16_hops),
        TEST(trap14_rfc3046_2_1_1_a_clients_own_option_82),
        TEST(trap14_rfc3046_2_1_1_a_request_that_says_we_have_forwarded_it),
        TEST(rfc3046_2_1_option_82_comes_last),
        TEST(what_option_82_does_not_fit_into_goes_without),
        TEST(options_without_an_end),
        TEST(trap14_rfc3046_2_1_what_was_added_is_stripped),
        TEST(trap01_rfc1542_4_1_2_to_whom),
        TEST(replies_find_their_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
