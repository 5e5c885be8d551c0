/* What RFC 2131 says, section by section, as whole messages. */
#include "dhcp/server.h"

#include "net/ipv4_addr.h"
#include "tests/dhcp_world.h"
#include "tests/draw.h"
#include "tests/unit.h"

/* --- 1: where replies go ----------------------------------------------------------------------------------------- */

static void trap01_rfc2131_4_1_offer_to_hardware_address_without_arp(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    made.bytes[9] = 7; /* secs do not come back */
    made_option_u32(&made, 50, A(102));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    expect(DHCP_OFFER, SERVER);
    made_addr(&expected, MADE_YIADDR, A(102));
    expect_times(3600);
    expect_all_options();
    assert_reply(DHCP_TO_HARDWARE, A(102), 68);
    assert_int_equal(result.src, SERVER);
    assert_int_equal(result.change_count, 0);
}

static void trap01_rfc2131_4_1_broadcast_flag(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    made.bytes[10] = 0x80;
    made_option_u32(&made, 50, A(102));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    expect(DHCP_OFFER, SERVER);
    made_addr(&expected, MADE_YIADDR, A(102));
    expect_times(3600);
    expect_all_options();
    assert_reply(DHCP_TO_BROADCAST, UINT32_MAX, 68);
}

static void trap01_rfc2131_4_1_giaddr_comes_first(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    relayed(RELAY);
    made.bytes[3] = 2; /* hops do not come back */
    made.bytes[10] = 0x80;
    made_option_u32(&made, 50, R(12));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    expect(DHCP_OFFER, A(1)); /* the address at which it came in */
    made_addr(&expected, MADE_YIADDR, R(12));
    expect_times(3600);
    expect_all_options();
    assert_reply(DHCP_TO_SENDER, RELAY, 67);
}

static void trap01_rfc8357_relay_source_port(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    relayed(RELAY);
    arrival.src_port = 5000;
    made_option(&made, 82, "\x13\0", 2);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(result.dst, RELAY);
    assert_int_equal(result.dst_port, 5000);
}

static void trap01_rfc2131_4_1_ciaddr_is_unicast(void **state)
{
    uint32_t addr = bind_client(MAC1);

    (void)state;
    begin(DHCP_REQUEST, MAC1);
    unicast_from(addr);
    made.bytes[10] = 0x80; /* comes after ciaddr */
    made_addr(&made, MADE_CIADDR, addr);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    expect(DHCP_ACK, SERVER);
    made_addr(&expected, MADE_CIADDR, addr);
    made_addr(&expected, MADE_YIADDR, addr);
    expect_times(3600);
    expect_all_options();
    assert_reply(DHCP_TO_SENDER, addr, 68);
}

static void trap01_rfc2131_4_1_nak_is_broadcast_even_to_a_renewing_client(void **state)
{
    (void)state;
    bind_client(MAC2);
    uint32_t others = yiaddr();
    begin(DHCP_REQUEST, MAC1);
    unicast_from(others);
    made_addr(&made, MADE_CIADDR, others);
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    expect(DHCP_NAK, SERVER);
    made_option(&expected, 56, "this address is not available to you", 36);
    assert_reply(DHCP_TO_BROADCAST, UINT32_MAX, 68);
    assert_int_equal(result.change_count, 0);
}

static void trap01_rfc2131_4_3_2_relayed_nak_has_the_broadcast_bit(void **state)
{
    (void)state;
    begin(DHCP_REQUEST, MAC1);
    relayed(RELAY);
    made_option_u32(&made, 50, A(100)); /* of another network */
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    expect(DHCP_NAK, A(1));
    expected.bytes[10] = 0x80;
    made_option(&expected, 56, "this address is of another network", 34);
    assert_reply(DHCP_TO_SENDER, RELAY, 67);
}

static void hardware_that_is_not_ethernet_is_answered_by_broadcast(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    made.bytes[1] = 32; /* InfiniBand: RFC 4390 */
    made.bytes[2] = 0;
    made_option(&made, 61,
                "\xff"
                "abcdefgh",
                9);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(result.to, DHCP_TO_BROADCAST);
    begin(DHCP_DISCOVER, MAC1);
    made.bytes[2] = 0;
    assert_int_equal(send(), DHCP_OUTCOME_NO_IDENTITY);
    assert_int_equal(result.to, DHCP_TO_NOBODY);
}

/* --- 2 to 5: the client's state ---------------------------------------------------------------------------------- */

static void trap02_rfc2131_4_3_2_state_is_read_from_fields(void **state)
{
    uint32_t addr = bind_client(MAC1);

    (void)state;
    assert_int_equal(result.change_count, 1);
    assert_int_equal(result.changes[0].after.addr, addr);
    assert_int_equal(result.changes[0].after.state, DHCP_LEASE_BOUND);
    assert_true(result.changes[0].after.ends_s == now + 3600);
    now += 1800;
    for (unsigned unicast = 0; unicast < 2; unicast++) {
        begin(DHCP_REQUEST, MAC1); /* INIT-REBOOT */
        made_option_u32(&made, 50, addr);
        if (unicast)
            unicast_from(addr);
        assert_int_equal(send(), DHCP_OUTCOME_ACKED);
        assert_int_equal(result.to, DHCP_TO_HARDWARE);
        begin(DHCP_REQUEST, MAC1); /* RENEWING, or REBINDING */
        made_addr(&made, MADE_CIADDR, addr);
        if (unicast)
            unicast_from(addr);
        assert_int_equal(send(), DHCP_OUTCOME_ACKED);
        assert_int_equal(result.to, DHCP_TO_SENDER);
        assert_true(result.changes[0].after.began_s == 1000000 && result.changes[0].after.ends_s == now + 3600);
    }
}

