// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/next_level.h"
#include "child/cmdline.h"
#include "child/firmware.h"
#include "child/uplink.h"
#include "child/wire.h"
#include "level/boot_exits.h"
#include "level/kvm.h"
#include "level/thorough.h"
#include "lib/entropy.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Paths in the appliance. */
#define BUSYBOX_PATH "/bin/busybox"
#define FIRMWARE_DIR "/share"
#define QBOOT_PATH FIRMWARE_DIR "/qboot.rom"
#define FIRMWARE_PATH "/run/firmware.rom" /* for a level whose kernel is not ours */
#define ROOT_VIEW "/run/root" /* the files that we were unpacked from, without mounts on them */

/* ---- whether there is one ---------------------------------------------------------------- */

/* The user of a shell may start another run, which needs the kernel once more. */
static bool keeps_kernel(const struct life *l)
{
	const struct options *o = &l->run.asked;

	return !appliance_is_init(l->appliance) || o->start == START_MANUAL || o->end == END_SHELL;
}

/* Once the child runs, only a hook, a program or a shell can still call busybox. */
static bool keeps_shell(const struct life *l)
{
	return keeps_kernel(l) || life_runs_payloads(l) || appliance_has_hook() ||
	       l->run.decided.shell == l->run.teller.from;
}

/* Memory of the files that are freed when the child is ready. */
static int64_t freed_kib(const struct life *l)
{
	return l->archive.bytes / 1024 + (keeps_kernel(l) ? 0 : kernel_all_kib()) +
	       (keeps_shell(l) ? 0 : file_freed_kib(BUSYBOX_PATH));
}

/* Whether the guests of this level's KVM recurse. */
static bool recurses(const struct life *l)
{
	return l->platform.kvm_recurses && l->run.decided.nesting == NESTING_RECURSIVE;
}

void next_level_mount_memory(struct life *l)
{
	l->huge_files = !vm_sets_memory(l->run.asked.qemu_args) && memory_mount_huge(l->appliance);
}

static void plan_memory(struct life *l, int64_t archive_kib)
{
	const struct options *o = &l->run.asked;
	int level = l->run.teller.from + 1;
	struct demand d = {
		.wanted_kib = o->memory_kib ? o->memory_kib : o->mem_kib,
		.kernel_kib = l->child_file.init_kib,
		.archive_kib = archive_kib,
		.vcpus = l->run.decided.smp,
		.devices_kib = child_terminal(&l->run.decided, level) ? VM_TERMINAL_KIB : 0,
		.freed_kib = freed_kib(l),
		.recurses = recurses(l),
		.provided = recurses(l) && kvm_provides_recursion(),
		.huge_files = l->huge_files,
		.logged = l->run.decided.save_restore > 0,
	};

	memory_plan(&l->budget, &d);
}

static enum stop consider_child(struct life *l, int64_t archive_kib)
{
	const struct decided *d = &l->run.decided;
	const struct level *self = l->run.teller.self;
	struct reason *why = &l->why;

	if (decided_is_last(d, self->level))
		return reason_set(why, STOP_DEPTH, "depth %d was asked for and reached",
				  self->level);
	if (!l->platform.have_virt)
		return reason_set(why, STOP_NO_VIRT, "%s", l->platform.virt_problem);
	if (!l->platform.have_kvm)
		return reason_set(why, STOP_NO_KVM, "%s", l->platform.kvm_problem);
	if (d->nesting == NESTING_RECURSIVE && life_is_outermost(l) && !l->platform.kvm_recurses)
		return reason_set(
			why, STOP_NO_VIRT,
			"nest.nesting=recursive, but this CPU has no recursive SVM, and this KVM "
			"does not provide it: supernest's own kernel does, on an AMD CPU with "
			"nested paging and virtual GIF");
	if (d->enlightened && !l->platform.kvm_enlightens)
		return reason_set(
			why, STOP_NO_VIRT,
			"nest.enlightened=on, but the KVM of L%d offers no enlightened VMCS: %s",
			self->level,
			strcmp(self->cpu_virt, "vmx")
				? "only VT-x has one, and this CPU has AMD-V"
				: "its kernel lacks CONFIG_KVM_HYPERV; the appliance's own and "
				  "distributions' kernels have it (--kernel, --levels)");
	plan_memory(l, archive_kib);
	if (!memory_fits(&l->budget))
		return memory_explain(&l->budget, why);
	/* A child is slower than its parent: the time that our own boot took is certainly not enough. */
	if (d->deadline_s && now_s() + self->ready_s > d->deadline_s)
		return reason_set(why, STOP_TIME, "no time is left for another level");
	return STOP_NONE;
}

