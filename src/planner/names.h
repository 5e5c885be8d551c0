/*
 * What a configuration takes from the address plan (conf/planned.h): what names mean, what is announced. Its database
 * is read by a process of its own, which gives up its privileges first: it is others who write it.
 */
#pragma once

#include "conf/planned.h"

#define PLANNER_NAMES_MS       10000 /* at most */
#define PLANNER_NAMES_WHY_SIZE 160

/* Fill in what is found. Without a database nothing is. 0; -errno, and *why says what is wrong with it. The caller has
 * one thread; a SIGCHLD may come. */
int planner_names_look_up(const char *book_path, void (*drop_privileges)(void), struct conf_references *references,
                          char why[static PLANNER_NAMES_WHY_SIZE]);