static void trap03_rfc2131_4_3_2_init_reboot(void **state)
{
    uint32_t addr = bind_client(MAC1);

    (void)state;
    begin(DHCP_REQUEST, MAC1); /* a wrong network: NAK */
    made_option_u32(&made, 50, 0xc0a80005);
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    begin(DHCP_REQUEST, MAC1); /* another address than the client has: NAK */
    made_option_u32(&made, 50, addr == A(100) ? A(101) : A(100));
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    begin(DHCP_REQUEST, MAC2); /* unknown: silence */
    made_option_u32(&made, 50, A(103));
    assert_int_equal(send(), DHCP_OUTCOME_UNKNOWN_CLIENT);
    assert_int_equal(result.to, DHCP_TO_NOBODY);
    begin(DHCP_REQUEST, MAC2); /* unknown, and on the wrong network: NAK */
    made_option_u32(&made, 50, 0xc0a80005);
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    all[0].authoritative = true;
    begin(DHCP_REQUEST, MAC2);
    made_option_u32(&made, 50, A(103));
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    now += 4000; /* the lease has ended, and the client is known */
    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 50, addr);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    assert_true(result.changes[0].after.began_s == now);
}

static void trap04_rfc2131_4_3_2_another_server_is_chosen(void **state)
{
    uint32_t addr = discover(MAC1);

    (void)state;
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_OFFERED] +
                         dhcp_server_pool(server, 1)->counts[DHCP_POOL_OFFERED],
                     1);
    assert_int_equal(select_addr(MAC1, addr, ELSE), DHCP_OUTCOME_OTHER_SERVER);
    assert_int_equal(result.to, DHCP_TO_NOBODY);
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_OFFERED], 0);
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_FRESH], 4);
}

static void trap04_rfc5107_server_override(void **state)
{
    (void)state;
    begin(DHCP_REQUEST, MAC1);
    relayed(RELAY);
    made_option_u32(&made, 54, RELAY);
    made_option_u32(&made, 50, R(15));
    made_option(&made, 82, "\x0b\4\n\x09\0\1", 6);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    expect(DHCP_ACK, RELAY);
    made_addr(&expected, MADE_YIADDR, R(15));
    expect_times(3600);
    expect_all_options();
    made_option(&expected, 82, "\x0b\4\n\x09\0\1", 6);
    assert_reply(DHCP_TO_SENDER, RELAY, 67);
}

static void trap05_rfc2131_4_3_2_a_request_without_an_address(void **state)
{
    (void)state;
    begin(DHCP_REQUEST, MAC1);
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 54, SERVER);
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
}

static void a_request_by_any_of_our_addresses_is_ours(void **state)
{
    uint32_t addr = discover(MAC1);

    (void)state;
    assert_int_equal(select_addr(MAC1, addr, 0xc0000201), DHCP_OUTCOME_ACKED);
}

static void an_offer_that_was_forgotten_can_be_taken(void **state)
{
    (void)state;
    assert_int_equal(select_addr(MAC1, A(101), SERVER), DHCP_OUTCOME_ACKED);
    assert_int_equal(select_addr(MAC2, A(101), SERVER), DHCP_OUTCOME_NAKED);
    assert_int_equal(select_addr(MAC2, A(99), SERVER), DHCP_OUTCOME_NAKED); /* in no pool */
}

/* --- 6: fields --------------------------------------------------------------------------------------------------- */

static void trap06_rfc2131_table_3_fields_of_offer_and_nak(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    made_addr(&made, MADE_CIADDR, A(5)); /* does not come back in an OFFER */
    made_addr(&made, MADE_YIADDR, A(6));
    made_addr(&made, MADE_SIADDR, A(7));
    made_option_u32(&made, 50, A(102));
    made_option(&made, 55, "\1\3\x35\x33\x32\x37\x39", 7);
    made_option(&made, 57, "\5\xdc", 2);
    made_option(&made, 61, "\1" MAC1, 7);
    made.bytes[10] = 0x80;
    made.bytes[11] = 0x01; /* reserved flags come back too */
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    expect(DHCP_OFFER, SERVER);
    made_addr(&expected, MADE_YIADDR, A(102));
    expect_times(3600);
    made_option(&expected, 61, "\1" MAC1, 7);
    made_option(&expected, 1, "\xff\xff\xff\0", 4);
    made_option(&expected, 3, "\n\0\1\1", 4);
    assert_reply(DHCP_TO_SENDER, A(5), 68);

    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 50, 0xc0a80005);
    made_option(&made, 55, "\1\3", 2);
    made_option(&made, 61, "\1" MAC1, 7);
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    expect(DHCP_NAK, SERVER);
    made_option(&expected, 56, "this address is of another network", 34);
    made_option(&expected, 61, "\1" MAC1, 7);
    assert_reply(DHCP_TO_BROADCAST, UINT32_MAX, 68);
}

/* --- 7, 8: INFORM, RELEASE, DECLINE ------------------------------------------------------------------------------ */

