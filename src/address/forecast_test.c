/* How fast pools fill, of a server whose leases are loaded one by one. */
#include "address/forecast.h"

#include "tests/unit.h"

#include <string.h>

#define NET 0x0a000000u

static const uint8_t key[DHCP_KEY_SIZE];
static const struct dhcp_range ranges[] = {
    {NET + 10, NET + 109, 0}, {NET + 200, NET + 209, 0}, {NET + 110, NET + 119, 0}};
static struct dhcp_subnet subnet = {
    .prefix = {NET, 24}, .network = 1, .scope = {.lease_s = 100, .lease_min_s = 100, .lease_max_s = 100}};
static struct dhcp_subnets subnets = {.all = &subnet, .count = 1, .offer_s = 10, .quarantine_s = 10};
static struct dhcp_server *server;
static struct forecasts forecasts;
static unsigned warnings, percent_of_last;

static void configure(const struct dhcp_range *of, size_t count, int64_t now_ms)
{
    subnet.ranges = of;
    subnet.range_count = count;
    assert_int_equal(dhcp_server_configure(server, &subnets, 1), 0);
    assert_int_equal(forecasts_follow(&forecasts, server, now_ms), 0);
}

static int set_up(void **state)
{
    (void)state;
    server = dhcp_server_new(key, 10);
    warnings = percent_of_last = 0;
    configure(ranges, 2, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forecasts_clear(&forecasts);
    server = dhcp_server_free(server);
    return 0;
}

static void warned(void *arg, const struct dhcp_pool *pool, unsigned percent)
{
    (void)arg;
    (void)pool;
    warnings++;
    percent_of_last = percent;
}

/* So many addresses of the first pool are somebody's from now on. */
static void take(unsigned count, int64_t now_ms)
{
    for (unsigned i = 0; i < count; i++) {
        struct dhcp_lease lease = {.addr = NET + 10 + i, .state = DHCP_LEASE_BOUND, .hlen = 6, .ends_s = DHCP_NEVER};
        lease.chaddr[5] = (uint8_t)i;
        assert_int_equal(dhcp_server_load(server, &lease), 0);
    }
    assert_int_equal(dhcp_server_configure(server, &subnets, 1), 0);
    forecasts_look(&forecasts, server, now_ms, warned, NULL);
}

static void nothing_is_said_before_it_is_known(void **state)
{
    double growth;
    uint64_t full;

    (void)state;
    take(1, 50000);
    assert_false(forecast_growth(&forecasts, 0, &growth));
    assert_false(forecast_full(&forecasts, 0, dhcp_server_pool(server, 0), &full));
    take(1, 55000); /* too early: it is not looked at */
    take(2, 60000);
    assert_true(forecast_growth(&forecasts, 0, &growth));
    assert_true(growth > 119 && growth < 121); /* two a minute */
    assert_false(forecast_growth(&forecasts, 2, &growth));
}

static void a_steady_growth_tells_the_time(void **state)
{
    double growth;
    uint64_t full = 0;

    (void)state;
    for (unsigned i = 1; i <= 50; i++)
        take(i, (int64_t)i * 20000);
    assert_true(forecast_growth(&forecasts, 0, &growth));
    assert_true(growth > 179 && growth < 181);
    assert_true(forecast_full(&forecasts, 0, dhcp_server_pool(server, 0), &full));
    assert_true(full >= 999 && full <= 1001); /* 50 are left, one in 20 s */
    assert_true(forecast_growth(&forecasts, 1, &growth) && growth > -0.1 && growth < 0.1);
    assert_false(forecast_full(&forecasts, 1, dhcp_server_pool(server, 1), &full));
    /* It stands still: the growth that there was fades. */
    for (int64_t at_ms = 1010000; at_ms < 3000000; at_ms += 10000)
        forecasts_look(&forecasts, server, at_ms, warned, NULL);
    assert_true(forecast_growth(&forecasts, 0, &growth) && growth < 10);
}

static void what_is_known_of_a_pool_outlives_a_configuration(void **state)
{
    double growth;

    (void)state;
    take(6, 60000);
    configure(ranges, 3, 60000);
    assert_true(forecast_growth(&forecasts, 0, &growth) && growth > 359);
    assert_false(forecast_growth(&forecasts, 1, &growth)); /* the new one */
    assert_true(forecast_growth(&forecasts, 2, &growth));
    configure(&ranges[1], 1, 60000);
    assert_true(forecast_growth(&forecasts, 0, &growth) && growth < 1);
}

static void warnings_come_once(void **state)
{
    uint64_t full = 1;

    (void)state;
    take(89, 10000);
    assert_int_equal(warnings, 0);
    take(90, 20000);
    assert_int_equal(percent_of_last, 90);
    take(99, 30000);
    assert_int_equal(warnings, 1);
    take(100, 40000);
    assert_true(warnings == 2 && percent_of_last == 100);
    assert_true(forecast_full(&forecasts, 0, dhcp_server_pool(server, 0), &full) && full == 0);
    take(100, 50000);
    assert_int_equal(warnings, 2);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_said_before_it_is_known),
        CASE(a_steady_growth_tells_the_time),
        CASE(what_is_known_of_a_pool_outlives_a_configuration),
        CASE(warnings_come_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
