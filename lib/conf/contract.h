/*
 * Within lib/conf: contracts.
 *
 *     contract "voice" {
 *         out = "wan0"  match = "dscp ef"
 *         rate = "2Mbit"  burst = "6kB"  packet = "256B"  delay = "5ms"  jitter = "2ms"
 *     }
 */
#pragma once

#include "conf/read.h"

extern const struct block conf_contract_block;

/* A time, 0 only if that is allowed (otherwise it is 100 ms then, so that it is not missed, too); what is wrong is
 * listed. */
void conf_read_time(struct build *build, const struct conf_node *node, const struct conf_value *value, bool zero,
                    int64_t *ns);

/* Give contracts that classes of DHCP clients name their matches; what is wrong with that is listed. 0; -ENOMEM. */
int conf_contracts_of_classes(struct conf *conf, struct arena *arena, struct conf_errors *errors);

/* Lists what is wrong with each, what does not fit together, and what a port cannot keep. 0; -ENOMEM. */
int conf_check_contracts(const struct conf *conf, struct conf_errors *errors);

/* Whether what one says is whole and goes together, whatever link it is for; what does not is listed. */
bool conf_check_words(const struct conf_contract *contract, struct conf_errors *errors);

/* Its largest IP packet; what becomes of what does not conform. */
uint32_t conf_contract_packet(const struct conf_contract *contract);
enum contract_treatment conf_contract_excess(const struct conf_contract *contract);
