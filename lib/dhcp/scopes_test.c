/* Who is told what: reservations, classes, and several subnets of a link. */
#include "dhcp/server.h"

#include "dhcp/tally.h"
#include "tests/dhcp_world.h"
#include "tests/draw.h"
#include "tests/unit.h"

#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1

#define MAC3 "\2\0\0\0\0\3"

static void configure(void)
{
    assert_int_equal(dhcp_server_configure(server, &subnets, now), 0);
}

static void reserve(const struct dhcp_reservation *reservations, size_t count)
{
    subnets.reservations = reservations;
    subnets.reservation_count = count;
    configure();
}

static void classify(const struct dhcp_class *classes, size_t count)
{
    subnets.classes = classes;
    subnets.class_count = count;
    configure();
}

/* Whether the reply has an option, with this value. */
static bool told(uint8_t code, const void *value, size_t len)
{
    static struct dhcp_message parsed;
    size_t has;

    assert_int_equal(dhcp_parse(result.reply.bytes, result.reply.len, &parsed), DHCP_FAULT_NONE);
    const uint8_t *at = dhcp_get(&parsed, code, &has);
    return value ? at && has == len && memcmp(at, value, len) == 0 : !at;
}

/* --- reservations ------------------------------------------------------------------------------------------------- */

static const struct dhcp_reservation in_pool = {.addr = A(101), .keys = {[DHCP_BY_MAC] = {TEXT(MAC1), false}}};
static const struct dhcp_reservation beside_pool = {.addr = A(9), .keys = {[DHCP_BY_MAC] = {TEXT(MAC1), false}}};

static void what_is_reserved_is_its_clients_alone(void **state)
{
    (void)state;
    reserve(&in_pool, 1);
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_RESERVED], 1);
    for (char i = 2; i < 5; i++) {
        char mac[] = MAC1;
        mac[5] = i;
        begin(DHCP_DISCOVER, mac);
        made_option_u32(&made, 50, A(101));
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_int_not_equal(yiaddr(), A(101));
        assert_int_equal(select_addr(mac, A(101), SERVER), DHCP_OUTCOME_NAKED);
        bind_client(mac);
    }
    assert_int_equal(bind_client(MAC1), A(101));
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_RESERVED], 0);
}

static void an_address_of_no_pool_can_be_reserved(void **state)
{
    (void)state;
    reserve(&beside_pool, 1);
    assert_int_equal(bind_client(MAC1), A(9));
    begin(DHCP_REQUEST, MAC1); /* RENEWING */
    unicast_from(A(9));
    made_addr(&made, MADE_CIADDR, A(9));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    begin(DHCP_REQUEST, MAC1); /* INIT-REBOOT */
    made_option_u32(&made, 50, A(9));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    begin(DHCP_RELEASE, MAC1);
    unicast_from(A(9));
    made_addr(&made, MADE_CIADDR, A(9));
    made_option_u32(&made, 54, SERVER);
    assert_int_equal(send(), DHCP_OUTCOME_RELEASED);
    reserve(NULL, 0);
    assert_int_not_equal(bind_client(MAC1), A(9)); /* nobody's any more */
}

static void a_client_that_is_not_known_but_has_a_reservation_may_reboot(void **state)
{
    (void)state;
    reserve(&beside_pool, 1);
    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 50, A(9));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    begin(DHCP_REQUEST, MAC2);
    made_option_u32(&made, 50, A(9));
    assert_int_equal(send(), DHCP_OUTCOME_UNKNOWN_CLIENT);
}

static void what_is_reserved_later_is_moved_to(void **state)
{
    uint32_t before = bind_client(MAC1);

    (void)state;
    reserve(&beside_pool, 1);
    begin(DHCP_REQUEST, MAC1);
    unicast_from(before);
    made_addr(&made, MADE_CIADDR, before);
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    assert_true(told(56, TEXT("another address is reserved for you")));
    assert_int_equal(bind_client(MAC1), A(9));
    assert_int_equal(result.change_count, 2); /* the one that it had is nobody's */
    assert_int_equal(result.changes[0].after.addr, before);
    assert_int_equal(result.changes[0].after.state, DHCP_LEASE_RELEASED);
}

