/*
 * A series of messages to the lease machine: each reply parses and is no longer than it may be, the pools agree with
 * the leases, and no address is acknowledged to a client while another one's lease on it lasts.
 *
 * Input: for each message 8 bytes and its options:
 *     0  flags: 1 relayed, 2 unicast, 4 broadcast flag, 8 what it changes is undone, 16 options in file and sname too,
 *        32 the configuration is given anew, 64 a reply, 128 other hardware than Ethernet
 *     1  seconds that pass before it
 *     2  the client: the last byte of its hardware address
 *     3  the length of that
 *     4  giaddr, 5 ciaddr: the last byte of an address in one of the subnets; 0: none
 *     6  the link: 0, 1, 2
 *     7  how many bytes of options follow
 */
#include "dhcp/server.h"
#include "tests/fuzz/dhcp_mutate.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define NET   0x0a000000u /* 10.0.0.0/24 with pool .16 to .31, 10.0.1.0/24 with .16 to .19 on another link */
#define COUNT 21          /* addresses of pools, and one that is reserved beside them */
#define POOLS 3

static const struct dhcp_range ranges[] = {
    {NET + 16, NET + 27, 0}, {NET + 28, NET + 31, 1}, {NET + 256 + 16, NET + 256 + 19, 0}};
static const struct dhcp_pattern vendor = {(const uint8_t *)"PXE", 3, true}, user = {(const uint8_t *)"u", 1, false};
static const uint16_t systems[] = {7, 9};
static const struct dhcp_option_value options[] = {{DHCP_OPTION_ROUTERS, 4, (const uint8_t *)"\n\0\0\1"},
                                                   {DHCP_OPTION_DOMAIN_NAME, 3, (const uint8_t *)"lab"},
                                                   {DHCP_OPTION_BOOT_FILE_NAME, 4, (const uint8_t *)"boot"}};
static const struct dhcp_subnet all[] = {
    {.prefix = {NET, 24},
     .network = 1,
     .server_addr = NET + 1,
     .scope = {.lease_s = 100,
               .lease_min_s = 4,
               .lease_max_s = DHCP_INFINITE,
               .options = options,
               .option_count = 3,
               .always = (const uint8_t[]){DHCP_OPTION_ROUTERS, 200},
               .always_count = 2},
     .bootp = true,
     .rapid = true,
     .probe = true,
     .per_circuit = 3,
     .per_mac = 2,
     .ranges = &ranges[0],
     .range_count = 2},
    {.prefix = {NET + 256, 24},
     .network = 2,
     .server_addr = NET + 257,
     .scope = {.lease_s = 50, .lease_min_s = 50, .lease_max_s = 50, .options = options, .option_count = 2},
     .authoritative = true,
     .by_mac = true,
     .ranges = &ranges[2],
     .range_count = 1},
};
static const struct dhcp_class classes[] = {
    {.vendors = {&vendor, 1},
     .scope = {.options = (const struct dhcp_option_value[]){{DHCP_OPTION_ROUTERS, 0, NULL}}, .option_count = 1}},
    {.users = {&user, 1},
     .systems = systems,
     .system_count = 2,
     .scope = {.lease_s = 20, .lease_min_s = 20, .lease_max_s = 20, .next_server = NET}},
};
/* Of a pool's address and of one that is in none; each for two clients that may be different ones. */
static const struct dhcp_reservation reservations[] = {
    {.addr = NET + 20,
     .keys = {[DHCP_BY_MAC] = {(const uint8_t *)"\2\0\0\0\0\1", 6, false},
              [DHCP_BY_CLIENT_ID] = {(const uint8_t *)"id", 2, false}}},
    {.addr = NET + 9,
     .keys = {[DHCP_BY_MAC] = {(const uint8_t *)"\2\0\0\0\0\2", 6, false},
              [DHCP_BY_CIRCUIT_ID] = {(const uint8_t *)"c", 1, false}}},
    {.network = 2, .keys = {[DHCP_BY_MAC] = {(const uint8_t *)"\2\0\0\0\0\3", 6, false}}},
};
static const uint32_t own[] = {NET + 1, NET + 257};
static const struct dhcp_subnets subnets = {
    .all = all,
    .count = 2,
    .classes = classes,
    .class_count = 2,
    .reservations = reservations,
    .reservation_count = 3,
    .own = own,
    .own_count = 2,
    .offer_s = 10,
    .quarantine_s = 30,
};
static const uint8_t key[DHCP_KEY_SIZE];

