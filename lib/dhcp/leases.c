/*
 * Slots hold leases. Three ways lead to a slot: an open hash table of addresses (never more than half full), chains of
 * identities, and a binary heap of those that have an end that has not been reported. Numbers of slots begin with 1.
 * Beside them a map of /16 blocks with a bit an address, for walks in order.
 */
#include "dhcp/leases.h"

#include "net/ipv4_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64
#define BLOCK_LEN  16 /* of the prefixes that the map has */
#define BLOCK      (1u << (32 - BLOCK_LEN))

struct block {
    uint32_t count;            /* of its addresses that have a lease */
    uint64_t bits[BLOCK / 64]; /* which they are */
};

struct slot {
    struct dhcp_identity identity;
    uint64_t began_s, last_s, ends_s;
    uint8_t *texts; /* client_id, host_name and relay_info, each behind its length; NULL: all are empty */
    uint32_t addr;
    uint32_t next_of_identity;          /* or, of a free slot, the next free one */
    uint32_t heap_at;                   /* its place in the heap; 0: not in it */
    uint8_t state, by_mac, htype, hlen; /* state 0: a free slot */
    uint8_t chaddr[DHCP_CHADDR_SIZE];
};

struct dhcp_leases {
    uint8_t key[DHCP_KEY_SIZE];
    struct slot *slots; /* [0] is not used */
    uint32_t room;      /* a power of two; slots 1 to room - 1, and as many heap places */
    uint32_t used;      /* slots below it have been used */
    uint32_t free_slot; /* the first free one below `used`; 0: none */
    uint32_t count;
    uint32_t *by_addr;     /* 2 * room places; 0: empty */
    uint32_t *by_identity; /* room places; the first slot of a chain */
    uint32_t *heap;        /* 1 to heap_count */
    uint32_t heap_count;
    struct ipv4_map blocks; /* struct block, by its prefix: the order of addresses */
};

/* --- by address -------------------------------------------------------------------------------------------------- */

static uint32_t home_of(const struct dhcp_leases *leases, uint32_t addr)
{
    /* MurmurHash3's finaliser: addresses come in steps of any size, and must not stand in rows for it. */
    addr = (addr ^ addr >> 16) * 0x85ebca6b;
    addr = (addr ^ addr >> 13) * 0xc2b2ae35;
    return (addr ^ addr >> 16) & (2 * leases->room - 1);
}

/* The place in by_addr where the address stands, or would stand. */
static uint32_t place_of(const struct dhcp_leases *leases, uint32_t addr)
{
    uint32_t at = home_of(leases, addr);

    while (leases->by_addr[at] && leases->slots[leases->by_addr[at]].addr != addr)
        at = (at + 1) & (2 * leases->room - 1);
    return at;
}

static struct slot *find(const struct dhcp_leases *leases, uint32_t addr)
{
    uint32_t number = leases->by_addr[place_of(leases, addr)];

    return number ? &leases->slots[number] : NULL;
}

static void forget_addr(struct dhcp_leases *leases, uint32_t addr)
{
    uint32_t at = place_of(leases, addr);

    leases->by_addr[at] = 0;
    for (at = (at + 1) & (2 * leases->room - 1); leases->by_addr[at]; at = (at + 1) & (2 * leases->room - 1)) {
        uint32_t moved = leases->by_addr[at];
        leases->by_addr[at] = 0;
        leases->by_addr[place_of(leases, leases->slots[moved].addr)] = moved;
    }
}

/* --- in order ---------------------------------------------------------------------------------------------------- */

/* The address is in none. */
static int block_add(struct dhcp_leases *leases, uint32_t addr)
{
    const struct ipv4_prefix prefix = {addr & ~(BLOCK - 1), BLOCK_LEN};
    struct block *block = ipv4_map_get(&leases->blocks, prefix);

    if (!block) {
        block = calloc(1, sizeof(*block));
        int error = block ? ipv4_map_put(&leases->blocks, prefix, block) : -ENOMEM;
        if (error) {
            free(block);
            return error;
        }
    }
    block->bits[addr % BLOCK / 64] |= (uint64_t)1 << addr % 64;
    block->count++;
    return 0;
}