/* No address is ever acknowledged to two clients: who has it keeps it until the end of the lease, but no longer. */
static void what_somebody_else_has_is_waited_for(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC2);
    made_option_u32(&made, 50, A(101));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(select_addr(MAC2, A(101), SERVER), DHCP_OUTCOME_ACKED);
    reserve(&in_pool, 1);
    assert_int_not_equal(bind_client(MAC1), A(101));
    begin(DHCP_REQUEST, MAC2);
    unicast_from(A(101));
    made_addr(&made, MADE_CIADDR, A(101));
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
    now += 3600;
    assert_int_equal(bind_client(MAC1), A(101));
    assert_int_not_equal(bind_client(MAC2), A(101));
}

/* A reservation that two clients can have is that of the first. */
static void clients_are_known_by_each_of_their_keys(void **state)
{
    static const struct dhcp_reservation reservations[] = {
        {.addr = A(9), .keys = {[DHCP_BY_CLIENT_ID] = {TEXT("name"), false}, [DHCP_BY_MAC] = {TEXT(MAC1), false}}},
        {.addr = A(10), .keys = {[DHCP_BY_MAC] = {TEXT(MAC2), false}}},
        {.addr = R(200), .keys = {[DHCP_BY_CIRCUIT_ID] = {TEXT("eth7"), false}}},
    };

    (void)state;
    reserve(reservations, ARRAY_SIZE(reservations));
    begin(DHCP_DISCOVER, MAC2); /* its identifier comes first */
    made_option(&made, 61, "name", 4);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), A(9));
    begin(DHCP_DISCOVER, MAC2);
    made_option(&made, 61, "nam", 3);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), A(10));
    assert_int_not_equal(discover(MAC1), A(9)); /* which is offered to the other */
    now += 10;
    assert_int_equal(discover(MAC1), A(9));
    begin(DHCP_DISCOVER, MAC3);
    relayed(RELAY);
    made_option(&made, 82, "\1\4eth7", 6);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), R(200));
    begin(DHCP_DISCOVER, MAC3); /* one for which nobody vouches */
    made_option(&made, 82, "\1\4eth7", 6);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_not_equal(yiaddr(), R(200));
}

static void rfc3046_an_option_82_that_no_relay_has_forwarded_is_believed_where_it_is_trusted(void **state)
{
    static const struct dhcp_reservation reservation = {.addr = A(9),
                                                        .keys = {[DHCP_BY_CIRCUIT_ID] = {TEXT("p1"), false}}};

    (void)state;
    reserve(&reservation, 1);
    for (unsigned trusted = 0; trusted < 2; trusted++) {
        all[0].trusted = trusted;
        begin(DHCP_DISCOVER, trusted ? MAC2 : MAC1);
        made_option(&made, 82, "\1\2p1", 4);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_int_equal(yiaddr() == A(9), trusted);
        assert_true(told(82, "\1\2p1", 4)); /* and goes back in any case */
    }
}

static void a_client_has_a_reservation_in_each_network(void **state)
{
    static const struct dhcp_reservation reservations[] = {
        {.addr = R(100), .keys = {[DHCP_BY_MAC] = {TEXT(MAC1), false}}},
        {.addr = B(9), .keys = {[DHCP_BY_MAC] = {TEXT(MAC1), false}}},
        {.addr = 0x01020304, .keys = {[DHCP_BY_MAC] = {TEXT(MAC2), false}}}, /* of no subnet */
    };

    (void)state;
    reserve(reservations, ARRAY_SIZE(reservations));
    assert_int_equal(bind_client(MAC1), B(9)); /* the other subnet of this link */
    assert_true(told(1, "\xff\xff\xff\0", 4));
    begin(DHCP_DISCOVER, MAC1);
    relayed(RELAY);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_int_equal(yiaddr(), R(100));
    bind_client(MAC2);
}

