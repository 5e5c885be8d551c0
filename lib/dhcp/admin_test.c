/* What people change: leases that are ended, and those of other servers that are taken over. */
#include "tests/dhcp_world.h"

#include <errno.h>

static struct dhcp_lease foreign(uint32_t addr, uint8_t mac, uint64_t ends_s)
{
    struct dhcp_lease lease = {
        .addr = addr, .state = DHCP_LEASE_BOUND, .htype = 1, .hlen = 6, .began_s = 5, .last_s = 6, .ends_s = ends_s};

    memcpy(lease.chaddr, (const uint8_t[]){2, 0, 0, 0, 0, mac}, 6);
    return lease;
}

static int take_over(uint32_t addr, uint8_t mac, uint64_t ends_s)
{
    const struct dhcp_lease lease = foreign(addr, mac, ends_s);

    return dhcp_server_take_over(server, &lease, now, &result);
}

static void a_lease_is_ended(void **state)
{
    (void)state;
    uint32_t addr = discover(MAC1);
    assert_int_equal(select_addr(MAC1, addr, SERVER), DHCP_OUTCOME_ACKED);
    now += 10;
    assert_int_equal(dhcp_server_release(server, addr, now, &result), 0);
    assert_true(result.to == DHCP_TO_NOBODY && result.change_count == 1);
    assert_true(result.changes[0].after.state == DHCP_LEASE_RELEASED && result.changes[0].after.ends_s == now);
    assert_int_equal(dhcp_server_release(server, addr, now, &result), -ENOENT);
    assert_int_equal(result.change_count, 0);
    assert_int_equal(dhcp_server_release(server, R(200), now, &result), -ENOENT);
    /* It may be given to others, and its client is told no. */
    assert_int_equal(select_addr(MAC2, addr, SERVER), DHCP_OUTCOME_ACKED);
}

static void a_quarantine_is_ended(void **state)
{
    (void)state;
    uint32_t addr = discover(MAC1);
    assert_int_equal(select_addr(MAC1, addr, SERVER), DHCP_OUTCOME_ACKED);
    begin(DHCP_DECLINE, MAC1);
    made_option_u32(&made, 50, addr);
    made_option_u32(&made, 54, SERVER);
    assert_int_equal(send(), DHCP_OUTCOME_DECLINED);
    assert_int_equal(dhcp_server_release(server, addr, now, &result), 0);
    assert_int_equal(select_addr(MAC2, addr, SERVER), DHCP_OUTCOME_ACKED);
}

static void an_ending_that_cannot_be_stored_is_none(void **state)
{
    (void)state;
    uint32_t addr = discover(MAC1);
    assert_int_equal(select_addr(MAC1, addr, SERVER), DHCP_OUTCOME_ACKED);
    assert_int_equal(dhcp_server_release(server, addr, now, &result), 0);
    dhcp_server_undo(server, &result.changes[0]);
    assert_int_equal(select_addr(MAC2, addr, SERVER), DHCP_OUTCOME_NAKED);
}

static void a_lease_of_another_server_is_taken_over(void **state)
{
    (void)state;
    assert_int_equal(take_over(A(101), 1, now + 100), 0);
    assert_int_equal(result.change_count, 1);
    const struct dhcp_lease *after = &result.changes[0].after;
    assert_true(after->began_s == 5 && after->last_s == 6 && after->ends_s == now + 100);
    /* Its client renews, and nobody else gets the address. */
    begin(DHCP_REQUEST, MAC1);
    made_addr(&made, MADE_CIADDR, A(101));
    unicast_from(A(101));
    assert_int_equal(send(), DHCP_OUTCOME_ACKED);
    assert_int_equal(select_addr(MAC2, A(101), SERVER), DHCP_OUTCOME_NAKED);
    /* For ever, and behind a relay, too. */
    assert_int_equal(take_over(A(103), 3, DHCP_NEVER), 0);
    assert_int_equal(take_over(R(17), 3, now + 1), 0);
    /* Times to come are no times at which it was heard of. */
    struct dhcp_lease lease = foreign(A(102), 4, now + 5);
    lease.began_s = lease.last_s = now + 4;
    assert_int_equal(dhcp_server_take_over(server, &lease, now, &result), 0);
    assert_true(result.changes[0].after.began_s == now && result.changes[0].after.last_s == now);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct dhcp_lease nobodys = foreign(A(100), 1, now + 9);

    (void)state;
    assert_int_equal(take_over(0x0b000001, 1, now + 9), -EADDRNOTAVAIL);
    assert_int_equal(take_over(A(99), 1, now + 9), -EADDRNOTAVAIL);
    assert_int_equal(take_over(A(1), 1, now + 9), -EADDRNOTAVAIL);
    assert_int_equal(take_over(A(100), 1, now), -ETIME);
    nobodys.hlen = 0;
    assert_int_equal(dhcp_server_take_over(server, &nobodys, now, &result), -EINVAL);
    assert_int_equal(take_over(A(100), 1, now + 100), 0);
    assert_int_equal(take_over(A(100), 2, now + 100), -EADDRINUSE);
    assert_int_equal(take_over(A(100), 1, now + 100), -EALREADY);
    assert_int_equal(take_over(A(100), 1, now + 101), 0);
    assert_int_equal(take_over(B(100), 1, now + 100), -EEXIST); /* one address a network */
    assert_int_equal(take_over(R(11), 1, now + 100), 0);
    assert_int_equal(result.change_count, 1);
}

static void what_is_reserved_is_only_its_owners(void **state)
{
    static const struct dhcp_reservation reservation = {.addr = A(60),
                                                        .keys = {[DHCP_BY_MAC] = {(const uint8_t *)MAC1, 6, false}}};

    (void)state;
    subnets.reservations = &reservation;
    subnets.reservation_count = 1;
    assert_int_equal(dhcp_server_configure(server, &subnets, now), 0);
    assert_int_equal(take_over(A(60), 2, now + 9), -EADDRINUSE);
    assert_int_equal(take_over(A(60), 1, now + 9), 0);
}

static void an_offer_gives_way(void **state)
{
    (void)state;
    uint32_t addr = discover(MAC2);
    assert_int_equal(take_over(addr, 1, now + 100), 0);
    assert_int_equal(select_addr(MAC2, addr, SERVER), DHCP_OUTCOME_NAKED);
    assert_true(discover(MAC2) != addr);
}

static uint32_t ended[4];
static unsigned ended_count;

static void note_end(void *arg, uint32_t addr)
{
    assert_ptr_equal(arg, ended);
    ended[ended_count++ % 4] = addr;
}

static void the_end_of_a_lease_is_told_once(void **state)
{
    (void)state;
    ended_count = 0;
    dhcp_server_on_end(server, note_end, ended);
    assert_int_equal(take_over(A(100), 1, now + 100), 0);
    assert_int_equal(take_over(A(101), 2, now + 200), 0);
    dhcp_server_tick(server, now + 99);
    assert_int_equal(ended_count, 0);
    dhcp_server_tick(server, now + 100);
    dhcp_server_tick(server, now + 150);
    assert_true(ended_count == 1 && ended[0] == A(100));
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_lease_is_ended),
        CASE(a_quarantine_is_ended),
        CASE(an_ending_that_cannot_be_stored_is_none),
        CASE(a_lease_of_another_server_is_taken_over),
        CASE(what_does_not_fit_is_refused),
        CASE(what_is_reserved_is_only_its_owners),
        CASE(an_offer_gives_way),
        CASE(the_end_of_a_lease_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
