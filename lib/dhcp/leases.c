/*
 * Slots hold leases. Three ways lead to a slot: chains of addresses, chains of identities, and a binary heap of those
 * that have an end that has not been reported. Numbers of slots begin with 1. The tables of chains grow by linear
 * hashing (Litwin 1980): a chain at a time, so that no lease has to wait while a million others are put in order.
 * Beside them a map of /16 blocks with a bit an address, for walks in order.
 */
#include "dhcp/leases.h"

#include "net/ipv4_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM_FIRST  64
#define RESERVE_MAX (1u << 24)
#define HUGE_PAGE   ((size_t)1 << 21)
#define BLOCK_LEN   16 /* of the prefixes that the map has */
#define BLOCK       (1u << (32 - BLOCK_LEN))

struct block {
    uint32_t count;            /* of its addresses that have a lease */
    uint64_t bits[BLOCK / 64]; /* which they are */
};

enum way { BY_ADDR, BY_IDENTITY, WAYS };

struct slot {
    struct dhcp_identity identity;
    uint64_t began_s, last_s, ends_s;
    uint8_t *texts; /* client_id, host_name and relay_info, each behind its length; NULL: all are empty */
    uint32_t addr;
    uint32_t next[WAYS];                /* in its chains; [0] of a free slot: the next free one */
    uint32_t heap_at;                   /* its place in the heap; 0: not in it */
    uint8_t state, by_mac, htype, hlen; /* state 0: a free slot */
    uint8_t chaddr[DHCP_CHADDR_SIZE];
};

struct chains {
    uint32_t *heads; /* the first slot of each, with room for as many as there are slots; 0: it is empty */
    uint32_t count;  /* one for each lease, at least 1 */
};

struct dhcp_leases {
    uint8_t key[DHCP_KEY_SIZE];
    struct slot *slots; /* [0] is not used */
    uint32_t room;      /* slots 1 to room - 1, and as many heap places */
    uint32_t used;      /* slots below it have been used */
    uint32_t free_slot; /* the first free one below `used`; 0: none */
    uint32_t count;
    struct chains chains[WAYS];
    uint32_t *heap; /* 1 to heap_count */
    uint32_t heap_count;
    struct ipv4_map blocks; /* struct block, by its prefix: the order of addresses */
};

/* --- chains ------------------------------------------------------------------------------------------------------ */

static uint32_t hash_addr(uint32_t addr)
{
    /* MurmurHash3's finaliser: addresses come in steps of any size. */
    addr = (addr ^ addr >> 16) * 0x85ebca6b;
    addr = (addr ^ addr >> 13) * 0xc2b2ae35;
    return addr ^ addr >> 16;
}

static uint32_t hash_of(const struct slot *slot, enum way way)
{
    return way == BY_ADDR ? hash_addr(slot->addr) : (uint32_t)slot->identity.hash[0];
}

/* The largest power of two up to n; n is not 0. */
static uint32_t power_below(uint32_t n)
{
    return (uint32_t)1 << (31 - __builtin_clz(n));
}

/* Chains below the one that is split next have been split already: one more bit of the hash tells which half. */
static uint32_t *head_of(const struct chains *chains, uint32_t hash)
{
    uint32_t low = power_below(chains->count), number = hash & (2 * low - 1);

    return &chains->heads[number < chains->count ? number : hash & (low - 1)];
}

/* Nobody's leases are no client's, and there may be many. */
static bool is_chained(const struct slot *slot, enum way way)
{
    return way == BY_ADDR || slot->hlen || (slot->texts && slot->texts[0]);
}

static void chain(struct dhcp_leases *leases, uint32_t number)
{
    struct slot *slot = &leases->slots[number];

    for (enum way way = 0; way < WAYS; way++) {
        if (!is_chained(slot, way))
            continue;
        uint32_t *head = head_of(&leases->chains[way], hash_of(slot, way));
        slot->next[way] = *head;
        *head = number;
    }
}

static void unchain(struct dhcp_leases *leases, uint32_t number)
{
    const struct slot *slot = &leases->slots[number];

    for (enum way way = 0; way < WAYS; way++) {
        if (!is_chained(slot, way))
            continue;
        uint32_t *at = head_of(&leases->chains[way], hash_of(slot, way));
        while (*at != number)
            at = &leases->slots[*at].next[way];
        *at = slot->next[way];
    }
}