static void trap07_rfc2131_4_3_5_inform(void **state)
{
    (void)state;
    begin(DHCP_INFORM, MAC1);
    unicast_from(A(50));
    made_addr(&made, MADE_CIADDR, A(50));
    made_option(&made, 55, "\6\1", 2);
    assert_int_equal(send(), DHCP_OUTCOME_INFORMED);
    expect(DHCP_ACK, SERVER);
    made_addr(&expected, MADE_CIADDR, A(50));
    made_option(&expected, 1, "\xff\xff\xff\0", 4);
    made_option(&expected, 6, "\n\0\1\1", 4);
    assert_reply(DHCP_TO_SENDER, A(50), 68);
    assert_int_equal(result.change_count, 0);
    assert_int_equal(dhcp_leases_count(dhcp_server_leases(server)), 0);

    begin(DHCP_INFORM, MAC1); /* relayed, and yet to ciaddr */
    relayed(RELAY);
    made_addr(&made, MADE_CIADDR, R(50));
    assert_int_equal(send(), DHCP_OUTCOME_INFORMED);
    assert_int_equal(result.dst, R(50));
    assert_int_equal(result.dst_port, 68);
    begin(DHCP_INFORM, MAC1); /* some leave ciaddr empty */
    unicast_from(A(51));
    assert_int_equal(send(), DHCP_OUTCOME_INFORMED);
    assert_int_equal(result.dst, A(51));
    begin(DHCP_INFORM, MAC1);
    assert_int_equal(send(), DHCP_OUTCOME_NO_ADDRESS);
}

static enum dhcp_outcome give_back(uint8_t type, const char *mac, uint32_t addr, uint32_t server_id)
{
    begin(type, mac);
    if (server_id)
        made_option_u32(&made, 54, server_id);
    if (type == DHCP_RELEASE) {
        made_addr(&made, MADE_CIADDR, addr);
        unicast_from(addr);
    } else {
        made_option_u32(&made, 50, addr);
    }
    enum dhcp_outcome outcome = send();
    assert_int_equal(result.to, DHCP_TO_NOBODY);
    return outcome;
}

static void trap08_rfc2131_4_3_4_release(void **state)
{
    uint32_t addr = bind_client(MAC1);

    (void)state;
    assert_int_equal(give_back(DHCP_RELEASE, MAC2, addr, SERVER), DHCP_OUTCOME_MISMATCH);
    assert_int_equal(give_back(DHCP_RELEASE, MAC1, addr, 0), DHCP_OUTCOME_MISMATCH);
    assert_int_equal(give_back(DHCP_RELEASE, MAC1, addr, ELSE), DHCP_OUTCOME_OTHER_SERVER);
    assert_int_equal(give_back(DHCP_RELEASE, MAC1, addr + 1, SERVER), DHCP_OUTCOME_MISMATCH);
    assert_int_equal(give_back(DHCP_RELEASE, MAC1, 0, SERVER), DHCP_OUTCOME_MISMATCH);
    assert_int_equal(result.change_count, 0);
    assert_int_equal(give_back(DHCP_RELEASE, MAC1, addr, SERVER), DHCP_OUTCOME_RELEASED);
    assert_int_equal(result.change_count, 1);
    assert_int_equal(result.changes[0].after.state, DHCP_LEASE_RELEASED);
    assert_true(result.changes[0].after.ends_s == now);
    assert_int_equal(give_back(DHCP_RELEASE, MAC1, addr, SERVER), DHCP_OUTCOME_MISMATCH); /* once */
    assert_int_equal(bind_client(MAC1), addr);                                            /* and the same again */
}

static void trap08_rfc2131_4_3_3_decline(void **state)
{
    uint32_t addr = bind_client(MAC1);

    (void)state;
    assert_int_equal(give_back(DHCP_DECLINE, MAC2, addr, SERVER), DHCP_OUTCOME_MISMATCH);
    assert_int_equal(give_back(DHCP_DECLINE, MAC1, addr, 0), DHCP_OUTCOME_MISMATCH);
    assert_int_equal(give_back(DHCP_DECLINE, MAC1, addr, ELSE), DHCP_OUTCOME_OTHER_SERVER);
    assert_int_equal(give_back(DHCP_DECLINE, MAC1, addr, SERVER), DHCP_OUTCOME_DECLINED);
    assert_int_equal(result.changes[0].after.state, DHCP_LEASE_DECLINED);
    assert_true(result.changes[0].after.ends_s == now + 600);
    assert_int_not_equal(bind_client(MAC1), addr);
    assert_int_equal(select_addr(MAC2, addr, SERVER), DHCP_OUTCOME_NAKED); /* nobody gets it */
    now += 600;
    begin(DHCP_DISCOVER, MAC2);
    made_option_u32(&made, 50, addr);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), addr);
}

/* Somebody else gives back what is not his, with the client's name and address in the message. */
static void leases_are_not_given_back_by_others(void **state)
{
    static const uint8_t *const its = (const uint8_t *)MAC1, *const others = (const uint8_t *)MAC2;
    uint32_t addr = bind_client(MAC1);

    (void)state;
    for (unsigned type = DHCP_DECLINE; type <= DHCP_RELEASE; type += DHCP_RELEASE - DHCP_DECLINE) {
        begin((uint8_t)type, MAC1);
        made_option_u32(&made, 54, SERVER);
        made_option_u32(&made, 50, addr);
        made_addr(&made, MADE_CIADDR, type == DHCP_RELEASE ? addr : 0);
        arrival.sender = others;
        if (type == DHCP_RELEASE)
            unicast_from(addr);
        assert_int_equal(send(), DHCP_OUTCOME_FORGED);
    }
    arrival.sender = its;
    unicast_from(A(50)); /* from another address */
    assert_int_equal(send(), DHCP_OUTCOME_FORGED);
    unicast_from(0);
    assert_int_equal(send(), DHCP_OUTCOME_FORGED);
    assert_int_equal(result.change_count, 0);
    unicast_from(addr);
    assert_int_equal(send(), DHCP_OUTCOME_RELEASED);
    /* Behind a router its own address is the router's: what says that it comes from there is believed. */
    begin(DHCP_REQUEST, MAC1);
    relayed(RELAY);
    made_option_u32(&made, 54, SERVER);
    made_option_u32(&made, 50, R(10));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    begin(DHCP_RELEASE, MAC1);
    made_option_u32(&made, 54, SERVER);
    made_addr(&made, MADE_CIADDR, R(10));
    unicast_from(R(10));
    arrival.sender = others;
    assert_int_equal(send(), DHCP_OUTCOME_RELEASED);
}

