#include "port/frame_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

int frame_pool_open(struct frame_pool *result, uint32_t count, uint32_t longest)
{
    struct frame_pool frames = {.shift = longest + FRAME_HEADROOM > 2048 ? 12 : 11};

    if (longest + FRAME_HEADROOM > frame_pool_bytes(&frames))
        return -EMSGSIZE;
    void *memory =
        mmap(NULL, (size_t)count << frames.shift, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    frames.memory = memory;
    frames.extents = calloc(count, sizeof(*frames.extents));
    if (!frames.extents || packets_open(&frames.packets, count)) {
        free(frames.extents);
        munmap(memory, (size_t)count << frames.shift);
        return -ENOMEM;
    }
    *result = frames;
    return 0;
}

void frame_pool_close(struct frame_pool *frames)
{
    if (frames->memory)
        munmap(frames->memory, (size_t)frames->packets.count << frames->shift);
    free(frames->extents);
    packets_close(&frames->packets);
    *frames = (struct frame_pool){0};
}
