/* The Internet checksum over any bytes. */
#include "net/checksum.h"

uint64_t checksum_bytes(const void *data, size_t len)
{
    const uint8_t *at = data;
    uint64_t sum = 0;

    /* 32-bit words into a 64-bit sum: carries have room for 2^32 words. */
    for (; len >= 4; len -= 4, at += 4)
        sum += load_u32(at);
    if (len >= 2) {
        sum += load_u16(at);
        at += 2;
        len -= 2;
    }
    if (len) {
        const uint8_t last[2] = {*at, 0};
        sum += load_u16(last);
    }
    return sum;
}