void next_level_consider(struct life *l, int64_t archive_kib)
{
	if (!l->why.stop)
		consider_child(l, archive_kib);
}

/* ---- its initramfs ----------------------------------------------------------------------- */

int64_t next_level_estimate_kib(struct life *l)
{
	names_free(&l->left_out);
	names_read(&l->left_out, UNTIL_PATH, l->run.teller.from);
	return archive_estimate_kib("/", &l->left_out);
}

/* The checksums of what the level above gave us; false if it sent none. */
static bool sums_handed_down(const struct life *l, struct archive_sums *s)
{
	return sscanf(l->run.asked.sums, "%32[0-9a-f]:%64[0-9a-f]:%64[0-9a-f]", s->tag, s->sha256,
		      s->kernel_sha256) == 3;
}

/*
 * Writes the archive for the child, if there will be one, and computes the checksum of our own archive,
 * which is the same unless files are left out.  SHA-256 took half of a level's boot, so only the
 * outermost and the deepest level compute it.  A level in between shows by a tag, which is cheap, that
 * it has what its parent gave it.
 */
static int write_archive(struct life *l, bool for_child)
{
	struct level *self = l->run.teller.self;
	struct archive own;
	struct archive_sums known;
	char key[SEED_SIZE];
	int fd = -1, err;

	entropy_derive(l->run.decided.run_id, 0, key);
	l->archive.key = for_child ? key : NULL;
	l->archive.known = for_child && sums_handed_down(l, &known) ? &known : NULL;
	own = l->archive;
	own.without = NULL;
	l->archive.without = for_child ? &l->left_out : NULL;
	if (l->left_out.count) /* the child's archive differs */
		l->archive.known = NULL;
	mkdir(ROOT_VIEW, 0755);
	if (system_mount(l->appliance, "/", ROOT_VIEW, NULL, MS_BIND, NULL))
		return fail("cannot see our own files at %s: %m", ROOT_VIEW);
	if (for_child)
		fd = open(ARCHIVE_PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (for_child && fd < 0)
		err = fail("%s: %m", ARCHIVE_PATH);
	else
		err = archive_write(ROOT_VIEW, fd, &l->archive);
	if (fd >= 0)
		close(fd);
	if (err) /* no room for it: the level above still wants to compare the checksums */
		archive_write(ROOT_VIEW, -1, &l->archive);
	if (for_child && l->left_out.count)
		err |= archive_write(ROOT_VIEW, -1, &own);
	else
		own = l->archive;
	system_unmount(l->appliance, ROOT_VIEW);
	rmdir(ROOT_VIEW);
	l->archive.key = NULL;
	l->archive.known = NULL;
	strcpy(self->archive_sha256, own.sha256);
	strcpy(self->kernel_sha256, own.sum[0].sha256);
	return err;
}

void next_level_write_archive(struct life *l)
{
	bool for_child = !l->why.stop;

	if (write_archive(l, for_child) && for_child)
		reason_set(&l->why, STOP_MEMORY, "%s", last_error());
}

/* ---- programs that run beside it --------------------------------------------------------- */

static bool runs_beside_child(const struct life *l)
{
	return life_runs_payloads(l) && l->run.decided.exec.when == EXEC_PARENT;
}

static void poll_payloads(void *context, struct pollfd *fds)
{
	struct life *l = context;

	if (l->payloads.teller) /* the child is ready */
		payloads_poll(&l->payloads, fds);
}

static void step_payloads(void *context)
{
	struct life *l = context;

	if (l->payloads.teller)
		payloads_step(&l->payloads);
}

/* ---- when it is ready -------------------------------------------------------------------- */

/* Equal checksums prove that the child runs the intended kernel and has the same files. */
static void compare_sums(struct life *l, const struct level *child)
{
	struct check archive = { "archive", RESULT_PASS, l->archive.bytes, "bytes", "" };
	struct check kernel = { "kernel", RESULT_PASS, 1, "bool", "" };
	const char *release = l->child_file.release;
	struct teller *t = &l->run.teller;

	if (strcmp(child->archive_sha256, l->archive.sha256))
		check_set(&archive, RESULT_FAIL,
			  "its checksum differs from that of the initramfs that it was given: it "
			  "changed on the way");
	if (strcmp(child->kernel_sha256, l->archive.sum[1].sha256))
		check_set(&kernel, RESULT_FAIL,
			  "its checksum differs from that of the kernel that it was given: it "
			  "changed on the way");
	else if (*release && strcmp(child->kernel, release))
		check_set(&kernel, RESULT_FAIL, "it runs %.30s, but its file is %.30s",
			  child->kernel, release);
	kernel.value = kernel.result == RESULT_PASS;
	tell_check(t, child->level, &archive);
	tell_check(t, child->level, &kernel);
}

/* Whether nothing that the user asked for makes the child's boot cost more exits than usual. */
static bool boots_as_usual(const struct life *l, int level)
{
	const struct decided *d = &l->run.decided;

	return !*l->run.asked.qemu_args && !d->set.count && !d->save_restore &&
	       !setting_of(&d->cpus, level) && !child_terminal(d, level) && !appliance_has_hook();
}

/* A warning and not a failure: the level works, and the reason may be the machine's. */
static void compare_exits(struct life *l, const struct level *child)
{
	const struct relay *r = &l->child.relay;
	const struct vm *vm = &l->child.vm;
	struct check k;

	if (!r->counts_exits || !boot_exits_are_many(r->work, child->wall_s, vm->vcpus) ||
	    !boots_as_usual(l, child->level) || !boot_exits_are_known(l->archive.sum[1].sha256))
		return;
	boot_exits_warn(&k, vm->vcpus, r->exits, vm_stat, vm);
	tell_check(&l->run.teller, child->level, &k);
}

void next_level_is_ready(void *context, const struct level *child)
{
	struct life *l = context;
	struct teller *t = &l->run.teller;

	if (runs_beside_child(l))
		life_begin_payloads(l);
	compare_sums(l, child);
	compare_exits(l, child);
	memory_settle(t->self, child->total_kib,
		      vm_anonymous_kib(&l->child.vm, t->self->child_kib));
	tell_level(t, "level");
	free_file(l->appliance, ARCHIVE_PATH);
	if (!keeps_kernel(l))
		kernel_free_all(l->appliance);
	if (!keeps_shell(l))
		free_file(l->appliance, BUSYBOX_PATH);
	unlink(FIRMWARE_PATH);
}

/* ---- how it is started ------------------------------------------------------------------- */

/* Which machine the next level's kernel boots on. */
static int choose_machine(const struct life *l, struct vm_config *config, char *options,
			  size_t size)
{
	char built[65];

	if (read_whole(MACHINE_PATH, options, size) && errno == EFBIG)
		return fail("%s: %m", MACHINE_PATH);
	appliance_built_sum(KERNEL_PATH, built);
	config->machine_options = options;
	config->machine = VM_MICROVM;
	if (*built && strcmp(built, l->archive.sum[1].sha256) &&
	    !firmware_write(QBOOT_PATH, FIRMWARE_PATH, config->vcpus)) {
		config->machine = VM_FIRMWARE;
		config->firmware = FIRMWARE_PATH;
	}
	if (isalpha((unsigned char)*options)) /* a name: the user's choice */
		config->machine = VM_NAMED;
	return 0;
}

/* If exits are expensive, ticks must be rarer.  Only our kernel has the parameter. */
static void append_tick(const struct life *l, char *parameters, size_t size)
{
	const struct teller *t = &l->run.teller;
	char word[32];
	int jiffies;

	if (l->platform.tsc_khz < 1 || t->self->cpuid_cycles <= 0)
		return;
	jiffies = cmdline_tick_jiffies(t->self->cpuid_cycles / l->platform.tsc_khz / 1000,
				       t->from + 1, recurses(l));
	if (jiffies == 1)
		return;
	format(word, sizeof(word), "tick_jiffies=%d", jiffies);
	append_word(parameters, size, word);
}

/* Only if there is room for them: without them the child computes its checksums itself. */
static void append_sums(const struct archive *a, char cmdline[CMDLINE_SIZE])
{
	char word[sizeof(((struct options *)0)->sums) + 16];

	if (!*a->sum[1].sha256) /* there is no kernel among the child's files */
		return;
	format(word, sizeof(word), " nest.sums=%s:%s:%s", a->tag, a->sha256, a->sum[1].sha256);
	if (strlen(cmdline) + strlen(word) < CMDLINE_SIZE - CMDLINE_OWN)
		strcat(cmdline, word);
}

static int make_cmdline(const struct life *l, bool foreign, char *cmdline)
{
	const struct teller *t = &l->run.teller;
	char parameters[1024];

	if (cmdline_read(PARAMETERS_PATH, t->self->cpu_virt, foreign ? "any" : "own", parameters,
			 sizeof(parameters)))
		return -1;
	if (!l->platform.child_xsave)
		append_word(parameters, sizeof(parameters), "noxsave");
	/*
	 * The kernel patches its code as it boots, for KVM in about 300 places.  Each would cost three
	 * interrupts to each CPU (text_poke_bp), so life_start_cpus() starts the other CPUs when that is
	 * done.
	 */
	if (l->run.decided.smp > 1 && !foreign)
		append_word(parameters, sizeof(parameters), "maxcpus=1");
	if (l->platform.kvm_recurses && l->run.decided.nesting == NESTING_CLASSIC)
		append_word(parameters, sizeof(parameters), "kvm_amd.recursion=0");
	if (!foreign)
		append_tick(l, parameters, sizeof(parameters));
	if (l->platform.kvm_nested == 1)
		cmdline_offer(t->self->cpu_virt, parameters, sizeof(parameters));
	if (cmdline_make(&l->run.decided, t->from + 1, t->self->ready_s, parameters, cmdline))
		return -1;
	append_sums(&l->archive, cmdline);
	return 0;
}

/* There is no next level, because of the last error. */
static void tell_no_child(struct life *l)
{
	struct teller *t = &l->run.teller;

	reason_set(&l->why, STOP_QEMU, "%s", last_error());
	tell_stop(t, t->from + 1, &l->why);
}

/* Why the child's state is not saved and restored; NULL: it can be.  See docs/found/qemu-busy-tss.md. */
static const char *why_no_save_restore(const struct life *l)
{
	return guests_are_inexact(l->run.teller.self) ? "on this QEMU its programs would lose "
							"their ports; not on that of make emulator"
						      : NULL;
}

static void prepare_child(struct life *l)
{
	const struct teller *t = &l->run.teller;
	struct child *c = &l->child;

	c->level = t->from + 1;
	c->run = &l->run;
	c->pace_s = t->self->ready_s;
	c->heartbeat_s = l->has_parent ? life_heartbeat_s(l) : 0;
	c->counts_chain = life_is_outermost(l);
	c->has_parent = l->has_parent;
	if (l->run.decided.exec.input > t->from)
		c->input = uplink_input(&l->uplink);
	c->own = &l->own_lines;
	c->no_save_restore = why_no_save_restore(l);
	c->on_ready = next_level_is_ready;
	c->context = l;
	if (runs_beside_child(l)) {
		l->aside = (struct aside){ poll_payloads, step_payloads, l };
		c->aside = &l->aside;
	}
}

void next_level_run(struct life *l)
{
	struct teller *t = &l->run.teller;
	char cmdline[CMDLINE_SIZE], options[256];
	struct vm_config config = {
		.appliance = l->appliance,
		.qemu = QEMU_PATH,
		.firmware_dir = FIRMWARE_DIR,
		.kernel = l->child_kernel,
		.initramfs = ARCHIVE_PATH,
		.cmdline = cmdline,
		.cpu = setting_of(&l->run.decided.cpus, t->from + 1),
		.extra_args = l->run.asked.qemu_args,
		.memory_kib = l->budget.child_kib,
		.memory_folder = l->huge_files ? MEMORY_FOLDER : NULL,
		.vcpus = l->run.decided.smp,
		.kvm = true,
		.terminal = child_terminal(&l->run.decided, t->from + 1),
		.monitor = l->run.decided.save_restore && !why_no_save_restore(l),
	};

	if (choose_machine(l, &config, options, sizeof(options)) ||
	    make_cmdline(l, config.firmware, cmdline)) {
		tell_no_child(l);
		return;
	}
	config.enlightened = config.firmware && l->run.decided.enlightened;
	memory_terms(t->self, &l->budget);
	tell_level(t, "level");
	platform_prepare_kvm(l->appliance);
	prepare_child(l);
	if (child_run(&l->child, &config))
		tell_no_child(l);
	if (l->child.aside && l->payloads.teller) /* they take longer than the child */
		payloads_run(&l->payloads, life_heartbeat_s(l), life_heartbeat, l);
}
