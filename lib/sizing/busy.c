#include "sizing/busy.h"

#define PAUSE 0.4 /* of the rate, and less */

double busy_slice(struct busy *busy, double rate, int64_t least_ns, int64_t ns, uint64_t bytes, uint64_t drops)
{
    double full = rate * (double)ns / 1e9;

    if (!busy->ns && !drops)
        return -1;
    if ((double)bytes < PAUSE * full) {
        *busy = (struct busy){0};
        return -1;
    }
    busy->ns += ns;
    busy->bytes += (double)bytes;
    if (busy->ns < least_ns || !drops)
        return -1;
    double utilisation = busy->bytes / (rate * (double)busy->ns / 1e9);
    *busy = (struct busy){0};
    return utilisation < 1 ? utilisation : 1;
}
