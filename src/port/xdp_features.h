/*
 * What the driver of an interface can do for XDP, as the kernel says it since Linux 6.3.
 */
#pragma once

#include <stdint.h>

/* As the kernel's NETDEV_XDP_ACT_... */
enum xdp_feature {
    XDP_FEATURE_NDO_XMIT = 4,     /* take frames from an XDP program */
    XDP_FEATURE_NDO_XMIT_SG = 64, /* also those in several pieces */
};

/* A set of enum xdp_feature, and others; 0 if it cannot be known. */
uint64_t xdp_features(uint32_t ifindex);
