// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/numbers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct number number(const char *fmt, ...) PRINTF_LIKE(1, 2);
static struct number number(const char *fmt, ...)
{
	struct number n;
	va_list args;

	va_start(args, fmt);
	vsnprintf(n.text, sizeof(n.text), fmt, args);
	va_end(args);
	return n;
}

static const struct number unknown;

const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

struct number number_whole(int64_t n)
{
	return n < 0 ? unknown : number("%lld", (long long)n);
}

struct number number_grouped(int64_t n)
{
	struct number digits = number_whole(n), grouped = unknown;
	size_t len = strlen(digits.text), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			grouped.text[at++] = ',';
		grouped.text[at++] = digits.text[i];
	}
	return grouped;
}

struct number number_short(double n)
{
	return n < 0	 ? unknown
	       : n < 1e5 ? number("%.0f", n)
	       : n < 1e8 ? number("%.0fk", n / 1e3)
			 : number("%.0fM", n / 1e6);
}

struct number number_si(double n)
{
	static const char *const prefix[] = { "", " k", " M", " G", " T", " P" };
	size_t i = 0;

	for (; n >= 999.5 && i + 1 < ARRAY_SIZE(prefix); i++)
		n /= 1000;
	return n < 0 ? unknown : number("%.3g%s", n, prefix[i]);
}

struct number number_times(double factor)
{
	return factor < 0 ? unknown : number(factor < 99.95 ? "%.1f" : "%.0f", factor);
}

struct number number_mib(int64_t kib)
{
	return kib < 0 ? unknown : number("%.1f", kib / 1024.0);
}

struct number number_seconds(double s)
{
	return s < 0 ? unknown : number("%.2f", s);
}

struct number number_clock(double s)
{
	int whole = s < 0 ? 0 : s;

	return number("%d:%02d", whole / 60, whole % 60);
}

struct number number_span(double s, bool runs)
{
	int whole = s;

	if (s < 99.95)
		return runs ? number("%d s", whole) : number("%.1f s", s);
	if (s < 3600)
		return number_clock(s);
	return number("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

struct number number_exact(double n)
{
	return number(n == (int64_t)n ? "%.0f" : "%.6f", n);
}