static void a_declined_reservation_is_in_quarantine_and_its_client_gets_another(void **state)
{
    (void)state;
    reserve(&beside_pool, 1);
    bind_client(MAC1);
    begin(DHCP_DECLINE, MAC1);
    made_option_u32(&made, 50, A(9));
    made_option_u32(&made, 54, SERVER);
    assert_int_equal(send(), DHCP_OUTCOME_DECLINED);
    assert_int_equal(result.changes[0].after.state, DHCP_LEASE_DECLINED);
    assert_int_not_equal(bind_client(MAC1), A(9));
    now += 3600;
    assert_int_equal(bind_client(MAC1), A(9));
}

static void a_reservation_says_things_of_its_own(void **state)
{
    static const struct dhcp_option_value its_options[] = {{DHCP_OPTION_HOST_NAME, 3, (const uint8_t *)"nas"},
                                                           {DHCP_OPTION_ROUTERS, 0, NULL},
                                                           {DHCP_OPTION_BOOT_FILE_NAME, 2, (const uint8_t *)"my"}};
    static const struct dhcp_reservation reservation = {.keys = {[DHCP_BY_MAC] = {TEXT(MAC1), false}},
                                                        .scope = {.lease_s = 600,
                                                                  .lease_min_s = 500,
                                                                  .lease_max_s = 600,
                                                                  .next_server = A(7),
                                                                  .options = its_options,
                                                                  .option_count = 3}};

    (void)state;
    reserve(&reservation, 1); /* no address: one like others get */
    bind_client(MAC1);
    assert_true(told(12, "nas", 3) && told(3, NULL, 0) && told(15, "lab", 3) && told(67, "my", 2));
    assert_true(told(51, "\0\0\2\x58", 4));
    assert_int_equal(result.reply.header.siaddr_be, cpu_to_be32(A(7)));
    assert_string_equal((const char *)result.reply.header.file, "my");
    bind_client(MAC2);
    assert_true(told(12, NULL, 0) && told(3, "\n\0\1\1", 4) && told(51, "\0\0\x0e\x10", 4));
    begin(DHCP_INFORM, MAC1);
    made_addr(&made, MADE_CIADDR, A(5));
    unicast_from(A(5));
    assert_int_equal(send(), DHCP_OUTCOME_INFORMED);
    assert_true(told(12, "nas", 3) && told(51, NULL, 0));
}

static void rfc1534_a_bootp_client_with_a_reservation_is_served(void **state)
{
    (void)state;
    reserve(&beside_pool, 1);
    begin(DHCP_BOOTP, MAC2);
    assert_int_equal(send(), DHCP_OUTCOME_BOOTP_OFF);
    begin(DHCP_BOOTP, MAC1);
    assert_int_equal(send(), DHCP_OUTCOME_BOOTP);
    assert_int_equal(yiaddr(), A(9));
    assert_true(result.changes[0].after.ends_s == DHCP_NEVER);
}

/* What is out when the configuration changes. */
static void an_offer_of_what_becomes_reserved_is_gone(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC2);
    made_option_u32(&made, 50, A(101));
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    reserve(&in_pool, 1);
    assert_int_equal(select_addr(MAC2, A(101), SERVER), DHCP_OUTCOME_NAKED);
    assert_int_equal(bind_client(MAC1), A(101));
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

static const struct dhcp_pattern pxe[] = {{TEXT("PXEClient"), true}}, ipxe[] = {{TEXT("iPXE"), false}},
                                 phones[] = {{TEXT("\2\0\0"), true}};
static const uint16_t uefi[] = {7, 9};

