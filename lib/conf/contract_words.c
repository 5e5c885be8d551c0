/* What a contract means that is written in Fairlead's, ATM's or IntServ's words, and the same in the others' words. */
#include "conf/contract.h"

#define BURST_PACKETS 2

#define PACKET_SMALLEST 28 /* bytes: IPv4 and UDP headers */
#define PACKET          1500

/* --- what it means ----------------------------------------------------------------------------------------------- */

/* Its IP packets. */
struct sizes {
    uint32_t smallest, largest;
};

static struct sizes sizes_of(const struct conf_contract *contract)
{
    struct sizes sizes = {contract->terms.packet_min, contract->terms.packet_max};

    if (contract->words == CONF_WORDS_INTSERV)
        return (struct sizes){contract->tspec.m, contract->tspec.M};
    if (!sizes.largest)
        sizes.largest = PACKET;
    if (!sizes.smallest)
        sizes.smallest = PACKET_SMALLEST < sizes.largest ? PACKET_SMALLEST : sizes.largest;
    return sizes;
}

uint32_t conf_contract_packet(const struct conf_contract *contract)
{
    return sizes_of(contract).largest;
}

enum contract_treatment conf_contract_excess(const struct conf_contract *contract)
{
    bool guaranteed = contract->words != CONF_WORDS_ATM || contract->atm.category < ATM_ABR;

    static_assert(ATM_ABR > ATM_NRT_VBR && ATM_UBR > ATM_ABR, "what is beyond a minimum is best effort");
    if (contract->excess_said)
        return contract->terms.treatment;
    return guaranteed ? CONTRACT_SHAPE : CONTRACT_DEMOTE;
}

/* Delay and jitter, where they are said beside the others' words. */
static void set_delays(const struct conf_contract *contract, struct contract *terms)
{
    if (contract->terms.delay_ns)
        terms->delay_ns = contract->terms.delay_ns;
    if (contract->terms.jitter_ns)
        terms->jitter_ns = contract->terms.jitter_ns;
    if (terms->best_effort)
        terms->delay_ns = terms->jitter_ns = 0;
}

struct contract conf_contract_on_link(const struct conf_contract *contract, unsigned link)
{
    const struct link_overhead overhead = link_kind_overhead(link);
    const struct sizes sizes = sizes_of(contract);
    struct contract terms = contract->terms;

    terms.treatment = conf_contract_excess(contract);
    terms.packet_max = link_packet_bytes(&overhead, sizes.largest);
    terms.packet_min = link_packet_bytes(&overhead, sizes.smallest);
    switch (contract->words) {
    case CONF_WORDS_ATM:
        atm_to_contract(&contract->atm, &terms);
        set_delays(contract, &terms);
        break;
    case CONF_WORDS_INTSERV:
        tspec_to_contract(&contract->tspec, &overhead, &terms);
        terms.delay_ns = contract->rspec.R ? rspec_delay_ns(&contract->rspec, &contract->tspec) : CONTRACT_UNHURRIED_NS;
        set_delays(contract, &terms);
        break;
    default:
        if (!terms.burst)
            terms.burst = BURST_PACKETS * terms.packet_max;
        if (terms.peak_rate && !terms.peak_burst)
            terms.peak_burst = terms.packet_max;
    }
    if (terms.wait_ns < 0)
        terms.wait_ns = terms.delay_ns;
    return terms;
}

/* --- the same in others' words ----------------------------------------------------------------------------------- */

bool conf_contract_has_delay(const struct conf_contract *contract)
{
    switch (contract->words) {
    case CONF_WORDS_ATM:
        return atm_has_delay(contract->atm.category);
    case CONF_WORDS_INTSERV:
        return contract->rspec.R || contract->terms.delay_ns;
    default:
        return true;
    }
}

/* cbr or rt-vbr as nrt-vbr, which has all parameters; the peak of cbr is its rate. */
static struct atm without_delay(struct atm atm)
{
    if (atm.category == ATM_CBR) {
        atm.scr = atm.pcr;
        atm.mbs = 1;
    }
    atm.category = ATM_NRT_VBR;
    atm.ctd_ns = atm.cdv_ns = -1;
    return atm;
}

