/*
 * Parsing. Two passes: how much there is of each option in all of the fields together, and then, for those that stand
 * in more than one piece, their pieces behind one another (RFC 3396 7).
 */
#include "dhcp/message.h"

#include "base/compiler.h"

#include <errno.h>
#include <string.h>

/* The fields that options stand in, in the order in which they are read (RFC 3396 5). */
struct field {
    const uint8_t *bytes;
    size_t len;
};

/* The next option of a field. 1; 0: there is no more; -EBADMSG: it is longer than the field. */
static int next_option(const struct field *field, size_t *at, uint8_t *code, size_t *value_at, size_t *value_len)
{
    while (*at < field->len && field->bytes[*at] == DHCP_PAD)
        (*at)++;
    if (*at >= field->len || field->bytes[*at] == DHCP_END)
        return 0;
    if (field->len - *at < 2 || field->bytes[*at + 1] > field->len - *at - 2)
        return -EBADMSG;
    *code = field->bytes[*at];
    *value_len = field->bytes[*at + 1];
    *value_at = *at + 2;
    *at = *value_at + *value_len;
    return 1;
}

/* Adds up lengths, and notes where an option that stands in one piece stands. False: an option is too long. */
static bool measure(struct dhcp_message *message, const struct field *field, bool split[static 256])
{
    size_t at = 0, value_at, value_len;
    uint8_t code;
    int found;

    while ((found = next_option(field, &at, &code, &value_at, &value_len)) > 0) {
        split[code] |= message->options[code].at != 0;
        message->options[code].at = (uint16_t)((size_t)(field->bytes - (const uint8_t *)message->header) + value_at);
        message->options[code].len = (uint16_t)(message->options[code].len + value_len);
    }
    return found == 0;
}

/* Which fields there are: `options` says, with option 52, whether file and sname are options too. */
static unsigned find_fields(struct dhcp_message *message, struct field fields[static 3], bool split[static 256])
{
    const struct dhcp_header *header = message->header;
    uint8_t overload = 0;

    fields[0] = (struct field){(const uint8_t *)header + DHCP_OPTIONS_AT, message->len - DHCP_OPTIONS_AT};
    if (!measure(message, &fields[0], split))
        return 0;
    /* In pieces it is none: its last one may be empty, and the byte behind it not the message's. */
    if (message->options[DHCP_OPTION_OVERLOAD].len == 1 && !split[DHCP_OPTION_OVERLOAD])
        overload = ((const uint8_t *)header)[message->options[DHCP_OPTION_OVERLOAD].at];
    unsigned count = 1;
    if (overload & 1 && overload <= 3)
        fields[count++] = (struct field){header->file, DHCP_FILE_SIZE};
    if (overload & 2 && overload <= 3)
        fields[count++] = (struct field){header->sname, DHCP_SNAME_SIZE};
    for (unsigned i = 1; i < count; i++)
        if (!measure(message, &fields[i], split))
            return 0;
    return count;
}

