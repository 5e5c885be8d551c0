#include "sched/atm.h"

#include "sched/link.h"
#include "sched/ratio.h"
#include "sched/words.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECOND_NS    INT64_C(1000000000)
#define ABR_BURST_NS INT64_C(100000000) /* of one that says no burst: what comes at its rate in that time */

enum { PCR, SCR, MCR, MBS, CDVT, CTD, CDV, WORDS };

static const struct word words[WORDS] = {
    [PCR] = {"pcr", WORD_RATE}, [SCR] = {"scr", WORD_RATE}, [MCR] = {"mcr", WORD_RATE}, [MBS] = {"mbs", WORD_PACKETS},
    [CDVT] = {"cdvt", WORD_NS}, [CTD] = {"ctd", WORD_NS},   [CDV] = {"cdv", WORD_NS}};

static const struct {
    const char *name, *needs, *may;
} categories[] = {
#define X(enumerator, name, needs, may, help) [ATM_##enumerator] = {(name), (needs), (may)},
    ATM_CATEGORIES(X)
#undef X
};

const char *atm_category_name(unsigned category)
{
    return category < ATM_CATEGORY_COUNT ? categories[category].name : "unknown";
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Whether one of the words of a list. */
static bool is_listed(const char *list, const char *word)
{
    size_t at = 0, len = strlen(list);

    for (size_t one; (one = text_word(list, len, &at)) != 0; at += one)
        if (text_is(list + at, one, word))
            return true;
    return false;
}

/* What a category lacks, or has and must not have. */
static int check_words(enum atm_category category, const uint64_t *values, size_t len, size_t at,
                       struct text_error *err)
{
    static const char *const missing[WORDS] = {
        [PCR] = "pcr and the peak cell rate, as pcr 10Mbit",
        [SCR] = "scr and the sustainable cell rate, as scr 2Mbit",
        [MCR] = "mcr and the minimum cell rate, as mcr 5Mbit",
        [MBS] = "mbs and the maximum burst size in packets, as mbs 20",
    };
    static const char *const may[] = {
        [ATM_CBR] = "of cbr only pcr, cdvt, ctd and cdv",
        [ATM_RT_VBR] = "of rt-vbr only pcr, scr, mbs, cdvt, ctd and cdv",
        [ATM_NRT_VBR] = "of nrt-vbr only pcr, scr, mbs and cdvt",
        [ATM_ABR] = "of abr only mcr, pcr, mbs and cdvt",
        [ATM_UBR] = "of ubr only pcr and cdvt",
    };

    for (unsigned i = 0; i < WORDS; i++) {
        bool needed = is_listed(categories[category].needs, words[i].name);
        if (needed && values[i] == WORDS_UNSAID)
            return text_wrong(err, len, missing[i]);
        if (values[i] != WORDS_UNSAID && !needed && !is_listed(categories[category].may, words[i].name))
            return text_wrong(err, at, may[category]);
    }
    if (values[CTD] == 0 || values[CDV] == 0)
        return text_wrong(err, at, "ctd and cdv of more than nothing");
    if (values[CDVT] != WORDS_UNSAID && values[PCR] == WORDS_UNSAID)
        return text_wrong(err, at, "cdvt only with a pcr, which it is the tolerance of");
    if (values[SCR] != WORDS_UNSAID && values[SCR] > values[PCR])
        return text_wrong(err, at, "a pcr of at least the scr");
    if (values[MCR] != WORDS_UNSAID && values[PCR] != WORDS_UNSAID && values[MCR] > values[PCR])
        return text_wrong(err, at, "a pcr of at least the mcr");
    return 0;
}

static uint64_t number(uint64_t value)
{
    return value == WORDS_UNSAID ? 0 : value;
}

static int64_t duration(uint64_t value)
{
    return value == WORDS_UNSAID ? -1 : (int64_t)value;
}

int atm_parse(const char *text, size_t len, struct atm *atm, struct text_error *err)
{
    uint64_t values[WORDS];
    size_t begin = 0, word = text_word(text, len, &begin), end = begin + word;
    unsigned category = 0;

    while (category < ATM_CATEGORY_COUNT && !text_is(text + begin, word, categories[category].name))
        category++;
    if (category == ATM_CATEGORY_COUNT)
        return text_wrong(err, begin, "cbr, rt-vbr, nrt-vbr, abr or ubr");
    if (words_parse(text, len, end, words, WORDS, "pcr, scr, mcr, mbs, cdvt, ctd or cdv, and its value", values, err) ||
        check_words((enum atm_category)category, values, len, end, err))
        return -EINVAL;
    *atm = (struct atm){.category = (enum atm_category)category,
                        .pcr = number(values[PCR]),
                        .scr = number(values[SCR]),
                        .mcr = number(values[MCR]),
                        .mbs = (uint32_t)number(values[MBS]),
                        .cdvt_ns = duration(values[CDVT]),
                        .ctd_ns = duration(values[CTD]),
                        .cdv_ns = duration(values[CDV])};
    return 0;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static uint64_t said_rate(uint64_t rate)
{
    return rate ? ratio_up(rate, 1, LINK_RATE_UNIT) * LINK_RATE_UNIT : WORDS_UNSAID;
}

/* In whole microseconds. */
static uint64_t said_time(int64_t ns)
{
    return ns < 0 ? WORDS_UNSAID : ratio_up((uint64_t)ns, 1, WORDS_UNIT_NS) * WORDS_UNIT_NS;
}

void atm_format(const struct atm *atm, char out[static ATM_TEXT_SIZE])
{
    const uint64_t values[WORDS] = {[PCR] = said_rate(atm->pcr),      [SCR] = said_rate(atm->scr),
                                    [MCR] = said_rate(atm->mcr),      [MBS] = atm->mbs ? atm->mbs : WORDS_UNSAID,
                                    [CDVT] = said_time(atm->cdvt_ns), [CTD] = said_time(atm->ctd_ns),
                                    [CDV] = said_time(atm->cdv_ns)};

    snprintf(out, ATM_TEXT_SIZE, "%s", atm_category_name(atm->category));
    words_append(words, WORDS, values, out, ATM_TEXT_SIZE);
}

/* --- from ATM's words -------------------------------------------------------------------------------------------- */

static uint32_t burst(uint64_t bytes)
{
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

static uint64_t bytes_in(uint64_t rate, int64_t ns)
{
    return ratio_up(rate, (uint64_t)ns, (uint64_t)SECOND_NS);
}

/* A burst of so many packets that come at a peak rate, beyond what leaves at a rate meanwhile. */
static uint64_t burst_at_peak(const struct atm *atm, uint64_t rate, uint64_t packet)
{
    uint64_t behind = (atm->mbs - 1) * packet;

    assert(atm->pcr); /* the words that have a burst of such packets have this too */
    return packet + behind - ratio_down(behind, rate, atm->pcr);
}

/* A rate and a burst, together with those of PCR. */
static void set_rates(const struct atm *atm, uint64_t rate, uint64_t bytes, int64_t cdvt_ns, struct contract *contract)
{
    contract->rate = rate;
    contract->burst = burst(bytes);
    contract->peak_rate = contract->peak_burst = 0;
    uint64_t peak = contract->packet_max + bytes_in(atm->pcr, cdvt_ns);
    if (atm->pcr <= rate || peak >= bytes)
        return;
    contract->peak_rate = atm->pcr;
    contract->peak_burst = (uint32_t)peak;
}

void atm_to_contract(const struct atm *atm, struct contract *contract)
{
    uint64_t packet = contract->packet_max, bytes;
    int64_t cdvt_ns = 0;

    if (atm->pcr)
        cdvt_ns = atm->cdvt_ns >= 0 ? atm->cdvt_ns : (int64_t)ratio_up(packet, (uint64_t)SECOND_NS, atm->pcr);
    contract->best_effort = atm->category == ATM_UBR;
    switch (atm->category) {
    case ATM_CBR:
        set_rates(atm, atm->pcr, packet + bytes_in(atm->pcr, cdvt_ns), cdvt_ns, contract);
        break;
    case ATM_UBR:
        set_rates(atm, atm->pcr ? atm->pcr : GCRA_RATE_MAX,
                  atm->pcr ? packet + bytes_in(atm->pcr, cdvt_ns) : UINT32_MAX, cdvt_ns, contract);
        break;
    case ATM_ABR:
        bytes = bytes_in(atm->mcr, ABR_BURST_NS);
        if (bytes < 2 * packet)
            bytes = 2 * packet;
        if (atm->mbs)
            bytes = atm->pcr ? burst_at_peak(atm, atm->mcr, packet) + bytes_in(atm->mcr, cdvt_ns) : atm->mbs * packet;
        set_rates(atm, atm->mcr, bytes, cdvt_ns, contract);
        break;
    default:
        set_rates(atm, atm->scr, burst_at_peak(atm, atm->scr, packet) + bytes_in(atm->scr, cdvt_ns), cdvt_ns, contract);
    }
    contract->delay_ns = atm->ctd_ns >= 0 ? atm->ctd_ns : CONTRACT_UNHURRIED_NS;
    contract->jitter_ns = atm->cdv_ns >= 0 ? atm->cdv_ns : 0;
}

/* --- to ATM's words ---------------------------------------------------------------------------------------------- */

/* What comes at once beyond a packet, as a time. */
static int64_t tolerance_ns(uint64_t rate, uint32_t bytes, uint32_t packet)
{
    return (int64_t)(ratio_up(bytes - packet, (uint64_t)SECOND_NS, rate * WORDS_UNIT_NS) * WORDS_UNIT_NS);
}

struct atm atm_of_contract(const struct contract *contract)
{
    uint32_t packet = contract->packet_max;
    struct atm atm = {.category = contract->best_effort ? ATM_UBR : ATM_CBR,
                      .ctd_ns = contract->best_effort ? -1 : contract->delay_ns,
                      .cdv_ns = contract->jitter_ns && !contract->best_effort ? contract->jitter_ns : -1,
                      .cdvt_ns = -1};

    if (contract->best_effort && contract->rate == GCRA_RATE_MAX)
        return atm;
    if (!contract->peak_rate || contract->peak_rate == contract->rate) {
        uint32_t bytes = contract->peak_rate ? contract->peak_burst : contract->burst;
        atm.pcr = contract->rate;
        atm.cdvt_ns = tolerance_ns(contract->rate, bytes, packet);
        return atm;
    }
    atm.category = ATM_RT_VBR;
    atm.pcr = contract->peak_rate;
    atm.scr = contract->rate;
    atm.cdvt_ns = tolerance_ns(contract->peak_rate, contract->peak_burst, packet);
    uint64_t tolerated = bytes_in(contract->rate, atm.cdvt_ns) + 2, /* both bursts were rounded up */
        beyond = contract->burst - packet;
    beyond = beyond > tolerated ? beyond - tolerated : 0;
    atm.mbs =
        1 + (uint32_t)ratio_up(beyond, contract->peak_rate, (uint64_t)packet * (contract->peak_rate - contract->rate));
    return atm;
}
