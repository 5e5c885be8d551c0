#include "address/flood.h"

#define CREDIT_MAX_NS INT64_C(5000000)    /* that a quiet while leaves them */
#define OVER_NS       INT64_C(1000000000) /* during which new ones were served at any time */

bool flood_press(struct flood *flood, int64_t now_ns)
{
    bool new = !flood->on;

    if (new)
        *flood = (struct flood){.on = true, .looked_ns = now_ns};
    flood->short_ns = now_ns;
    return new;
}

bool flood_allows(struct flood *flood, int64_t now_ns)
{
    if (!flood->on)
        return true;
    flood->credit_ns += (now_ns - flood->looked_ns) / FLOOD_SHARE;
    if (flood->credit_ns > CREDIT_MAX_NS)
        flood->credit_ns = CREDIT_MAX_NS;
    flood->looked_ns = now_ns;
    if (flood->credit_ns > 0)
        return true;
    flood->short_ns = now_ns;
    return false;
}

bool flood_spend(struct flood *flood, int64_t spent_ns, int64_t now_ns)
{
    if (!flood->on)
        return false;
    flood->credit_ns -= spent_ns;
    flood->on = now_ns - flood->short_ns < OVER_NS;
    return !flood->on;
}