static void join(struct dhcp_message *message, const struct field *fields, unsigned count, const bool split[static 256])
{
    uint16_t filled[256] = {0}, end = 0;

    for (unsigned code = 0; code < 256; code++) {
        if (split[code]) {
            message->options[code].at = (uint16_t)(DHCP_RECEIVED_MAX + end);
            end = (uint16_t)(end + message->options[code].len);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        size_t at = 0, value_at, value_len;
        uint8_t code;
        while (next_option(&fields[i], &at, &code, &value_at, &value_len) > 0) {
            if (!split[code])
                continue;
            size_t to = message->options[code].at - (size_t)DHCP_RECEIVED_MAX + filled[code];
            memcpy(message->joined + to, fields[i].bytes + value_at, value_len);
            filled[code] = (uint16_t)(filled[code] + value_len);
        }
    }
}

static enum dhcp_fault parse_options(struct dhcp_message *message)
{
    struct field fields[3];
    bool split[256] = {false}, any = false;
    size_t len;

    /* All three together are never longer than the message, so `joined` holds them. */
    unsigned count = find_fields(message, fields, split);
    if (!count)
        return DHCP_FAULT_OPTIONS;
    for (unsigned code = 0; code < 256; code++)
        any |= split[code];
    if (any)
        join(message, fields, count, split);
    if (!dhcp_get(message, DHCP_OPTION_MESSAGE_TYPE, &len))
        return DHCP_FAULT_NONE; /* BOOTP with vendor extensions */
    if (dhcp_get_u8(message, DHCP_OPTION_MESSAGE_TYPE, &message->type) || message->type < DHCP_DISCOVER ||
        message->type > DHCP_INFORM)
        return DHCP_FAULT_TYPE;
    return DHCP_FAULT_NONE;
}

enum dhcp_fault dhcp_parse(const uint8_t *bytes, size_t len, struct dhcp_message *message)
{
    const struct dhcp_header *header = (const void *)bytes;

    if (len < DHCP_OPTIONS_AT || len > DHCP_RECEIVED_MAX)
        return DHCP_FAULT_SIZE;
    if (header->op != DHCP_BOOTREQUEST && header->op != DHCP_BOOTREPLY)
        return DHCP_FAULT_OP;
    if (header->hlen > DHCP_CHADDR_SIZE || (header->htype == DHCP_HTYPE_ETH && header->hlen && header->chaddr[0] & 1))
        return DHCP_FAULT_HARDWARE;
    message->header = header;
    message->len = len;
    message->type = DHCP_BOOTP;
    memset(message->options, 0, sizeof(message->options));
    /* Without the cookie the field is the vendor's own (RFC 951 3), and nothing for us. */
    return load_u32(bytes + DHCP_HEADER_SIZE) == cpu_to_be32(DHCP_COOKIE) ? parse_options(message) : DHCP_FAULT_NONE;
}

const uint8_t *dhcp_get(const struct dhcp_message *message, uint8_t code, size_t *len)
{
    size_t at = message->options[code].at;

    if (!at)
        return NULL;
    *len = message->options[code].len;
    return at < DHCP_RECEIVED_MAX ? (const uint8_t *)message->header + at : message->joined + (at - DHCP_RECEIVED_MAX);
}

const uint8_t *dhcp_get_bytes(const struct dhcp_message *message, uint8_t code, size_t *len)
{
    size_t found;
    const uint8_t *value = dhcp_get(message, code, &found);

    if (!value || !dhcp_option_fits(code, found))
        return NULL;
    *len = found;
    return value;
}

/* The value of an option of so many bytes. */
static const uint8_t *get_fixed(const struct dhcp_message *message, uint8_t code, size_t bytes)
{
    size_t len;
    const uint8_t *value = dhcp_get_bytes(message, code, &len);

    return value && len == bytes ? value : NULL;
}

int dhcp_get_u8(const struct dhcp_message *message, uint8_t code, uint8_t *value)
{
    const uint8_t *found = get_fixed(message, code, 1);

    if (!found)
        return -ENOENT;
    *value = *found;
    return 0;
}

int dhcp_get_u16(const struct dhcp_message *message, uint8_t code, uint16_t *value)
{
    const uint8_t *found = get_fixed(message, code, 2);

    if (!found)
        return -ENOENT;
    *value = be16_to_cpu(load_u16(found));
    return 0;
}

int dhcp_get_u32(const struct dhcp_message *message, uint8_t code, uint32_t *value)
{
    const uint8_t *found = get_fixed(message, code, 4);

    if (!found)
        return -ENOENT;
    *value = be32_to_cpu(load_u32(found));
    return 0;
}

int dhcp_get_address(const struct dhcp_message *message, uint8_t code, uint32_t *addr)
{
    return dhcp_get_u32(message, code, addr);
}

const uint8_t *dhcp_relay_get(const uint8_t *info, size_t info_len, uint8_t code, size_t *len)
{
    for (size_t at = 0; info_len - at >= 2;) {
        size_t found = info[at + 1];
        if (found > info_len - at - 2)
            return NULL;
        if (info[at] == code) {
            *len = found;
            return info + at + 2;
        }
        at += 2 + found;
    }
    return NULL;
}

const char *dhcp_type_name(unsigned type)
{
    static const char *const names[] = {"BOOTP", "DISCOVER", "OFFER",   "REQUEST", "DECLINE",
                                        "ACK",   "NAK",      "RELEASE", "INFORM"};

    return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}