/* Who has an address from here is a client, and after those of other networks. */
static void clients_are_no_relays(void **state)
{
    static const struct ipv4_prefix relays[] = {{A(7), 32}, {R(0), 24}};
    uint32_t addr = bind_client(MAC1);

    (void)state;
    begin(DHCP_DISCOVER, MAC2);
    relayed(RELAY);
    arrival.src = addr;
    assert_int_equal(send(), DHCP_OUTCOME_UNKNOWN_RELAY);
    assert_int_equal(result.to, DHCP_TO_NOBODY);
    arrival.src = 0;
    assert_int_equal(send(), DHCP_OUTCOME_UNKNOWN_RELAY);
    arrival.src = A(7);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    /* Unless it is said who is one. */
    subnets.relays = relays;
    subnets.relay_count = 2;
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    arrival.src = RELAY;
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    arrival.src = A(8);
    assert_int_equal(send(), DHCP_OUTCOME_UNKNOWN_RELAY);
    now += 3600; /* the lease is over */
    subnets.relay_count = 0;
    arrival.src = addr;
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
}

static void quarantine_is_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        uint32_t addr = bind_client(MAC1); /* there always is one */
        assert_int_equal(give_back(DHCP_DECLINE, MAC1, addr, SERVER), DHCP_OUTCOME_DECLINED);
    }
    assert_true(dhcp_server_pool(server, 0)->counts[DHCP_POOL_DECLINED] <= 2);
    assert_true(dhcp_server_pool(server, 1)->counts[DHCP_POOL_DECLINED] <= 1);
}

/* --- 9: who is who ----------------------------------------------------------------------------------------------- */

static void trap09_rfc2131_4_2_identity(void **state)
{
    uint32_t addr = bind_client(MAC1);

    (void)state;
    begin(DHCP_DISCOVER, MAC1); /* the same hardware, with an identifier: another client */
    made_option(&made, 61, "\1" MAC1, 7);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    uint32_t with_id = yiaddr();
    assert_int_not_equal(with_id, addr);
    begin(DHCP_REQUEST, MAC1);
    made_option(&made, 61, "\1" MAC1, 7);
    made_option_u32(&made, 50, with_id);
    made_option_u32(&made, 54, SERVER);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    begin(DHCP_DISCOVER, MAC2); /* other hardware with the same identifier: the same client */
    made_option(&made, 61, "\1" MAC1, 7);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), with_id);
    assert_int_equal(discover(MAC1), addr);
    all[0].by_mac = true;
    begin(DHCP_DISCOVER, MAC1); /* an identifier that does not count */
    made_option(&made, 61, "anything", 8);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), addr);
}

static void an_identifier_of_less_than_two_bytes_is_none(void **state)
{
    uint32_t addr = bind_client(MAC1);

    (void)state;
    for (size_t len = 0; len < 2; len++) {
        begin(DHCP_DISCOVER, MAC1);
        made_option(&made, 61, "\1", len);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_int_equal(yiaddr(), addr);
    }
}

/* --- 10: which address, and for how long ------------------------------------------------------------------------- */

static void trap10_rfc2131_4_3_1_choice_of_address(void **state)
{
    (void)state;
    assert_int_equal(select_addr(MAC1, A(102), SERVER), DHCP_OUTCOME_ACKED);
    begin(DHCP_DISCOVER, MAC1); /* the current one, whatever is asked for */
    made_option_u32(&made, 50, A(100));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), A(102));
    now += 4000; /* the previous one */
    begin(DHCP_DISCOVER, MAC1);
    made_option_u32(&made, 50, A(100));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), A(102));
    begin(DHCP_DISCOVER, MAC2); /* the one that is asked for, if it is free */
    made_option_u32(&made, 50, A(103));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), A(103));
    begin(DHCP_DISCOVER, "\2\0\0\0\0\3"); /* another one otherwise */
    made_option_u32(&made, 50, A(103));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_not_equal(yiaddr(), A(103));
    assert_int_not_equal(yiaddr(), A(102));
    begin(DHCP_DISCOVER, "\2\0\0\0\0\4"); /* one of another network is not listened to */
    made_option_u32(&made, 50, R(10));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_not_equal(yiaddr(), R(10));
}

