#include "sched/intserv.h"

#include "sched/ratio.h"
#include "sched/words.h"

#include <errno.h>

#define SECOND_NS UINT64_C(1000000000)
#define CELL      48u /* bytes: within that the link's share of a packet may grow with its length (sched/link.h) */

enum { WORD_R, WORD_B, WORD_P, WORD_M, WORD_LARGEST, TSPEC_WORDS };
enum { WORD_RESERVED, WORD_S, RSPEC_WORDS };

static const struct word tspec_words[TSPEC_WORDS] = {[WORD_R] = {"r", WORD_RATE},
                                                     [WORD_B] = {"b", WORD_BYTES},
                                                     [WORD_P] = {"p", WORD_RATE},
                                                     [WORD_M] = {"m", WORD_BYTES},
                                                     [WORD_LARGEST] = {"M", WORD_BYTES}};
static const struct word rspec_words[RSPEC_WORDS] = {[WORD_RESERVED] = {"R", WORD_RATE}, [WORD_S] = {"S", WORD_NS}};

/* --- words ------------------------------------------------------------------------------------------------------- */

static int check_tspec(const uint64_t *values, size_t len, struct text_error *err)
{
    if (values[WORD_R] == WORDS_UNSAID)
        return text_wrong(err, len, "r and the token bucket rate, as r 2Mbit");
    if (values[WORD_B] == WORDS_UNSAID || values[WORD_B] > UINT32_MAX)
        return text_wrong(err, len, "b and the token bucket size, as b 6kB");
    if (values[WORD_M] == WORDS_UNSAID || values[WORD_M] < TSPEC_PACKET_MIN || values[WORD_M] > TSPEC_PACKET_MAX)
        return text_wrong(err, len, "m and the smallest IP packet, which shorter ones count as, from 20B to 9000B");
    if (values[WORD_LARGEST] == WORDS_UNSAID || values[WORD_LARGEST] < values[WORD_M] ||
        values[WORD_LARGEST] > TSPEC_PACKET_MAX)
        return text_wrong(err, len, "M and the largest IP packet, from m to 9000B");
    if (values[WORD_B] < values[WORD_LARGEST])
        return text_wrong(err, len, "b of at least M");
    if (values[WORD_P] != WORDS_UNSAID && values[WORD_P] < values[WORD_R])
        return text_wrong(err, len, "p of at least r");
    return 0;
}

int tspec_parse(const char *text, size_t len, struct tspec *tspec, struct text_error *err)
{
    uint64_t values[TSPEC_WORDS];

    if (words_parse(text, len, 0, tspec_words, TSPEC_WORDS, "r, b, p, m or M, and its value", values, err) ||
        check_tspec(values, len, err))
        return -EINVAL;
    *tspec = (struct tspec){.r = values[WORD_R],
                            .p = values[WORD_P] == WORDS_UNSAID ? 0 : values[WORD_P],
                            .b = (uint32_t)values[WORD_B],
                            .m = (uint32_t)values[WORD_M],
                            .M = (uint32_t)values[WORD_LARGEST]};
    return 0;
}

int rspec_parse(const char *text, size_t len, struct rspec *rspec, struct text_error *err)
{
    uint64_t values[RSPEC_WORDS];

    if (words_parse(text, len, 0, rspec_words, RSPEC_WORDS, "R or S, and its value", values, err))
        return -EINVAL;
    if (values[WORD_RESERVED] == WORDS_UNSAID)
        return text_wrong(err, len, "R and the rate that is reserved, as R 4Mbit");
    *rspec = (struct rspec){.R = values[WORD_RESERVED],
                            .s_ns = values[WORD_S] == WORDS_UNSAID ? 0 : (int64_t)values[WORD_S]};
    return 0;
}

/* Whole kbit/s; what is less than one is one. */
static uint64_t rate_down(uint64_t rate)
{
    return rate < LINK_RATE_UNIT ? LINK_RATE_UNIT : rate / LINK_RATE_UNIT * LINK_RATE_UNIT;
}

void tspec_format(const struct tspec *tspec, char out[static TSPEC_TEXT_SIZE])
{
    const uint64_t values[TSPEC_WORDS] = {[WORD_R] = rate_down(tspec->r),
                                          [WORD_B] = tspec->b,
                                          [WORD_P] = tspec->p ? rate_down(tspec->p) : WORDS_UNSAID,
                                          [WORD_M] = tspec->m,
                                          [WORD_LARGEST] = tspec->M};

    out[0] = '\0';
    words_append(tspec_words, TSPEC_WORDS, values, out, TSPEC_TEXT_SIZE);
}

