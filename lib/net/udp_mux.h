/*
 * UDP for services in user space (RFC 768, RFC 1122 4.1): frames that arrive at ports are checked and handed to the
 * service that is registered on their destination's (address, port); what services send is made into frames, and
 * leaves by the port that they name.
 *
 * A port here is an interface, by a number that the caller chooses. Nothing is sent to, or asked of, the network: who
 * sends says which link-layer address is meant, and answers go to where questions came from.
 */
#pragma once

#include "net/eth.h"
#include "net/ipv4.h"
#include "net/udp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UDP_MUX_PORTS    256 /* their numbers are below it */
#define UDP_MUX_HEADERS  (ETH_HDR_SIZE + IPV4_HDR_SIZE + UDP_HDR_SIZE)
#define UDP_MUX_DATA_MAX 65507

/* What becomes of a frame. X(enumerator, name, help) */
#define UDP_VERDICTS(X)                                                                                   \
    X(DELIVERED, "delivered", "a service has taken it")                                                   \
    X(LEFT, "left", "no service is registered there: the kernel's")                                       \
    X(TRUNCATED, "truncated", "fewer bytes than its headers need")                                        \
    X(IP_HEADER, "ip-header", "the IPv4 header is wrong, or its addresses are none that a host may have") \
    X(LENGTH, "length", "the UDP length is shorter than its header, or longer than the packet")           \
    X(CHECKSUM, "checksum", "the UDP checksum is wrong")                                                  \
    X(REFUSED, "refused", "the service could not take it")

enum udp_verdict {
#define X(enumerator, name, help) UDP_##enumerator,
    UDP_VERDICTS(X)
#undef X
        UDP_VERDICT_COUNT
};

const char *udp_verdict_name(unsigned verdict);
const char *udp_verdict_help(unsigned verdict);

/* Addresses and UDP ports in host order. */
struct udp_datagram {
    unsigned port; /* where it came in, or is to leave */
    uint8_t src_mac[ETH_ADDR_SIZE], dst_mac[ETH_ADDR_SIZE];
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint8_t tos, ttl;    /* of the IPv4 header; ttl 0 is sent as 64 */
    const uint8_t *data; /* borrowed, until the function that it is passed to returns */
    size_t len;
};

/* A service takes a datagram; false: it could not, which is counted. */
typedef bool udp_receive(void *arg, const struct udp_datagram *datagram);

/* A frame leaves by a port. 0; -errno. */
typedef int udp_output(void *arg, unsigned port, const uint8_t *frame, size_t len);

struct udp_mux;

/* NULL if there is no memory. */
struct udp_mux *udp_mux_new(udp_output *output, void *arg);
struct udp_mux *udp_mux_free(struct udp_mux *mux); /* takes NULL, returns NULL */

/* A service takes what is sent to exactly this address (a host's or a broadcast address) and UDP port. 0; -EADDRINUSE;
 * -ENOMEM. */
int udp_mux_register(struct udp_mux *mux, uint32_t addr, uint16_t udp_port, udp_receive *receive, void *arg);
/* Nothing happens if nobody was registered there. */
void udp_mux_unregister(struct udp_mux *mux, uint32_t addr, uint16_t udp_port);

/*
 * A frame has come in. `checksum_pending`: its sender's system has left the checksum to hardware that it never met
 * (TP_STATUS_CSUMNOTREADY), so it cannot be checked. A checksum that is half-made by its value (the folded sum of the
 * pseudo-header alone) is taken for right too. Fragments are left.
 */
enum udp_verdict udp_mux_receive(struct udp_mux *mux, unsigned port, const uint8_t *frame, size_t len,
                                 bool checksum_pending);

/* The datagram as a frame, with a checksum, to its port's output. 0; -EMSGSIZE: it is longer than UDP can say; what
 * output returned. */
int udp_mux_send(struct udp_mux *mux, const struct udp_datagram *datagram);

struct udp_mux_counts {
    uint64_t verdicts[UDP_VERDICT_COUNT];
    uint64_t sent, unsent;
};

/* Since the beginning, at one port. */
const struct udp_mux_counts *udp_mux_counts(const struct udp_mux *mux, unsigned port);
