/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The next level: whether there is one, what it is given, and its supervision. */
#pragma once

#include "level/life.h"

/* Prepares a folder of huge pages for the child's RAM, if the kernel can have one. */
void next_level_mount_memory(struct life *l);
/* Estimates the size of the child's archive, in KiB. */
int64_t next_level_estimate_kib(struct life *l);
/* Decides whether there can be a next level with an archive of this size; sets l->why if not. */
void next_level_consider(struct life *l, int64_t archive_kib);
/* Writes the archive for the child; if there will be no child, only computes its checksum. */
void next_level_write_archive(struct life *l);
/*
 * The child is ready: frees the files that we keep for it, and runs the programs that run beside it.
 * CONTEXT is a life.
 */
void next_level_is_ready(void *context, const struct level *child);
/* Starts the next level and supervises it. */
void next_level_run(struct life *l);
