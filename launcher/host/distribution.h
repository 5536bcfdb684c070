/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How this machine's distribution names things and installs them.
 */
#ifndef SUPERNEST_DISTRIBUTION_H
#define SUPERNEST_DISTRIBUTION_H

#include "lib/base.h"

/*
 * How to install a QEMU, by the text of an os-release(5) file; "" if the distribution is unknown.
 */
const char *distribution_qemu_advice(const char *os_release);
/* The same by this machine's own. */
const char *distribution_this_qemu_advice(void);

#endif
