/*
 * Any bytes as an address or a prefix: the place of an error lies in the text, outputs are untouched on failure, the C
 * library agrees on what is an address, and what was read is written and read again as the same.
 */
#include "net/ipv4_prefix.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static void check_error(int rc, const struct text_error *err, size_t size)
{
    FUZZ_CHECK(rc == -EINVAL);
    FUZZ_CHECK(err->at <= size);
    FUZZ_CHECK(err->expected && *err->expected);
}

static void check_address(const char *text, size_t size)
{
    struct text_error err = {.at = SIZE_MAX};
    uint32_t addr = 0x5eed5eed;
    char copy[IPV4_TEXT_SIZE] = "";
    struct in_addr in = {0};

    int rc = ipv4_addr_parse(text, size, &addr, &err);
    bool fits = size < sizeof(copy) && !memchr(text, '\0', size);
    if (fits)
        memcpy(copy, text, size);
    FUZZ_CHECK((rc == 0) == (fits && inet_pton(AF_INET, copy, &in) == 1));
    if (rc < 0) {
        check_error(rc, &err, size);
        FUZZ_CHECK(addr == 0x5eed5eed);
        return;
    }
    FUZZ_CHECK(addr == ntohl(in.s_addr));
    FUZZ_CHECK(ipv4_addr_format(addr, copy) == size && memcmp(copy, text, size) == 0);
}

#define ALLOW_ALL (IPV4_PREFIX_ALLOW_HOST_BITS | IPV4_PREFIX_ALLOW_MASK | IPV4_PREFIX_ALLOW_ADDRESS)

static void check_prefix(const char *text, size_t size, unsigned allow)
{
    struct text_error err = {.at = SIZE_MAX};
    struct ipv4_prefix prefix = {.addr = 0x5eed5eed, .len = 99}, back;
    char printed[IPV4_PREFIX_TEXT_SIZE];

    int rc = ipv4_prefix_parse(text, size, allow, &prefix, &err);
    if (rc < 0) {
        check_error(rc, &err, size);
        FUZZ_CHECK(prefix.addr == 0x5eed5eed && prefix.len == 99);
        return;
    }
    FUZZ_CHECK(prefix.len <= 32);
    FUZZ_CHECK((allow & IPV4_PREFIX_ALLOW_HOST_BITS) || prefix.addr == ipv4_prefix_first(prefix));
    size_t len = ipv4_prefix_format(prefix, printed);
    bool alone = !memchr(text, '/', size);
    FUZZ_CHECK(!alone || (allow & IPV4_PREFIX_ALLOW_ADDRESS && prefix.len == 32));
    FUZZ_CHECK((allow & IPV4_PREFIX_ALLOW_MASK) || alone || (len == size && memcmp(printed, text, size) == 0));
    FUZZ_CHECK(ipv4_prefix_parse(printed, len, allow, &back, NULL) == 0);
    FUZZ_CHECK(back.addr == prefix.addr && back.len == prefix.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    check_address(text, size);
    for (unsigned allow = 0; allow <= ALLOW_ALL; allow++)
        check_prefix(text, size, allow);
    return 0;
}
