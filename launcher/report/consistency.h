/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a report that was edited, cut or written by somebody else is consistent with itself. */
#pragma once

#include "report/report.h"

/* 0 if it is; otherwise -1, and WHY names the contradiction. */
int consistency_check(const struct report *r, char *why, size_t size);
