/*
 * How fast pools fill, and when they will be full if that goes on: the mean growth of the last ten minutes or so, the
 * latest counting most. A core without a clock of its own.
 */
#pragma once

#include "dhcp/server.h"

#define FORECAST_LOOK_MS  10000  /* between two looks */
#define FORECAST_LEAST_MS 60000  /* of looking, before anything is said */
#define FORECAST_MEAN_MS  600000 /* the time that the mean reaches back */

struct forecast {
    uint32_t first, last; /* of the pool */
    uint32_t taken;       /* at the last look */
    int64_t since_ms, at_ms;
    double per_s;     /* growth */
    unsigned reached; /* percent that have been warned of; 0: none */
};

struct forecasts {
    struct forecast *all; /* as dhcp_server_pool() counts them */
    size_t count;
    int64_t next_ms;
};

/* Addresses of a pool that are not to be had. */
uint32_t forecast_taken(const struct dhcp_pool *pool);

/* The server's pools are others, perhaps; of those that are the same is known what was known. 0; -ENOMEM: nothing is
 * known of any. */
int forecasts_follow(struct forecasts *forecasts, const struct dhcp_server *server, int64_t now_ms);

/* Look at pools, if it is time: warned(arg, ...) is called of each that gets nearly full, or full. Times are of any
 * clock that does not go back. */
void forecasts_look(struct forecasts *forecasts, const struct dhcp_server *server, int64_t now_ms,
                    void (*warned)(void *arg, const struct dhcp_pool *pool, unsigned percent), void *arg);

/* Growth in addresses an hour; false: not known yet. */
bool forecast_growth(const struct forecasts *forecasts, size_t number, double *per_hour);

/* Seconds until the pool is full, if it fills so that this can be told. */
bool forecast_full(const struct forecasts *forecasts, size_t number, const struct dhcp_pool *pool, uint64_t *seconds);

void forecasts_clear(struct forecasts *forecasts);
