/* Contracts that people add and take away while the daemon runs. */
#include "base/clock.h"
#include "engine/contract_file.h"
#include "engine/contracts_held.h"
#include "log/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is written down ---------------------------------------------------------------------------------------- */

static int append_held(struct contracts *contracts, struct held *held)
{
    struct held **all = realloc(contracts->all, (contracts->count + 1) * sizeof(struct held *));

    if (!all)
        return -ENOMEM;
    contracts->all = all;
    all[contracts->count++] = held;
    return 0;
}

int contracts_read_by_hand(struct contracts *contracts)
{
    struct conf *conf = NULL;
    int error = contract_file_read(contracts->directory, &conf);

    if (error) {
        log_error("%s/%s cannot be read; it is left as it is", contracts->directory, CONTRACT_FILE_NAME);
        contracts->damaged = true;
        return error;
    }
    for (size_t i = 0; !error && i < conf->contract_count; i++) {
        struct held *held = contracts_copy(&conf->contracts[i]);
        error = held ? append_held(contracts, held) : -ENOMEM;
        if (error)
            contracts_free_held(held);
    }
    conf_free(conf);
    return error;
}

/* Those that were added by hand, but for one, and one more; either may be NULL. */
static int write_down(const struct contracts *contracts, const struct held *without, const struct held *with)
{
    const struct conf_contract **all = calloc(contracts->count + 1, sizeof(struct conf_contract *));
    size_t count = 0;

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < contracts->count; i++)
        if (!contracts->all[i]->conf.line && contracts->all[i] != without)
            all[count++] = &contracts->all[i]->conf;
    if (with)
        all[count++] = &with->conf;
    int error = contract_file_write(contracts->directory, all, count);
    if (error)
        log_error("%s/%s: %s", contracts->directory, CONTRACT_FILE_NAME, strerror(-error));
    free(all);
    return error;
}

/* --- adding ------------------------------------------------------------------------------------------------------ */

static void check_with_others(const struct contracts *contracts, const struct conf_contract *conf,
                              struct conf_errors *errors)
{
    conf_check_contract(contracts->conf, conf, errors);
    if (contracts->count >= CONF_CONTRACTS_MAX)
        conf_wrong(errors, 0, "too many contracts: at most %d expected", CONF_CONTRACTS_MAX);
    for (size_t i = 0; i < contracts->count; i++) {
        const struct conf_contract *other = &contracts->all[i]->conf;
        if (strcmp(other->name, conf->name) == 0)
            conf_wrong(errors, 0, "contract %s is there already", conf->name);
        conf_contracts_overlap(conf, other, errors);
    }
}

/* Read it; NULL: what is wrong is listed, or there is no memory. */
static struct held *read_new(const struct contracts *contracts, const char *text, struct conf_errors *errors)
{
    struct conf *conf = NULL;
    struct held *held = NULL;

    if (conf_parse_contracts(text, strlen(text), &conf, errors))
        return NULL;
    if (conf->contract_count != 1)
        conf_wrong(errors, 0, "expected one contract");
    else
        check_with_others(contracts, &conf->contracts[0], errors);
    if (!errors->count)
        held = contracts_copy(&conf->contracts[0]);
    conf_free(conf);
    return held;
}

static uint32_t list_errors(const struct conf_errors *errors, struct query_contract *records, size_t room)
{
    uint32_t count = 0;

    for (size_t i = 0; i < errors->count && i < CONF_ERRORS_KEPT && i < room; i++, count++) {
        records[i] = (struct query_contract){.state = QUERY_CONTRACT_REFUSED};
        memcpy(records[i].why, errors->all[i].text, sizeof(records[i].why));
    }
    return count;
}

int contracts_add(struct contracts *contracts, const char *text, bool only_check, struct query_contract *records,
                  size_t room, uint32_t *count)
{
    contracts_update(contracts); /* what has left by now is free */
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    struct held *held = errors ? read_new(contracts, text, errors) : NULL;
    int error = held ? 0 : errors && errors->count ? -EINVAL : -ENOMEM;

    if (!error && contracts->damaged)
        error = conf_wrong(errors, 0, "%s/%s cannot be read: expected it to be put right, or away",
                           contracts->directory, CONTRACT_FILE_NAME);
    *count = error == -EINVAL ? list_errors(errors, records, room) : 0;
    free(errors);
    if (!error && !contracts_could_keep(contracts, held))
        error = -EDQUOT;
    if (!error || error == -EDQUOT) {
        contracts_describe_held(held, &records[0]);
        *count = 1;
    }
    if (!error && !only_check)
        error = write_down(contracts, NULL, held);
    if (error || only_check) {
        contracts_free_held(held);
        return error;
    }
    held->state = QUERY_CONTRACT_WAITING;
    error = append_held(contracts, held);
    if (error) {
        write_down(contracts, held, NULL);
        contracts_free_held(held);
        return error;
    }
    contracts_try(contracts, held); /* before all others: it was found to be possible as it is now */
    contracts_mark_ports(contracts);
    contracts_update(contracts);
    return 0;
}

/* --- taking away ------------------------------------------------------------------------------------------------- */

int contracts_remove(struct contracts *contracts, const char *name, int64_t *free_ns)
{
    size_t at = contracts->count;

    for (size_t i = 0; i < contracts->count; i++)
        if (strcmp(contracts->all[i]->conf.name, name) == 0)
            at = i; /* one that was added by hand comes last */
    if (at == contracts->count)
        return -ENOENT;
    struct held *held = contracts->all[at];
    if (held->conf.line)
        return -EEXIST;
    int error = write_down(contracts, held, NULL);
    if (error)
        return error;
    bool kept = held->state == QUERY_CONTRACT_KEPT;
    unsigned port = held->port;
    uint32_t number = held->number;
    contracts_let_leave(contracts, held);
    memmove(&contracts->all[at], &contracts->all[at + 1], (contracts->count - at - 1) * sizeof(struct held *));
    contracts->count--;
    log_info("contract %s: taken away", held->conf.name);
    contracts_free_held(held);
    contracts_mark_ports(contracts);
    contracts_update(contracts);
    const struct slot *slots = contracts->at[port].slots;
    bool leaves = kept && slots && slots[number].taken && !slots[number].held && slots[number].leaves_ns < INT64_MAX;
    *free_ns = leaves ? slots[number].leaves_ns : 0;
    return 0;
}