static void block_remove(struct dhcp_leases *leases, uint32_t addr)
{
    const struct ipv4_prefix prefix = {addr & ~(BLOCK - 1), BLOCK_LEN};
    struct block *block = ipv4_map_get(&leases->blocks, prefix);

    block->bits[addr % BLOCK / 64] &= ~((uint64_t)1 << addr % 64);
    if (!--block->count)
        free(ipv4_map_remove(&leases->blocks, prefix));
}

static void blocks_clear(struct dhcp_leases *leases)
{
    const struct ipv4_prefix all = {0};
    struct ipv4_prefix at;

    for (void *block = ipv4_map_first(&leases->blocks, all, &at); block;
         block = ipv4_map_next(&leases->blocks, all, &at))
        free(block);
    ipv4_map_clear(&leases->blocks);
}

/* --- by client --------------------------------------------------------------------------------------------------- */

static uint32_t *chain_of(const struct dhcp_leases *leases, const struct dhcp_identity *identity)
{
    return &leases->by_identity[identity->hash[0] & (leases->room - 1)];
}

/* Nobody's leases are no client's, and there may be many. */
static bool is_nobodys(const struct slot *slot)
{
    return !slot->hlen && !(slot->texts && slot->texts[0]);
}

static void chain(struct dhcp_leases *leases, uint32_t number)
{
    struct slot *slot = &leases->slots[number];
    if (is_nobodys(slot))
        return;
    uint32_t *head = chain_of(leases, &slot->identity);

    slot->next_of_identity = *head;
    *head = number;
}

static void unchain(struct dhcp_leases *leases, uint32_t number)
{
    if (is_nobodys(&leases->slots[number]))
        return;
    uint32_t *at = chain_of(leases, &leases->slots[number].identity);
    while (*at != number)
        at = &leases->slots[*at].next_of_identity;
    *at = leases->slots[number].next_of_identity;
}

/* --- by end ------------------------------------------------------------------------------------------------------ */

static bool ends_before(const struct dhcp_leases *leases, uint32_t a, uint32_t b)
{
    return leases->slots[a].ends_s < leases->slots[b].ends_s;
}

static void heap_place(struct dhcp_leases *leases, uint32_t at, uint32_t number)
{
    leases->heap[at] = number;
    leases->slots[number].heap_at = at;
}

static void heap_up(struct dhcp_leases *leases, uint32_t at, uint32_t number)
{
    for (; at > 1 && ends_before(leases, number, leases->heap[at / 2]); at /= 2)
        heap_place(leases, at, leases->heap[at / 2]);
    heap_place(leases, at, number);
}

static void heap_down(struct dhcp_leases *leases, uint32_t at, uint32_t number)
{
    for (;;) {
        uint32_t child = 2 * at;
        if (child > leases->heap_count)
            break;
        if (child < leases->heap_count && ends_before(leases, leases->heap[child + 1], leases->heap[child]))
            child++;
        if (!ends_before(leases, leases->heap[child], number))
            break;
        heap_place(leases, at, leases->heap[child]);
        at = child;
    }
    heap_place(leases, at, number);
}

static void heap_remove(struct dhcp_leases *leases, uint32_t number)
{
    uint32_t at = leases->slots[number].heap_at;

    if (!at)
        return;
    leases->slots[number].heap_at = 0;
    uint32_t last = leases->heap[leases->heap_count--];
    if (last == number)
        return;
    if (at > 1 && ends_before(leases, last, leases->heap[at / 2]))
        heap_up(leases, at, last);
    else
        heap_down(leases, at, last);
}

