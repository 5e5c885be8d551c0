/*
 * What the kernel says of a frame beside it, on a packet socket (port/packet.h).
 */
#pragma once

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

/* Room for it. */
union packet_note_buffer {
    char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata)) + CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr align;
};

struct packet_note {
    bool checksum_pending; /* it is still to be made */
    bool foreign;          /* of a VLAN that has no interface here */
    int64_t arrived_ns;    /* since 1970; 0: not said, as without SO_TIMESTAMPNS */
};

struct packet_note packet_note_read(const struct msghdr *header);