static void trap10_rfc2131_4_3_1_lease_time_is_clamped(void **state)
{
    static const uint32_t cases[][2] = {{1, 60},      {60, 60},     {1000, 1000},
                                        {7200, 7200}, {7201, 7200}, {UINT32_MAX, 7200}};
    size_t len;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin(DHCP_DISCOVER, MAC1);
        made_option_u32(&made, 51, cases[i][0]);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        uint32_t lease = 0, t1 = 0, t2 = 0;
        static struct dhcp_message parsed;
        assert_int_equal(dhcp_parse(result.reply.bytes, result.reply.len, &parsed), DHCP_FAULT_NONE);
        assert_int_equal(dhcp_get_u32(&parsed, 51, &lease), 0);
        assert_int_equal(lease, cases[i][1]);
        assert_int_equal(dhcp_get_u32(&parsed, 58, &t1), 0); /* trap 11: of the time that is sent */
        assert_int_equal(dhcp_get_u32(&parsed, 59, &t2), 0);
        assert_int_equal(t1, lease / 2);
        assert_int_equal(t2, (uint64_t)lease * 7 / 8);
        assert_true(t1 < t2 && t2 < lease);
    }
    all[0].scope.lease_max_s = DHCP_INFINITE;
    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 51, UINT32_MAX);
    made_option_u32(&made, 50, A(100));
    made_option_u32(&made, 54, SERVER);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    assert_true(result.changes[0].after.ends_s == DHCP_NEVER);
    static struct dhcp_message parsed;
    assert_int_equal(dhcp_parse(result.reply.bytes, result.reply.len, &parsed), DHCP_FAULT_NONE);
    assert_null(dhcp_get(&parsed, 58, &len));
}

static void pools_are_used_to_the_last_address(void **state)
{
    char mac[] = MAC1;
    bool seen[6] = {false};

    (void)state;
    for (char i = 1; i <= 6; i++) {
        mac[5] = i;
        uint32_t addr = bind_client(mac);
        unsigned number = addr >= B(0) ? 4 + addr - B(100) : addr - A(100);
        assert_true(number < 6 && !seen[number]);
        seen[number] = true;
    }
    begin(DHCP_DISCOVER, "\2\0\0\0\0\7");
    assert_int_equal(send(), DHCP_OUTCOME_EXHAUSTED);
    assert_int_equal(result.to, DHCP_TO_NOBODY);
    now += 3600;
    discover("\2\0\0\0\0\7");
}

static void offers_make_room_for_offers(void **state)
{
    char mac[] = MAC1;

    (void)state;
    for (int i = 0; i < 200; i++) {
        mac[4] = (char)i;
        discover(mac);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(dhcp_server_pool(server, i)->counts[DHCP_POOL_OFFERED], i == 0 ? 4 : 2);
    assert_int_equal(select_addr(mac, yiaddr(), SERVER), DHCP_OUTCOME_ACKED);
    now += 10;
    dhcp_server_tick(server, now);
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_OFFERED] +
                         dhcp_server_pool(server, 1)->counts[DHCP_POOL_OFFERED],
                     0);
}

/* --- more than can be served ------------------------------------------------------------------------------------- */

static enum dhcp_outcome ask_in_a_rush(uint8_t type, const char *mac, uint32_t addr)
{
    begin(type, mac);
    arrival.known_only = true;
    if (addr)
        made_option_u32(&made, 50, addr);
    return send();
}

static void in_a_rush_those_who_are_known_are_served(void **state)
{
    static const struct dhcp_reservation reservation = {
        .addr = A(60), .keys = {[DHCP_BY_MAC] = {.bytes = (const uint8_t *)"\2\0\0\0\0\3", .len = 6}}};

    (void)state;
    uint32_t addr = bind_client(MAC1);
    assert_int_equal(ask_in_a_rush(DHCP_REQUEST, MAC1, addr), DHCP_OUTCOME_ACKED);
    assert_int_equal(ask_in_a_rush(DHCP_DISCOVER, MAC1, 0), DHCP_OUTCOME_OFFERED);
    assert_int_equal(ask_in_a_rush(DHCP_DISCOVER, MAC2, 0), DHCP_OUTCOME_SHED);
    assert_int_equal(result.to, DHCP_TO_NOBODY);
    assert_int_equal(ask_in_a_rush(DHCP_REQUEST, MAC2, A(103)), DHCP_OUTCOME_SHED);
    uint32_t offered = discover(MAC2); /* what was offered is theirs to take */
    assert_int_equal(ask_in_a_rush(DHCP_DISCOVER, MAC2, 0), DHCP_OUTCOME_SHED);
    begin(DHCP_REQUEST, MAC2);
    arrival.known_only = true;
    made_option_u32(&made, 54, SERVER);
    made_option_u32(&made, 50, offered);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    now += 4000; /* who had a lease once is new again */
    assert_int_equal(ask_in_a_rush(DHCP_DISCOVER, MAC1, 0), DHCP_OUTCOME_SHED);
    subnets.reservations = &reservation;
    subnets.reservation_count = 1;
    assert_int_equal(dhcp_server_configure(server, &subnets, now), 0);
    assert_int_equal(ask_in_a_rush(DHCP_DISCOVER, "\2\0\0\0\0\3", 0), DHCP_OUTCOME_OFFERED);
}

static void in_a_rush_one_client_does_not_take_the_place_of_others(void **state)
{
    (void)state;
    uint32_t addr = bind_client(MAC1), other = bind_client(MAC2);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(ask_in_a_rush(DHCP_REQUEST, MAC1, addr), i < 8 ? DHCP_OUTCOME_ACKED : DHCP_OUTCOME_SHED);
    assert_int_equal(ask_in_a_rush(DHCP_REQUEST, MAC2, other), DHCP_OUTCOME_ACKED);
    now++;
    assert_int_equal(ask_in_a_rush(DHCP_REQUEST, MAC1, addr), DHCP_OUTCOME_ACKED);
}

/* ----------------------------------------------------------------------------------------------------------------- */