static void rfc4578_boot_files_by_architecture(void **state)
{
    static const struct dhcp_option_value script[] = {{DHCP_OPTION_BOOT_FILE_NAME, 8, (const uint8_t *)"http://x"}};
    static const struct dhcp_option_value efi[] = {{DHCP_OPTION_BOOT_FILE_NAME, 3, (const uint8_t *)"efi"}};
    static const struct dhcp_option_value bios[] = {{DHCP_OPTION_BOOT_FILE_NAME, 4, (const uint8_t *)"bios"}};
    static const struct dhcp_class classes[] = {
        {.users = {ipxe, 1}, .scope = {.options = script, .option_count = 1}},
        {.vendors = {pxe, 1}, .systems = uefi, .system_count = 2, .scope = {.options = efi, .option_count = 1}},
        {.vendors = {pxe, 1}, .scope = {.next_server = A(8), .options = bios, .option_count = 1}},
    };
    static const struct {
        const char *vendor, *system, *user, *file;
        size_t user_len;
    } cases[] = {
        {"PXEClient:Arch:00007", "\0\7", NULL, "efi", 0},
        {"PXEClient:Arch:00000", "\0\0", NULL, "bios", 0},
        {"PXEClient", "\0\x06\0\x09", NULL, "efi", 0},
        {"PXEClient", "\0\7", "iPXE", "http://x", 4},
        {"PXEClient", "\0\7", "\1x\4iPXE", "http://x", 7},
        {"PXEClient", "\0\7", "\1x\5iPXE", "efi", 7},
        {"PXEClien", "\0\7", NULL, NULL, 0},
        {"MSFT 5.0", NULL, "iPXEx", NULL, 5},
        {NULL, NULL, NULL, NULL, 0},
    };

    (void)state;
    classify(classes, ARRAY_SIZE(classes));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin(DHCP_DISCOVER, MAC1);
        if (cases[i].vendor)
            made_option(&made, 60, cases[i].vendor, strlen(cases[i].vendor));
        if (cases[i].system)
            made_option(&made, 93, cases[i].system, i == 2 ? 4 : 2);
        if (cases[i].user)
            made_option(&made, 77, cases[i].user, cases[i].user_len);
        made_option(&made, 97, "\0guid", 5);
        made_option(&made, 55, "\1\x43", 2);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_string_equal((const char *)result.reply.header.file, cases[i].file ? cases[i].file : "");
        assert_true(told(67, cases[i].file, cases[i].file ? strlen(cases[i].file) : 0));
        assert_true(told(97, cases[i].system ? "\0guid" : NULL, 5)); /* 2.3 */
        assert_int_equal(result.reply.header.siaddr_be,
                         cases[i].vendor && strlen(cases[i].vendor) > 8 ? cpu_to_be32(A(8)) : 0);
    }
}

static void a_pool_of_a_class_is_its_clients_alone_and_they_get_it_first(void **state)
{
    static const struct dhcp_class class = {.macs = {phones, 1}};
    static const struct dhcp_range ranges[] = {{A(100), A(103), 0}, {A(110), A(111), 1}};
    const char *const phone[] = {"\2\0\0\0\0\1", "\2\0\0\0\0\2", "\2\0\0\0\0\3"};
    char mac[] = "\2\1\0\0\0\0";

    (void)state;
    all[0].ranges = ranges;
    all[0].range_count = 2;
    classify(&class, 1);
    for (mac[5] = 0; mac[5] < 6; mac[5]++) {
        uint32_t addr = bind_client(mac);
        assert_true((addr >= A(100) && addr <= A(103)) || (addr >= B(100) && addr <= B(101)));
    }
    begin(DHCP_DISCOVER, mac);
    made_option_u32(&made, 50, A(110));
    assert_int_equal(send(), DHCP_OUTCOME_EXHAUSTED);
    assert_int_equal(select_addr(mac, A(110), SERVER), DHCP_OUTCOME_NAKED);
    assert_true(bind_client(phone[0]) >= A(110) && bind_client(phone[1]) >= A(110));
    begin(DHCP_DISCOVER, phone[2]);
    assert_int_equal(send(), DHCP_OUTCOME_EXHAUSTED);
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static void what_is_always_sent_need_not_be_asked_for(void **state)
{
    static const uint8_t always[] = {DHCP_OPTION_DOMAIN_NAME, 200};

    (void)state;
    all[0].scope.always = always;
    all[0].scope.always_count = 2;
    begin(DHCP_DISCOVER, MAC1);
    made_option(&made, 55, "\6", 1);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
    assert_true(told(6, "\n\0\1\1", 4) && told(15, "lab", 3) && told(3, NULL, 0) && told(200, NULL, 0));
}

static void rfc4702_4_the_server_updates_no_names(void **state)
{
    static const struct {
        const char *said, *answer;
        size_t len;
    } cases[] = {
        {"\5\0\0\1h\3lab\0", "\x0e\xff\xff\1h\3lab\0", 10}, /* S, E: overridden */
        {"\4\0\0\1h", "\x0c\xff\xff\1h", 5},
        {"\0\0\0h.lab", "\x08\xff\xff\x68.lab", 8},
        {"\x0d\1\2", "\x0e\xff\xff", 3},
        {"\0\0", NULL, 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin(DHCP_DISCOVER, MAC1);
        made_option(&made, 81, cases[i].said, cases[i].len);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_true(told(81, cases[i].answer, cases[i].len));
    }
    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 54, SERVER);
    made_option_u32(&made, 50, discover(MAC1));
    begin(DHCP_REQUEST, MAC1);
    made_option_u32(&made, 54, SERVER);
    made_option_u32(&made, 50, yiaddr());
    made_option(&made, 81, "\5\0\0\1h\3lab\0", 10);
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    assert_int_equal(result.changes[0].after.host_name.len, 5); /* and knows the client by it */
    assert_memory_equal(result.changes[0].after.host_name.bytes, "h.lab", 5);
}

static void rfc4039_rapid_commit(void **state)
{
    (void)state;
    begin(DHCP_DISCOVER, MAC1);
    made_option(&made, 80, "", 0);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED); /* where it is not switched on */
    assert_true(told(80, NULL, 0));
    all[0].rapid = true;
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    assert_true(told(53, "\5", 1) && told(80, "", 0) && told(51, "\0\0\x0e\x10", 4));
    assert_int_equal(result.change_count, 1);
    assert_int_equal(result.changes[0].after.addr, yiaddr());
    assert_int_equal(result.to, DHCP_TO_HARDWARE);
    begin(DHCP_DISCOVER, MAC2);
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
}

