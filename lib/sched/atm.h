/*
 * Contracts in ATM's words (ATM Forum, Traffic Management 4.1, af-tm-0121.000; ITU-T I.371): service categories and
 * their parameters, read, written and converted. Where ATM has a cell, this has a packet of the largest size.
 *
 *     "cbr pcr 2Mbit cdvt 1ms ctd 5ms cdv 2ms"   "rt-vbr pcr 10Mbit scr 2Mbit mbs 20 ctd 20ms"   "abr mcr 5Mbit"
 *
 * What conforms is what GCRA says, in bytes, with L the largest packet:
 *     PCR is GCRA(L/PCR, CDVT):       a rate of PCR, and a burst of L + PCR x CDVT
 *     SCR is GCRA(L/SCR, BT + CDVT):  a rate of SCR, and a burst of L + SCR x (BT + CDVT)
 *     BT = (MBS - 1) (L/SCR - L/PCR)
 * maxCTD is the delay, peak-to-peak CDV the jitter, and what conforms is never lost (CLR 0).
 */
#pragma once

#include "base/text.h"
#include "sched/contract.h"

#include <stddef.h>

/* X(enumerator, name, words that it needs, words that it may have besides, help) */
#define ATM_CATEGORIES(X)                                                                              \
    X(CBR, "cbr", "pcr", "cdvt ctd cdv", "constant bit rate: within a delay")                          \
    X(RT_VBR, "rt-vbr", "pcr scr mbs", "cdvt ctd cdv", "variable bit rate: bursts, within a delay")    \
    X(NRT_VBR, "nrt-vbr", "pcr scr mbs", "cdvt", "the same without a delay: its rate, and no loss")    \
    X(ABR, "abr", "mcr", "pcr cdvt mbs", "a rate that it has at least; beyond that it is best effort") \
    X(UBR, "ubr", "", "pcr cdvt", "nothing is promised: best effort, and if a peak rate is said, no more than that")

enum atm_category {
#define X(enumerator, name, needs, may, help) ATM_##enumerator,
    ATM_CATEGORIES(X)
#undef X
        ATM_CATEGORY_COUNT
};

/* Rates are bytes a second on the link. What is not said is 0, and CDVT and delays -1. */
struct atm {
    enum atm_category category;
    uint64_t pcr, scr, mcr; /* peak, sustainable and minimum cell rate */
    uint32_t mbs;           /* maximum burst size: packets */
    int64_t cdvt_ns;        /* cell delay variation tolerance; not said: the time of a packet at PCR */
    int64_t ctd_ns, cdv_ns; /* maxCTD, peak-to-peak CDV */
};

/* "cbr"; "unknown". */
const char *atm_category_name(unsigned category);

/* Whether it promises a delay. */
static inline bool atm_has_delay(enum atm_category category)
{
    return category == ATM_CBR || category == ATM_RT_VBR;
}

/* 0; -EINVAL with *err filled in (err may be NULL), *atm untouched. That a delay is there is not asked for. */
int atm_parse(const char *text, size_t len, struct atm *atm, struct text_error *err);

#define ATM_TEXT_SIZE 160
/* As it is read; in kbit/s and microseconds, rounded up. */
void atm_format(const struct atm *atm, char out[static ATM_TEXT_SIZE]);

/*
 * Its rates, bursts, delay and jitter, rounded so that what conforms there conforms here; packets, treatment and wait
 * are taken from *contract, which has its packet_max already. One that says no delay gets what its burst takes at its
 * rate, and CONTRACT_UNHURRIED_NS at least. A peak rate that never stands in the way is left out.
 */
void atm_to_contract(const struct atm *atm, struct contract *contract);

/* The words for a contract, rounded so that what conforms to it conforms to them: cbr without a peak rate, otherwise
 * rt-vbr; ubr if nothing is promised. */
struct atm atm_of_contract(const struct contract *contract);