static void a_client_has_one_address_in_a_network(void **state)
{
    (void)state;
    assert_int_equal(select_addr(MAC1, A(100), SERVER), DHCP_OUTCOME_ACKED);
    assert_int_equal(select_addr(MAC1, B(100), SERVER), DHCP_OUTCOME_ACKED);
    assert_int_equal(result.change_count, 2);
    assert_int_equal(result.changes[0].after.addr, A(100));
    assert_int_equal(result.changes[0].after.state, DHCP_LEASE_RELEASED);
    assert_int_equal(result.changes[1].after.addr, B(100));
    begin(DHCP_DISCOVER, MAC1); /* another network is another matter */
    relayed(RELAY);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    begin(DHCP_REQUEST, MAC1);
    relayed(RELAY);
    made_option_u32(&made, 54, SERVER);
    made_option_u32(&made, 50, R(10));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    assert_int_equal(result.change_count, 1);
}

/* --- 12, 13: sizes and options ----------------------------------------------------------------------------------- */

static void trap12_rfc2132_options_in_the_order_asked_for(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    made_option_u32(&made, 50, A(102));
    made_option(&made, 55, "\x79\x0f\3\1\6\x2a\3", 7);
    made_option(&made, 82, "\1\2ab", 4);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    expect(DHCP_OFFER, SERVER);
    made_addr(&expected, MADE_YIADDR, A(102));
    expect_times(3600);
    made_option(&expected, 1, "\xff\xff\xff\0", 4); /* before 3 */
    made_option(&expected, 121, "\0\n\0\1\1", 5);   /* trap 13: with 3 */
    made_option(&expected, 15, "lab", 3);
    made_option(&expected, 3, "\n\0\1\1", 4);
    made_option(&expected, 6, "\n\0\1\1", 4);
    made_option(&expected, 82, "\1\2ab", 4); /* last */
    assert_reply(DHCP_TO_HARDWARE, A(102), 68);
}

static void trap12_rfc1542_size_follows_client_and_link(void **state)
{
    static const struct {
        const char *wanted;
        uint16_t mtu;
        size_t longest;
    } cases[] = {{"\0\0", 1500, 548},      {"\2\x58", 1500, 572}, {"\5\xdc", 1500, 1472},
                 {"\xff\xff", 1500, 1472}, {"\5\xdc", 1000, 972}, {NULL, 1500, 548}};
    static uint8_t text[255];
    static struct dhcp_option_value many[7];
    static struct dhcp_message parsed;
    char list[7];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
        list[i] = (char)(200 + i);
        many[i] = (struct dhcp_option_value){(uint8_t)(200 + i), 200, text};
    }
    all[0].scope.options = many;
    all[0].scope.option_count = ARRAY_SIZE(many);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin(DHCP_DISCOVER, MAC1);
        made_option_u32(&made, 50, A(102));
        if (cases[i].wanted)
            made_option(&made, 57, cases[i].wanted, 2);
        made_option(&made, 55, list, 7);
        made_option(&made, 61, "\1" MAC1, 7);
        arrival.mtu = cases[i].mtu;
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_true(result.reply.len <= cases[i].longest && result.reply.len + 202 > cases[i].longest);
        assert_int_equal(dhcp_parse(result.reply.bytes, result.reply.len, &parsed), DHCP_FAULT_NONE);
        size_t len;
        assert_non_null(dhcp_get(&parsed, 61, &len)); /* first what must be there */
        assert_non_null(dhcp_get(&parsed, 51, &len));
        assert_non_null(dhcp_get(&parsed, 200, &len)); /* then in the order of the list */
    }
}

static void trap13_rfc3527_rfc3011_choice_of_subnet(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1); /* link selection before subnet selection before giaddr */
    relayed(0xc0a80001);
    made_option_u32(&made, 118, A(0));
    made_option(&made, 82, "\5\4\n\x09\0\0", 6);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_true(yiaddr() >= R(10) && yiaddr() <= R(19));
    assert_int_equal(result.dst, 0xc0a80001); /* the reply goes to giaddr all the same */
    static struct dhcp_message parsed;
    size_t len;
    assert_int_equal(dhcp_parse(result.reply.bytes, result.reply.len, &parsed), DHCP_FAULT_NONE);
    assert_memory_equal(dhcp_get(&parsed, 118, &len), "\n\0\1\0", 4);
    begin(DHCP_DISCOVER, MAC1);
    relayed(0xc0a80001);
    made_option_u32(&made, 118, R(0));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_true(yiaddr() >= R(10) && yiaddr() <= R(19));
    begin(DHCP_DISCOVER, MAC1);
    relayed(0xc0a80001);
    assert_int_equal(send(), DHCP_OUTCOME_NO_SUBNET);
    begin(DHCP_DISCOVER, MAC1); /* without a relay there is no link selection */
    made_option(&made, 82, "\5\4\n\x09\0\0", 6);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_true(yiaddr() < R(0));
    begin(DHCP_DISCOVER, MAC1);
    arrival.network = 7;
    assert_int_equal(send(), DHCP_OUTCOME_NO_SUBNET);
}

static void a_client_behind_a_relay_renews_directly(void **state)
{
    (void)state;
    begin(DHCP_REQUEST, MAC1);
    relayed(RELAY);
    made_option_u32(&made, 54, SERVER);
    made_option_u32(&made, 50, R(11));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    begin(DHCP_REQUEST, MAC1);
    made_addr(&made, MADE_CIADDR, R(11));
    unicast_from(R(11));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    assert_int_equal(result.dst, R(11));
    begin(DHCP_REQUEST, MAC1); /* that it moved here is told by its broadcast */
    made_addr(&made, MADE_CIADDR, R(11));
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
}

