/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as drawings: escaping, the palette, and the chain of nested boxes. */
#pragma once

#include <stdio.h>

#include "report/report.h"

/*
 * Text escaped for HTML and SVG; it lives until the end of the expression that asks for it.  Bytes other
 * than blank to tilde become '?', and & < > " ' become entities.  All text of a report must go through it.
 */
struct escaped {
	char text[6 * COMMAND_MAX];
};
struct escaped escape(const char *text);

/* CSS of the drawings: classes, and the light and dark palette as custom properties. */
extern const char svg_style[];

/* The RAM of the largest level, which is the width of the chain. */
int64_t chain_kib(const struct report *r);
/*
 * The nested boxes as an <svg> element that fits a telephone.  Each box is as wide as its level's RAM;
 * SCALE_KIB fill the drawing.
 */
void svg_chain(FILE *out, const struct report *r, int64_t scale_kib);
/* Prints a whole SVG file: the chain with each level's figures beside it. */
void svg_print(const struct report *r, FILE *out);
