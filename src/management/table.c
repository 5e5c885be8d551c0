#include "management/table.h"

#include <stddef.h>
#include <sys/mman.h>

static unsigned long bytes_of(unsigned max)
{
    return sizeof(struct table) + (unsigned long)max * sizeof(struct table_session);
}

struct table *table_new(unsigned max)
{
    struct table *table = mmap(NULL, bytes_of(max), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (table == MAP_FAILED)
        return NULL;
    table->max = max;
    return table;
}

struct table *table_free(struct table *table)
{
    if (table)
        munmap(table, bytes_of(table->max));
    return NULL;
}

struct table_session *table_find(struct table *table, uint32_t pid)
{
    for (uint32_t i = 0; i < table->max; i++)
        if (table->all[i].pid == pid)
            return &table->all[i];
    return NULL;
}

struct table_session *table_find_free(struct table *table)
{
    return table_find(table, 0);
}
