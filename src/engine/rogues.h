/*
 * Alarms of other DHCP servers at ports where this system is the server: the door drops what they say to everybody and
 * notes who it was.
 */
#pragma once

#include "engine/ports.h"

/* Say in the log who has been heard, at most once a minute for each port. Call about once a second. */
void rogues_look(struct ports *ports);