void conf_contract_words(const struct conf_contract *contract, unsigned link, struct conf_contract_words *words)
{
    const struct link_overhead overhead = link_kind_overhead(link);
    const struct sizes sizes = sizes_of(contract);
    const struct contract terms = conf_contract_on_link(contract, link);
    const struct tspec tspec = contract->words == CONF_WORDS_INTSERV
                                   ? contract->tspec
                                   : tspec_of_contract(&terms, &overhead, sizes.smallest, sizes.largest);
    struct atm atm = contract->words == CONF_WORDS_ATM ? contract->atm : atm_of_contract(&terms);

    bool has_delay = conf_contract_has_delay(contract);

    *words = (struct conf_contract_words){.atm = ""};
    if (has_delay)
        atm.ctd_ns = terms.delay_ns;
    else if (contract->words == CONF_WORDS_INTSERV)
        atm = without_delay(atm);
    if (has_delay && terms.jitter_ns)
        atm.cdv_ns = terms.jitter_ns;
    atm_format(&atm, words->atm);
    if (terms.best_effort)
        return;
    tspec_format(&tspec, words->tspec);
    if (!has_delay)
        return;
    const struct rspec rspec = contract->rspec.R ? contract->rspec : rspec_of_delay(terms.delay_ns, &tspec);
    rspec_format(&rspec, words->rspec);
}

/* --- what does not go together ----------------------------------------------------------------------------------- */

static bool wrong(const struct conf_contract *contract, struct conf_errors *errors, const char *what)
{
    conf_wrong(errors, contract->line, "contract %s: %s", contract->name, what);
    return false;
}

static bool check_own(const struct conf_contract *contract, struct conf_errors *errors)
{
    const struct contract *terms = &contract->terms;
    bool sound = true;

    if (!terms->rate)
        sound = wrong(contract, errors, "expected a rate, as rate = \"2Mbit\"");
    if (!terms->delay_ns)
        sound = wrong(contract, errors, "expected a delay, as delay = \"5ms\"");
    if (terms->peak_burst && !terms->peak_rate)
        sound = wrong(contract, errors, "peak-burst: expected a peak too");
    return sound;
}

static bool check_atm(const struct conf_contract *contract, struct conf_errors *errors)
{
    const struct atm *atm = &contract->atm;
    const struct contract *terms = &contract->terms;
    bool sound = true;

    if (!atm_has_delay(atm->category) && (terms->delay_ns || terms->jitter_ns))
        sound = wrong(contract, errors, "delay and jitter: expected none: only cbr and rt-vbr promise them");
    else if (atm_has_delay(atm->category) && atm->ctd_ns < 0 && !terms->delay_ns)
        sound = wrong(contract, errors, "expected a delay: ctd in atm, or delay = \"5ms\"");
    if ((atm->ctd_ns >= 0 && terms->delay_ns) || (atm->cdv_ns >= 0 && terms->jitter_ns))
        sound = wrong(contract, errors, "delay and jitter: expected none, for atm says ctd and cdv");
    if (atm->category == ATM_UBR && terms->wait_ns >= 0)
        sound = wrong(contract, errors, "wait: expected none: what is best effort does not wait to conform");
    return sound;
}

static bool check_intserv(const struct conf_contract *contract, struct conf_errors *errors)
{
    const struct contract *terms = &contract->terms;
    bool sound = true;

    if (!contract->tspec.M)
        sound = wrong(contract, errors, "rspec: expected a tspec too");
    if (terms->packet_max || terms->packet_min)
        sound = wrong(contract, errors, "packet and packet-min: expected none, for tspec says m and M");
    if (contract->rspec.R && contract->rspec.R < contract->tspec.r)
        sound = wrong(contract, errors, "rspec: expected an R of at least the r of tspec");
    if (contract->rspec.R && terms->delay_ns)
        sound = wrong(contract, errors, "delay: expected none, for rspec says it");
    return sound;
}

bool conf_check_words(const struct conf_contract *contract, struct conf_errors *errors)
{
    const struct contract *terms = &contract->terms;

    if (contract->damaged)
        return false;
    if (contract->words == CONF_WORDS_OWN)
        return check_own(contract, errors);
    if (contract->atm_said && contract->words == CONF_WORDS_INTSERV)
        return wrong(contract, errors, "expected either atm, or tspec and rspec");
    if (terms->rate || terms->burst || terms->peak_rate || terms->peak_burst)
        return wrong(contract, errors,
                     contract->words == CONF_WORDS_ATM
                         ? "rate, burst, peak and peak-burst: expected none, for atm says them"
                         : "rate, burst, peak and peak-burst: expected none, for tspec says them");
    bool sound = contract->words == CONF_WORDS_ATM ? check_atm(contract, errors) : check_intserv(contract, errors);
    if (sound && conf_contract_on_link(contract, 0).burst == UINT32_MAX && contract->atm.category != ATM_UBR)
        sound = wrong(contract, errors, "its burst would be more than 4 GB: expected less");
    return sound;
}
