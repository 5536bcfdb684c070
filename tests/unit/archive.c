// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "child/archive.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PREPARE "$TOP/tests/unit/archive-tree.sh"

static void sh(const char *script)
{
	if (system(script))
		wrong("failed: %s", script);
}

static void archive_to(const char *path, const char *root, struct archive *a)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(archive_write(root, fd, a), 0);
	close(fd);
}

/*
 * The archive has the same bytes as Linux's own tool makes from the same files, with the right checksums
 * and size.
 */
static void test_same_bytes(void **state)
{
	char expected[65], command[200];
	struct archive a = { .sum[0].path = "boot/bzImage" }, measured = { 0 };
	struct stat st;

	sh(PREPARE);
	archive_to("out.cpio", "tree", &a);
	sh("cmp out.cpio expected.cpio");
	stat("out.cpio", &st);
	assert_int_equal(a.bytes, st.st_size);
	format(command, sizeof(command), "echo '%s  out.cpio' | sha256sum -c --quiet", a.sha256);
	sh(command);
	strcpy(expected, "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5");
	assert_string_equal(a.sum[0].sha256, expected); /* of 12345 */

	assert_int_equal(archive_write("tree", -1, &measured), 0);
	assert_string_equal(measured.sha256, a.sha256);
	assert_int_equal(measured.bytes, a.bytes);
	assert_true(archive_estimate_kib("tree", NULL) == 100003 / 1024);
}

/* An archive with the tag of one that was summed up has that one's checksums; any other has its own. */
static void test_known(void **state)
{
	static const char key[] =
		"85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b";
	struct archive given = { .sum[0].path = "boot/bzImage", .key = key }, a = given, other;
	struct archive_sums known = { .sha256 = "of the archive", .kernel_sha256 = "its kernel's" };

	sh(PREPARE);
	archive_to("out.cpio", "tree", &given);
	strcpy(known.tag, given.tag);
	a.known = &known;
	a.sum[1] = a.sum[0];
	archive_to("again.cpio", "tree", &a);
	sh("cmp again.cpio out.cpio");
	assert_string_equal(a.sha256, known.sha256);
	assert_string_equal(a.sum[0].sha256, known.kernel_sha256);
	assert_string_equal(a.sum[1].sha256, known.kernel_sha256);
	assert_int_equal(a.bytes, given.bytes);

	/* Another kernel for the level below is no part of what is known. */
	sh("cp tree/boot/bzImage tree/boot/other");
	other = (struct archive){ .sum = { { .path = "boot/bzImage" }, { .path = "boot/other" } },
				  .key = key };
	archive_to("out.cpio", "tree", &other);
	strcpy(known.tag, other.tag);
	other.known = &known;
	archive_to("again.cpio", "tree", &other);
	assert_string_equal(other.sha256, known.sha256);
	assert_string_equal(other.sum[0].sha256, known.kernel_sha256);
	assert_string_equal(other.sum[1].sha256, given.sum[0].sha256);

	/* One byte of the kernel is another. */
	strcpy(known.tag, given.tag);
	sh("rm tree/boot/other; printf 12346 >tree/boot/bzImage");
	a.known = &known;
	archive_to("again.cpio", "tree", &a);
	sh("! cmp -s again.cpio out.cpio; sha256sum <again.cpio >sum");
	assert_string_not_equal(a.sha256, known.sha256);
	assert_string_not_equal(a.sum[0].sha256, known.kernel_sha256);
	assert_string_not_equal(a.sum[0].sha256, given.sum[0].sha256);
	assert_true(strlen(a.sum[1].sha256) == 64);
	archive_to("out.cpio", "tree", &(struct archive){ 0 });
	sh("cmp again.cpio out.cpio");
}

