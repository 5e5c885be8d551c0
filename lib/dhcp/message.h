/*
 * DHCP and BOOTP messages as they arrive (RFC 2131 2, RFC 951): a fixed header, and options behind it, which may be
 * split (RFC 3396) and go on in the fields `file` and `sname` (option 52). What has been parsed is asked by option,
 * through accessors that answer only if the value has the length that the option's type says (dhcp/option.h).
 */
#pragma once

#include "base/bytes.h"
#include "dhcp/option.h"
#include "net/udp.h"

#define DHCP_SERVER_PORT UDP_PORT_BOOTPS
#define DHCP_CLIENT_PORT UDP_PORT_BOOTPC

#define DHCP_HEADER_SIZE    236 /* without the magic cookie */
#define DHCP_COOKIE         0x63825363
#define DHCP_OPTIONS_AT     240
#define DHCP_CHADDR_SIZE    16
#define DHCP_SNAME_SIZE     64
#define DHCP_FILE_SIZE      128
#define DHCP_RECEIVED_MAX   4096 /* longer messages are not read */
#define DHCP_HOPS_MAX       16   /* RFC 1542 4.1.1: relays pass on no request that has passed more */
#define DHCP_HTYPE_ETH      1
#define DHCP_FLAG_BROADCAST 0x8000
#define DHCP_INFINITE       UINT32_MAX /* as a lease time */

enum dhcp_op { DHCP_BOOTREQUEST = 1, DHCP_BOOTREPLY = 2 };

enum dhcp_message_type {
    DHCP_BOOTP = 0, /* not a type on the wire: there is no option 53 */
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE,
    DHCP_INFORM,
};

struct dhcp_header {
    uint8_t op, htype, hlen, hops;
    uint32_t xid_be;
    uint16_t secs_be, flags_be;
    uint32_t ciaddr_be, yiaddr_be, siaddr_be, giaddr_be;
    uint8_t chaddr[DHCP_CHADDR_SIZE];
    uint8_t sname[DHCP_SNAME_SIZE];
    uint8_t file[DHCP_FILE_SIZE];
} WIRE_LAYOUT;

static_assert(sizeof(struct dhcp_header) == DHCP_HEADER_SIZE, "as on the wire");

/* Why a message cannot be understood. X(enumerator, name, help) */
#define DHCP_FAULTS(X)                                                                        \
    X(SIZE, "size", "shorter than a BOOTP message, or longer than is read")                   \
    X(OP, "op", "neither a request nor a reply")                                              \
    X(HARDWARE, "hardware-address", "a hardware address longer than its field, or a group's") \
    X(OPTIONS, "options", "an option that is longer than the field it stands in")             \
    X(TYPE, "type", "a message type that is none, or not one byte")

enum dhcp_fault {
    DHCP_FAULT_NONE = 0,
#define X(enumerator, name, help) DHCP_FAULT_##enumerator,
    DHCP_FAULTS(X)
#undef X
        DHCP_FAULT_COUNT
};

struct dhcp_message {
    const struct dhcp_header *header;
    size_t len;   /* bytes of the whole message */
    uint8_t type; /* enum dhcp_message_type */
    struct {
        uint16_t at, len; /* at: 0, not there; below DHCP_RECEIVED_MAX, in the message; above, in `joined` */
    } options[256];
    uint8_t joined[DHCP_RECEIVED_MAX];
};

/* The message is borrowed, as long as *message is used. DHCP_FAULT_NONE, or what is wrong with it. */
enum dhcp_fault dhcp_parse(const uint8_t *bytes, size_t len, struct dhcp_message *message);

/* The value of an option and its length, joined if it was split; NULL if it is not there. */
const uint8_t *dhcp_get(const struct dhcp_message *message, uint8_t code, size_t *len);

/* 0; -ENOENT: not there, or its length is not its type's. */
int dhcp_get_u8(const struct dhcp_message *message, uint8_t code, uint8_t *value);
int dhcp_get_u16(const struct dhcp_message *message, uint8_t code, uint16_t *value);
int dhcp_get_u32(const struct dhcp_message *message, uint8_t code, uint32_t *value);
int dhcp_get_address(const struct dhcp_message *message, uint8_t code, uint32_t *addr);

/* Bytes of any length, as the type allows. NULL: not there, or its length is not its type's. */
const uint8_t *dhcp_get_bytes(const struct dhcp_message *message, uint8_t code, size_t *len);

/* Sub-options of option 82 (RFC 3046 2.0 and others). */
enum dhcp_relay_code {
    DHCP_RELAY_CIRCUIT_ID = 1,
    DHCP_RELAY_REMOTE_ID = 2,
    DHCP_RELAY_LINK_SELECTION = 5,   /* RFC 3527: an address in the client's subnet */
    DHCP_RELAY_SUBSCRIBER_ID = 6,    /* RFC 3993 */
    DHCP_RELAY_SERVER_OVERRIDE = 11, /* RFC 5107: what to say as server identifier */
    DHCP_RELAY_SOURCE_PORT = 19,     /* RFC 8357: answer to the port that this came from */
};

/* A sub-option in an option 82; NULL if it is not there, or behind one that is longer than what is left. */
const uint8_t *dhcp_relay_get(const uint8_t *info, size_t info_len, uint8_t code, size_t *len);

/* Option 81 (RFC 4702 2): flags, two bytes that mean nothing any more, a name. */
#define DHCP_FQDN_NAME_AT        3
#define DHCP_FQDN_SERVER_UPDATES 0x01 /* S */
#define DHCP_FQDN_OVERRIDDEN     0x02 /* O */
#define DHCP_FQDN_WIRE           0x04 /* E: the name is in the form of RFC 1035 3.1 */
#define DHCP_FQDN_NO_UPDATE      0x08 /* N */
#define DHCP_LABEL_MAX           63

/* "DISCOVER"; "BOOTP"; "unknown". */
const char *dhcp_type_name(unsigned type);
