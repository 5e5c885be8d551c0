/* Files of other programs: what they say, what is left out, and what is wrong where. */
#include "interchange/interchange.h"

#include "base/compiler.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct interchange files;

static int read_text(const char *text)
{
    return interchange_read(&files, "file", text, strlen(text));
}

/* What has been read, joined, a line for each node and remark. To be freed. */
static char *dump(void)
{
    static const char *const kinds[] = {"block", "subnet", "pool", "host"};
    static const char *const statuses[] = {"allocated", "assigned", "reserved", "quarantined"};
    char *text = NULL, range[IPV4_RANGE_TEXT_SIZE], place[INTERCHANGE_PLACE_SIZE];
    size_t len;
    FILE *stream = open_memstream(&text, &len);

    assert_non_null(stream);
    assert_int_equal(interchange_join(&files), 0);
    for (size_t i = 0; i < files.count; i++) {
        const struct plan_entry *entry = &files.all[i].wanted.entry;
        uint32_t gives = files.all[i].wanted.gives;
        ipv4_range_format(entry->range, range);
        fprintf(stream, "%s %s %s", range, gives & PLAN_GIVES_KIND ? kinds[entry->kind] : "-",
                gives & PLAN_GIVES_STATUS ? statuses[entry->status] : "-");
        if (gives & PLAN_GIVES_NAME)
            fprintf(stream, " name=%s", entry->name ? entry->name : "");
        if (gives & PLAN_GIVES_OWNER)
            fprintf(stream, " owner=%s", entry->owner ? entry->owner : "");
        if (gives & PLAN_GIVES_NOTE)
            fprintf(stream, " note=%s", entry->note ? entry->note : "");
        fputc('\n', stream);
    }
    for (size_t i = 0; i < files.remark_count; i++) {
        const struct interchange_remark *remark = &files.remarks[i];
        interchange_place_format(&remark->place, place);
        fprintf(stream, "%s%s%s\n", remark->fault ? "! " : "", place, remark->text);
    }
    if (files.ipv6)
        fprintf(stream, "%zu of IPv6\n", files.ipv6);
    if (files.other_vrfs)
        fprintf(stream, "%zu in other VRFs\n", files.other_vrfs);
    fclose(stream);
    return text;
}

static void assert_says(const char *text, const char *expected)
{
    int error = read_text(text);

    if (error)
        fail_msg("%s: %d: %u: %s", text, error, files.wrong_line, files.wrong);
    char *said = dump();
    assert_string_equal(said, expected);
    free(said);
    interchange_clear(&files);
}

/* --- NetBox ------------------------------------------------------------------------------------------------------- */

static void netbox_prefixes(void **state)
{
    (void)state;
    /* As it is exported: headings for people, statuses with capitals. */
    assert_says("Prefix,Status,Children,VRF,Utilization,Tenant,Site,VLAN,Role,Description\r\n"
                "10.0.0.0/8,Container,2,,0.4,,,,,\r\n"
                "10.1.0.0/16,Active,1,,0.0,ACME,Berlin,,,\"the site, all of it\"\r\n"
                "10.1.5.0/24,Reserved,0,,0.0,,Berlin,,,\r\n"
                "10.1.6.0/24,Deprecated,0,Global,0.0,,,,,\r\n"
                "2001:db8::/32,Container,0,,0.0,,,,,\r\n",
                "10.0.0.0/8 block allocated owner= note=\n"
                "10.1.0.0/16 - assigned owner=ACME note=the site, all of it\n"
                "10.1.5.0/24 - reserved owner= note=\n"
                "10.1.6.0/24 - reserved owner= note=\n"
                "1 of IPv6\n");
    /* As it is imported. */
    assert_says("prefix,status,vrf,tenant,is_pool,description\n10.1.0.0/16,active,,acme,false,\n",
                "10.1.0.0/16 - assigned owner=acme note=\n");
    assert_says("\xef\xbb\xbfprefix,rir,date_added\n10.0.0.0/8,RFC 1918,\n", "10.0.0.0/8 block allocated\n");
    assert_says("prefix\n10.0.0.0/8\n", "10.0.0.0/8 - -\n");
    assert_says("prefix,status\n10.0.0.0/8,Planned\n", "10.0.0.0/8 - assigned\n"
                                                       "file:2: status 'Planned' is taken as active\n");
}

