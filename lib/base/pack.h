/*
 * Numbers and texts one behind the other in bytes, for packets and hashes within one program: no byte order, no
 * alignment. What does not fit, or is not there, makes the whole thing false; nothing is read or written beyond.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PACK_TEXT_MAX 255 /* bytes of a text */

/* Where it goes on; `at` may be moved back to where it was before something that did not fit. */
struct pack {
    unsigned char *at, *end;
    bool full;
};

struct unpack {
    const unsigned char *at, *end;
    bool wrong;
};

static inline void pack_bytes(struct pack *pack, const void *bytes, size_t len)
{
    if (pack->full || (size_t)(pack->end - pack->at) < len) {
        pack->full = true;
        return;
    }
    memcpy(pack->at, bytes, len);
    pack->at += len;
}

static inline void pack_u8(struct pack *pack, uint8_t value)
{
    pack_bytes(pack, &value, sizeof(value));
}

static inline void pack_u32(struct pack *pack, uint32_t value)
{
    pack_bytes(pack, &value, sizeof(value));
}

static inline void pack_u64(struct pack *pack, uint64_t value)
{
    pack_bytes(pack, &value, sizeof(value));
}

/* NULL for none, which is read as NULL again, as an empty one is. */
static inline void pack_text(struct pack *pack, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    pack->full |= len > PACK_TEXT_MAX;
    pack_u8(pack, (uint8_t)len);
    if (len)
        pack_bytes(pack, text, len + 1);
}

static inline void unpack_bytes(struct unpack *unpack, void *bytes, size_t len)
{
    if (unpack->wrong || (size_t)(unpack->end - unpack->at) < len) {
        unpack->wrong = true;
        memset(bytes, 0, len);
        return;
    }
    memcpy(bytes, unpack->at, len);
    unpack->at += len;
}

static inline uint8_t unpack_u8(struct unpack *unpack)
{
    uint8_t value;

    unpack_bytes(unpack, &value, sizeof(value));
    return value;
}

static inline uint32_t unpack_u32(struct unpack *unpack)
{
    uint32_t value;

    unpack_bytes(unpack, &value, sizeof(value));
    return value;
}

static inline uint64_t unpack_u64(struct unpack *unpack)
{
    uint64_t value;

    unpack_bytes(unpack, &value, sizeof(value));
    return value;
}

/* It stays where it is: valid as long as the bytes are. */
static inline const char *unpack_text(struct unpack *unpack)
{
    size_t len = unpack_u8(unpack);
    const char *text = (const char *)unpack->at;

    if (!len)
        return NULL;
    if (unpack->wrong || (size_t)(unpack->end - unpack->at) < len + 1 || strnlen(text, len + 1) != len) {
        unpack->wrong = true;
        return NULL;
    }
    unpack->at += len + 1;
    return text;
}
