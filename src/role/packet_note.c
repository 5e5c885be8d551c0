#include "role/packet_note.h"

#include <string.h>

static void read_auxdata(const struct cmsghdr *control, struct packet_note *note)
{
    struct tpacket_auxdata aux;

    memcpy(&aux, CMSG_DATA(control), sizeof(aux));
    note->checksum_pending = aux.tp_status & TP_STATUS_CSUMNOTREADY;
    note->foreign = aux.tp_status & TP_STATUS_VLAN_VALID && aux.tp_vlan_tci & 0x0fff;
}

struct packet_note packet_note_read(const struct msghdr *header)
{
    struct packet_note note = {0};
    struct timespec time;

    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR((struct msghdr *)header, at)) {
        if (at->cmsg_level == SOL_PACKET && at->cmsg_type == PACKET_AUXDATA)
            read_auxdata(at, &note);
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&time, CMSG_DATA(at), sizeof(time));
            note.arrived_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        }
    }
    return note;
}
