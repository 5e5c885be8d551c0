/*
 * What every unit test includes: cmocka, which wants these headers before its own.
 */
#pragma once

#include "base/compiler.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
