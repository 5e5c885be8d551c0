/*
 * Compiled for x86-64 with AVX-512 and its population count (Ice Lake, Zen 4 and later): sixteen addresses at a time,
 * as lookup_loop.h otherwise.
 */
#include "fib/lookup_loop.h"
#include "fib/lookup_ways.h"

#ifdef FIB_LOOKUP_X86
#include <immintrin.h>

#define LANES 16

/* Where sixteen answers are, and how wide: the vector form of fib_load_node() and fib_answer_at(). */
struct places {
    __m512i at, width;
};

static force_inline struct places find(const struct fib_memory *memory, __m512i addrs)
{
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);

    __m512i blocks = _mm512_srli_epi32(addrs, FIB_BLOCK_BITS);
    __m512i front = _mm512_i32gather_epi64(_mm512_castsi512_si256(blocks), memory->root, sizeof(*memory->root));
    __m512i back = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(blocks, 1), memory->root, sizeof(*memory->root));
    __m512i bitmap = _mm512_permutex2var_epi32(front, even, back);
    __m512i rest = _mm512_permutex2var_epi32(front, odd, back); /* width << 30 | place */

    __m512i behind = _mm512_andnot_si512(_mm512_srli_epi32(addrs, 10), _mm512_set1_epi32(31)); /* 31 - slot */
    __m512i which = _mm512_popcnt_epi32(_mm512_sllv_epi32(bitmap, behind));
    __m512i in_slot = _mm512_and_si512(_mm512_srli_epi32(addrs, 8), _mm512_set1_epi32(3));
    __m512i index = _mm512_or_si512(_mm512_slli_epi32(which, FIB_BLOCK_SHIFT), in_slot);
    __m512i width = _mm512_srli_epi32(rest, 30);
    return (struct places){.at = _mm512_add_epi32(_mm512_slli_epi32(rest, 2), _mm512_sllv_epi32(index, width)),
                           .width = width};
}

static force_inline __m512i load(const struct fib_memory *memory, struct places places)
{
    __m512i bytes = _mm512_i32gather_epi32(places.at, memory->pool, 1);
    __m512i bits = _mm512_sllv_epi32(_mm512_set1_epi32(8), places.width);
    __m512i mask = _mm512_srlv_epi32(_mm512_set1_epi32(-1), _mm512_sub_epi32(_mm512_set1_epi32(32), bits));

    return _mm512_and_si512(bytes, mask);
}

static force_inline void store(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops,
                               __m512i answers)
{
    _mm512_storeu_si512(next_hops, answers);
    for (unsigned more = _mm512_movepi32_mask(answers); unlikely(more); more &= more - 1) {
        unsigned i = (unsigned)__builtin_ctz(more);
        next_hops[i] = fib_lookup_more(memory, next_hops[i], addrs[i]);
    }
}

void fib_lookup_avx512(const struct fib_memory *memory, const uint32_t *addrs, uint32_t *next_hops, size_t count)
{
    for (; count >= LOOKUP_GROUP; count -= LOOKUP_GROUP, addrs += LOOKUP_GROUP, next_hops += LOOKUP_GROUP) {
        struct places places[LOOKUP_GROUP / LANES];

        for (unsigned i = 0; i < LOOKUP_GROUP / LANES; i++)
            places[i] = find(memory, _mm512_loadu_si512(addrs + (size_t)i * LANES));
        for (unsigned i = 0; i < LOOKUP_GROUP / LANES; i++)
            store(memory, addrs + (size_t)i * LANES, next_hops + (size_t)i * LANES, load(memory, places[i]));
    }
    for (; count >= LANES; count -= LANES, addrs += LANES, next_hops += LANES)
        store(memory, addrs, next_hops, load(memory, find(memory, _mm512_loadu_si512(addrs))));
    lookup_loop(memory, addrs, next_hops, count);
}
#endif
