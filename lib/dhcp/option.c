/* Two tables made of the X-macros, and for each type the function that reads what people write. */
#include "dhcp/option.h"

#include "base/bytes.h"
#include "base/compiler.h"
#include "net/ipv4_prefix.h"

#include <errno.h>
#include <string.h>

#define DOMAIN_NAME_MAX 255 /* RFC 1035 2.3.4 */
#define LABEL_MAX       63

enum whose { PROTOCOL, CONFIGURED };

/* By code; those that are not known have no name. */
static const struct dhcp_option options[256] = {
#define X(enumerator, code, type, name, whose) [code] = {name, DHCP_TYPE_##type, code, (whose) == CONFIGURED},
    DHCP_OPTIONS(X)
#undef X
};

static const struct {
    const char *name;
    uint8_t shortest, longest, multiple;
    const char *help;
} types[] = {
#define X(enumerator, name, shortest, longest, multiple, help) {name, shortest, longest, multiple, help},
    DHCP_TYPES(X)
#undef X
};

static const struct {
    const char *name;
    uint8_t code;
} short_names[] = {{"dns", DHCP_OPTION_DOMAIN_NAME_SERVERS},
                   {"domain", DHCP_OPTION_DOMAIN_NAME},
                   {"ntp", DHCP_OPTION_NTP_SERVERS},
                   {"mtu", DHCP_OPTION_INTERFACE_MTU}};

const struct dhcp_option *dhcp_option_find(unsigned code)
{
    return code < ARRAY_SIZE(options) && options[code].name ? &options[code] : NULL;
}

