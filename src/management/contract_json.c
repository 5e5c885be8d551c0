/* Contracts as JSON. */
#include "management/contract_json.h"

#include "management/commands.h"

#include <string.h>

/* What stands in the lines of a text. */
static json_t *json_lines(const char *text)
{
    json_t *lines = json_array();

    while (*text) {
        size_t len = strcspn(text, "\n");
        json_array_append_new(lines, json_stringn(text, len));
        text += len + (text[len] == '\n');
    }
    return lines;
}

/* A number; null for 0: that is not said, or not promised. */
static json_t *json_said(uint64_t number)
{
    return number ? json_integer((json_int_t)number) : json_null();
}

json_t *json_offer(const struct admission_offer *offer)
{
    if (!offer->delay_ns && !offer->rate && !offer->burst)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "delay_us", json_said((uint64_t)(offer->delay_ns + 999) / 1000),
                     "jitter_us", json_said((uint64_t)(offer->jitter_ns + 999) / 1000), "rate",
                     json_said(offer->rate * 8), "burst", json_said(offer->burst));
}

/* Delays, and by how much they differ. */
static json_t *json_kept_delay(const struct query_kept *left)
{
    json_t *delay = json_delay(&left->delay);

    json_object_set_new(delay, "min_us", json_integer((json_int_t)(left->least_ns / 1000)));
    json_object_set_new(delay, "jitter_us",
                        json_integer((json_int_t)((left->delay.max_ns - left->least_ns + 999) / 1000)));
    return delay;
}

/* What is promised, on the link. */
static json_t *json_promised(const struct query_contract *contract)
{
    const struct contract *terms = &contract->terms;
    json_t *promised = json_object();

    if (!terms->best_effort || terms->rate < GCRA_RATE_MAX) {
        json_object_set_new(promised, "rate", json_integer((json_int_t)terms->rate * 8));
        json_object_set_new(promised, "burst", json_integer((json_int_t)terms->burst));
    } else {
        json_object_set_new(promised, "rate", json_null());
        json_object_set_new(promised, "burst", json_null());
    }
    json_object_set_new(promised, "best_effort", json_boolean(terms->best_effort));
    json_object_set_new(promised, "peak", json_said(terms->peak_rate * 8));
    json_object_set_new(promised, "peak_burst", json_said(terms->peak_rate ? terms->peak_burst : 0));
    json_object_set_new(promised, "packet_min", json_integer(terms->packet_min));
    json_object_set_new(promised, "packet_max", json_integer(terms->packet_max));
    json_object_set_new(promised, "delay_us", json_said(contract->has_delay ? (uint64_t)terms->delay_ns / 1000 : 0));
    json_object_set_new(promised, "jitter_us", json_said((uint64_t)terms->jitter_ns / 1000));
    json_object_set_new(promised, "excess", json_string(contract_treatment_name(terms->treatment)));
    json_object_set_new(promised, "wait_us", json_integer((json_int_t)(contract_wait_ns(terms) / 1000)));
    return promised;
}

json_t *json_contract(const void *record)
{
    const struct query_contract *contract = record;
    const struct query_figures *figures = &contract->figures;
    json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:i}", "name", contract->name, "out", contract->out,
                            "state", query_contract_state_name(contract->state), "meaning",
                            query_contract_state_help(contract->state), "by_hand", (int)contract->by_hand, "match",
                            json_lines(contract->matches), "matches", (int)contract->match_count);
    json_t *came = json_pack("{s:I, s:I, s:I, s:I, s:I}", "conforming", (json_int_t)figures->came.conforming, "shaped",
                             (json_int_t)figures->came.shaped, "demoted", (json_int_t)figures->came.demoted, "dropped",
                             (json_int_t)figures->came.dropped, "too_long", (json_int_t)figures->came.too_long);

    json_object_set_new(one, "promised", json_promised(contract));
    json_object_set_new(one, "words",
                        json_pack("{s:o, s:o, s:o}", "atm", json_text(contract->atm), "tspec",
                                  json_text(contract->tspec), "rspec", json_text(contract->rspec)));
    json_object_set_new(one, "why", json_text(contract->why));
    json_object_set_new(one, "offer", json_offer(&contract->offer));
    json_object_set_new(one, "came", came);
    json_object_set_new(one, "left",
                        json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)figures->left.packets, "bytes",
                                  (json_int_t)figures->left.bytes, "rate", (json_int_t)figures->left.rate * 8));
    json_object_set_new(one, "delay", json_kept_delay(&figures->left));
    json_object_set_new(one, "late", json_integer((json_int_t)figures->left.late));
    json_object_set_new(one, "late_stalled", json_integer((json_int_t)figures->left.late_stalled));
    json_object_set_new(one, "stalls", json_integer((json_int_t)figures->stalls));
    return one;
}

json_t *json_delays(const struct histogram *delays)
{
    json_t *buckets = json_array();

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (delays->buckets[i])
            json_array_append_new(buckets,
                                  json_pack("[I, I, I]", (json_int_t)histogram_from_ns(i),
                                            (json_int_t)histogram_from_ns(i + 1), (json_int_t)delays->buckets[i]));
    return buckets;
}
