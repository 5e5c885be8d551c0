/* Lease files of ISC's dhcpd and of Kea as those servers write them, and what is wrong with files. */
#include "dhcp/import.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define A(d) (0x0a000100u + (d)) /* 10.0.1.d */

static const char isc[] = "# The format of this file is documented in the dhcpd.leases(5) manual page.\n"
                          "# This lease file was written by isc-dhcp-4.4.3-P1\n"
                          "\n"
                          "authoring-byte-order little-endian;\n"
                          "server-duid \"\\000\\001\\000\\001)\\\"}{;\";\n"
                          "\n"
                          "lease 10.0.1.20 {\n"
                          "  starts 4 2026/11/26 00:00:00;\n"
                          "  ends 4 2026/11/26 12:00:00;\n"
                          "  cltt 4 2026/11/26 00:30:00;\n"
                          "  binding state active;\n"
                          "  next binding state free;\n"
                          "  rewind binding state free;\n"
                          "  hardware ethernet 02:00:00:00:00:01;\n"
                          "  uid \"\\001\\002\\000\\000\\\"a\\\\\";\n"
                          "  set vendor-class-identifier = \"udhcp {1.30}\";\n"
                          "  option agent.circuit-id \"eth0\";\n"
                          "  on expiry { log(info, \"gone\"); if 1 = 1 { execute(\"x\"); } }\n"
                          "  client-hostname \"printer\";\n"
                          "}\n"
                          "lease 10.0.1.21 { starts epoch 100; # Thursday\n"
                          "  ends never; hardware ethernet 02:00:00:00:00:02; }\n"
                          "failover peer \"x\" state { my state normal at 4 2026/11/26 00:00:00; }\n"
                          "lease 10.0.1.22 { starts 4 2026/11/26 00:00:00; ends 4 2026/11/26 12:00:00;\n"
                          "  binding state active; hardware ethernet 02:00:00:00:00:03; }\n"
                          "lease 10.0.1.22 { starts 4 2026/11/26 00:00:00; ends 4 2026/11/26 06:00:00;\n"
                          "  binding state free; hardware ethernet 02:00:00:00:00:03; }\n"
                          "lease 10.0.1.20 { starts 4 2026/11/26 01:00:00; ends 4 2026/11/26 13:00:00;\n"
                          "  binding state active; hardware ethernet 02:00:00:00:00:01; uid 01:02:00; }\n"
                          "lease 10.0.1.23 { binding state abandoned; ends 4 2026/11/26 13:00:00; }\n"
                          "lease 10.0.1.24 { binding state active; starts 4 2026/11/26 01:00:00; ends never;\n"
                          "  hardware token-ring 01:02; }\n";

static const char kea[] =
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n"
    "10.0.1.20,02:00:00:00:00:01,01:02:00:00:00:00:01,3600,1795651200,1,0,0,host-20,0,\n"
    "10.0.1.21,02:00:00:00:00:02,,4294967295,4294967295,1,0,0,a&#x2cb,0,{ \"x\": 1 }\n"
    "10.0.1.22,02:00:00:00:00:03,,3600,1795651200,1,0,0,,0,\n"
    "10.0.1.22,02:00:00:00:00:03,,0,1795651200,1,0,0,,0,\n"
    "10.0.1.23,,,3600,1795651200,1,0,0,,1,\n"
    "10.0.1.24,02:00:00:00:00:05,,3600,1795651200,1,0,0,,2,\n"
    "10.0.1.20,02:00:00:00:00:01,01:02:00:00:00:00:01,3600,1795651300,1,0,0,host-20,0,\n";

static const char own[] = "address,state,mac,client_id,host_name,interface,began,last,ends\r\n"
                          "10.0.1.20,bound,02:00:00:00:00:01,ff01,\"a, \"\"b\"\"\",lan0,100,200,300\r\n"
                          "10.0.1.21,ended,02:00:00:00:00:02,,,lan0,100,200,300\r\n"
                          "10.0.1.22,bound,,00,,,100,200,\r\n";

static struct dhcp_import import;

static int read_text(const char *text)
{
    dhcp_import_clear(&import);
    return dhcp_import_read(&import, text, strlen(text));
}

static void assert_lease(size_t number, uint32_t addr, uint8_t mac, uint64_t began_s, uint64_t last_s, uint64_t ends_s)
{
    const struct dhcp_lease *lease = &import.all[number].lease;

    assert_true(number < import.count);
    assert_int_equal(lease->addr, addr);
    assert_true(lease->state == DHCP_LEASE_BOUND && lease->htype == 1 && lease->hlen == 6);
    assert_memory_equal(lease->chaddr, ((const uint8_t[]){2, 0, 0, 0, 0, mac}), 6);
    assert_true(lease->began_s == began_s && lease->last_s == last_s && lease->ends_s == ends_s);
}

static void dhcpd_leases(void **state)
{
    (void)state;
    assert_int_equal(read_text(isc), 0);
    assert_string_equal(import.kind, "dhcpd.leases");
    assert_int_equal(import.count, 2);
    assert_int_equal(import.others, 3);
    assert_lease(0, A(20), 1, 1795654800, 1795654800, 1795698000);
    assert_int_equal(import.all[0].line, 28);
    assert_true(import.all[0].lease.client_id.len == 3 && import.all[0].lease.host_name.len == 0);
    assert_lease(1, A(21), 2, 100, 100, DHCP_NEVER);
}