/* --- addresses that somebody has ---------------------------------------------------------------------------------- */

static void rfc2131_3_1_what_is_newly_given_is_asked_for_first(void **state)
{
    (void)state;
    reserve(&beside_pool, 1);
    all[0].probe = true;
    assert_int_equal(discover(MAC1), A(9));
    assert_int_equal(result.probe, 0); /* what is reserved need not be */
    uint32_t addr = discover(MAC2);
    assert_int_equal(result.probe, addr);
    assert_int_equal(discover(MAC2), addr);
    assert_int_equal(result.probe, addr); /* whether it has been asked already is not known here */
    assert_int_equal(select_addr(MAC2, addr, SERVER), DHCP_OUTCOME_ACKED);
    assert_int_equal(result.probe, 0);
    assert_int_equal(discover(MAC2), addr);
    assert_int_equal(result.probe, 0);
    now += 3600;
    assert_int_equal(discover(MAC2), addr); /* it had it before */
    assert_int_equal(result.probe, 0);
}

static void an_address_that_somebody_has_is_in_quarantine(void **state)
{
    uint32_t addr = discover(MAC1), bound = bind_client(MAC2);

    (void)state;
    dhcp_server_conflict(server, addr, now, &result);
    assert_int_equal(result.to, DHCP_TO_NOBODY);
    assert_int_equal(result.change_count, 1);
    assert_int_equal(result.changes[0].after.addr, addr);
    assert_int_equal(result.changes[0].after.state, DHCP_LEASE_DECLINED);
    assert_true(result.changes[0].after.ends_s == now + 600);
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_DECLINED], 1);
    assert_int_not_equal(discover(MAC1), addr);
    assert_int_equal(select_addr(MAC1, addr, SERVER), DHCP_OUTCOME_NAKED);
    dhcp_server_conflict(server, bound, now, &result);
    assert_int_equal(result.change_count, 0); /* one who has it by right keeps it */
    dhcp_server_conflict(server, A(200), now, &result);
    assert_int_equal(result.change_count, 0);
}