const struct dhcp_option *dhcp_option_find_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(short_names); i++)
        if (strcmp(short_names[i].name, name) == 0)
            return dhcp_option_find(short_names[i].code);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (options[i].name && strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

bool dhcp_option_fits(unsigned code, size_t len)
{
    const struct dhcp_option *option = dhcp_option_find(code);

    if (!option)
        return true;
    if (len < types[option->type].shortest || len % types[option->type].multiple != 0)
        return false;
    return option->type == DHCP_TYPE_EMPTY ? len == 0
                                           : !types[option->type].longest || len <= types[option->type].longest;
}

bool dhcp_type_is_list(enum dhcp_type type)
{
    switch (type) {
    case DHCP_TYPE_U8S:
    case DHCP_TYPE_U16S:
    case DHCP_TYPE_ADDRESSES:
    case DHCP_TYPE_ADDRESS_PAIRS:
    case DHCP_TYPE_NAMES:
    case DHCP_TYPE_ROUTES:
        return true;
    default:
        return false;
    }
}

enum dhcp_type dhcp_type_find(const char *name)
{
    unsigned type = DHCP_TYPE_COUNT;

    while (type > 0)
        if (strcmp(types[--type].name, name) == 0)
            return (enum dhcp_type)type;
    return DHCP_TYPE_COUNT;
}

const char *dhcp_type_keyword(enum dhcp_type type)
{
    return types[type].name;
}

const char *dhcp_type_help(enum dhcp_type type)
{
    return types[type].help;
}

/* --- what people write ------------------------------------------------------------------------------------------- */

/* Where an option's value is put together. */
struct target {
    uint8_t *bytes;
    size_t room, *len;
    const char *expected;
    struct text_error *err;
};

static int append(struct target *target, const void *bytes, size_t len)
{
    if (len > target->room - *target->len)
        return -ENOSPC;
    memcpy(target->bytes + *target->len, bytes, len);
    *target->len += len;
    return 0;
}

static int append_number(struct target *target, uint32_t number, size_t bytes)
{
    uint32_t be = cpu_to_be32(number);

    return append(target, (const uint8_t *)&be + sizeof(be) - bytes, bytes);
}

static int encode_number(struct target *target, const char *text, size_t bytes, uint32_t max, bool negative)
{
    size_t at = negative, len = strlen(text);
    uint32_t number;

    if (text_decimal(text, len, &at, max, target->expected, &number, target->err))
        return -EINVAL;
    if (at != len)
        return text_wrong(target->err, at, target->expected);
    return append_number(target, negative ? -number : number, bytes);
}

static int encode_address(struct target *target, const char *text, size_t len)
{
    uint32_t addr;

    if (ipv4_addr_parse(text, len, &addr, target->err))
        return -EINVAL;
    return append_number(target, addr, sizeof(addr));
}

/* Two things with spaces between them: where the second begins; 0 if it does not. */
static size_t second_of(const char *text, size_t *first_len)
{
    *first_len = strcspn(text, " ");
    size_t at = *first_len + strspn(text + *first_len, " ");
    return text[at] ? at : 0;
}

static int encode_pair(struct target *target, const char *text)
{
    size_t first_len, at = second_of(text, &first_len), before = *target->len;

    if (!at)
        return text_wrong(target->err, strlen(text), target->expected);
    int error = encode_address(target, text, first_len);
    if (!error && (error = encode_address(target, text + at, strlen(text + at)))) {
        *target->len = before;
        if (error == -EINVAL && target->err)
            target->err->at += at;
    }
    return error;
}

/* RFC 3442: the prefix's length, as many octets of it as have bits that count, the gateway. */
static int encode_route(struct target *target, const char *text)
{
    size_t first_len, at = second_of(text, &first_len), before = *target->len;
    struct ipv4_prefix prefix;

    if (!at)
        return text_wrong(target->err, strlen(text), target->expected);
    if (ipv4_prefix_parse(text, first_len, 0, &prefix, target->err))
        return -EINVAL;
    uint32_t be = cpu_to_be32(prefix.addr);
    int error = append(target, &prefix.len, 1);
    if (!error)
        error = append(target, &be, (prefix.len + 7u) / 8);
    if (!error && (error = encode_address(target, text + at, strlen(text + at))) == -EINVAL && target->err)
        target->err->at += at;
    if (error)
        *target->len = before;
    return error;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A name as it is on the wire: labels, each behind its length, and an empty one at the end. */
static int make_name(const char *text, uint8_t wire[static DOMAIN_NAME_MAX], size_t *wire_len, struct target *target)
{
    size_t len = strlen(text), at = 0, out = 0;

    if (len && text[len - 1] == '.')
        len--;
    do {
        size_t label = 0;
        while (at + label < len && is_name_character(text[at + label]))
            label++;
        if (label == 0 || label > LABEL_MAX || (at + label < len && text[at + label] != '.') ||
            out + 1 + label + 1 > DOMAIN_NAME_MAX)
            return text_wrong(target->err, at + label, target->expected);
        wire[out++] = (uint8_t)label;
        memcpy(wire + out, text + at, label);
        out += label;
        at += label + 1;
    } while (at < len);
    wire[out++] = 0;
    *wire_len = out;
    return 0;
}

static int encode_name(struct target *target, const char *text, bool as_text)
{
    uint8_t wire[DOMAIN_NAME_MAX];
    size_t len = 0;
    int error = make_name(text, wire, &len, target);

    if (error)
        return error;
    return as_text ? append(target, text, strlen(text)) : append(target, wire, len);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static int encode_bytes(struct target *target, const char *text)
{
    size_t before = *target->len, at = 0;
    int error = text[0] ? 0 : text_wrong(target->err, 0, target->expected);

    while (!error && text[at]) {
        int high = hex_digit(text[at]), low = high < 0 ? -1 : hex_digit(text[at + 1]);
        if (high < 0 || low < 0) {
            error = text_wrong(target->err, at + (high >= 0), target->expected);
            break;
        }
        error = append(target, &(uint8_t){(uint8_t)(high << 4 | low)}, 1);
        at += 2;
        if (text[at] == ':' && text[at + 1])
            at++;
    }
    if (error)
        *target->len = before;
    return error;
}

int dhcp_option_encode(enum dhcp_type type, const char *text, uint8_t *bytes, size_t room, size_t *len,
                       struct text_error *err)
{
    struct target target = {bytes, room, len, types[type].help, err};

    switch (type) {
    case DHCP_TYPE_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
            return append(&target, text[0] == 't' ? "\1" : "\0", 1);
        return text_wrong(err, 0, target.expected);
    case DHCP_TYPE_U8:
    case DHCP_TYPE_U8S:
        return encode_number(&target, text, 1, UINT8_MAX, false);
    case DHCP_TYPE_U16:
    case DHCP_TYPE_U16S:
        return encode_number(&target, text, 2, UINT16_MAX, false);
    case DHCP_TYPE_U32:
        return encode_number(&target, text, 4, UINT32_MAX, false);
    case DHCP_TYPE_S32:
        return encode_number(&target, text, 4, text[0] == '-' ? 1U << 31 : INT32_MAX, text[0] == '-');
    case DHCP_TYPE_ADDRESS:
    case DHCP_TYPE_ADDRESSES:
        return encode_address(&target, text, strlen(text));
    case DHCP_TYPE_ADDRESS_PAIRS:
        return encode_pair(&target, text);
    case DHCP_TYPE_TEXT:
        return text[0] ? append(&target, text, strlen(text)) : text_wrong(err, 0, target.expected);
    case DHCP_TYPE_NAME:
    case DHCP_TYPE_NAMES:
        return encode_name(&target, text, type == DHCP_TYPE_NAME);
    case DHCP_TYPE_ROUTES:
        return encode_route(&target, text);
    case DHCP_TYPE_BYTES:
        return encode_bytes(&target, text);
    case DHCP_TYPE_EMPTY:
        return text[0] ? text_wrong(err, 0, target.expected) : 0;
    case DHCP_TYPE_COUNT:
        break;
    }
    return text_wrong(err, 0, target.expected);
}