void rspec_format(const struct rspec *rspec, char out[static RSPEC_TEXT_SIZE])
{
    const uint64_t slack = (uint64_t)rspec->s_ns / WORDS_UNIT_NS * WORDS_UNIT_NS;
    const uint64_t values[RSPEC_WORDS] = {[WORD_RESERVED] = ratio_up(rspec->R, 1, LINK_RATE_UNIT) * LINK_RATE_UNIT,
                                          [WORD_S] = slack ? slack : WORDS_UNSAID};

    out[0] = '\0';
    words_append(rspec_words, RSPEC_WORDS, values, out, RSPEC_TEXT_SIZE);
}

/* --- on a link --------------------------------------------------------------------------------------------------- */

/* What a link makes of bytes of IP packets, at the most: so many of so many. */
struct share {
    uint32_t link, ip;
};

/* Beyond a cell the share of what the link adds only falls. */
static struct share worst_share(const struct link_overhead *link, uint32_t m, uint32_t M)
{
    struct share worst = {link_packet_bytes(link, m), m};

    for (uint32_t len = m + 1; len <= M && len < m + CELL; len++) {
        struct share share = {link_packet_bytes(link, len), len};
        if ((uint64_t)share.link * worst.ip > (uint64_t)worst.link * share.ip)
            worst = share;
    }
    return worst;
}

static uint32_t bytes_on_link(uint64_t bytes, struct share share)
{
    uint64_t result = ratio_up(bytes, share.link, share.ip);

    return result < UINT32_MAX ? (uint32_t)result : UINT32_MAX;
}

void tspec_to_contract(const struct tspec *tspec, const struct link_overhead *link, struct contract *contract)
{
    struct share share = worst_share(link, tspec->m, tspec->M);

    contract->rate = ratio_up(tspec->r, share.link, share.ip);
    contract->burst = bytes_on_link(tspec->b, share);
    contract->peak_rate = tspec->p ? ratio_up(tspec->p, share.link, share.ip) : 0;
    contract->peak_burst = tspec->p ? bytes_on_link(tspec->M, share) : 0;
    contract->packet_min = link_packet_bytes(link, tspec->m);
    contract->packet_max = link_packet_bytes(link, tspec->M);
}

struct tspec tspec_of_contract(const struct contract *contract, const struct link_overhead *link, uint32_t m,
                               uint32_t M)
{
    struct share share = worst_share(link, m, M);

    /* Short packets that are worth a long one may be more on the link than may come at once. */
    if (ratio_down(contract->burst, share.ip, share.link) < M ||
        (contract->peak_rate && bytes_on_link(M, share) > contract->peak_burst)) {
        m = M;
        share = worst_share(link, M, M);
    }
    return (struct tspec){.r = ratio_down(contract->rate, share.ip, share.link),
                          .p = ratio_down(contract->peak_rate, share.ip, share.link),
                          .b = (uint32_t)ratio_down(contract->burst, share.ip, share.link),
                          .m = m,
                          .M = M};
}

/* --- delays ------------------------------------------------------------------------------------------------------ */

/* RFC 2212, section 3: in terms of R only where the peak rate is more than that. */
int64_t rspec_delay_ns(const struct rspec *rspec, const struct tspec *tspec)
{
    uint64_t R = rspec->R, p = tspec->p, r = tspec->r, ns = ratio_up(tspec->p ? tspec->M : tspec->b, SECOND_NS, R);

    if (p > R) /* and so p > r */
        ns += ratio_up(ratio_up(tspec->b - tspec->M, p - R, p - r), SECOND_NS, R);
    return (int64_t)ns + rspec->s_ns;
}

struct rspec rspec_of_delay(int64_t delay_ns, const struct tspec *tspec)
{
    struct rspec rspec = {.R = tspec->r};
    uint64_t b = tspec->b, M = tspec->M, p = tspec->p, r = tspec->r, within = (uint64_t)delay_ns;
    int64_t slowest_ns = rspec_delay_ns(&rspec, tspec);

    if (delay_ns >= slowest_ns) {
        rspec.s_ns = delay_ns - slowest_ns;
        return rspec;
    }
    if (!p || p == r) {
        rspec.R = ratio_up(p ? M : b, SECOND_NS, within);
    } else {
        /* R = ((b - M) p + M (p - r)) / (delay (p - r) + b - M), if that is below p */
        unsigned __int128 above = ((unsigned __int128)(b - M) * p + (unsigned __int128)M * (p - r)) * SECOND_NS,
                          below = (unsigned __int128)within * (p - r) + (unsigned __int128)(b - M) * SECOND_NS;
        rspec.R = (uint64_t)((above + below - 1) / below);
        if (rspec.R >= p) {
            rspec.R = ratio_up(M, SECOND_NS, within);
            if (rspec.R < p)
                rspec.R = p;
        }
    }
    if (rspec.R < r) /* delays are rounded up */
        rspec.R = r;
    return rspec;
}
