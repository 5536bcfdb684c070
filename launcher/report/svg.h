/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report drawn: markup with everything escaped, the palette, and the chain of nested boxes.
 */
#ifndef SUPERNEST_SVG_H
#define SUPERNEST_SVG_H

#include <stdio.h>

#include "report/report.h"

/*
 * A text as HTML and SVG may have it, to the end of the expression that asks for it: bytes other than blank to
 * tilde are '?', and & < > " ' are entities.  No text of a report is written without it.
 */
struct escaped {
	char text[6 * COMMAND_MAX];
};
struct escaped escape(const char *text);

/* CSS of the drawings: the palette, light and dark, as custom properties, and the classes. */
extern const char svg_style[];

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
