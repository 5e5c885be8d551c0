/*
 * Any bytes as an IPv4 packet: no undefined behaviour, the same verdict as a plain reading of the rules, and a packet
 * that is right is still right when its TTL has been counted down as a router does.
 */
#include "net/validate.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* The rules once more, written apart: indices, no structures, no shared code but the names. */
static enum drop_reason plain_addresses(const uint8_t *src, const uint8_t *dst)
{
    static const uint8_t none[4] = {0, 0, 0, 0}, all[4] = {255, 255, 255, 255};
    int to_all = memcmp(dst, all, 4) == 0 || (dst[0] >= 224 && dst[0] <= 239) ||
                 (memcmp(src, none, 4) == 0 && memcmp(dst, none, 4) == 0);

    if (src[0] >= 224 && src[0] <= 239)
        return DROP_IP_SOURCE_MULTICAST;
    if (memcmp(src, all, 4) == 0)
        return DROP_IP_SOURCE_BROADCAST;
    if (src[0] == 0 && !to_all)
        return DROP_IP_SOURCE_ZERO;
    if (dst[0] == 0 && !to_all)
        return DROP_IP_DESTINATION_ZERO;
    if (dst[0] == 127)
        return DROP_IP_DESTINATION_LOOPBACK;
    return src[0] == 127 ? DROP_IP_SOURCE_LOOPBACK : DROP_NONE;
}

static enum drop_reason plain_verdict(const uint8_t *data, size_t captured, size_t wire)
{
    if (captured < 20)
        return DROP_IP_TRUNCATED;
    size_t header = (size_t)data[0] % 16 * 4, total = data[2] * 256u + data[3];
    unsigned sum = 0;
    if (data[0] / 16 != 4)
        return DROP_IP_VERSION;
    if (header < 20)
        return DROP_IP_HEADER_LENGTH;
    if (captured < header)
        return DROP_IP_TRUNCATED;
    for (size_t i = 0; i < header; i += 2)
        sum += data[i] * 256u + data[i + 1];
    /* A sum in ones' complement is a remainder by 2^16 - 1; it is not the other zero, since the version is 4. */
    if (sum % 0xffff != 0)
        return DROP_IP_CHECKSUM;
    if (total > wire)
        return DROP_IP_LENGTH_LONG;
    if (total < header)
        return DROP_IP_LENGTH_SHORT;
    return plain_addresses(data + 12, data + 16);
}

static void check(const uint8_t *data, size_t captured, size_t wire)
{
    /* A copy of just what is captured, at an odd address, so that neither a long read nor an aligned one passes. */
    uint8_t *block = calloc(captured + 1, 1), *packet = block + 1;

    FUZZ_CHECK(block);
    memcpy(packet, data, captured);
    enum drop_reason reason = ipv4_validate(packet, packet + captured, (uint32_t)wire);
    FUZZ_CHECK(reason == plain_verdict(packet, captured, wire));
    FUZZ_CHECK(memcmp(packet, data, captured) == 0);

    struct ipv4_hdr *ip = (struct ipv4_hdr *)packet;
    if (reason == DROP_NONE && ip->ttl > 0) {
        uint16_t before = load_u16(&ip->ttl);
        ip->ttl--;
        ip->checksum_be = checksum_update16(ip->checksum_be, before, load_u16(&ip->ttl));
        FUZZ_CHECK(ipv4_validate(packet, packet + captured, (uint32_t)wire) == DROP_NONE);
    }
    free(block);
}

/* Whole, padded, and with only a first piece readable. */
static void check_pieces(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {0, 1, 19, 20, 23, 24, 59, 60};

    check(data, size, size);
    check(data, size, size + 46);
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
        if (pieces[i] < size)
            check(data, pieces[i], size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t header = size > 0 ? (size_t)data[0] % 16 * 4 : 0;

    check_pieces(data, size);
    /* Once more with a right checksum: a change made blindly hardly ever comes past that test. */
    if (header >= 20 && size >= header) {
        uint8_t *sealed = malloc(size);
        FUZZ_CHECK(sealed);
        memcpy(sealed, data, size);
        memset(sealed + 10, 0, 2);
        uint16_t checksum_be = checksum_finish(checksum_bytes(sealed, header));
        memcpy(sealed + 10, &checksum_be, 2);
        check_pieces(sealed, size);
        free(sealed);
    }
    return 0;
}
