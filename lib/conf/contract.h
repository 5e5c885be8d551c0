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

/* Lists what is wrong with each, what does not fit together, and what a port cannot keep. 0; -ENOMEM. */
int conf_check_contracts(const struct conf *conf, struct conf_errors *errors);