static void at_most_half_of_a_pool_is_in_quarantine(void **state)
{
    unsigned changes = 0;

    (void)state;
    for (uint32_t i = 100; i < 104; i++) {
        dhcp_server_conflict(server, A(i), now, &result);
        changes += result.change_count;
    }
    assert_int_equal(changes, 2);
    assert_int_equal(dhcp_server_pool(server, 0)->counts[DHCP_POOL_DECLINED], 2);
    bind_client(MAC1);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void a_hardware_address_has_so_many_addresses(void **state)
{
    uint32_t addrs[3];

    (void)state;
    all[0].per_mac = 2;
    configure();
    for (char id = 0; id < 3; id++) {
        begin(DHCP_DISCOVER, MAC1);
        made_option(&made, 61, (char[]){9, id}, 2);
        assert_int_equal(send(), id < 2 ? DHCP_OUTCOME_OFFERED : DHCP_OUTCOME_LIMITED);
        if (id == 2)
            break;
        addrs[(int)id] = yiaddr();
        begin(DHCP_REQUEST, MAC1);
        made_option(&made, 61, (char[]){9, id}, 2);
        made_option_u32(&made, 54, SERVER);
        made_option_u32(&made, 50, addrs[(int)id]);
        assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    }
    bind_client(MAC2);                             /* it has one of its own */
    for (unsigned again = 0; again < 2; again++) { /* who has one keeps it, also when everything is counted anew */
        begin(DHCP_DISCOVER, MAC1);
        made_option(&made, 61, "\x9\0", 2);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_int_equal(yiaddr(), addrs[0]);
        configure();
    }
    begin(DHCP_RELEASE, MAC1);
    made_option(&made, 61, "\x9\0", 2);
    unicast_from(addrs[0]);
    made_addr(&made, MADE_CIADDR, addrs[0]);
    made_option_u32(&made, 54, SERVER);
    assert_int_equal(send(), DHCP_OUTCOME_RELEASED);
    dhcp_server_undo(server, &result.changes[0]); /* which could not be stored */
    begin(DHCP_DISCOVER, MAC1);
    made_option(&made, 61, "\x9\2", 2);
    assert_int_equal(send(), DHCP_OUTCOME_LIMITED);
    now += 3600;
    assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
}

static void a_line_has_so_many_addresses(void **state)
{
    static const struct dhcp_reservation reservation = {.addr = R(100),
                                                        .keys = {[DHCP_BY_MAC] = {TEXT("\2\0\0\0\0\x9"), false}}};
    char mac[] = MAC1, info[] = "\1\1a";

    (void)state;
    all[2].per_circuit = 3;
    reserve(&reservation, 1);
    for (mac[5] = 1; mac[5] < 10; mac[5]++) {
        uint8_t types[] = {DHCP_DISCOVER, DHCP_REQUEST};
        uint32_t addr = 0;
        info[2] = mac[5] < 6 ? 'a' : 'b';
        for (unsigned i = 0; i < 2; i++) {
            begin(types[i], mac);
            relayed(RELAY);
            made_option(&made, 82, info, 3);
            if (i)
                made_option_u32(&made, 54, SERVER);
            if (i)
                made_option_u32(&made, 50, addr);
            bool limited = mac[5] == 4 || mac[5] == 5;
            assert_int_equal(send(),
                             i == 0 ? (limited ? DHCP_OUTCOME_LIMITED : DHCP_OUTCOME_OFFERED) : DHCP_OUTCOME_ACKED);
            if (limited)
                break;
            addr = yiaddr();
        }
    }
    begin(DHCP_DISCOVER, "\2\0\0\0\0\x0a");
    relayed(RELAY);
    made_option(&made, 82, "\1\1b", 3);
    assert_int_equal(send(), DHCP_OUTCOME_LIMITED); /* b has three, and one that is reserved */
    begin(DHCP_REQUEST, "\2\0\0\0\0\x0a");          /* what was offered by somebody else's relay */
    relayed(RELAY);
    made_option(&made, 82, "\1\1b", 3);
    made_option_u32(&made, 54, SERVER);
    made_option_u32(&made, 50, R(19));
    assert_int_equal(send(), DHCP_OUTCOME_NAKED);
}

/* Against counting by hand. */
static void tallies(void **state)
{
    enum { THINGS = 50, MOST = 64 };
    struct dhcp_tally *tally = dhcp_tally_new(MOST);
    uint32_t counts[THINGS] = {0};
    uint64_t seed = 5;

    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        uint32_t thing = draw_u32(&seed) % THINGS;
        uint64_t hash = (thing * 37 & 31) + 64 * (uint64_t)thing + 1; /* many want the same place */
        if (counts[thing] && draw_u32(&seed) % 2) {
            dhcp_tally_remove(tally, hash);
            counts[thing]--;
        } else if (counts[thing] < 3) {
            dhcp_tally_add(tally, hash);
            counts[thing]++;
        }
        thing = draw_u32(&seed) % THINGS;
        assert_int_equal(dhcp_tally_count(tally, (thing * 37 & 31) + 64 * (uint64_t)thing + 1), counts[thing]);
    }
    dhcp_tally_free(tally);
}

