/*
 * The clsact qdisc, which holds tc filters at a port's ingress and egress.
 */
#pragma once

/* Remove it from the interface unless it holds filters (then somebody else uses it). Best effort. */
void clsact_remove_if_empty(unsigned ifindex);
