/*
 * Threads that do nothing but wait for rules to change, and raise the door's alarm then: within some ten microseconds,
 * whatever the engine's loop is at. There are two, on CPUs of their own: the kernel may keep one CPU to itself for
 * milliseconds. They need no rights, and have none.
 */
#pragma once

struct door;
struct rule_alarm;

/* 0; -errno, logged. The door is borrowed. */
int rule_alarm_start(struct door *door, struct rule_alarm **alarm);
struct rule_alarm *rule_alarm_stop(struct rule_alarm *alarm); /* takes NULL, returns NULL */

/* Becomes readable (8 bytes) when the alarm has been raised. */
int rule_alarm_fd(const struct rule_alarm *alarm);
