#include "fib/blocks.h"

#include "fib/node.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK_ANSWERS (FIB_SLOTS << FIB_BLOCK_SHIFT)
#define HOST_ANSWERS  (FIB_SLOTS << FIB_HOST_SHIFT)

struct largest_block {
    uint32_t answers[BLOCK_ANSWERS];
};

struct largest_host {
    uint64_t node;
    uint16_t answers[HOST_ANSWERS];
};

static_assert(sizeof(struct largest_block) / FIB_SPACE_UNIT <= FIB_SPACE_MAX &&
                  sizeof(struct largest_host) / FIB_SPACE_UNIT <= FIB_SPACE_MAX,
              "every node is a piece");

/* What holds the answers of a node, with so many bytes before them. */
static uint32_t units_of(struct fib_node_form form, size_t before_bytes)
{
    return ((uint32_t)before_bytes + fib_node_form_bytes(form) + FIB_SPACE_UNIT - 1) / FIB_SPACE_UNIT;
}

/* Nodes behind FIB_MORE: a piece has the node, then its answers. */

static uint64_t *host_node(const struct fib_blocks *blocks, uint32_t answer)
{
    return (uint64_t *)(void *)&blocks->memory->pool[(size_t)(answer & ~FIB_MORE) * 8];
}

static uint32_t host_units(uint64_t node)
{
    return units_of(fib_node_form_of(node, FIB_HOST_SHIFT), sizeof(node));
}

/* For a /24 that is answered by `answer` where none of `count` longer prefixes covers. */
static bool make_host(struct fib_blocks *blocks, uint32_t answer, const fib_item *items, uint32_t count, uint32_t *made)
{
    uint32_t answers[HOST_ANSWERS];
    uint32_t at_bytes;

    for (unsigned i = 0; i < HOST_ANSWERS; i++)
        answers[i] = answer;
    for (uint32_t i = 0; i < count; i++) {
        struct ipv4_prefix prefix = fib_item_prefix(items[i]);
        for (uint32_t at = prefix.addr & 255, last = ipv4_prefix_last(prefix) & 255; at <= last; at++)
            answers[at] = fib_item_next_hop(items[i]);
    }
    struct fib_node_form form = fib_node_form_for(answers, FIB_HOST_SHIFT);
    if (!fib_space_take(&blocks->space, units_of(form, sizeof(uint64_t)), &at_bytes))
        return false;
    *made = FIB_MORE | at_bytes / 8;
    *host_node(blocks, *made) = fib_node_write(blocks->memory, at_bytes + sizeof(uint64_t), form, answers);
    blocks->more++;
    return true;
}

/* Give back or retire the nodes behind FIB_MORE of /24s from first to last. */
static void end_hosts(struct fib_blocks *blocks, const uint32_t *answers, unsigned first, unsigned last,
                      fib_space_end *end)
{
    for (unsigned i = first; i <= last; i++)
        if (answers[i] & FIB_MORE) {
            end(&blocks->space, (answers[i] & ~FIB_MORE) * 8, host_units(*host_node(blocks, answers[i])));
            blocks->more--;
        }
}

static void fill(uint32_t *answers, struct ipv4_prefix prefix, uint32_t answer)
{
    for (uint32_t at = prefix.addr >> 8 & (BLOCK_ANSWERS - 1), last = at + (1u << (24 - prefix.len)); at < last; at++)
        answers[at] = answer;
}

/* The answers within a prefix of FIB_SHORT to 24 bits. False: no room for a node behind FIB_MORE; those already made
 * are in the answers. */
static bool paint(struct fib_blocks *blocks, struct ipv4_prefix within, uint32_t *answers)
{
    const struct fib_bucket *bucket = &blocks->prefixes->buckets[within.addr >> FIB_BLOCK_BITS];
    uint32_t last = ipv4_prefix_last(within);
    struct fib_route cover = {.next_hop = FIB_NO_ROUTE};

    fib_prefixes_cover(blocks->prefixes, within.addr, within.len, &cover);
    fill(answers, within, cover.next_hop);
    uint32_t at = fib_prefixes_find(bucket, (struct ipv4_prefix){.addr = within.addr, .len = within.len + 1});
    while (at < bucket->count) { /* shorter prefixes come before what is inside them */
        struct ipv4_prefix prefix = fib_item_prefix(bucket->items[at]);
        if (prefix.addr > last)
            break;
        if (prefix.len <= 24) {
            fill(answers, prefix, fib_item_next_hop(bucket->items[at++]));
            continue;
        }
        uint32_t first = at;
        uint32_t *answer = &answers[prefix.addr >> 8 & (BLOCK_ANSWERS - 1)];
        while (at < bucket->count && (uint32_t)(bucket->items[at] >> 32) <= (prefix.addr | 255))
            at++;
        if (!make_host(blocks, *answer, &bucket->items[first], at - first, answer))
            return false;
    }
    return true;
}

static struct fib_node_form uniform_form(uint32_t next_hop)
{
    return (struct fib_node_form){.slots = 1, .shift = FIB_BLOCK_SHIFT, .width = next_hop > UINT8_MAX ? 1 : 0};
}

static void uniform_end(struct fib_blocks *blocks, uint32_t next_hop, fib_space_end *end)
{
    struct fib_uniform *uniform = &blocks->uniform[next_hop];

    if (--uniform->blocks == 0)
        end(&blocks->space, uniform->at_bytes, units_of(uniform_form(next_hop), 0));
}