static void what_only_servers_send_is_not_answered(void **state)
{
    static const uint8_t types[] = {DHCP_OFFER, DHCP_ACK, DHCP_NAK};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        begin(types[i], MAC1);
        assert_int_equal(send(), DHCP_OUTCOME_NO_REQUEST);
        assert_int_equal(result.to, DHCP_TO_NOBODY);
    }
    begin(DHCP_DISCOVER, MAC1);
    made.bytes[0] = 2;
    assert_int_equal(send(), DHCP_OUTCOME_NO_REQUEST);
}

/* --- BOOTP ------------------------------------------------------------------------------------------------------- */

static void rfc1534_bootp_client_gets_an_address_for_ever(void **state)
{
    (void)state;
    begin(0, MAC1);
    assert_int_equal(send(), DHCP_OUTCOME_BOOTP_OFF);
    all[0].bootp = true;
    begin(0, MAC1);
    assert_int_equal(send(), DHCP_OUTCOME_BOOTP);
    uint32_t addr = yiaddr();
    assert_int_equal(result.change_count, 1);
    assert_true(result.changes[0].after.ends_s == DHCP_NEVER);
    expect(0, 0);
    expected.at = 240; /* no option of DHCP's own */
    made_addr(&expected, MADE_YIADDR, addr);
    expect_all_options();
    assert_reply(DHCP_TO_HARDWARE, addr, 68);
    begin(0, MAC1);
    assert_int_equal(send(), DHCP_OUTCOME_BOOTP);
    assert_int_equal(yiaddr(), addr);
    begin(0, MAC2);
    relayed(RELAY);
    made_option(&made, 82,
                "\1\x3c"
                "0123456789012345678901234567890123456789012345678901234567890",
                62);
    all[2].bootp = true;
    assert_int_equal(send(), DHCP_OUTCOME_BOOTP); /* what a relay added comes back, however long */
    static struct dhcp_message parsed;
    size_t len;
    assert_int_equal(dhcp_parse(result.reply.bytes, result.reply.len, &parsed), DHCP_FAULT_NONE);
    assert_non_null(dhcp_get(&parsed, 82, &len));
    assert_int_equal(len, 62);
}

/* --- undoing, reloading, and everything at random ---------------------------------------------------------------- */

static void what_could_not_be_stored_is_undone(void **state)
{
    struct dhcp_lease lease;

    (void)state;
    assert_int_equal(select_addr(MAC1, A(100), SERVER), DHCP_OUTCOME_ACKED);
    struct dhcp_result first = result;
    now += 100;
    assert_int_equal(select_addr(MAC1, B(100), SERVER), DHCP_OUTCOME_ACKED);
    for (unsigned i = result.change_count; i-- > 0;)
        dhcp_server_undo(server, &result.changes[i]);
    assert_true(dhcp_leases_get(dhcp_server_leases(server), A(100), &lease));
    assert_int_equal(lease.state, DHCP_LEASE_BOUND);
    assert_true(lease.ends_s == 1003600);
    assert_false(dhcp_leases_get(dhcp_server_leases(server), B(100), &lease));
    assert_int_equal(dhcp_server_pool(server, 1)->counts[DHCP_POOL_FRESH], 2);
    assert_int_equal(discover(MAC1), A(100));
    dhcp_server_undo(server, &first.changes[0]);
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_FRESH], 4);
}

static void a_reload_loses_neither_lease_nor_offer(void **state)
{
    uint32_t bound = bind_client(MAC1), offered = discover(MAC2);
    struct dhcp_subnets others = subnets;
    struct dhcp_subnet fewer[2] = {all[2], all[0]}; /* another order, and one is gone */

    (void)state;
    others.all = fewer;
    others.count = 2;
    assert_int_equal(dhcp_server_configure(server, &others, now), 0);
    assert_int_equal(dhcp_leases_count(dhcp_server_leases(server)), 1);
    if (bound < B(0))
        assert_int_equal(discover(MAC1), bound);
    assert_int_equal(dhcp_server_configure(server, &subnets, now), 0);
    assert_int_equal(discover(MAC1), bound);
    if (offered < B(0))
        assert_int_equal(discover(MAC2), offered);
}

static void leases_from_storage_are_there(void **state)
{
    struct dhcp_lease lease;
    uint32_t addr = bind_client(MAC1);

    (void)state;
    assert_true(dhcp_leases_get(dhcp_server_leases(server), addr, &lease));
    dhcp_server_free(server);
    server = dhcp_server_new((const uint8_t *)"another key of thirty-two bytes.", 100);
    assert_int_equal(dhcp_server_load(server, &lease), 0);
    assert_int_equal(dhcp_server_configure(server, &subnets, now), 0);
    assert_int_equal(discover(MAC1), addr);
    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 50, addr);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
}

/*
 * Everything at random, some of it undone at once: no address is ever acknowledged to a client while another one's
 * lease on it lasts, and the pools agree with the leases.
 */