struct owner {
    struct dhcp_identity identity;
    uint64_t ends_s; /* 0: nobody's */
};

struct world {
    struct dhcp_server *server;
    uint64_t now_s;
    struct owner owners[COUNT];
    struct dhcp_message message, parsed;
    struct dhcp_result result;
};

static struct owner *owner_of(struct world *world, uint32_t addr)
{
    if (addr == NET + 9)
        return &world->owners[COUNT - 1];
    for (unsigned i = 0, number = 0; i < POOLS; number += ranges[i].last - ranges[i].first + 1, i++)
        if (addr >= ranges[i].first && addr <= ranges[i].last)
            return &world->owners[number + addr - ranges[i].first];
    FUZZ_CHECK(!"an address of no pool");
    return NULL;
}

/* Its bytes, the length in *len. */
static void make(const uint8_t *input, const uint8_t *area, size_t area_len, uint8_t bytes[600], size_t *len)
{
    const uint32_t cookie_be = cpu_to_be32(DHCP_COOKIE);
    struct dhcp_header *header = (void *)bytes;

    memset(bytes, 0, 600);
    header->op = input[0] & 64 ? DHCP_BOOTREPLY : DHCP_BOOTREQUEST;
    header->htype = input[0] & 128 ? 32 : DHCP_HTYPE_ETH;
    header->hlen = input[3];
    header->flags_be = cpu_to_be16(input[0] & 4 ? DHCP_FLAG_BROADCAST : 0);
    header->ciaddr_be = cpu_to_be32(input[5] ? NET + input[5] % 2 * 256 + input[5] / 2 : 0);
    header->giaddr_be = cpu_to_be32(input[0] & 1 ? NET + input[4] % 2 * 256 + input[4] / 2 : 0);
    memcpy(header->chaddr, (const uint8_t[]){2, 0, 0, 0, 0, input[2]}, 6);
    memcpy(bytes + DHCP_HEADER_SIZE, &cookie_be, sizeof(cookie_be));
    memcpy(bytes + DHCP_OPTIONS_AT, area, area_len);
    if (input[0] & 16) {
        memcpy(header->file, area, area_len < DHCP_FILE_SIZE ? area_len : DHCP_FILE_SIZE);
        memcpy(header->sname, area, area_len < DHCP_SNAME_SIZE ? area_len : DHCP_SNAME_SIZE);
    }
    *len = DHCP_OPTIONS_AT + area_len;
}

static void check_changes(struct world *world)
{
    for (unsigned i = 0; i < world->result.change_count; i++) {
        const struct dhcp_lease *after = &world->result.changes[i].after;
        struct owner *owner = owner_of(world, after->addr);
        struct dhcp_identity identity;
        dhcp_identify(key, after, &identity);
        bool taken = owner->ends_s > world->now_s;
        if (after->state == DHCP_LEASE_BOUND) {
            FUZZ_CHECK(!taken || dhcp_identity_equal(&owner->identity, &identity));
            *owner = (struct owner){identity, after->ends_s};
        } else {
            *owner = (struct owner){identity, after->state == DHCP_LEASE_DECLINED ? after->ends_s : 0};
        }
    }
}

static void check_pools(struct world *world)
{
    uint32_t taken = 0, counted = 0;

    for (unsigned i = 0; i < COUNT - 1; i++)
        taken += world->owners[i].ends_s > world->now_s;
    for (unsigned i = 0; i < POOLS; i++) {
        const struct dhcp_pool *pool = dhcp_server_pool(world->server, i);
        uint32_t sum = 0;
        for (unsigned state = 0; state < DHCP_POOL_STATE_COUNT; state++)
            sum += pool->counts[state];
        FUZZ_CHECK(sum == dhcp_pool_size(pool));
        counted += pool->counts[DHCP_POOL_BOUND] + pool->counts[DHCP_POOL_DECLINED];
    }
    FUZZ_CHECK(taken == counted);
}

static void check_reply(struct world *world)
{
    const struct dhcp_reply *reply = &world->result.reply;

    if (world->result.to == DHCP_TO_NOBODY)
        return;
    FUZZ_CHECK(reply->len >= DHCP_REPLY_MIN && reply->len <= DHCP_REPLY_MAX);
    FUZZ_CHECK(dhcp_parse(reply->bytes, reply->len, &world->parsed) == DHCP_FAULT_NONE);
    FUZZ_CHECK(world->parsed.header->op == DHCP_BOOTREPLY);
    FUZZ_CHECK(world->parsed.type != DHCP_ACK || !world->parsed.header->yiaddr_be || world->result.change_count);
}