static void strings_of_dhcpd(void **state)
{
    char text[sizeof(isc)];

    (void)state;
    memcpy(text, isc, sizeof(text));
    strstr(text, "failover")[0] = '\0'; /* the first word on it */
    assert_int_equal(read_text(text), 0);
    assert_lease(0, A(20), 1, 1795651200, 1795653000, 1795694400);
    const struct dhcp_lease *lease = &import.all[0].lease;
    assert_int_equal(lease->client_id.len, 7);
    assert_memory_equal(lease->client_id.bytes, "\1\2\0\0\"a\\", 7);
    assert_int_equal(lease->host_name.len, 7);
    assert_memory_equal(lease->host_name.bytes, "printer", 7);
}

static void kea_memfile(void **state)
{
    (void)state;
    assert_int_equal(read_text(kea), 0);
    assert_string_equal(import.kind, "Kea");
    assert_int_equal(import.count, 2);
    assert_int_equal(import.others, 3);
    assert_lease(0, A(20), 1, 1795647700, 1795647700, 1795651300);
    assert_int_equal(import.all[0].lease.client_id.len, 7);
    assert_memory_equal(import.all[0].lease.host_name.bytes, "host-20", 7);
    assert_lease(1, A(21), 2, 0, 0, DHCP_NEVER);
    assert_memory_equal(import.all[1].lease.host_name.bytes, "a,b", 3);
}

static void what_was_exported(void **state)
{
    (void)state;
    assert_int_equal(read_text(own), 0);
    assert_string_equal(import.kind, "Fairlead");
    assert_true(import.count == 2 && import.others == 1);
    assert_lease(0, A(20), 1, 100, 200, 300);
    assert_memory_equal(import.all[0].lease.host_name.bytes, "a, \"b\"", 6);
    assert_memory_equal(import.all[0].lease.client_id.bytes, "\xff\1", 2);
    assert_true(import.all[1].lease.hlen == 0 && import.all[1].lease.ends_s == DHCP_NEVER);
}

static void faults_are_named_with_their_line(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *expected;
    } faults[] = {
        {"", 1, "expected dhcpd.leases, or"},
        {"hello", 1, "expected '}' or ';'"},
        {"hello;\nworld;", 1, "expected dhcpd.leases, or"},
        {"\nlease 10.0.1.256 {", 2, "lease: expected an address"},
        {"lease 10.0.1.5", 1, "lease: expected an address and '{'"},
        {"lease 10.0.1.5 {\n\n", 3, "expected '}' at the end of the lease"},
        {"lease 10.0.1.5 { starts\n4 2026/13/26 00:00:00; }", 2, "expected a time"},
        {"lease 10.0.1.5 { ends }", 1, "expected a time"},
        {"lease 10.0.1.5 { ends epoch -1; }", 1, "expected a time"},
        {"lease 10.0.1.5 { hardware ethernet 02:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00; }", 1,
         "hardware: exp"},
        {"lease 10.0.1.5 { hardware ethernet; }", 1, "hardware: expected"},
        {"lease 10.0.1.5 { uid \"abc", 1, "expected '\"' at the end"},
        {"lease 10.0.1.5 { uid \"abc\n\"; }", 1, "expected '\"' at the end"},
        {"lease 10.0.1.5 { uid \"\\777\"; }", 1, "expected a character behind"},
        {"lease 10.0.1.5 { uid \"\\", 1, "expected a character behind"},
        {"lease 10.0.1.5 { client-hostname x; }", 1, "client-hostname: expected"},
        {"lease 10.0.1.5 { on expiry { { } ", 1, "expected '}' or ';'"},
        {"address,hwaddr,client_id,valid_lifetime,expire,\n10.0.1.5,zz,,1,1,", 2, "expected hexadecimal"},
        {"address,hwaddr,client_id,valid_lifetime,expire,\n10.0.1.5,02:00:00:00:00:01,,x,1,", 2, "expected numbers"},
        {"address,hwaddr,client_id,valid_lifetime,expire,\n\n10.0.1,02:00:00:00:00:01,,1,1,", 3, "expected an address"},
        {"address,hwaddr,client_id,valid_lifetime,expire,\n10.0.1.5,02:00:00:00:00:01,,1,18446744073709551616", 2,
         "expected numbers"},
        {"address,state,mac,client_id,\n10.0.1.5,bound,\"02", 2, "expected '\"' at the end of the field"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        int error = read_text(faults[i].text);
        if (error != -EINVAL || import.wrong_line != faults[i].line ||
            strncmp(import.wrong, faults[i].expected, strlen(faults[i].expected)) != 0)
            fail_msg("%s: %d, line %u: %s", faults[i].text, error, import.wrong_line, import.wrong);
    }
    dhcp_import_clear(&import);
}

/* Every beginning of a file is read without a step beyond it, whatever comes of it. */
static void files_cut_short(void **state)
{
    static const char *const files[] = {isc, kea, own};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        for (size_t len = 0; len < strlen(files[i]); len++) {
            char *block = malloc(len ? len : 1);
            assert_non_null(block);
            memcpy(block, files[i], len);
            dhcp_import_clear(&import);
            int error = dhcp_import_read(&import, block, len);
            assert_true(error == 0 || error == -EINVAL);
            free(block);
        }
    }
    dhcp_import_clear(&import);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dhcpd_leases),
        cmocka_unit_test(strings_of_dhcpd),
        cmocka_unit_test(kea_memfile),
        cmocka_unit_test(what_was_exported),
        cmocka_unit_test(faults_are_named_with_their_line),
        cmocka_unit_test(files_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
