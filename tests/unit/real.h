/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A measured report: the emulator of `make emulator`, 512 MiB, to L3, on two cores that were shared. */
#pragma once

#include "report/report.h"

#include <string.h>

static inline void real_level(struct report *r, int level)
{
	static const struct level figures[] = {
		{ .total_kib = 511268,
		  .available_kib = 503892,
		  .child_kib = 499712,
		  .overhead_kib = 24192,
		  .kernel_image_kib = 3398,
		  .struct_page_kib = 8192,
		  .kernel_data_kib = 2332,
		  .reserve_kib = 768,
		  .rootfs_kib = 2361,
		  .qemu_anonymous_kib = 908,
		  .page_tables_kib = 981,
		  .rmaps_kib = 1228,
		  .margin_kib = 2420,
		  .rounding_kib = 506,
		  .kernel_s = 1.66,
		  .ready_s = 1.79,
		  .wall_s = 2.00,
		  .exits_boot = UNKNOWN,
		  .exits_total = UNKNOWN,
		  .exits_chain = UNKNOWN,
		  .cpuid_cycles = 78,
		  .pio_cycles = 286 },
		{ .total_kib = 487076,
		  .available_kib = 480212,
		  .child_kib = 475136,
		  .overhead_kib = 24064,
		  .kernel_image_kib = 3398,
		  .struct_page_kib = 7936,
		  .kernel_data_kib = 1812,
		  .reserve_kib = 768,
		  .rootfs_kib = 2361,
		  .qemu_anonymous_kib = 888,
		  .page_tables_kib = 935,
		  .rmaps_kib = 1170,
		  .margin_kib = 2440,
		  .rounding_kib = 1518,
		  .kernel_s = 0.33,
		  .ready_s = 0.57,
		  .wall_s = 0.98,
		  .exits_boot = 283,
		  .exits_total = 11506,
		  .exits_chain = 283,
		  .cpuid_cycles = 13312,
		  .pio_cycles = 80730 },
		{ .total_kib = 463012,
		  .available_kib = 456152,
		  .child_kib = 452608,
		  .overhead_kib = 22272,
		  .kernel_image_kib = 3398,
		  .struct_page_kib = 7424,
		  .kernel_data_kib = 1808,
		  .reserve_kib = 768,
		  .rootfs_kib = 2361,
		  .qemu_anonymous_kib = 892,
		  .page_tables_kib = 888,
		  .rmaps_kib = 1111,
		  .margin_kib = 2436,
		  .rounding_kib = 92,
		  .kernel_s = 0.38,
		  .ready_s = 0.66,
		  .wall_s = 1.19,
		  .exits_boot = 287,
		  .exits_total = 4507,
		  .exits_chain = 1195,
		  .cpuid_cycles = 112970,
		  .pio_cycles = 415974 },
		{ .total_kib = 440740,
		  .available_kib = 433872,
		  .child_kib = UNKNOWN,
		  .overhead_kib = UNKNOWN,
		  .kernel_image_kib = 3398,
		  .struct_page_kib = 7168,
		  .kernel_data_kib = UNKNOWN,
		  .reserve_kib = UNKNOWN,
		  .rootfs_kib = UNKNOWN,
		  .qemu_anonymous_kib = UNKNOWN,
		  .page_tables_kib = UNKNOWN,
		  .rmaps_kib = UNKNOWN,
		  .margin_kib = UNKNOWN,
		  .rounding_kib = UNKNOWN,
		  .kernel_s = 0.44,
		  .ready_s = 0.82,
		  .wall_s = 1.46,
		  .exits_boot = 285,
		  .exits_total = 1358,
		  .exits_chain = 3637,
		  .cpuid_cycles = 382148,
		  .pio_cycles = 1125800 },
	};
	static const struct check checks[] = { { "virt", RESULT_PASS, 1, "bool", "" },
					       { "nested", RESULT_PASS, 1, "bool", "" },
					       { "fpu", RESULT_PASS, 1000, "exits", "" },
					       { "archive", RESULT_PASS, 4376576, "bytes", "" } };
	struct level *lv = report_level(r, level);

	*lv = figures[level];
	lv->level = level;
	lv->seen = lv->ready = true;
	strcpy(lv->hypervisor, level ? "KVM" : "TCG");
	strcpy(lv->cpu_vendor, "AuthenticAMD");
	strcpy(lv->cpu_model, "QEMU TCG CPU version 2.5+");
	strcpy(lv->cpu_virt, "svm");
	strcpy(lv->cpu_features, level ? "npt nrip_save vgif vmcb_clean" : "npt nrip_save vgif");
	strcpy(lv->kernel, "6.12.117-supernest");
	memset(lv->kernel_sha256, 'a', 64);
	memset(lv->archive_sha256, 'b', 64);
	for (size_t i = 0; i < ARRAY_SIZE(checks) - !level; i++)
		level_add_check(lv, &checks[i]);
}

/* L0 to L3, or less of it. */
static inline void real_report(struct report *r, int deepest)
{
	report_init(r, deepest);
	r->setup = (struct setup){
		.memory_kib = 524288, .tsc_khz = 2596120, .qemu = "10.0.13", .smp = 1
	};
	r->outermost = 0;
	for (r->deepest = 0; r->deepest < deepest; r->deepest++)
		real_level(r, r->deepest);
	real_level(r, deepest);
	if (deepest < 3) {
		struct level *lv = &r->levels[deepest];

		lv->child_kib = lv->overhead_kib = lv->page_tables_kib = lv->rmaps_kib =
			lv->rounding_kib = UNKNOWN;
	}
	r->stop = STOP_DEPTH;
	r->stop_level = deepest;
	format(r->detail, sizeof(r->detail), "depth %d was asked for and reached", deepest);
	report_finish(r);
}