static void netbox_ranges_and_addresses(void **state)
{
    (void)state;
    assert_says("Start address,End address,Size,VRF,Status,Role,Tenant\n"
                "10.1.5.100/24,10.1.5.199/24,100,,Active,,ACME\n10.1.5.9/24,10.1.5.8/24,0,,Active,,\n",
                "10.1.5.100-10.1.5.199 pool assigned owner=ACME\n"
                "! file:3: '10.1.5.8/24': expected an address that is not below the first\n");
    assert_says("IP Address,VRF,Status,Role,Tenant,Assigned,DNS Name,Description\n"
                "10.1.5.1/24,,Active,,,x,gw.example.net,the gateway\n"
                "10.1.5.2/24,,DHCP,,,x,,\n"
                "10.1.5.3/24,,Reserved,,,x,gw.example.net,\n"
                "10.1.5.4/24,,Active,,,x,not a name,\n"
                "2001:db8::1/64,,Active,,,x,,\n"
                "10.1.5/24,,Active,,,,,\n",
                "10.1.5.1 host assigned name=gw.example.net owner= note=the gateway\n"
                "10.1.5.2 host assigned owner= note=\n"
                "10.1.5.3 host reserved owner= note=\n"
                "10.1.5.4 host assigned owner= note=\n"
                "! file:7: '10.1.5/24': expected an address or a prefix\n"
                "file:5: without its name 'not a name': a name has 1 to 63 letters, digits and any of -_./\n"
                "file:4: without its name 'gw.example.net': another one has it\n"
                "1 of IPv6\n");
}

static void one_vrf_at_a_time(void **state)
{
    static const char text[] =
        "prefix,status,vrf\n10.0.0.0/8,active,\n10.1.0.0/16,active,red\n10.0.0.0/8,active,blue\n";

    (void)state;
    assert_says(text, "10.0.0.0/8 - assigned\n"
                      "! file:3: it is in VRF 'red', and a plan is one address space: expected vrf and its name\n"
                      "! file:4: it is in VRF 'blue', and a plan is one address space: expected vrf and its name\n");
    files.vrf = "red";
    assert_says(text, "10.1.0.0/16 - assigned\n2 in other VRFs\n");
    files.vrf = NULL;
}

/* --- DHCP servers ------------------------------------------------------------------------------------------------- */

static void kea(void **state)
{
    (void)state;
    assert_says("// Kea, with comments as it takes them\n"
                "{ \"Dhcp4\": { /* all\n of it */ \"subnet4\": [ {\n"
                "    \"id\": 1, \"subnet\": \"10.1.5.0/24\", # this one\n"
                "    \"user-context\": {\"name\": \"lan0\", \"comment\": \"has // no \\\" comment\"},\n"
                "    \"pools\": [ { \"pool\": \"10.1.5.100 - 10.1.5.199\" }, { \"pool\": \"10.1.5.64/28\" } ],\n"
                "    \"option-data\": [ { \"name\": \"routers\", \"data\": \"10.1.5.1, 10.1.5.2\" } ],\n"
                "    \"reservations\": [ { \"hw-address\": \"02:00:00:00:00:01\", \"ip-address\": \"10.1.5.20\", "
                "\"hostname\": \"printer\" },\n"
                "                      { \"hw-address\": \"02:00:00:00:00:02\", \"ip-address\": \"10.1.5.150\" },\n"
                "                      { \"hw-address\": \"02:00:00:00:00:03\", \"hostname\": \"mobile\" } ] } ],\n"
                "  \"shared-networks\": [ { \"name\": \"x\", \"subnet4\": [ { \"subnet\": \"10.1.6.0/24\" } ] } ] } }",
                "10.1.5.0/24 subnet assigned name=lan0 note=has // no \" comment\n"
                "10.1.5.1 host - note=router\n"
                "10.1.5.2 host - note=router\n"
                "10.1.5.20 host - name=printer\n"
                "10.1.5.64/28 pool assigned\n"
                "10.1.5.100-10.1.5.199 pool assigned\n"
                "10.1.6.0/24 subnet assigned\n"
                "file: subnet4[0]: left out: it lies in a pool, which has it\n");
    assert_says("[{\"subnet\": \"10.1.5.0/24\", \"pools\": [{\"pool\": \"10.1.5.9-10.1.5.8\"}]}, {\"subnet\": 5}]",
                "10.1.5.0/24 subnet assigned\n"
                "! file: subnet4[0]: pool '10.1.5.9-10.1.5.8': expected FIRST - LAST, or a prefix\n"
                "! file: subnet4[1]: '': expected an address or a prefix\n");
}

