/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report drawn: markup with everything escaped, the palette, and the chain of nested boxes.
 */
#ifndef SUPERNEST_SVG_H
#define SUPERNEST_SVG_H

#include <stdio.h>

#include "report/report.h"

/*
 * printf for HTML and SVG.  What %s stands for is always escaped, so no text of a report can become
 * markup: bytes other than blank to tilde are '?', and & < > " ' are entities.
 */
void markup(FILE *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* CSS of the drawings: the palette, light and dark, as custom properties, and the classes. */
extern const char svg_style[];

/* A figure of three digits and a unit's prefix: "52", "55.9 k", "1.2 M"; "-" if it is negative. */
void format_si(double value, char *buf, size_t size);
/* What a level multiplies: "3.9", "1075". */
void format_times(double factor, char *buf, size_t size);

/* The RAM of the largest level: how wide the chain is. */
int64_t chain_kib(const struct report *r);
/*
 * The nested boxes as an <svg> element, each as wide as the RAM that its level sees: SCALE_KIB fill the drawing.
 * It fits a telephone.
 */
void svg_chain(FILE *out, const struct report *r, int64_t scale_kib);
/* A file of the chain alone, with the figures of each level beside it. */
void svg_print(const struct report *r, FILE *out);

#endif
