/*
 * Any bytes as a frame: it has a flow, and a mark changes nothing but the mark and the checksum over it.
 */
#include "net/checksum.h"
#include "net/eth.h"
#include "net/flow.h"
#include "net/ipv4.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define CE 3

static const uint8_t key[SIPHASH_KEY_SIZE] = {1, 2, 3};

/* Whether the frame is an untagged IPv4 packet whose header is there and right. */
static bool is_right(const uint8_t *frame, size_t size)
{
    const uint8_t *ip = frame + ETH_HDR_SIZE;

    return size >= ETH_HDR_SIZE + IPV4_HDR_SIZE && frame[12] == 8 && frame[13] == 0 && ip[0] == 0x45 &&
           checksum_is_right(checksum_ipv4_words(ip));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flow before, after;
    uint8_t *frame = malloc(size ? size : 1);
    size_t changed = 0;

    FUZZ_CHECK(frame);
    memcpy(frame, data, size);
    flow_read(key, frame, size, &before);
    FUZZ_CHECK(memcmp(frame, data, size) == 0);
    bool right = is_right(frame, size), marked = flow_mark(frame, size);
    flow_read(key, frame, size, &after);
    for (size_t i = 0; i < size; i++)
        changed += frame[i] != data[i];
    FUZZ_CHECK(marked == (before.ecn != 0));
    FUZZ_CHECK(after.hash == before.hash && after.dscp == before.dscp && after.ecn == (marked ? CE : 0));
    FUZZ_CHECK(changed <= (marked && before.ecn != CE ? 3 : 0)); /* a byte with the mark, two of the checksum */
    FUZZ_CHECK(!right || is_right(frame, size));
    free(frame);
    return 0;
}
