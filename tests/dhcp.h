/*
 * DHCP messages put together by hand, byte after byte, for tests: independent of lib/dhcp's own writer.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

struct dhcp_made {
    uint8_t bytes[4096];
    size_t at; /* behind the last option */
};

static inline void made_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* An Ethernet header without addresses, and the cookie. */
static inline void made_begin(struct dhcp_made *made, uint8_t op, uint32_t xid, const char mac[6])
{
    memset(made, 0, sizeof(*made));
    made->bytes[0] = op;
    made->bytes[1] = 1;
    made->bytes[2] = 6;
    made_u32(made->bytes + 4, xid);
    memcpy(made->bytes + 28, mac, 6);
    made_u32(made->bytes + 236, 0x63825363);
    made->at = 240;
}

enum made_field { MADE_CIADDR = 12, MADE_YIADDR = 16, MADE_SIADDR = 20, MADE_GIADDR = 24 };

static inline void made_addr(struct dhcp_made *made, enum made_field field, uint32_t addr)
{
    made_u32(made->bytes + field, addr);
}

static inline void made_option(struct dhcp_made *made, uint8_t code, const void *value, size_t len)
{
    made->bytes[made->at++] = code;
    made->bytes[made->at++] = (uint8_t)len;
    if (len)
        memcpy(made->bytes + made->at, value, len);
    made->at += len;
}

static inline void made_option_u8(struct dhcp_made *made, uint8_t code, uint8_t value)
{
    made_option(made, code, &value, 1);
}

static inline void made_option_u32(struct dhcp_made *made, uint8_t code, uint32_t value)
{
    uint8_t bytes[4];

    made_u32(bytes, value);
    made_option(made, code, bytes, 4);
}

/* END and padding to 300 bytes; the length of the whole. */
static inline size_t made_end(struct dhcp_made *made)
{
    made->bytes[made->at++] = 255;
    return made->at < 300 ? 300 : made->at;
}
