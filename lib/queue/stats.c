#include "queue/stats.h"

#include "base/compiler.h"

const char *queue_drop_name(unsigned cause)
{
    static const char *const names[] = {
#define X(enumerator, name, help) name,
        QUEUE_DROPS(X)
#undef X
    };

    return cause < ARRAY_SIZE(names) ? names[cause] : "unknown";
}

const char *queue_mark_name(unsigned cause)
{
    static const char *const names[] = {
#define X(enumerator, name, help) name,
        QUEUE_MARKS(X)
#undef X
    };

    return cause < ARRAY_SIZE(names) ? names[cause] : "unknown";
}