/* Of the packet: the relay's, the client's own; of one that is no client of its own, if the message says otherwise. */
static uint32_t source_of(const uint8_t *input)
{
    if (input[0] & 1)
        return NET + input[4] % 2 * 256 + input[4] / 2;
    return input[0] & 2 ? NET + input[5] % 2 * 256 + input[5] / 2 : 0;
}

static void handle(struct world *world, const uint8_t *input, const uint8_t *area, size_t area_len)
{
    uint8_t bytes[600];
    size_t len;
    struct dhcp_arrival arrival = {.network = input[6] % 3,
                                   .own_addr = NET + 1,
                                   .src = source_of(input),
                                   .src_port = 68,
                                   .broadcast = !(input[0] & 2),
                                   .mtu = 1500};

    make(input, area, area_len, bytes, &len);
    world->now_s += input[1];
    if (input[0] & 32)
        FUZZ_CHECK(dhcp_server_configure(world->server, &subnets, world->now_s) == 0);
    if (dhcp_parse(bytes, len, &world->message))
        return;
    dhcp_server_receive(world->server, &arrival, &world->message, world->now_s, &world->result);
    check_reply(world);
    if (input[0] & 8) {
        for (unsigned i = world->result.change_count; i-- > 0;)
            dhcp_server_undo(world->server, &world->result.changes[i]);
    } else {
        check_changes(world);
    }
    dhcp_server_tick(world->server, world->now_s);
    check_pools(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = calloc(1, sizeof(*world));

    FUZZ_CHECK(world);
    world->now_s = 1000;
    world->server = dhcp_server_new(key, 12);
    FUZZ_CHECK(world->server && dhcp_server_configure(world->server, &subnets, world->now_s) == 0);
    for (size_t at = 0; size - at >= 8;) {
        size_t left = size - at - 8, len = data[at + 7] < left ? data[at + 7] : left;
        handle(world, data + at, data + at + 8, len);
        at += 8 + len;
    }
    dhcp_server_free(world->server);
    free(world);
    return 0;
}

/* --- mutations --------------------------------------------------------------------------------------------------- */

#define STEPS_MAX 64

/* Where messages begin, and behind them the end. How many there are. */
static size_t find_steps(const uint8_t *data, size_t size, size_t starts[STEPS_MAX + 1])
{
    size_t count = 0, at = 0;

    while (size - at >= 8 && count < STEPS_MAX) {
        size_t left = size - at - 8, len = data[at + 7] < left ? data[at + 7] : left;
        starts[count++] = at;
        at += 8 + len;
    }
    starts[count] = at;
    return count;
}

static size_t mutate_area(uint8_t *data, size_t size, size_t size_max, size_t at, size_t end, unsigned *seed)
{
    uint8_t area[UINT8_MAX];
    size_t len = end - at - 8, made;

    memcpy(area, data + at + 8, len);
    made = dhcp_mutate_options(area, len, sizeof(area), seed);
    if (size - len + made > size_max)
        return size;
    memmove(data + at + 8 + made, data + end, size - end);
    memcpy(data + at + 8, area, made);
    data[at + 7] = (uint8_t)made;
    return size - len + made;
}

/* A message twice: once more at the end, or right behind itself. */
static size_t mutate_again(uint8_t *data, size_t size, size_t size_max, size_t at, size_t end, unsigned *seed)
{
    uint8_t copy[8 + UINT8_MAX];
    size_t len = end - at, to = dhcp_mutate_below(seed, 2) ? size : end;

    if (size + len > size_max)
        return size;
    memcpy(copy, data + at, len);
    memmove(data + to + len, data + to, size - to);
    memcpy(data + to, copy, len);
    return size + len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    size_t starts[STEPS_MAX + 1], count = find_steps(data, size, starts), which = dhcp_mutate_below(&seed, count);
    size_t at = starts[which], end = count ? starts[which + 1] : 0;

    if (!count)
        return LLVMFuzzerMutate(data, size, size_max);
    switch (dhcp_mutate_below(&seed, 8)) {
    case 0:
        return LLVMFuzzerMutate(data, size, size_max);
    case 1:
        return mutate_again(data, size, size_max, at, end, &seed);
    case 2: /* away with it */
        memmove(data + at, data + end, size - end);
        return size - (end - at);
    case 3:
    case 4:
        data[at + dhcp_mutate_below(&seed, 7)] = (uint8_t)rand_r(&seed);
        return size;
    default:
        return mutate_area(data, size, size_max, at, end, &seed);
    }
}
