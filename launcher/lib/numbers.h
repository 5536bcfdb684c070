/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats numbers for people and parsers.  The text lives until the end of the expression that asks for
 * it.  A negative number means unknown and gives "".
 */
#pragma once

#include "lib/base.h"

#define NUMBER_MAX (1LL << 53) /* JSON readers are exact up to here, RFC 8259 section 6 */

struct number {
	char text[32];
};

/* TEXT, or "-" if it is empty. */
const char *or_dash(const char *text);

struct number number_whole(int64_t n);	   /* 1234567 */
struct number number_grouped(int64_t n);   /* 1,234,567 */
struct number number_short(double n);	   /* 99999, 100k, 1000k, 100M */
struct number number_si(double n);	   /* three digits and a prefix: 52, 55.9 k, 1.2 M */
struct number number_times(double factor); /* a factor: 3.9, 1075 */
struct number number_mib(int64_t kib);	   /* 501.5 */
struct number number_seconds(double s);	   /* 1.25 */
struct number number_clock(double s);	   /* 1:05 */
/* 1.2 s, or 1 s while the clock RUNS; from 100 s on in minutes, so that a column stays narrow. */
struct number number_span(double s, bool runs);
/*
 * Only decimal digits, as LAVA requires of a measurement: counts are whole, seconds have microseconds;
 * may be negative.
 */
struct number number_exact(double n);
