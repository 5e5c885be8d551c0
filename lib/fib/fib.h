/*
 * The forwarding table as its readers see it: flat memory, and the lookup of the longest prefix in it.
 *
 * The 2^32 addresses are cut into blocks of 2^15 (a /17), each with one 64-bit node in the root. A node stands for the
 * answers of 128 /24s, as 32 slots of four. Neighbouring slots with the same four answers share them: bit i of the
 * node's bitmap is set where slot i differs from the slot before, so the number of bits up to a slot says which of the
 * node's stored fours is its own. Answers are stored in the pool, in one byte each where all next hops of the node
 * are below 256, in two where they are not, and in four where a /24 holds prefixes longer than itself: there the
 * answer is FIB_MORE and the place of a node of the same kind, whose 32 slots are eight addresses each.
 *
 * So a lookup is two dependent loads, of structures that stay in a processor's cache at Internet scale, with one
 * population count between them, and no branch but the one for longer prefixes. docs/fib.md has the measurements, and
 * what else was tried. The bitmap that counts runs is from "Small forwarding tables for fast routing lookups"
 * (Degermark et al., SIGCOMM 1997) and poptrie (Asai and Ohara, SIGCOMM 2015).
 *
 * One writer (fib/table.h) changes it under the readers' hands. Everything that a word names is complete before the
 * word is stored, by one store, and stays as it is until every reader that may have seen the word has left: a reader
 * finds the answer from before a change or the one from after it.
 *
 * Shared with BPF, where the memory is part of the single value of an array map that user space maps as well.
 */
#pragma once

#include "base/bytes.h"

#define FIB_BLOCK_BITS   15 /* of an address that a node of the root stands for */
#define FIB_ROOT_ENTRIES (1u << (32 - FIB_BLOCK_BITS))
#define FIB_SLOTS        32u /* of a node */
#define FIB_BLOCK_SHIFT  2   /* a slot of a node in the root is 2^2 /24s */
#define FIB_HOST_SHIFT   3   /* a slot of a node behind FIB_MORE is 2^3 addresses */
#define FIB_POOL_BYTES   (1u << 24)
#define FIB_POOL_PADDING 8 /* behind the pool: a reader may load (and ignore) that many bytes behind an answer */

#define FIB_NO_ROUTE     0 /* the answer where no prefix covers the address */
#define FIB_NEXT_HOP_MAX 0xffff
#define FIB_MORE         0x80000000u /* in an answer of four bytes: the rest is the place of a node, in 8 bytes */

/*
 * 17 MiB, of which a writer uses as much of the pool as it is told to; the rest need not even be there. All zeros is a
 * table without prefixes.
 */
struct fib_memory {
    uint64_t root[FIB_ROOT_ENTRIES];
    uint8_t pool[FIB_POOL_BYTES + FIB_POOL_PADDING];
};

/* A node: width << 62 | place << 32 | bitmap. The place of its answers is in units of four bytes; an answer has
 * 2^width bytes. */
static force_inline uint64_t fib_node(uint32_t bitmap, uint32_t at_bytes, unsigned width)
{
    return (uint64_t)width << 62 | (uint64_t)(at_bytes / 4) << 32 | bitmap;
}

static force_inline uint32_t fib_node_bitmap(uint64_t node)
{
    return (uint32_t)node;
}

static force_inline uint64_t fib_node_at_bytes(uint64_t node)
{
    uint32_t upper = (uint32_t)(node >> 32);

    OPAQUE(upper);     /* or a shift and a mask become of it, which take BPF more instructions */
    return upper << 2; /* which drops the width */
}

static force_inline unsigned fib_node_width(uint64_t node)
{
    return (unsigned)(node >> 62);
}

static force_inline unsigned fib_popcount(uint32_t bits)
{
#if defined(__POPCNT__) || defined(__aarch64__) || defined(__bpf__)
    return (unsigned)__builtin_popcount(bits);
#else /* without the instruction gcc would call a function */
    bits -= bits >> 1 & 0x55555555;
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
    return ((bits + (bits >> 4)) & 0x0f0f0f0f) * 0x01010101u >> 24;
#endif
}

#if defined(__SANITIZE_THREAD__)
#define FIB_SANITIZE_THREAD
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIB_SANITIZE_THREAD
#endif
#endif

/* An answer of 2^width bytes. Elsewhere than under ThreadSanitizer four bytes are loaded and what is too much is cut
 * off, since that is a branch less; there, which does not know that the rest is ignored, just the bytes. */
static force_inline uint32_t fib_load_answer(const uint8_t *at, unsigned width)
{
#ifdef FIB_SANITIZE_THREAD
    return width == 0   ? __atomic_load_n(at, __ATOMIC_ACQUIRE)
           : width == 1 ? __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE)
                        : __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
#else
#ifdef __bpf__
    uint32_t bytes = *(const volatile uint32_t *)at;
#else
    struct unaligned {
        uint32_t value;
    } __attribute__((packed));
    uint32_t bytes = ((const volatile struct unaligned *)at)->value;
#endif
#ifdef __BMI2__
    return __builtin_ia32_bzhi_si(bytes, 8u << width);
#else
    return bytes & UINT32_MAX >> (32 - (8u << width));
#endif
#endif
}

/* Loads through a pointer just loaded are in order on every machine that Linux runs on; ThreadSanitizer does not know
 * that. */
static force_inline uint64_t fib_load_node(const uint64_t *at)
{
#ifdef FIB_SANITIZE_THREAD
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
#else
    return READ_ONCE(*at);
#endif
}

/* Where in the pool a node keeps the answer of a slot's `in_slot`th part. */
static force_inline uint64_t fib_answer_at(uint64_t node, unsigned slot, unsigned in_slot, unsigned shift)
{
    uint64_t which = fib_popcount(fib_node_bitmap(node) << (31 - slot));

    return fib_node_at_bytes(node) + (((which << shift) + in_slot) << fib_node_width(node));
}

static force_inline uint32_t fib_node_answer(const struct fib_memory *memory, uint64_t node, unsigned slot,
                                             unsigned in_slot, unsigned shift)
{
    uint64_t at = fib_answer_at(node, slot, in_slot, shift);

#ifdef __bpf__ /* the verifier takes no node's word for it */
    at = masked_index(at, FIB_POOL_BYTES - 1);
#endif
    return fib_load_answer(&memory->pool[at], fib_node_width(node));
}

/* The answer for addr where that for its /24 is `more`: FIB_MORE and the place of a node. */
static force_inline uint32_t fib_lookup_more(const struct fib_memory *memory, uint32_t more, uint32_t addr)
{
    uint64_t at = masked_index((uint64_t)(more & ~FIB_MORE) * 8, FIB_POOL_BYTES - 8);
    uint64_t node = fib_load_node((const uint64_t *)&memory->pool[at]);

    return fib_node_answer(memory, node, addr >> 3 & 31, addr & 7, FIB_HOST_SHIFT);
}

/* The next hop of the longest prefix that covers addr (host order); FIB_NO_ROUTE if none does. */
static force_inline uint32_t fib_lookup(const struct fib_memory *memory, uint32_t addr)
{
    uint64_t node = fib_load_node(&memory->root[(uint64_t)addr >> FIB_BLOCK_BITS]);
    uint32_t answer = fib_node_answer(memory, node, addr >> 10 & 31, addr >> 8 & 3, FIB_BLOCK_SHIFT);

    return likely(!(answer & FIB_MORE)) ? answer : fib_lookup_more(memory, answer, addr);
}