static void heap_add(struct dhcp_leases *leases, uint32_t number)
{
    if (leases->slots[number].ends_s != DHCP_NEVER)
        heap_up(leases, ++leases->heap_count, number);
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

static int grow(struct dhcp_leases *leases, uint32_t room)
{
    uint32_t *by_addr = calloc((size_t)2 * room, sizeof(*by_addr)), *by_identity = calloc(room, sizeof(*by_identity));
    uint32_t *heap = by_addr && by_identity ? realloc(leases->heap, room * sizeof(*heap)) : NULL;

    if (heap)
        leases->heap = heap;
    struct slot *slots = heap ? realloc(leases->slots, room * sizeof(*slots)) : NULL;
    if (!slots) {
        free(by_addr);
        free(by_identity);
        return -ENOMEM;
    }
    leases->slots = slots;
    leases->room = room;
    free(leases->by_addr);
    free(leases->by_identity);
    leases->by_addr = by_addr;
    leases->by_identity = by_identity;
    for (uint32_t i = 1; i < leases->used; i++) {
        if (!slots[i].state)
            continue;
        by_addr[place_of(leases, slots[i].addr)] = i;
        chain(leases, i);
    }
    return 0;
}

struct dhcp_leases *dhcp_leases_new(const uint8_t key[DHCP_KEY_SIZE])
{
    struct dhcp_leases *leases = calloc(1, sizeof(*leases));

    if (!leases)
        return NULL;
    memcpy(leases->key, key, DHCP_KEY_SIZE);
    leases->used = 1;
    if (grow(leases, ROOM_FIRST))
        return dhcp_leases_free(leases);
    return leases;
}

struct dhcp_leases *dhcp_leases_free(struct dhcp_leases *leases)
{
    if (!leases)
        return NULL;
    for (uint32_t i = 1; i < leases->used; i++)
        if (leases->slots[i].state)
            free(leases->slots[i].texts);
    free(leases->slots);
    free(leases->by_addr);
    free(leases->by_identity);
    free(leases->heap);
    blocks_clear(leases);
    free(leases);
    return NULL;
}

size_t dhcp_leases_count(const struct dhcp_leases *leases)
{
    return leases->count;
}

/* --- texts ------------------------------------------------------------------------------------------------------- */

static size_t pack_one(uint8_t *at, const struct dhcp_bytes *from)
{
    *at = from->len;
    memcpy(at + 1, from->bytes, from->len);
    return (size_t)1 + from->len;
}

/* The lease's texts in memory of their own; NULL in *texts if there are none. */
static int pack(const struct dhcp_lease *lease, uint8_t **texts)
{
    size_t bytes = (size_t)3 + lease->client_id.len + lease->host_name.len + lease->relay_info.len;

    *texts = NULL;
    if (bytes == 3)
        return 0;
    uint8_t *at = malloc(bytes);
    if (!at)
        return -ENOMEM;
    *texts = at;
    at += pack_one(at, &lease->client_id);
    at += pack_one(at, &lease->host_name);
    pack_one(at, &lease->relay_info);
    return 0;
}

static const uint8_t *unpack_one(const uint8_t *at, struct dhcp_bytes *to)
{
    to->len = *at;
    memcpy(to->bytes, at + 1, *at);
    return at + 1 + *at;
}

static void unpack(const uint8_t *texts, struct dhcp_lease *lease)
{
    if (texts)
        unpack_one(unpack_one(unpack_one(texts, &lease->client_id), &lease->host_name), &lease->relay_info);
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

static uint32_t take_slot(struct dhcp_leases *leases)
{
    uint32_t number = leases->free_slot;

    if (number)
        leases->free_slot = leases->slots[number].next_of_identity;
    else
        number = leases->used++;
    return number;
}

int dhcp_leases_put(struct dhcp_leases *leases, const struct dhcp_lease *lease)
{
    uint8_t *texts;
    int error = leases->count + 1 >= leases->room ? grow(leases, leases->room * 2) : 0;

    if (error)
        return error;
    uint32_t place = place_of(leases, lease->addr), number = leases->by_addr[place];
    error = pack(lease, &texts);
    if (!error && !number && (error = block_add(leases, lease->addr)))
        free(texts);
    if (error)
        return error;
    if (number) {
        unchain(leases, number);
        heap_remove(leases, number);
        free(leases->slots[number].texts);
    } else {
        number = take_slot(leases);
        leases->by_addr[place] = number;
        leases->count++;
    }
    struct slot *slot = &leases->slots[number];
    *slot = (struct slot){.addr = lease->addr,
                          .state = lease->state,
                          .by_mac = lease->by_mac,
                          .htype = lease->htype,
                          .hlen = lease->hlen,
                          .began_s = lease->began_s,
                          .last_s = lease->last_s,
                          .ends_s = lease->ends_s,
                          .texts = texts};
    memcpy(slot->chaddr, lease->chaddr, sizeof(slot->chaddr));
    dhcp_identify(leases->key, lease, &slot->identity);
    chain(leases, number);
    heap_add(leases, number);
    return 0;
}

void dhcp_leases_remove(struct dhcp_leases *leases, uint32_t addr)
{
    uint32_t number = leases->by_addr[place_of(leases, addr)];

    if (!number)
        return;
    unchain(leases, number);
    heap_remove(leases, number);
    forget_addr(leases, addr);
    block_remove(leases, addr);
    struct slot *slot = &leases->slots[number];
    free(slot->texts);
    *slot = (struct slot){.next_of_identity = leases->free_slot};
    leases->free_slot = number;
    leases->count--;
}

bool dhcp_leases_end(struct dhcp_leases *leases, uint64_t now_s, uint32_t *addr)
{
    if (!leases->heap_count || leases->slots[leases->heap[1]].ends_s > now_s)
        return false;
    *addr = leases->slots[leases->heap[1]].addr;
    heap_remove(leases, leases->heap[1]);
    return true;
}

/* --- questions --------------------------------------------------------------------------------------------------- */

static void summarise(const struct slot *slot, struct dhcp_lease_summary *summary)
{
    *summary = (struct dhcp_lease_summary){slot->addr, slot->state, slot->identity, slot->ends_s};
}

bool dhcp_leases_get(const struct dhcp_leases *leases, uint32_t addr, struct dhcp_lease *lease)
{
    const struct slot *slot = find(leases, addr);

    if (!slot)
        return false;
    *lease = (struct dhcp_lease){.addr = addr,
                                 .state = slot->state,
                                 .by_mac = slot->by_mac,
                                 .htype = slot->htype,
                                 .hlen = slot->hlen,
                                 .began_s = slot->began_s,
                                 .last_s = slot->last_s,
                                 .ends_s = slot->ends_s};
    memcpy(lease->chaddr, slot->chaddr, sizeof(lease->chaddr));
    unpack(slot->texts, lease);
    return true;
}

bool dhcp_leases_find(const struct dhcp_leases *leases, uint32_t addr, struct dhcp_lease_summary *summary)
{
    const struct slot *slot = find(leases, addr);

    if (slot)
        summarise(slot, summary);
    return slot;
}

bool dhcp_leases_of(const struct dhcp_leases *leases, const struct dhcp_identity *identity, uint32_t *cursor,
                    struct dhcp_lease_summary *summary)
{
    uint32_t at = *cursor ? leases->slots[*cursor].next_of_identity : *chain_of(leases, identity);

    while (at && !dhcp_identity_equal(&leases->slots[at].identity, identity))
        at = leases->slots[at].next_of_identity;
    if (!at)
        return false;
    *cursor = at;
    summarise(&leases->slots[at], summary);
    return true;
}

bool dhcp_leases_each(const struct dhcp_leases *leases, uint32_t *cursor, struct dhcp_lease_summary *summary)
{
    while (++*cursor < leases->used) {
        if (leases->slots[*cursor].state) {
            summarise(&leases->slots[*cursor], summary);
            return true;
        }
    }
    return false;
}

bool dhcp_leases_next(const struct dhcp_leases *leases, uint32_t from, uint32_t *addr)
{
    const struct ipv4_prefix all = {0};
    struct ipv4_prefix at = {from & ~(BLOCK - 1), BLOCK_LEN};
    const struct block *block = ipv4_map_get(&leases->blocks, at);
    uint32_t offset = from % BLOCK;

    for (;;) {
        for (uint32_t word = offset / 64; block && word < BLOCK / 64; word++) {
            uint64_t bits = block->bits[word] & (word == offset / 64 ? ~(uint64_t)0 << offset % 64 : ~(uint64_t)0);
            if (bits) {
                *addr = at.addr + word * 64 + (uint32_t)__builtin_ctzll(bits);
                return true;
            }
        }
        block = ipv4_map_next(&leases->blocks, all, &at);
        if (!block)
            return false;
        offset = 0;
    }
}