static bool uniform_take(struct fib_blocks *blocks, uint32_t next_hop, uint64_t *node)
{
    struct fib_uniform *uniform = &blocks->uniform[next_hop];
    struct fib_node_form form = uniform_form(next_hop);

    if (!uniform->blocks) {
        const uint32_t answers[1 << FIB_BLOCK_SHIFT] = {next_hop, next_hop, next_hop, next_hop};
        if (!fib_space_take(&blocks->space, units_of(form, 0), &uniform->at_bytes))
            return false;
        fib_node_write(blocks->memory, uniform->at_bytes, form, answers);
    }
    uniform->blocks++;
    *node = fib_node(form.bitmap, uniform->at_bytes, form.width);
    return true;
}

/* Whether a node has the answers that all blocks of one next hop share. */
static bool is_uniform(const struct fib_blocks *blocks, uint64_t node, uint32_t *next_hop)
{
    if (fib_node_bitmap(node) || fib_node_width(node) > 1)
        return false;
    *next_hop = fib_node_answer(blocks->memory, node, 0, 0, FIB_BLOCK_SHIFT);
    const struct fib_uniform *uniform = &blocks->uniform[*next_hop];
    return uniform->blocks && uniform->at_bytes == fib_node_at_bytes(node);
}

bool fib_blocks_draft_uniform(struct fib_blocks *blocks, uint32_t block, uint16_t next_hop, struct fib_draft *draft)
{
    *draft = (struct fib_draft){.block = block, .last = BLOCK_ANSWERS - 1};
    return uniform_take(blocks, next_hop, &draft->node);
}

bool fib_blocks_draft(struct fib_blocks *blocks, struct ipv4_prefix changed, struct fib_draft *draft)
{
    uint32_t answers[BLOCK_ANSWERS] = {0};
    uint32_t block = changed.addr >> FIB_BLOCK_BITS, at_bytes;
    unsigned first = changed.addr >> 8 & (BLOCK_ANSWERS - 1), last = first + (1u << (24 - changed.len)) - 1;

    *draft = (struct fib_draft){.block = block, .first = (uint8_t)first, .last = (uint8_t)last};
    if (changed.len > FIB_SHORT)
        fib_node_read(blocks->memory, blocks->memory->root[block], FIB_BLOCK_SHIFT, answers);
    bool done = paint(blocks, changed, answers);
    if (done) {
        struct fib_node_form form = fib_node_form_for(answers, FIB_BLOCK_SHIFT);
        if (!form.bitmap && form.width < 2 && answers[0] == answers[1] && answers[1] == answers[2] &&
            answers[2] == answers[3])
            return uniform_take(blocks, answers[0], &draft->node); /* no node behind FIB_MORE to give back */
        done = fib_space_take(&blocks->space, units_of(form, 0), &at_bytes);
        if (done) {
            draft->node = fib_node_write(blocks->memory, at_bytes, form, answers);
            blocks->nodes[form.width]++;
        }
    }
    if (!done)
        end_hosts(blocks, answers, first, last, fib_space_give);
    return done;
}

/* A node is no longer, or never was, in the table. */
static void end_node(struct fib_blocks *blocks, uint64_t node, const struct fib_draft *draft, fib_space_end *end)
{
    uint32_t next_hop, answers[BLOCK_ANSWERS];

    if (is_uniform(blocks, node, &next_hop)) {
        uniform_end(blocks, next_hop, end);
        return;
    }
    if (fib_node_width(node) == 2) {
        fib_node_read(blocks->memory, node, FIB_BLOCK_SHIFT, answers);
        end_hosts(blocks, answers, draft->first, draft->last, end);
    }
    blocks->nodes[fib_node_width(node)]--;
    end(&blocks->space, (uint32_t)fib_node_at_bytes(node), units_of(fib_node_form_of(node, FIB_BLOCK_SHIFT), 0));
}

void fib_blocks_publish(struct fib_blocks *blocks, const struct fib_draft *draft)
{
    uint64_t *place = &blocks->memory->root[draft->block], old = *place;

    WRITE_RELEASE(*place, draft->node);
    end_node(blocks, old, draft, fib_space_retire);
}

void fib_blocks_drop(struct fib_blocks *blocks, const struct fib_draft *draft)
{
    end_node(blocks, draft->node, draft, fib_space_give);
}

int fib_blocks_open(struct fib_blocks *blocks, struct fib_memory *memory, uint32_t pool_bytes,
                    const struct fib_prefixes *prefixes, void (*wait_for_readers)(void *arg), void *arg)
{
    struct fib_blocks new = {.memory = memory, .prefixes = prefixes};

    new.uniform = calloc(FIB_NEXT_HOP_MAX + 1, sizeof(*new.uniform));
    if (!new.uniform || fib_space_open(&new.space, memory->pool, pool_bytes, wait_for_readers, arg)) {
        free(new.uniform);
        return -ENOMEM;
    }
    /* All zeros: the answers at the very beginning of the pool are FIB_NO_ROUTE, for good. */
    new.uniform[FIB_NO_ROUTE].blocks = FIB_ROOT_ENTRIES + 1;
    for (unsigned i = 0; i < FIB_SPACE_UNIT; i++)
        memory->pool[i] = 0;
    for (uint32_t block = 0; block < FIB_ROOT_ENTRIES; block++)
        if (memory->root[block]) /* memory that nobody has touched stays untouched */
            WRITE_RELEASE(memory->root[block], 0);
    *blocks = new;
    return 0;
}

size_t fib_blocks_bytes(const struct fib_blocks *blocks)
{
    return (FIB_NEXT_HOP_MAX + 1) * sizeof(*blocks->uniform) + fib_space_bytes(&blocks->space);
}

void fib_blocks_close(struct fib_blocks *blocks)
{
    fib_space_close(&blocks->space);
    free(blocks->uniform);
    *blocks = (struct fib_blocks){0};
}