/* --- many --------------------------------------------------------------------------------------------------------- */

static void ten_thousand_subnets_behind_relays(void **state)
{
    enum { COUNT = 10000 };
    static struct dhcp_subnet many[COUNT];
    static struct dhcp_range ranges[COUNT];
    static struct dhcp_reservation reservations[COUNT];
    static uint8_t macs[COUNT][6];

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t at = (i * 7919) % COUNT, base = 0x0b000000 + at * 256; /* in no order */
        memcpy(macs[i], (uint8_t[]){6, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}, 6);
        ranges[i] = (struct dhcp_range){base + 10, base + 19, 0};
        many[i] = all[2];
        many[i].prefix = (struct ipv4_prefix){base, 24};
        many[i].network = 256 + i / 2; /* two share a link */
        many[i].ranges = &ranges[i];
        reservations[i] = (struct dhcp_reservation){.addr = base + 100, .keys = {[DHCP_BY_MAC] = {macs[i], 6, false}}};
    }
    subnets.all = many;
    subnets.count = subnets.reservation_count = COUNT;
    subnets.reservations = reservations;
    configure();
    for (uint32_t i = 0; i < COUNT; i += 97) {
        begin(DHCP_DISCOVER, MAC1);
        relayed(many[i].prefix.addr + 1);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_true(yiaddr() >= ranges[i].first && yiaddr() <= ranges[i].last);
        begin(DHCP_DISCOVER, (const char *)macs[i]);
        relayed(many[i ^ 1].prefix.addr + 1);
        assert_int_equal(send(), DHCP_OUTCOME_OFFERED);
        assert_int_equal(yiaddr(), many[i].prefix.addr + 100);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_reserved_is_its_clients_alone),
        TEST(an_address_of_no_pool_can_be_reserved),
        TEST(a_client_that_is_not_known_but_has_a_reservation_may_reboot),
        TEST(what_is_reserved_later_is_moved_to),
        TEST(what_somebody_else_has_is_waited_for),
        TEST(clients_are_known_by_each_of_their_keys),
        TEST(rfc3046_an_option_82_that_no_relay_has_forwarded_is_believed_where_it_is_trusted),
        TEST(a_client_has_a_reservation_in_each_network),
        TEST(a_declined_reservation_is_in_quarantine_and_its_client_gets_another),
        TEST(a_reservation_says_things_of_its_own),
        TEST(rfc1534_a_bootp_client_with_a_reservation_is_served),
        TEST(an_offer_of_what_becomes_reserved_is_gone),
        TEST(rfc4578_boot_files_by_architecture),
        TEST(a_pool_of_a_class_is_its_clients_alone_and_they_get_it_first),
        TEST(what_is_always_sent_need_not_be_asked_for),
        TEST(rfc4702_4_the_server_updates_no_names),
        TEST(rfc4039_rapid_commit),
        TEST(rfc2131_3_1_what_is_newly_given_is_asked_for_first),
        TEST(an_address_that_somebody_has_is_in_quarantine),
        TEST(at_most_half_of_a_pool_is_in_quarantine),
        TEST(a_hardware_address_has_so_many_addresses),
        TEST(a_line_has_so_many_addresses),
        cmocka_unit_test(tallies),
        TEST(ten_thousand_subnets_behind_relays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
