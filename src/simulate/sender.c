#include "simulate/sender.h"

#include <math.h>
#include <stdlib.h>

#define REORDERED     3u                 /* later packets that tell of a loss (RFC 5681) */
#define ACK_EVERY     2u                 /* packets (RFC 9293 3.8.6.3) */
#define TIMEOUT_BEGIN (1000 * SENDER_MS) /* before a round-trip time is known (RFC 6298) */
#define TIMEOUTS_MAX  6u                 /* each doubles the time */
#define TIMEOUT_MIN   (200 * SENDER_MS)  /* as Linux has it */

bool sender_open(struct sender *sender, enum congestion_kind kind, uint32_t room, uint32_t clock)
{
    *sender = (struct sender){.flights = calloc(room, sizeof(*sender->flights)), .room = room, .clock = clock};
    congestion_open(&sender->congestion, kind);
    return sender->flights;
}

void sender_close(struct sender *sender)
{
    free(sender->flights);
    sender->flights = NULL;
}

struct flight *sender_flight(const struct sender *sender, uint32_t number)
{
    return &sender->flights[number & (sender->room - 1)];
}

uint32_t sender_timestamp(const struct sender *sender, int64_t now_ns)
{
    return (uint32_t)(now_ns / SENDER_MS) + sender->clock;
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

/* Packets that may go out now. While a loss is made good, in proportion to what arrives (RFC 6937). */
static double allowance(const struct sender *sender)
{
    double window = sender->congestion.window, room = window - sender->in_flight;

    if (!sender->recovering || sender->congestion.kind == CONGESTION_BBR)
        return room;
    double threshold = sender->congestion.threshold;
    if (sender->in_flight > threshold)
        return ceil(sender->recovered * threshold / fmax(sender->flight_size, 1)) - sender->sent_since;
    double missing = fmax((double)sender->recovered - sender->sent_since, 0) + 1;
    return fmin(threshold - sender->in_flight, missing);
}

int64_t sender_next_ns(const struct sender *sender, int64_t now_ns)
{
    if (sender->next - sender->oldest >= sender->room)
        return INT64_MAX;
    if (sender->in_flight && allowance(sender) < 1) /* one may always be under way */
        return INT64_MAX;
    return sender->pace_ns > now_ns ? sender->pace_ns : now_ns;
}

uint32_t sender_send(struct sender *sender, int64_t now_ns)
{
    uint32_t number = sender->next++;

    if (!sender->in_flight) {
        sender->progress_ns = now_ns;
        sender->delivered_ns = now_ns;
    }
    *sender_flight(sender, number) = (struct flight){
        .sent_ns = now_ns, .delivered = sender->delivered, .delivered_ns = sender->delivered_ns, .echo = sender->echo};
    sender->in_flight++;
    sender->sent_since += sender->recovering;
    if (sender->congestion.packet_ns > 0)
        sender->pace_ns = (sender->pace_ns > now_ns ? sender->pace_ns : now_ns) + (int64_t)sender->congestion.packet_ns;
    return number;
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

bool sender_acknowledge(struct sender *sender, int64_t now_ns, struct acknowledgement *ack)
{
    if (!sender->waiting)
        return false;
    *ack = (struct acknowledgement){.largest = sender->expected - 1,
                                    .value = (uint32_t)(now_ns / SENDER_MS) + ~sender->clock,
                                    .echo = sender->first_value};
    sender->waiting = 0;
    return true;
}

bool sender_received(struct sender *sender, uint32_t number, bool marked, int64_t now_ns, struct acknowledgement *ack)
{
    struct flight *flight = sender_flight(sender, number);
    bool gap = number != sender->expected;

    flight->received = true;
    flight->marked = marked;
    if (!sender->waiting++)
        sender->first_value = sender_timestamp(sender, flight->sent_ns);
    sender->expected = number + 1;
    return (gap || marked || sender->waiting >= ACK_EVERY) && sender_acknowledge(sender, now_ns, ack);
}

/* --- what comes back --------------------------------------------------------------------------------------------- */

static void lose(struct sender *sender, uint32_t number)
{
    sender->lost++;
    if (sender->recovering && (int32_t)(number - sender->recover) < 0)
        return;
    sender->recovering = true;
    sender->recover = sender->next;
    sender->flight_size = sender->in_flight + 1;
    sender->recovered = sender->sent_since = 0;
    congestion_lost(&sender->congestion);
}

/* All up to the largest that was received: those that are missing are lost once there are three later ones. */
static void settle(struct sender *sender, uint32_t largest, struct congestion_ack *said)
{
    for (; (int32_t)(largest - sender->seen) >= 0; sender->seen++) {
        const struct flight *flight = sender_flight(sender, sender->seen);
        if (!flight->received)
            continue;
        sender->in_flight--;
        said->packets++;
        said->marked += flight->marked;
    }
    for (; (int32_t)(largest - sender->oldest) >= 0; sender->oldest++) {
        if (sender_flight(sender, sender->oldest)->received)
            continue;
        if (largest - sender->oldest < REORDERED)
            return; /* perhaps it is only late */
        sender->in_flight--;
        lose(sender, sender->oldest);
    }
}

void sender_acked(struct sender *sender, const struct acknowledgement *ack, int64_t now_ns)
{
    struct congestion_ack said = {.packets = 0};
    const struct flight last = *sender_flight(sender, ack->largest);

    sender->echo = ack->value;
    if ((int32_t)(ack->largest - sender->seen) < 0) { /* it was given up already, too early */
        if (sender->next - ack->largest < sender->room)
            congestion_timed(&sender->congestion, now_ns - last.sent_ns);
        return;
    }
    settle(sender, ack->largest, &said);
    if (!said.packets)
        return;
    sender->progress_ns = now_ns;
    sender->timeouts = 0;
    sender->delivered += said.packets;
    sender->delivered_ns = now_ns;
    sender->marks += said.marked;
    if (sender->recovering && (int32_t)(sender->oldest - sender->recover) >= 0)
        sender->recovering = false;
    sender->recovered += sender->recovering ? said.packets : 0;
    said.rtt_ns = now_ns - last.sent_ns;
    int64_t took_ns = now_ns - last.delivered_ns;
    said.rate = took_ns > 0 ? (sender->delivered - last.delivered) / (double)took_ns : 0;
    said.in_flight = sender->in_flight;
    said.recovering = sender->recovering;
    congestion_acked(&sender->congestion, &said, now_ns);
}

int64_t sender_timeout_ns(const struct sender *sender)
{
    int64_t wait_ns = sender->congestion.srtt_ns ? 2 * sender->congestion.srtt_ns : TIMEOUT_BEGIN;

    if (wait_ns < TIMEOUT_MIN)
        wait_ns = TIMEOUT_MIN;
    return sender->in_flight ? sender->progress_ns + (wait_ns << sender->timeouts) : INT64_MAX;
}

void sender_timed_out(struct sender *sender, int64_t now_ns)
{
    sender->timeouts += sender->timeouts < TIMEOUTS_MAX;
    sender->lost += sender->in_flight;
    sender->in_flight = 0;
    sender->oldest = sender->seen = sender->next;
    sender->recovering = false;
    sender->progress_ns = now_ns;
    congestion_timed_out(&sender->congestion);
}
