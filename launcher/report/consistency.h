/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a report that somebody wrote, cut or altered is consistent with itself. */
#ifndef SUPERNEST_CONSISTENCY_H
#define SUPERNEST_CONSISTENCY_H

#include "report/report.h"

/* Says in WHY what contradicts what, and returns -1; 0 if nothing does. */
int consistency_check(const struct report *r, char *why, size_t size);

#endif
