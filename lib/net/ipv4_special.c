/* Address blocks that are not ordinary unicast: one table. */
#include "net/ipv4_special.h"

#include "base/compiler.h"

#define BLOCK(a, b, c, d, length)                 \
    {                                             \
        .addr = IPV4(a, b, c, d), .len = (length) \
    }

/* In the order of their addresses, a block before the smaller ones inside it: the last match is the smallest. */
static const struct ipv4_special specials[] = {
    {BLOCK(0, 0, 0, 0, 8), "this network", "RFC 791", false, false},
    {BLOCK(0, 0, 0, 0, 32), "this host", "RFC 1122", false, false},
    {BLOCK(10, 0, 0, 0, 8), "private use", "RFC 1918", true, false},
    {BLOCK(100, 64, 0, 0, 10), "shared between provider and subscriber", "RFC 6598", true, false},
    {BLOCK(127, 0, 0, 0, 8), "loopback", "RFC 1122", false, false},
    {BLOCK(169, 254, 0, 0, 16), "link-local", "RFC 3927", false, false},
    {BLOCK(172, 16, 0, 0, 12), "private use", "RFC 1918", true, false},
    {BLOCK(192, 0, 0, 0, 24), "IETF protocol assignments", "RFC 6890", false, false},
    {BLOCK(192, 0, 0, 0, 29), "IPv4 service continuity", "RFC 7335", true, false},
    {BLOCK(192, 0, 0, 8, 32), "IPv4 dummy address", "RFC 7600", false, false},
    {BLOCK(192, 0, 0, 9, 32), "port control protocol anycast", "RFC 7723", true, true},
    {BLOCK(192, 0, 0, 10, 32), "TURN anycast", "RFC 8155", true, true},
    {BLOCK(192, 0, 0, 170, 31), "NAT64 and DNS64 discovery", "RFC 7050", false, false},
    {BLOCK(192, 0, 2, 0, 24), "documentation", "RFC 5737", false, false},
    {BLOCK(192, 31, 196, 0, 24), "AS112 redirection", "RFC 7535", true, true},
    {BLOCK(192, 52, 193, 0, 24), "automatic multicast tunnelling", "RFC 7450", true, true},
    {BLOCK(192, 88, 99, 0, 24), "6to4 relay anycast, deprecated", "RFC 7526", true, true},
    {BLOCK(192, 168, 0, 0, 16), "private use", "RFC 1918", true, false},
    {BLOCK(192, 175, 48, 0, 24), "AS112 direct delegation", "RFC 7534", true, true},
    {BLOCK(198, 18, 0, 0, 15), "benchmarking", "RFC 2544", true, false},
    {BLOCK(198, 51, 100, 0, 24), "documentation", "RFC 5737", false, false},
    {BLOCK(203, 0, 113, 0, 24), "documentation", "RFC 5737", false, false},
    {BLOCK(224, 0, 0, 0, 4), "multicast", "RFC 5771", true, true},
    {BLOCK(224, 0, 0, 0, 24), "multicast, this link only", "RFC 5771", false, false},
    {BLOCK(232, 0, 0, 0, 8), "multicast, source-specific", "RFC 4607", true, true},
    {BLOCK(233, 252, 0, 0, 24), "documentation (multicast)", "RFC 6676", false, false},
    {BLOCK(239, 0, 0, 0, 8), "multicast, administratively scoped", "RFC 2365", true, false},
    {BLOCK(240, 0, 0, 0, 4), "reserved", "RFC 1112", false, false},
    {BLOCK(255, 255, 255, 255, 32), "limited broadcast", "RFC 919", false, false},
};

const struct ipv4_special *ipv4_special_find(struct ipv4_prefix prefix)
{
    const struct ipv4_special *found = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
        if (ipv4_prefix_covers(specials[i].block, prefix))
            found = &specials[i];
    return found;
}

bool ipv4_special_overlaps(struct ipv4_prefix prefix)
{
    for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
        if (ipv4_prefix_covers(specials[i].block, prefix) || ipv4_prefix_covers(prefix, specials[i].block))
            return true;
    return false;
}
