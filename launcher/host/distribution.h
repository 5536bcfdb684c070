/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine's distribution calls QEMU, and how it is installed there. */
#pragma once

#include "lib/base.h"

/* How to install QEMU on the distribution of an os-release(5) file; "" if it is unknown. */
const char *distribution_qemu_advice(const char *os_release);
/* The same for this machine. */
const char *distribution_this_qemu_advice(void);
