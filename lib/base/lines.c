#include "base/lines.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *lines_new(size_t bytes)
{
    size_t unit = bytes < HUGE_PAGE ? LINE : HUGE_PAGE, size = (bytes / unit + 1) * unit;
    void *lines = aligned_alloc(unit, size);

    if (!lines)
        return NULL;
    if (unit == HUGE_PAGE)
        madvise(lines, size, MADV_HUGEPAGE);
    return memset(lines, 0, size);
}
