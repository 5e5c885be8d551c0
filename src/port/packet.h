/*
 * Sockets for services in user space (net/udp_mux.h) at one port: on some arrive whole frames that carry UDP to one UDP
 * port, and leave whatever is sent; another keeps the kernel from answering that nobody is there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a DHCP server hears of each port, so that new clients and the others do not wait for each other; what all other
 * services do. */
enum packet_kind { PACKET_OTHERS, PACKET_DISCOVERS, PACKET_ALL };

/* Frames that are meant for this system or for all, IPv4, UDP to udp_port, no fragments; each with a struct
 * tpacket_auxdata. PACKET_DISCOVERS: those with a DHCPDISCOVER whose first option says so; PACKET_OTHERS: all but
 * these. Its filter cannot be changed. 0; -errno. */
int packet_open(uint32_t ifindex, uint16_t udp_port, enum packet_kind kind, int *fd);

/* Frames that carry ARP replies to this system; whatever is sent leaves as ARP. Its filter cannot be changed. 0;
 * -errno. */
int packet_open_arp(uint32_t ifindex, int *fd);

/* A raw socket on which ICMP echo replies arrive, with their IPv4 header, and ICMP leaves. 0; -errno. */
int packet_open_ping(int *fd);

/* A UDP socket at that interface that takes nothing. beside: there is one of packet_open_replies() for this UDP port;
 * then it is not seen whether another program serves there. 0; -errno: -EADDRINUSE, another program does. */
int packet_open_sink(const char *interface, uint16_t udp_port, bool beside, int *fd);

/* A UDP socket at all interfaces at which only datagrams arrive that begin with a byte: of DHCP, for a relay, what
 * servers answer. 0; -errno. */
int packet_open_replies(uint16_t udp_port, uint8_t first, int *fd);
