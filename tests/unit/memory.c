// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "level/memory.h"

#define ARCHIVE_KIB 6400

static void plan_recursion(struct budget *b, bool provided)
{
	memory_plan(b, &(struct demand){ .kernel_kib = OUR_KERNEL_KIB,
					 .archive_kib = ARCHIVE_KIB,
					 .vcpus = 1,
					 .recurses = true,
					 .provided = provided });
}

static void plan(struct budget *b, int64_t wanted_kib, int64_t kernel_kib, int64_t archive_kib)
{
	memory_plan(b, &(struct demand){ .wanted_kib = wanted_kib,
					 .kernel_kib = kernel_kib,
					 .archive_kib = archive_kib,
					 .vcpus = 1 });
}

static void a_level_knows_its_memory(void **state)
{
	struct level lv;

	level_init(&lv, 0);
	memory_learn(&lv);
	assert_true(lv.total_kib > 0 && lv.available_kib > 0 && lv.available_kib <= lv.total_kib);
}

static void every_term_counts_and_together_they_fit(void **state)
{
	struct budget all;

	plan(&all, 0, OUR_KERNEL_KIB, ARCHIVE_KIB);
	assert_true(all.child_kib > 0 && all.child_kib % 2048 == 0);
	assert_true(all.qemu_kib > 0 && all.page_tables_kib > 0 && all.rmaps_kib > 0 &&
		    all.margin_kib > 0);
	assert_true(all.child_kib + all.qemu_kib + all.page_tables_kib + all.rmaps_kib +
			    all.margin_kib <=
		    all.available_kib);
	assert_true(all.need_kib > 2 * ARCHIVE_KIB);
}

static void a_log_of_writes_has_a_term(void **state)
{
	struct demand d = { .kernel_kib = OUR_KERNEL_KIB,
			    .archive_kib = ARCHIVE_KIB,
			    .vcpus = 1,
			    .huge_files = true };
	struct budget plain, logged;

	memory_plan(&plain, &d);
	d.logged = true;
	memory_plan(&logged, &d);
	/* A page table of 4 KiB for 2 MiB, and a fingerprint of 4 bytes for 4 KiB */
	assert_true(logged.page_tables_kib - plain.page_tables_kib >=
		    logged.child_kib / 512 + logged.child_kib / 1024);
	assert_true(logged.child_kib < plain.child_kib);
}

static void a_child_gets_what_was_asked_for_as_far_as_that_fits(void **state)
{
	struct budget some;

	plan(&some, 100 * 1024, OUR_KERNEL_KIB, ARCHIVE_KIB);
	assert_int_equal(some.child_kib, 100 * 1024);
	plan(&some, 101 * 1024, OUR_KERNEL_KIB, ARCHIVE_KIB); /* whole huge pages */
	assert_int_equal(some.child_kib, 100 * 1024);
	plan(&some, 1LL << 40, OUR_KERNEL_KIB, ARCHIVE_KIB);
	assert_true(some.child_kib < 1LL << 34);
	plan(&some, 1024, OUR_KERNEL_KIB, ARCHIVE_KIB);
	assert_true(some.child_kib < some.need_kib);
}

/* But a KVM that provides the recursion has tables of all levels, and rmaps of its guest's guest. */
static void a_child_that_recurses_needs_no_rmaps(void **state)
{
	struct budget all, some;

	plan(&all, 0, OUR_KERNEL_KIB, ARCHIVE_KIB);
	some = all;
	some.recurses = true;
	memory_divide(&some, 0);
	assert_int_equal(some.rmaps_kib, 0);
	assert_true(some.child_kib > all.child_kib);

	plan_recursion(&all, false);
	plan_recursion(&some, true);
	assert_true(some.rmaps_kib > 0);
	assert_int_equal(some.margin_kib - all.margin_kib, 2560);
	assert_true(all.child_kib - some.child_kib >= 2048);
}

static void huge_pages_of_a_file_keep_no_page_tables_in_reserve(void **state)
{
	struct budget all, some;

	plan(&all, 0, OUR_KERNEL_KIB, ARCHIVE_KIB);
	some = all;
	some.huge_files = true;
	memory_divide(&some, 0);
	assert_true(some.page_tables_kib <= all.page_tables_kib / 16 + 1);
}

/* At 110 MiB Debian's 7.3 died, at 120 it came up. */
static void a_distributions_kernel_needs_more(void **state)
{
	struct budget some;

	plan(&some, 0, 61668, 15 * 1024);
	assert_true(some.need_kib > 112 * 1024 && some.need_kib < 128 * 1024);
}

/* What a child touches until it is ready must fit beside the files that are freed only then. */
static void files_that_are_freed_too_late_do_not_count_as_free(void **state)
{
	struct budget some = { .available_kib = 30000, .freed_kib = 6000, .need_kib = 29000 };

	memory_divide(&some, 0);
	assert_true(memory_fits(&some) && memory_needed_kib(&some) == 29000);
	some.available_kib = 28000;
	memory_divide(&some, 0);
	assert_true(some.child_kib > 29000 && !memory_fits(&some));
	some = (struct budget){
		.available_kib = 31000, .freed_kib = 6000, .need_kib = 29000, .scatter_kib = 3000
	};
	memory_divide(&some, 30 * 1024); /* which it cannot touch more than */
	assert_true(memory_fits(&some));
	memory_divide(&some, 0);
	assert_true(some.child_kib > 29000 && !memory_fits(&some));
}

static void the_reason_names_each_term(void **state)
{
	struct budget all;
	struct reason why;

	plan(&all, 0, OUR_KERNEL_KIB, ARCHIVE_KIB);
	assert_int_equal(memory_explain(&all, &why), STOP_MEMORY);
	for (const char *word = "needs\0available\0qemu\0page tables\0rmaps\0margin\0"; *word;
	     word += strlen(word) + 1)
		assert_non_null(strstr(why.detail, word));
}

RUN(T(a_level_knows_its_memory), T(every_term_counts_and_together_they_fit),
    T(a_log_of_writes_has_a_term), T(a_child_gets_what_was_asked_for_as_far_as_that_fits),
    T(a_child_that_recurses_needs_no_rmaps), T(huge_pages_of_a_file_keep_no_page_tables_in_reserve),
    T(a_distributions_kernel_needs_more), T(files_that_are_freed_too_late_do_not_count_as_free),
    T(the_reason_names_each_term))
