/*
 * Numbers in byte strings: byte order, loads and stores at any alignment, and the one question that every parser of
 * packets asks first: are there as many bytes as I am about to read?
 *
 * Shared with BPF. There, loads are plain (the verifier allows unaligned packet access, and clang would otherwise load
 * byte by byte); in user space they go through memcpy, which compilers turn into the same single instruction.
 */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define cpu_to_be16(x) ((uint16_t)__builtin_bswap16((uint16_t)(x)))
#define cpu_to_be32(x) ((uint32_t)__builtin_bswap32((uint32_t)(x)))
#else
#define cpu_to_be16(x) ((uint16_t)(x))
#define cpu_to_be32(x) ((uint32_t)(x))
#endif
#define be16_to_cpu(x) cpu_to_be16(x)
#define be32_to_cpu(x) cpu_to_be32(x)

/* Structures that are laid over packets. BPF needs no packing (nothing in them is out of its natural place), and with
 * it would load byte by byte. */
#ifdef __bpf__
#define WIRE_LAYOUT
#else
#define WIRE_LAYOUT __attribute__((packed))
#endif

/* Whether bytes [at, at + need) lie before end. at <= end. In user space a pointer past the end would not even be
 * defined; in BPF the very form of this comparison is what the verifier learns from, so the compiler is kept from
 * turning it into another one. */
static force_inline bool bytes_hold(const void *at, size_t need, const void *end)
{
#ifdef __bpf__
    const uint8_t *behind = (const uint8_t *)at + need;
    OPAQUE(behind);
    return behind <= (const uint8_t *)end;
#else
    return (size_t)((const uint8_t *)end - (const uint8_t *)at) >= need;
#endif
}

/* Native byte order, any alignment. */
static force_inline uint16_t load_u16(const void *at)
{
#ifdef __bpf__
    return *(const uint16_t *)at;
#else
    uint16_t value;
    __builtin_memcpy(&value, at, sizeof(value));
    return value;
#endif
}

static force_inline uint32_t load_u32(const void *at)
{
#ifdef __bpf__
    return *(const uint32_t *)at;
#else
    uint32_t value;
    __builtin_memcpy(&value, at, sizeof(value));
    return value;
#endif
}

static force_inline uint64_t load_u64(const void *at)
{
#ifdef __bpf__
    return *(const uint64_t *)at;
#else
    uint64_t value;
    __builtin_memcpy(&value, at, sizeof(value));
    return value;
#endif
}

static force_inline void store_u32(void *at, uint32_t value)
{
#ifdef __bpf__
    *(uint32_t *)at = value;
#else
    __builtin_memcpy(at, &value, sizeof(value));
#endif
}

static force_inline void store_u64(void *at, uint64_t value)
{
#ifdef __bpf__
    *(uint64_t *)at = value;
#else
    __builtin_memcpy(at, &value, sizeof(value));
#endif
}

/* An index into an array of mask + 1 entries, made safe by masking. In BPF the verifier (of Linux 6.1 above all) must
 * see that very mask, so the compiler is kept from being clever about what is in `index`. */
static force_inline uint64_t masked_index(uint64_t index, uint64_t mask)
{
    OPAQUE(index);
    return index & mask;
}