static void dhcpd(void **state)
{
    (void)state;
    assert_says("# a comment, with a comma\n"
                "option domain-name \"example.net\"; default-lease-time 600;\n"
                "include \"more.conf\";\n"
                "subnet 10.1.5.0 netmask 255.255.255.0 {\n"
                "    range 10.1.5.100 10.1.5.199;\n"
                "    range dynamic-bootp 10.1.5.50;\n"
                "    option routers 10.1.5.1, gw.example.net;\n"
                "    pool { allow unknown-clients; range 10.1.5.60 10.1.5.69; }\n"
                "}\n"
                "shared-network x {\n"
                "    subnet 10.1.6.0 netmask 255.255.255.128 { }\n"
                "    group { host printer { hardware ethernet 02:00:00:00:00:01; fixed-address 10.1.5.20; } }\n"
                "}\n"
                "class \"x\" { match if substring (option vendor-class-identifier, 0, 3) = \"abc\"; }\n"
                "host pooled { fixed-address 10.1.5.150; }\n",
                "10.1.5.0/24 subnet -\n"
                "10.1.5.1 host - note=router\n"
                "10.1.5.20 host - name=printer\n"
                "10.1.5.50 pool -\n"
                "10.1.5.60-10.1.5.69 pool -\n"
                "10.1.5.100-10.1.5.199 pool -\n"
                "10.1.6.0/25 subnet -\n"
                "file:3: what is included here is not read\n"
                "file:7: 'gw.example.net' is left out: it is no address\n"
                "file:15: left out: it lies in a pool, which has it\n");
}

static void routes(void **state)
{
    (void)state;
    assert_says(
        "[{\"dst\":\"default\",\"gateway\":\"192.0.2.1\",\"dev\":\"wan0\",\"flags\":[]},"
        "{\"dst\":\"10.1.5.0/24\",\"dev\":\"lan0\",\"protocol\":\"kernel\",\"scope\":\"link\",\"prefsrc\":\"10.1.5."
        "1\",\"flags\":[]},"
        "{\"type\":\"blackhole\",\"dst\":\"10.1.0.0/16\",\"flags\":[]},"
        "{\"dst\":\"10.2.0.0/16\",\"gateway\":\"10.1.5.2\",\"dev\":\"lan0\",\"flags\":[]},"
        "{\"type\":\"local\",\"dst\":\"10.1.5.1\",\"dev\":\"lan0\"},"
        "{\"dst\":\"10.9.9.9\",\"gateway\":\"10.1.5.2\",\"dev\":\"lan0\",\"flags\":[]}]",
        "10.1.0.0/16 block -\n10.1.5.0/24 subnet -\n10.1.5.1 host -\n10.2.0.0/16 - -\n10.9.9.9 - -\n");
}

/* --- our own ------------------------------------------------------------------------------------------------------ */

static void own_files_say_what_they_say(void **state)
{
    (void)state;
    assert_says(
        "{\"nodes\": [{\"range\": \"10.0.0.0/8\", \"kind\": \"block\", \"depth\": 0, \"usage\": {}},"
        " {\"range\": \"10.0.0.0/24\", \"name\": \"lan0\", \"note\": null, \"owner\": \"\"}, {\"range\": 5},"
        " {\"range\": \"10.0.0.1\", \"knid\": \"host\"}, {\"range\": \"10.0.0.2\", \"kind\": \"guest\"}, 7]}",
        "10.0.0.0/8 block -\n10.0.0.0/24 - - name=lan0 owner= note=\n"
        "! file: nodes[2]: range: expected an address, a prefix without host bits, or a range FIRST-LAST\n"
        "! file: nodes[3]: 'knid' is not known: expected range, kind, status, delegated, for_sibling, name, owner, "
        "provider, contract, note, created, changed or until\n"
        "! file: nodes[4]: kind: 'guest': expected block, subnet, pool or host\n"
        "! file: nodes[5]: expected an object\n");
    assert_says("[]", "");
    assert_says("range,kind,name,note,until,delegated\n10.0.0.0/24,,lan0,,2026-11-27T12:00:00Z,\n10.0.1.0/24,x,,,,\n"
                "10.0.2.0/24,,,,soon,\n10.0.3.0/24,,,,,maybe\n",
                "10.0.0.0/24 - - name=lan0 note=\n"
                "! file:3: kind: 'x': expected block, subnet, pool or host\n"
                "! file:4: until: 'soon': expected a time, as 2026-11-27T12:00:00Z\n"
                "! file:5: delegated: 'maybe': expected yes or no\n");
}

