#include "queue/packets.h"

#include "base/lines.h"

#include <errno.h>
#include <stdlib.h>

int packets_open(struct packets *packets, uint32_t count)
{
    *packets = (struct packets){.all = lines_new(count * sizeof(*packets->all)),
                                .free = lines_new(count * sizeof(*packets->free)),
                                .count = count};
    if (!packets->all || !packets->free) {
        packets_close(packets);
        return -ENOMEM;
    }
    for (uint32_t i = count; i-- > 0;)
        packets_give_back(packets, i);
    return 0;
}

void packets_close(struct packets *packets)
{
    free(packets->all);
    free(packets->free);
    *packets = (struct packets){.count = 0};
}
