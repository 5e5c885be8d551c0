/*
 * Questions and orders to the driver of an interface, as of linux/ethtool.h.
 */
#pragma once

/* The command, as its structure says. What the driver answers, which is not always 0; -errno, not logged. */
int ethtool(const char *interface, void *command);
