/*
 * Within lib/conf: delay measurement, as reflector { ... } at an interface and probe "NAME" { ... }.
 */
#pragma once

#include "conf/read.h"

extern const struct block conf_reflector_block, conf_probe_block;

void conf_check_measurements(const struct conf *conf, struct conf_errors *errors);

void conf_print_reflector(const struct conf_reflector *reflector, FILE *stream);
void conf_print_probe(const struct conf_probe *probe, FILE *stream);
