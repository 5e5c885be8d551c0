/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a hash that nobody can aim at who does not know its key. For tables whose
 * keys strangers choose.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_SIZE 16 /* bytes, random */

uint64_t siphash(const uint8_t key[SIPHASH_KEY_SIZE], const void *data, size_t len);