static void what_is_said_twice_is_joined(void **state)
{
    (void)state;
    assert_int_equal(read_text("prefix,status\n10.0.0.0/24,active\n10.0.1.0/24,active\n10.0.0.0/24,reserved\n"), 0);
    assert_int_equal(read_text("[{\"range\": \"10.0.0.0/24\", \"name\": \"a\"}, {\"range\": \"10.0.1.0/24\", \"kind\": "
                               "\"block\"}, {\"range\": \"10.0.1.0/24\", \"kind\": \"pool\"}]"),
                     0);
    char *said = dump();
    assert_string_equal(said, "10.0.0.0/24 - reserved name=a\n10.0.1.0/24 block assigned\n"
                              "! file: nodes[2]: the same addresses are a block in file:3, and a pool here\n");
    free(said);
    interchange_clear(&files);
}

/* --- what is wrong ------------------------------------------------------------------------------------------------ */

static void what_is_wrong_has_its_line(void **state)
{
    static const struct {
        const char *text;
        uint64_t line;
        const char *expected;
    } cases[] = {
        {"", 1, "the file is empty"},
        {"\n \n", 3, "the file is empty"},
        {"{\"nodes\": [\n{\"range\" 5}]}", 2, "column 10: ':' expected near '5'"},
        {"{\"other\": 5}", 0, "there is nothing of a plan in it"},
        {"a,b\n1,2\n", 1, "expected one of the columns range, prefix, address, or start_address and end_address"},
        {"prefix,status\n10.0.0.0/8,\"x\n", 3, "expected '\"' at the end of the field"},
        {"hello;\n", 0, "there is nothing of a plan in it"},
        {"subnet 10.0.0.0 netmask 255.255.255.1 {}", 1, "expected subnet NETWORK netmask MASK"},
        {"subnet 10.0.0.0 netmask 255.255.255.0 {\n range 10.0.0.9 10.0.0.8; }", 2,
         "range: expected one or two addresses"},
        {"subnet 10.0.0.0 netmask 255.255.255.0 {\n", 2, "expected '}' or ';', found the end of the file"},
        {"option x;\n}", 2, "found a '}' without its '{'"},
        {"option routers \"10.0.0.1", 1, "expected '\"' at the end of the string"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int error = read_text(cases[i].text);
        if (error != -EINVAL || files.wrong_line != cases[i].line ||
            strncmp(files.wrong, cases[i].expected, strlen(cases[i].expected)) != 0)
            fail_msg("%s: %d, line %u: %s", cases[i].text, error, files.wrong_line, files.wrong);
        interchange_clear(&files);
    }
}

static void blocks_are_not_too_deep(void **state)
{
    char text[400];

    (void)state;
    memset(text, '\0', sizeof(text));
    for (size_t i = 0; i < 100; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = '{';
    }
    assert_int_equal(read_text(text), -EINVAL);
    assert_string_equal(files.wrong, "expected at most 32 blocks within one another");
    interchange_clear(&files);
}

static void long_texts_are_cut_between_characters(void **state)
{
    char text[400] = "prefix,description\n10.0.0.0/8,x";

    (void)state;
    size_t len = strlen(text);
    for (; len < 350; len += 2) {
        text[len] = '\xc3';
        text[len + 1] = '\xbc';
    }
    text[len] = '\0';
    assert_int_equal(read_text(text), 0);
    assert_int_equal(strlen(files.all[0].wanted.entry.note), 255);
    assert_int_equal(files.remark_count, 1);
    assert_string_equal(files.remarks[0].text, "note: cut off behind 255 bytes");
    interchange_clear(&files);
    assert_says("prefix,description\n10.0.0.0/8,\"two\nlines\"\n10.1.0.0/16,\xfc\n",
                "10.0.0.0/8 - - note=two lines\n10.1.0.0/16 - - note=\n! file:4: note: expected UTF-8\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netbox_prefixes),
        cmocka_unit_test(netbox_ranges_and_addresses),
        cmocka_unit_test(one_vrf_at_a_time),
        cmocka_unit_test(kea),
        cmocka_unit_test(dhcpd),
        cmocka_unit_test(routes),
        cmocka_unit_test(own_files_say_what_they_say),
        cmocka_unit_test(what_is_said_twice_is_joined),
        cmocka_unit_test(what_is_wrong_has_its_line),
        cmocka_unit_test(blocks_are_not_too_deep),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
