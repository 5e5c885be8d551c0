#include "engine/rogues.h"

#include "base/clock.h"
#include "log/log.h"

#define QUIET_MS 60000

void rogues_look(struct ports *ports)
{
    struct door_memory *memory = door_memory(ports->door);
    int64_t now_ms = clock_now_ms();
    char text[IPV4_TEXT_SIZE];

    for (unsigned i = 1; i <= ports->count; i++) {
        struct door_binding *noted = &memory->rogues[i], rogue = *noted;
        struct port *port = &ports->all[i];
        if (!rogue.ifindex || (port->rogue_ms && now_ms - port->rogue_ms < QUIET_MS))
            continue;
        WRITE_RELEASE(noted->ifindex, 0);
        if (rogue.ifindex != port->ifindex)
            continue;
        port->rogue_ms = now_ms;
        ipv4_addr_format(rogue.addr, text);
        log_warning("%s: another DHCP server answers there, and is not listened to: %s, "
                    "%02x:%02x:%02x:%02x:%02x:%02x",
                    port->name, text, rogue.mac[0], rogue.mac[1], rogue.mac[2], rogue.mac[3], rogue.mac[4],
                    rogue.mac[5]);
    }
}