static void no_address_has_two_clients(void **state)
{
    enum { ADDRS = 16, CLIENTS = 40 };
    uint64_t seed = 2131, ends[ADDRS] = {0};
    unsigned owner[ADDRS] = {0}, acks = 0;

    (void)state;
    for (unsigned round = 0; round < 60000; round++) {
        unsigned client = 1 + draw_u32(&seed) % CLIENTS;
        char mac[6] = {2, 0, 0, 0, 0, (char)client};
        uint8_t type = (uint8_t)(draw_u32(&seed) % 9);
        uint32_t which = draw_u32(&seed) % 3;
        uint32_t addr = which == 0   ? A(99 + draw_u32(&seed) % 6)
                        : which == 1 ? B(99 + draw_u32(&seed) % 4)
                                     : R(9 + draw_u32(&seed) % 12);
        for (unsigned i = 0; i < ADDRS && draw_u32(&seed) % 2; i++)
            if (owner[i] == client)
                addr = i < 4 ? A(100 + i) : i < 6 ? B(96 + i) : R(4 + i);
        all[0].bootp = draw_u32(&seed) % 50 == 0 && round > 50000;
        begin(draw_u32(&seed) % 3 ? DHCP_REQUEST : type, mac);
        if (draw_u32(&seed) % 3 == 0)
            relayed(draw_u32(&seed) % 8 ? RELAY : A(50));
        if (draw_u32(&seed) % 2)
            made_option_u32(&made, 50, addr);
        if (draw_u32(&seed) % 2)
            made_option_u32(&made, 54, draw_u32(&seed) % 8 ? SERVER : ELSE);
        if (draw_u32(&seed) % 4 == 0)
            made_addr(&made, MADE_CIADDR, addr);
        if (draw_u32(&seed) % 2)
            made_option_u32(&made, 51, draw_u32(&seed) % 100);
        now += draw_u32(&seed) % (draw_u32(&seed) % 16 ? 4 : 40);
        enum dhcp_outcome outcome = send();
        if (draw_u32(&seed) % 5 == 0) {
            for (unsigned i = result.change_count; i-- > 0;)
                dhcp_server_undo(server, &result.changes[i]);
            continue;
        }
        for (unsigned i = 0; i < result.change_count; i++) {
            const struct dhcp_lease *after = &result.changes[i].after;
            unsigned number = after->addr >= R(0)   ? 6 + after->addr - R(10)
                              : after->addr >= B(0) ? 4 + after->addr - B(100)
                                                    : after->addr - A(100);
            assert_true(number < ADDRS);
            if (after->state == DHCP_LEASE_BOUND) {
                assert_true(owner[number] == client || ends[number] <= now);
                owner[number] = client;
                ends[number] = after->ends_s;
                acks++;
            } else {
                assert_true(owner[number] == client || ends[number] <= now);
                owner[number] = 0;
                ends[number] = after->state == DHCP_LEASE_DECLINED ? after->ends_s : 0;
            }
        }
        if (outcome == DHCP_OUTCOME_ACKED || outcome == DHCP_OUTCOME_BOOTP)
            assert_true(result.change_count > 0 && result.changes[result.change_count - 1].after.addr == yiaddr());
        uint32_t bound = 0, counted = 0;
        for (unsigned i = 0; i < ADDRS; i++)
            bound += owner[i] && ends[i] > now;
        for (unsigned i = 0; i < 3; i++)
            counted += dhcp_server_pool(server, i)->counts[DHCP_POOL_BOUND];
        assert_int_equal(bound, counted);
        if (round % 1000 == 0)
            assert_int_equal(dhcp_server_configure(server, &subnets, now), 0);
    }
    print_message("# %u leases given or extended\n", acks);
    assert_true(acks > 1000);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(trap01_rfc2131_4_1_offer_to_hardware_address_without_arp),
        CASE(trap01_rfc2131_4_1_broadcast_flag),
        CASE(trap01_rfc2131_4_1_giaddr_comes_first),
        CASE(trap01_rfc8357_relay_source_port),
        CASE(trap01_rfc2131_4_1_ciaddr_is_unicast),
        CASE(trap01_rfc2131_4_1_nak_is_broadcast_even_to_a_renewing_client),
        CASE(trap01_rfc2131_4_3_2_relayed_nak_has_the_broadcast_bit),
        CASE(hardware_that_is_not_ethernet_is_answered_by_broadcast),
        CASE(trap02_rfc2131_4_3_2_state_is_read_from_fields),
        CASE(trap03_rfc2131_4_3_2_init_reboot),
        CASE(trap04_rfc2131_4_3_2_another_server_is_chosen),
        CASE(trap04_rfc5107_server_override),
        CASE(trap05_rfc2131_4_3_2_a_request_without_an_address),
        CASE(a_request_by_any_of_our_addresses_is_ours),
        CASE(an_offer_that_was_forgotten_can_be_taken),
        CASE(trap06_rfc2131_table_3_fields_of_offer_and_nak),
        CASE(trap07_rfc2131_4_3_5_inform),
        CASE(trap08_rfc2131_4_3_4_release),
        CASE(trap08_rfc2131_4_3_3_decline),
        CASE(leases_are_not_given_back_by_others),
        CASE(clients_are_no_relays),
        CASE(quarantine_is_bounded),
        CASE(trap09_rfc2131_4_2_identity),
        CASE(an_identifier_of_less_than_two_bytes_is_none),
        CASE(trap10_rfc2131_4_3_1_choice_of_address),
        CASE(trap10_rfc2131_4_3_1_lease_time_is_clamped),
        CASE(pools_are_used_to_the_last_address),
        CASE(offers_make_room_for_offers),
        CASE(in_a_rush_those_who_are_known_are_served),
        CASE(in_a_rush_one_client_does_not_take_the_place_of_others),
        CASE(a_client_has_one_address_in_a_network),
        CASE(trap12_rfc2132_options_in_the_order_asked_for),
        CASE(trap12_rfc1542_size_follows_client_and_link),
        CASE(trap13_rfc3527_rfc3011_choice_of_subnet),
        CASE(a_client_behind_a_relay_renews_directly),
        CASE(what_only_servers_send_is_not_answered),
        CASE(rfc1534_bootp_client_gets_an_address_for_ever),
        CASE(what_could_not_be_stored_is_undone),
        CASE(a_reload_loses_neither_lease_nor_offer),
        CASE(leases_from_storage_are_there),
        CASE(no_address_has_two_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
