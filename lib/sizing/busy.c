#include "sizing/busy.h"

#define PAUSE 0.4 /* of the link, and less */

double busy_slice(struct busy *busy, int64_t least_ns, int64_t ns, double used, uint64_t drops)
{
    if (!busy->ns && !drops)
        return -1;
    if (used < PAUSE) {
        *busy = (struct busy){0};
        return -1;
    }
    busy->ns += ns;
    busy->busy_ns += used * (double)ns;
    if (busy->ns < least_ns || !drops)
        return -1;
    double utilisation = busy->busy_ns / (double)busy->ns;
    *busy = (struct busy){0};
    return utilisation < 1 ? utilisation : 1;
}