/* One chain more, made of half of another; there is room. */
static void split(struct dhcp_leases *leases, enum way way)
{
    struct chains *chains = &leases->chains[way];
    uint32_t low = power_below(chains->count), added = chains->count++, *at = &chains->heads[added - low];

    chains->heads[added] = 0;
    while (*at) {
        struct slot *slot = &leases->slots[*at];
        uint32_t number = *at;
        if ((hash_of(slot, way) & (2 * low - 1)) != added) {
            at = &slot->next[way];
            continue;
        }
        *at = slot->next[way];
        slot->next[way] = chains->heads[added];
        chains->heads[added] = number;
    }
}

/* The number of an address's slot; 0: it has none. */
static uint32_t number_of(const struct dhcp_leases *leases, uint32_t addr)
{
    uint32_t number = *head_of(&leases->chains[BY_ADDR], hash_addr(addr));

    while (number && leases->slots[number].addr != addr)
        number = leases->slots[number].next[BY_ADDR];
    return number;
}

static struct slot *find(const struct dhcp_leases *leases, uint32_t addr)
{
    uint32_t number = number_of(leases, addr);

    return number ? &leases->slots[number] : NULL;
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

/* Room for `bytes`, moved by its pages and not by its bytes if it is large; then in huge pages too, where the system
 * has them, because it is read all over. NULL, and the old one stays, if there is no memory. */
static void *resize(void *memory, size_t bytes)
{
    uint8_t *larger = realloc(memory, bytes);

    if (larger && bytes >= 2 * HUGE_PAGE) {
        uintptr_t begin = ((uintptr_t)larger + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
        madvise(larger + (begin - (uintptr_t)larger), bytes - (begin - (uintptr_t)larger), MADV_HUGEPAGE);
    }
    return larger;
}

static int grow(struct dhcp_leases *leases, uint32_t room)
{
    struct slot *slots = resize(leases->slots, room * sizeof(*slots));

    if (!slots)
        return -ENOMEM;
    leases->slots = slots;
    uint32_t *heap = resize(leases->heap, room * sizeof(*heap));
    if (!heap)
        return -ENOMEM;
    leases->heap = heap;
    for (enum way way = 0; way < WAYS; way++) {
        uint32_t *heads = resize(leases->chains[way].heads, room * sizeof(*heads));
        if (!heads)
            return -ENOMEM;
        leases->chains[way].heads = heads;
    }
    leases->room = room;
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
    for (enum way way = 0; way < WAYS; way++) {
        leases->chains[way].count = 1;
        leases->chains[way].heads[0] = 0;
    }
    return leases;
}

int dhcp_leases_reserve(struct dhcp_leases *leases, uint32_t count)
{
    uint32_t room = leases->room;

    while (room / 2 <= count && room < RESERVE_MAX) /* and for as many again, which memory does not cost yet */
        room *= 2;
    int error = leases->count || room == leases->room ? 0 : grow(leases, room);
    if (error || leases->count)
        return error;
    for (enum way way = 0; way < WAYS; way++) {
        leases->chains[way].count = room;
        memset(leases->chains[way].heads, 0, room * sizeof(*leases->chains[way].heads));
    }
    return 0;
}

struct dhcp_leases *dhcp_leases_free(struct dhcp_leases *leases)
{
    if (!leases)
        return NULL;
    for (uint32_t i = 1; i < leases->used; i++)
        if (leases->slots[i].state)
            free(leases->slots[i].texts);
    free(leases->slots);
    for (enum way way = 0; way < WAYS; way++)
        free(leases->chains[way].heads);
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
        leases->free_slot = leases->slots[number].next[0];
    else
        number = leases->used++;
    return number;
}

int dhcp_leases_put(struct dhcp_leases *leases, const struct dhcp_lease *lease)
{
    uint8_t *texts;
    int error = leases->count + 1 >= leases->room ? grow(leases, 2 * leases->room) : 0;

    if (error)
        return error;
    uint32_t number = number_of(leases, lease->addr);
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
    for (enum way way = 0; way < WAYS; way++)
        if (leases->chains[way].count < leases->count)
            split(leases, way);
    return 0;
}

void dhcp_leases_remove(struct dhcp_leases *leases, uint32_t addr)
{
    uint32_t number = number_of(leases, addr);

    if (!number)
        return;
    unchain(leases, number);
    heap_remove(leases, number);
    block_remove(leases, addr);
    struct slot *slot = &leases->slots[number];
    free(slot->texts);
    *slot = (struct slot){.next = {leases->free_slot}};
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
    uint32_t at = *cursor ? leases->slots[*cursor].next[BY_IDENTITY]
                          : *head_of(&leases->chains[BY_IDENTITY], (uint32_t)identity->hash[0]);

    while (at && !dhcp_identity_equal(&leases->slots[at].identity, identity))
        at = leases->slots[at].next[BY_IDENTITY];
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
