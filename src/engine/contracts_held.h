/*
 * Within src/engine: how it stands with each contract, for the files that change and show them.
 */
#pragma once

#include "engine/contracts.h"

/* A contract, and how it stands with it. */
struct held {
    struct conf_contract conf; /* with matches of its own */
    enum query_contract_state state;
    unsigned port;   /* of KEPT: where, and */
    uint32_t number; /* its number there */
    unsigned link;   /* of KEPT and REFUSED: the kind that it was looked at for, and */
    struct contract terms;
    char why[CONF_ERROR_TEXT_SIZE]; /* of REFUSED and NEXT; and */
    struct admission_offer offer;
    bool fresh;  /* KEPT, but its port's thread does not know yet */
    bool stays;  /* while a configuration is taken over: it is in the new one too */
    bool barred; /* REFUSED: it does not go together with the configuration */
    bool tried;  /* REFUSED, and nothing has gone from the port since */
};

/* A number of a port that is taken. */
struct slot {
    const struct held *held; /* NULL: it was removed, */
    int64_t lasts_ns;        /* its packets leave within that, */
    int64_t leaves_ns;       /* and so by then */
    char name[CONF_CONTRACT_NAME_SIZE];
    bool taken;
};

struct port_contracts {
    uint64_t begun; /* shaping_begun() as it was looked at last; 0: it has no queues */
    struct admission *admission;
    struct slot *slots;  /* by number */
    uint32_t slot_count; /* one more than the highest that was ever taken */
    uint32_t lowest;     /* below it all are taken */
    uint32_t leaving;    /* slots of those that were removed */
    bool changed;        /* which packets are whose */
};

struct contracts {
    struct ports *ports;
    const char *directory;   /* where those are written down that are added by hand */
    const struct conf *conf; /* in force */
    struct held **all;       /* in their order */
    size_t count;
    bool damaged;                         /* what is written down cannot be read, and is left as it is */
    struct port_contracts at[DOOR_PORTS]; /* by port number */
};

/* A contract that is not looked at yet; with matches of its own. NULL: no memory. */
struct held *contracts_copy(const struct conf_contract *conf);
struct held *contracts_free_held(struct held *held); /* takes NULL, returns NULL */

/* Whether the port that it leaves by, which has queues, could keep it with all that it keeps already; held->terms are
 * filled in, and what stands in the way, if something does. */
bool contracts_could_keep(struct contracts *contracts, struct held *held);

/* Admit it, unless that has been done or tried in vain. */
void contracts_try(struct contracts *contracts, struct held *held);

/* What is kept no more: its packets are best effort, and its share is free when those that wait have left. */
void contracts_let_leave(struct contracts *contracts, struct held *held);

/* Take what is written down as added by hand. 0; -errno, logged; -ENOMEM. */
int contracts_read_by_hand(struct contracts *contracts);

/* What is told of one, but for what has become of its packets. */
void contracts_describe_held(const struct held *held, struct query_contract *one);