/* Files that levels below a certain one do not need are left out of the archive for them only. */
static void test_left_out(void **state)
{
	struct names names;
	struct archive a = { 0 }, whole = { 0 };

	sh("rm -rf tree; mkdir -p tree/opt; head -c 5000 /dev/zero >tree/opt/data; echo a "
	   ">tree/opt/dat;"
	   "echo 2 >until; echo opt/data >>until; echo nowhere >>until");
	assert_int_equal(names_read(&names, "until", 1), 0); /* its child needs them */
	assert_int_equal(names.count, 0);
	a.without = &names;
	archive_to("out.cpio", "tree", &a);
	archive_to("out.cpio", "tree", &whole);
	assert_string_equal(a.sha256, whole.sha256);
	names_free(&names);
	assert_int_equal(names_read(&names, "until", 2), 0);
	archive_to("out.cpio", "tree", &a);
	sh("test \"$(cpio -t --quiet <out.cpio | tr '\\n' ' ')\" = 'opt opt/dat '");
	assert_true(archive_estimate_kib("tree", NULL) == 4);
	names_free(&names);
	assert_int_equal(names_read(&names, "nowhere", 2), 0); /* the usual case */
	assert_int_equal(names.count, 0);
	names_free(&names);
	sh("echo two >until; echo opt/data >>until");
	assert_int_equal(names_read(&names, "until", 2), -1);
	assert_non_null(strstr(last_error(), "until: its first line is not the number of a level"));
}

/* Files that were unpacked from an archive give the same archive again, in whatever order they were created. */
static void test_unpack_and_again(void **state)
{
	struct archive a = { 0 }, b = { .sum[0].path = "boot/bzImage" };

	sh(PREPARE);
	archive_to("out.cpio", "tree", &a);
	sh("set -e; rm -rf copy; mkdir copy; cd copy; cpio -idm --quiet <../out.cpio; cd ..\n"
	   "diff -r --no-dereference -x pipe -x node tree copy");
	archive_to("again.cpio", "copy", &b);
	assert_string_equal(a.sha256, b.sha256);
	sh("rm copy/a.b; printf wxyz >copy/a.b"); /* another inode and time, the same file */
	archive_to("again.cpio", "copy", &b);
	assert_string_equal(a.sha256, b.sha256);
	sh("chmod 0600 copy/a.b");
	archive_to("again.cpio", "copy", &b);
	assert_string_not_equal(a.sha256, b.sha256);
	sh("rm copy/boot/bzImage");
	archive_to("again.cpio", "copy", &b);
	assert_string_equal(b.sum[0].sha256, "");
}

/* If a file grows while it is read, the archive has its first part, and is sound. */
static void test_growing(void **state)
{
	char data[500] = "";
	struct archive a = { 0 };
	pid_t pid;
	int fd;

	sh("rm -rf growing; mkdir growing; echo end >growing/z");
	pid = fork();
	if (!pid) {
		fd = open("growing/log", O_WRONLY | O_CREAT | O_APPEND, 0600);
		for (;; usleep(20))
			if (write(fd, data, sizeof(data)) < 0)
				break;
	}
	for (int i = 0; i < 8; i++) {
		usleep(2000);
		archive_to("out.cpio", "growing", &a);
		sh("test \"$(cpio -t --quiet <out.cpio | tail -n 1)\" = z");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sh("rm -rf growing out.cpio");
}

/* Nested directories whose path is longer than the kernel accepts. */
static void make_deep(const char *name)
{
	int here = open(".", O_RDONLY);

	for (int i = 0; i < 25; i++) {
		char folder[201];

		format(folder, sizeof(folder), i ? "%0200d" : name, i);
		assert_int_equal(mkdir(folder, 0755), 0);
		assert_int_equal(chdir(folder), 0);
	}
	assert_int_equal(fchdir(here), 0);
	close(here);
}

#define SHRINKING "/sys/devices/system/cpu/cpu0/topology"

static void test_failures(void **state)
{
	struct archive a = { 0 };
	int full = open("/dev/full", O_WRONLY);

	sh(PREPARE);
	assert_int_equal(archive_write("tree", full, &a), -1);
	assert_non_null(strstr(last_error(), "cannot write"));
	close(full);
	/* sysfs reports 4096 bytes for its files: like a file that shrinks while it is read */
	if (!access(SHRINKING, R_OK)) {
		assert_int_equal(archive_write(SHRINKING, -1, &a), -1);
		assert_non_null(strstr(last_error(), "changed while it was read"));
	}
	assert_int_equal(archive_write("nowhere", -1, &a), -1);
	assert_non_null(strstr(last_error(), "nowhere"));
	make_deep("deep");
	assert_int_equal(archive_write("deep", -1, &a), -1);
	assert_non_null(strstr(last_error(), "File name too long"));
	sh("rm -rf deep");
}

RUN(T(test_same_bytes), T(test_known), T(test_left_out), T(test_unpack_and_again), T(test_growing),
    T(test_failures))
