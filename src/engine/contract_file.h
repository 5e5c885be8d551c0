/*
 * Contracts that were added by hand: a file that is written before anybody is told that one is admitted. It reads as a
 * configuration does, and people may read it; only the engine writes it.
 */
#pragma once

#include "conf/conf.h"

#define CONTRACT_FILE_NAME "contracts.conf"

/* Read it; with no contracts if there is no such file. 0; -EINVAL: what is in it is no such text, which is logged;
 * -errno. The caller owns *conf. */
int contract_file_read(const char *directory, struct conf **conf);

/* Write it so that it is either as before or as now, whatever happens, and on stable storage. 0; -errno, and it is as
 * before. */
int contract_file_write(const char *directory, const struct conf_contract *const *contracts, size_t count);

/* Whether the text of a configuration goes together with them. 0; -EINVAL with errors; -errno. */
int contract_file_check(const char *directory, const char *text, size_t len, struct conf_errors *errors);
