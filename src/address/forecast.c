#include "address/forecast.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>

#define SECONDS_MAX (366.0 * 86400) /* what is further away is no forecast */

static const unsigned warned_at[] = {90, 100}; /* percent taken */
#define WARNED_AGAIN_BELOW 80

uint32_t forecast_taken(const struct dhcp_pool *pool)
{
    return dhcp_pool_size(pool) - pool->counts[DHCP_POOL_FRESH] - pool->counts[DHCP_POOL_USED];
}

/* Both are in the order of their addresses. */
int forecasts_follow(struct forecasts *forecasts, const struct dhcp_server *server, int64_t now_ms)
{
    const struct dhcp_pool *pool;
    size_t count = 0, old = 0;

    while (dhcp_server_pool(server, count))
        count++;
    struct forecast *all = calloc(count + 1, sizeof(*all));
    if (!all) {
        forecasts_clear(forecasts);
        return -ENOMEM;
    }
    for (size_t i = 0; (pool = dhcp_server_pool(server, i)); i++) {
        while (old < forecasts->count && forecasts->all[old].first < pool->first)
            old++;
        bool same = old < forecasts->count && forecasts->all[old].first == pool->first &&
                    forecasts->all[old].last == pool->last;
        all[i] = same ? forecasts->all[old]
                      : (struct forecast){.first = pool->first,
                                          .last = pool->last,
                                          .taken = forecast_taken(pool),
                                          .since_ms = now_ms,
                                          .at_ms = now_ms};
    }
    free(forecasts->all);
    forecasts->all = all;
    forecasts->count = count;
    return 0;
}

static void look(struct forecast *forecast, uint32_t taken, int64_t now_ms)
{
    int64_t passed_ms = now_ms - forecast->at_ms, age_ms = now_ms - forecast->since_ms;

    if (passed_ms <= 0)
        return;
    double growth = ((double)taken - forecast->taken) * 1000 / (double)passed_ms;
    int64_t mean_ms = age_ms < FORECAST_MEAN_MS ? age_ms : FORECAST_MEAN_MS;
    double weight = passed_ms < mean_ms ? (double)passed_ms / (double)mean_ms : 1;
    forecast->per_s += (growth - forecast->per_s) * weight;
    forecast->taken = taken;
    forecast->at_ms = now_ms;
}

/* The highest mark that is reached now and was not before; 0: none. */
static unsigned warn(struct forecast *forecast, const struct dhcp_pool *pool)
{
    uint64_t hundred = 100 * (uint64_t)forecast->taken, size = dhcp_pool_size(pool);
    unsigned reached = 0;

    for (size_t i = 0; i < ARRAY_SIZE(warned_at); i++)
        if (hundred >= warned_at[i] * size)
            reached = warned_at[i];
    if (hundred < WARNED_AGAIN_BELOW * size)
        forecast->reached = 0;
    if (reached <= forecast->reached)
        return 0;
    forecast->reached = reached;
    return reached;
}

void forecasts_look(struct forecasts *forecasts, const struct dhcp_server *server, int64_t now_ms,
                    void (*warned)(void *arg, const struct dhcp_pool *pool, unsigned percent), void *arg)
{
    const struct dhcp_pool *pool;

    if (now_ms < forecasts->next_ms)
        return;
    forecasts->next_ms = now_ms + FORECAST_LOOK_MS;
    for (size_t i = 0; i < forecasts->count && (pool = dhcp_server_pool(server, i)); i++) {
        look(&forecasts->all[i], forecast_taken(pool), now_ms);
        unsigned percent = warn(&forecasts->all[i], pool);
        if (percent)
            warned(arg, pool, percent);
    }
}

static const struct forecast *known(const struct forecasts *forecasts, size_t number)
{
    const struct forecast *forecast = number < forecasts->count ? &forecasts->all[number] : NULL;

    return forecast && forecast->at_ms - forecast->since_ms >= FORECAST_LEAST_MS ? forecast : NULL;
}

bool forecast_growth(const struct forecasts *forecasts, size_t number, double *per_hour)
{
    const struct forecast *forecast = known(forecasts, number);

    if (forecast)
        *per_hour = forecast->per_s * 3600;
    return forecast;
}

bool forecast_full(const struct forecasts *forecasts, size_t number, const struct dhcp_pool *pool, uint64_t *seconds)
{
    const struct forecast *forecast = known(forecasts, number);
    uint32_t left = dhcp_pool_size(pool) - forecast_taken(pool);

    if (!left) {
        *seconds = 0;
        return true;
    }
    if (!forecast || forecast->per_s <= 0 || left / forecast->per_s > SECONDS_MAX)
        return false;
    *seconds = (uint64_t)(left / forecast->per_s);
    return true;
}

void forecasts_clear(struct forecasts *forecasts)
{
    free(forecasts->all);
    *forecasts = (struct forecasts){0};
}
