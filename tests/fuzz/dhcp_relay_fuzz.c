/*
 * A message through the relay: what comes out parses, says what went in, and nothing of what others have added is lost
 * or changed; what the relay adds to a request it takes away again from the reply to it.
 *
 * Input: 4 bytes, and a message:
 *     0  flags: 1 the link is trusted, 2 option 82 is added, 4 with a remote-id, 8 a link selection, 16 a server
 *        override, 32 another link has the same giaddr, 64 the message's giaddr is the link's
 *     1  the length of the circuit-id
 *     2  of the remote-id
 *     3  the most hops
 */
#include "dhcp/relay.h"

#include "tests/fuzz/dhcp_mutate.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define AT     4
#define GIADDR 0x0a000101u
#define OTHER  0x0a000201u

static const uint32_t own[] = {GIADDR, OTHER};

struct world {
    struct dhcp_relay_link links[2];
    struct dhcp_message message, parsed;
    struct dhcp_relayed relayed, answered;
    uint8_t bytes[DHCP_RECEIVED_MAX + 1];
};

static void make_links(struct world *world, const uint8_t *input)
{
    struct dhcp_relay_info info = {.circuit_id.len = input[1], .remote_id.len = input[0] & 4 ? input[2] : 0};

    memset(info.circuit_id.bytes, 'c', input[1]);
    memset(info.remote_id.bytes, 'r', info.remote_id.len);
    info.link_selection = input[0] & 8 ? OTHER : 0;
    info.server_override = input[0] & 16 ? OTHER : 0;
    world->links[0] =
        (struct dhcp_relay_link){.giaddr = GIADDR, .link_addr = GIADDR, .hops_max = input[3], .trusted = input[0] & 1};
    world->links[1] = (struct dhcp_relay_link){.giaddr = input[0] & 32 ? GIADDR : OTHER, .link_addr = OTHER};
    if (input[0] & 2 && !dhcp_relay_make_info(&info, &world->links[0].info))
        world->links[0].info.len = 0;
}

/* Every option but one is what it was. */
static void check_same(const struct dhcp_message *before, const struct dhcp_message *after, int but)
{
    FUZZ_CHECK(before->type == after->type);
    for (int code = 0; code < 256; code++) {
        size_t had, has;
        const uint8_t *one = dhcp_get(before, (uint8_t)code, &had), *other = dhcp_get(after, (uint8_t)code, &has);
        if (code == but)
            continue;
        FUZZ_CHECK(!one == !other);
        FUZZ_CHECK(!one || (had == has && memcmp(one, other, had) == 0));
    }
}

static bool has_info(const struct dhcp_message *message)
{
    size_t len;

    return dhcp_get(message, DHCP_OPTION_RELAY_INFO, &len);
}

/* The server's answer is the request itself: the client gets what the client sent. */
static void check_way_back(struct world *world)
{
    struct dhcp_header *header = (void *)world->relayed.bytes;

    header->op = DHCP_BOOTREPLY;
    FUZZ_CHECK(dhcp_parse(world->relayed.bytes, world->relayed.len, &world->parsed) == DHCP_FAULT_NONE);
    FUZZ_CHECK(dhcp_relay_find(world->links, 2, &world->parsed) == &world->links[0]);
    dhcp_relay_reply(&world->links[0], &world->parsed, &world->answered);
    FUZZ_CHECK(world->answered.len <= DHCP_RELAYED_MAX);
    FUZZ_CHECK(dhcp_parse(world->answered.bytes, world->answered.len, &world->parsed) == DHCP_FAULT_NONE);
    check_same(&world->message, &world->parsed, -1);
}

static void check_request(struct world *world)
{
    const struct dhcp_header *before = world->message.header, *after = (const void *)world->relayed.bytes;
    const struct dhcp_relay_link *link = &world->links[0];
    bool had_info = has_info(&world->message);
    enum dhcp_relay_outcome outcome = dhcp_relay_request(link, own, 2, &world->message, &world->relayed);

    if (outcome != DHCP_RELAY_FORWARDED && outcome != DHCP_RELAY_UNCHANGED)
        return;
    FUZZ_CHECK(world->relayed.len <= DHCP_RELAYED_MAX);
    FUZZ_CHECK(after->hops == (uint8_t)(before->hops + 1) && before->hops <= link->hops_max);
    FUZZ_CHECK(after->giaddr_be == (before->giaddr_be ? before->giaddr_be : cpu_to_be32(GIADDR)));
    FUZZ_CHECK(before->giaddr_be || !had_info || link->trusted);
    FUZZ_CHECK(dhcp_parse(world->relayed.bytes, world->relayed.len, &world->parsed) == DHCP_FAULT_NONE);
    bool added = outcome == DHCP_RELAY_FORWARDED && !before->giaddr_be && !had_info && link->info.len;
    FUZZ_CHECK(has_info(&world->parsed) == (added || had_info));
    check_same(&world->message, &world->parsed, added ? DHCP_OPTION_RELAY_INFO : -1);
    if (added)
        check_way_back(world);
}

static void check_reply(struct world *world)
{
    const struct dhcp_relay_link *link = dhcp_relay_find(world->links, 2, &world->message);

    if (!link)
        return;
    FUZZ_CHECK(be32_to_cpu(world->message.header->giaddr_be) == link->giaddr);
    dhcp_relay_reply(link, &world->message, &world->relayed);
    FUZZ_CHECK(world->relayed.len <= DHCP_RELAYED_MAX && (world->relayed.dst || world->relayed.broadcast));
    FUZZ_CHECK(dhcp_parse(world->relayed.bytes, world->relayed.len, &world->parsed) == DHCP_FAULT_NONE);
    check_same(&world->message, &world->parsed, DHCP_OPTION_RELAY_INFO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = size > AT ? calloc(1, sizeof(*world)) : NULL;

    if (!world)
        return 0;
    size_t len = size - AT < sizeof(world->bytes) ? size - AT : sizeof(world->bytes);
    make_links(world, data);
    memcpy(world->bytes, data + AT, len);
    if (data[0] & 64 && len >= DHCP_HEADER_SIZE)
        ((struct dhcp_header *)world->bytes)->giaddr_be = cpu_to_be32(GIADDR);
    if (dhcp_parse(world->bytes, len, &world->message) == DHCP_FAULT_NONE) {
        if (world->message.header->op == DHCP_BOOTREQUEST)
            check_request(world);
        else
            check_reply(world);
    }
    free(world);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    if (size < AT || size_max < AT + DHCP_OPTIONS_AT)
        return LLVMFuzzerMutate(data, size, size_max);
    switch (dhcp_mutate_below(&seed, 8)) {
    case 0:
        return LLVMFuzzerMutate(data, size, size_max);
    case 1:
        data[dhcp_mutate_below(&seed, AT)] = (uint8_t)rand_r(&seed);
        return size;
    default:
        return AT + dhcp_mutate_message(data + AT, size - AT, size_max - AT, &seed);
    }
}
