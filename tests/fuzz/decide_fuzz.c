/*
 * Any bytes behind an Ethernet header or none, at either hook, whole or in pieces, where every address has a way out,
 * half of them by a group: no undefined behaviour, nothing is forwarded that is not right, and what leaves is what
 * arrived but for MAC addresses, TTL and checksum.
 */
#include "bpf/decide.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define PORT      1
#define IFINDEX   11
#define ADJACENCY 3
#define GROUP     5

static const uint8_t own_mac[ETH_ADDR_SIZE] = {2, 0, 0, 0, 0, 1};

static struct door_memory *make_memory(void)
{
    struct door_memory *memory = calloc(1, sizeof(*memory));

    FUZZ_CHECK(memory);
    memory->deadline_ns = UINT64_MAX;
    memory->port_of[IFINDEX] = PORT;
    memory->ports[PORT].ifindex = IFINDEX;
    memcpy(memory->ports[PORT].mac, own_mac, ETH_ADDR_SIZE);
    for (uint32_t slot = 0; slot < FIB_ROOT_ENTRIES; slot++)
        memory->fib.root[slot] = 1 + slot % 2;
    memory->next_hops[1] = door_word(DOOR_FORWARD, 0, ADJACENCY);
    memory->next_hops[2] = door_word(DOOR_GROUP, 0, GROUP);
    for (uint32_t bucket = 0; bucket < DOOR_BUCKETS; bucket++)
        memory->groups[GROUP][bucket] = 1;
    memory->adjacencies[ADJACENCY] = (struct door_adjacency){.ifindex = IFINDEX + 1, .mtu = 1500};
    return memory;
}

enum kind { TC, XDP, BARE }; /* the last: without the Ethernet header */

static void check(const struct door_memory *memory, const uint8_t *packet, size_t captured, size_t wire, enum kind kind)
{
    size_t skipped = kind == BARE ? ETH_HDR_SIZE : 0;

    uint8_t *data = calloc(ETH_HDR_SIZE + captured, 1), *before = calloc(ETH_HDR_SIZE + captured, 1);

    FUZZ_CHECK(data && before);
    memcpy(data, own_mac, ETH_ADDR_SIZE);
    data[12] = 8; /* IPv4 */
    if (captured)
        memcpy(data + ETH_HDR_SIZE, packet, captured);
    memcpy(before, data, ETH_HDR_SIZE + captured);
    struct door_frame frame = {.data = data + skipped,
                               .end = data + ETH_HDR_SIZE + captured,
                               .wire_bytes = (uint32_t)(ETH_HDR_SIZE + wire - skipped),
                               .ifindex = IFINDEX,
                               .in_pieces = captured < wire,
                               .xdp = kind == XDP,
                               .bare = kind == BARE};
    struct door_verdict verdict;
    door_decide(memory, &frame, &verdict);
    const struct door_port *port = &memory->ports[PORT];
    if (captured >= IPV4_HDR_SIZE && door_is_plain(memory, &frame, port))
        FUZZ_CHECK(door_word_kind(door_examine(memory, &frame, port)) == DOOR_FORWARD);
    FUZZ_CHECK(memcmp(data, before, ETH_HDR_SIZE + captured) == 0);
    const uint8_t *ip = data + ETH_HDR_SIZE;
    if (verdict.kind == DOOR_FORWARD) {
        FUZZ_CHECK(ipv4_validate(ip, frame.end, (uint32_t)wire) == DROP_NONE);
        FUZZ_CHECK(ip[0] == 0x45 && ip[8] > 1 && ip[16] < 224 && ip[16] != 0);
        FUZZ_CHECK(verdict.next == &memory->adjacencies[ADJACENCY]);
        door_rewrite((struct eth_hdr *)data, (struct ipv4_hdr *)(data + ETH_HDR_SIZE), verdict.next);
        FUZZ_CHECK(ip[8] == before[ETH_HDR_SIZE + 8] - 1);
        FUZZ_CHECK(checksum_is_right(checksum_ipv4_words(ip)));
        FUZZ_CHECK(memcmp(ip, before + ETH_HDR_SIZE, 8) == 0 && ip[9] == before[ETH_HDR_SIZE + 9]);
        FUZZ_CHECK(memcmp(ip + 12, before + ETH_HDR_SIZE + 12, captured - 12) == 0);
    } else {
        FUZZ_CHECK(verdict.kind == DOOR_PUNT ? verdict.reason < DOOR_PUNT_COUNT
                                             : verdict.reason > DROP_NONE && verdict.reason < DROP_REASON_COUNT);
        /* A packet of which not all can be read is dropped only for a fault in what can be. */
        if (verdict.kind == DOOR_DROP && captured < wire)
            FUZZ_CHECK(verdict.reason != DROP_IP_TRUNCATED);
    }
    free(data);
    free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct door_memory *memory;

    if (!memory)
        memory = make_memory();
    if (size > 2000)
        return 0;
    check(memory, data, size, size, TC);
    check(memory, data, size, size, XDP);
    check(memory, data, size, size, BARE);
    check(memory, data, size, size + 1000, TC);
    check(memory, data, size, size + 1000, XDP);
    check(memory, data, size / 2, size, TC);
    check(memory, data, size / 2, size, BARE);
    return 0;
}
