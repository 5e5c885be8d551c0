/*
 * A server with three subnets, and messages from clients to it, for tests of the machine.
 */
#pragma once

#include "dhcp/server.h"
#include "tests/dhcp.h"
#include "tests/unit.h"

#define LAN    1u /* networks */
#define REMOTE 2u
#define A(d)   (0x0a000100u + (d)) /* 10.0.1.d, directly attached, pool .100 to .103 */
#define B(d)   (0x0a000200u + (d)) /* 10.0.2.d, on the same link, pool .100 to .101 */
#define R(d)   (0x0a090000u + (d)) /* 10.9.0.d, behind a relay, pool .10 to .19 */
#define SERVER A(1)
#define ELSE   A(2) /* another server */
#define RELAY  R(1)

#define MAC1 "\2\0\0\0\0\1"
#define MAC2 "\2\0\0\0\0\2"

static const struct dhcp_option_value options[] = {{DHCP_OPTION_ROUTERS, 4, (const uint8_t *)"\n\0\1\1"},
                                                   {DHCP_OPTION_DOMAIN_NAME_SERVERS, 4, (const uint8_t *)"\n\0\1\1"},
                                                   {DHCP_OPTION_DOMAIN_NAME, 3, (const uint8_t *)"lab"},
                                                   {DHCP_OPTION_CLASSLESS_ROUTES, 5, (const uint8_t *)"\0\n\0\1\1"}};
static const struct dhcp_range lan_ranges[] = {{A(100), A(103), 0}}, lan2_ranges[] = {{B(100), B(101), 0}},
                               remote_ranges[] = {{R(10), R(19), 0}};
static struct dhcp_subnet all[3];
static const uint32_t own[] = {A(1), B(1), 0xc0000201};
static struct dhcp_subnets subnets;

static struct dhcp_server *server;
static struct dhcp_arrival arrival;
static struct dhcp_message message;
static struct dhcp_made made, expected;
static struct dhcp_result result;
static uint64_t now;

static inline int set_up(void **state)
{
    const struct dhcp_subnet plain = {.scope = {.lease_s = 3600,
                                                .lease_min_s = 60,
                                                .lease_max_s = 7200,
                                                .options = options,
                                                .option_count = ARRAY_SIZE(options)}};

    (void)state;
    all[0] = all[1] = all[2] = plain;
    all[0].prefix = (struct ipv4_prefix){A(0), 24};
    all[0].network = all[1].network = LAN;
    all[0].server_addr = A(1);
    all[0].ranges = lan_ranges;
    all[1].prefix = (struct ipv4_prefix){B(0), 24};
    all[1].server_addr = B(1);
    all[1].ranges = lan2_ranges;
    all[2].prefix = (struct ipv4_prefix){R(0), 24};
    all[2].network = REMOTE;
    all[2].ranges = remote_ranges;
    all[0].range_count = all[1].range_count = all[2].range_count = 1;
    subnets = (struct dhcp_subnets){
        .all = all, .count = 3, .own = own, .own_count = ARRAY_SIZE(own), .offer_s = 10, .quarantine_s = 600};
    now = 1000000;
    server = dhcp_server_new((const uint8_t *)"0123456789abcdef0123456789abcdef", 100);
    return !server || dhcp_server_configure(server, &subnets, now);
}

static inline int tear_down(void **state)
{
    (void)state;
    server = dhcp_server_free(server);
    return 0;
}

/* --- messages ---------------------------------------------------------------------------------------------------- */

/* From a client on the link itself, as a broadcast. */
static inline void begin(uint8_t type, const char *mac)
{
    made_begin(&made, 1, 0x01020304, mac);
    if (type)
        made_option_u8(&made, 53, type);
    arrival = (struct dhcp_arrival){.network = LAN, .own_addr = A(1), .src_port = 68, .broadcast = true, .mtu = 1500};
}

static inline void unicast_from(uint32_t addr)
{
    arrival.src = addr;
    arrival.broadcast = false;
}

static inline void relayed(uint32_t giaddr)
{
    made_addr(&made, MADE_GIADDR, giaddr);
    arrival.src = giaddr;
    arrival.src_port = 67;
    arrival.broadcast = false;
    arrival.network = 0;
}

static inline enum dhcp_outcome send(void)
{
    assert_int_equal(dhcp_parse(made.bytes, made_end(&made), &message), DHCP_FAULT_NONE);
    return dhcp_server_receive(server, &arrival, &message, now, &result);
}

static inline uint32_t yiaddr(void)
{
    return be32_to_cpu(result.reply.header.yiaddr_be);
}

static inline uint32_t discover(const char *mac)
{
    begin(DHCP_DISCOVER, mac);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    return yiaddr();
}

static inline enum dhcp_outcome select_addr(const char *mac, uint32_t addr, uint32_t server_id)
{
    begin(DHCP_REQUEST, mac);
    made_option_u32(&made, 54, server_id);
    made_option_u32(&made, 50, addr);
    return send();
}

/* From nothing to a lease. */
static inline uint32_t bind_client(const char *mac)
{
    uint32_t addr = discover(mac);

    assert_int_equal(select_addr(mac, addr, SERVER), DHCP_OUTCOME_ACKED);
    return addr;
}

/* What the reply should be begins with the request's own xid, flags, giaddr and chaddr. */
static inline void expect(uint8_t type, uint32_t server_id)
{
    made_begin(&expected, 2, 0x01020304, "\0\0\0\0\0");
    memcpy(expected.bytes + 10, made.bytes + 10, 2);
    memcpy(expected.bytes + 24, made.bytes + 24, 4);
    memcpy(expected.bytes + 28, made.bytes + 28, 16);
    made_option_u8(&expected, 53, type);
    made_option_u32(&expected, 54, server_id);
}

static inline void expect_times(uint32_t lease)
{
    made_option_u32(&expected, 51, lease);
    made_option_u32(&expected, 58, lease / 2);
    made_option_u32(&expected, 59, lease / 8 * 7);
}

static inline void expect_all_options(void)
{
    made_option(&expected, 1, "\xff\xff\xff\0", 4);
    made_option(&expected, 3, "\n\0\1\1", 4);
    made_option(&expected, 6, "\n\0\1\1", 4);
    made_option(&expected, 15, "lab", 3);
    made_option(&expected, 121, "\0\n\0\1\1", 5);
}

static inline void assert_reply(enum dhcp_to to, uint32_t dst, uint16_t dst_port)
{
    size_t len = made_end(&expected);

    assert_int_equal(result.to, to);
    assert_int_equal(result.dst, dst);
    assert_int_equal(result.dst_port, dst_port);
    assert_int_equal(result.reply.len, len);
    for (size_t i = 0; i < len; i++)
        if (result.reply.bytes[i] != expected.bytes[i])
            fail_msg("byte %zu is %02x, not %02x", i, result.reply.bytes[i], expected.bytes[i]);
}
