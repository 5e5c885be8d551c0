/*
 * A thread that does nothing but wait for rules to change, and raises an alarm then: within some ten microseconds,
 * whatever the engine's loop is at. It needs no rights, and has none.
 */
#pragma once

struct rule_alarm;

/* raise(arg) is called in that thread. 0; -errno, logged. */
int rule_alarm_start(void (*raise)(void *arg), void *arg, struct rule_alarm **alarm);
struct rule_alarm *rule_alarm_stop(struct rule_alarm *alarm); /* takes NULL, returns NULL */

/* Becomes readable (8 bytes) when the alarm has been raised. */
int rule_alarm_fd(const struct rule_alarm *alarm);
