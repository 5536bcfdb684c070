// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memrchr */
#include "child/relay.h"
#include "child/wire.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASIDE_S 0.5	    /* the longest interval between two looks at other work */
#define LINE_MAX_BYTES 4096 /* longer than any record */
#define BLOCK_BYTES 32768   /* what is read at once: as much as a child sends at once */
/* More than all levels can send: 64 levels, each with a flooded console and its launcher's records. */
#define SPEAKERS 64
#define RECORDS_S (SPEAKERS * LINES_S)
#define RECORDS_BURST (SPEAKERS * (LINES_BURST + 100))
/* A program's output comes in full records, and faster: up to 140 MB/s. */
#define OUTPUTS_A_RECORD 16
/* More than a pipe holds once QEMU has ended; a grandchild may keep the pipe open and go on writing. */
#define DRAIN_BYTES (1 << 20)
/* At any depth our kernel boots in 300 exits, and Debian's on a PC with a serial console in 93,000. */
#define BOOT_EXITS 1000000
/* A kernel that prints much needs more: a character on a UART costs 2 to 4 exits (drivers/tty/serial/8250). */
#define CHARACTER_EXITS 4
#define CHARACTERS_MAX 250000
#define SILENT_BOOTS 10
#define SPIN_BOOTS 2
#define STARVED_SHARE 0.2 /* of a CPU; an emulated child with less is starved */
/* The share of the CPU that QEMU itself uses while its guest is idle */
#define IDLE_SHARE 0.002

/* By then QEMU has printed its registers after KVM's error. */
#define DUMP_US 300000

volatile int relay_stop_requested;

enum { RECORDS, CONSOLE, MESSAGES, ANSWERS, CHANNELS };

struct channel {
	void (*take)(struct relay *r, char *line, size_t len);
	size_t len;
	int fd;
	char start; /* a line begins at the last such character; '\0': there is none */
	char line[LINE_MAX_BYTES + 1];
};

static void take_record(struct relay *r, char *line, size_t len)
{
	switch (r->on_record(r->context, line, len)) {
	case LAST:
		r->ended = true;
		r->records++;
		break;
	case OUTPUT:
		r->outputs++;
		r->records++;
		break;
	case TAKEN:
		r->records++;
		break;
	case REFUSED:
		r->bad_records++;
		break;
	case IGNORED:
		break;
	}
}

/* Keeps the message with which a kernel dies, and the first hint at the cause before it. */
static void look_for_death(struct relay *r, const char *line)
{
	const char *words;
	enum death death = death_in(line, &words);

	if (death == DEATH_NONE)
		return;
	if (death == DEATH_HINT && !r->hint[0])
		strcpy(r->hint, words);
	if (death == DEATH_FINAL && !r->panic[0])
		strcpy(r->panic, words);
	r->dies = true;
	r->dies_records = UNKNOWN;
}

static void take_console(struct relay *r, char *line, size_t len)
{
	r->console_bytes += len;
	r->spoke = true;
	clean_line(line, len, CONSOLE_LINE - 1);
	if (!*line)
		return;
	if (r->panic[0] && !r->replays && strstr(line, "Linux version "))
		r->replays = true;
	r->on_line(r->context, line, true);
	if (r->replays)
		return;
	memmove(r->last[0], r->last[1], sizeof(r->last) - sizeof(r->last[0]));
	strcpy(r->last[LAST_LINES - 1], line);
	if (r->last_count < LAST_LINES)
		r->last_count++;
	look_for_death(r, line);
	if (throttle_pass(&r->console))
		r->on_console(r->context, line);
}

/* Messages that Bochs prints before it has read where its log should go: "00000000000i[PLUGIN] loaded ...". */
static bool is_chatter(const char *line)
{
	return strspn(line, "0123456789") == 11 && !strncmp(line + 11, "i[", 2);
}

/* KVM errors, as QEMU prints them (accel/kvm/kvm-all.c). */
static bool is_kvm_error(const char *line)
{
	return strstr(line, "KVM internal error") || strstr(line, "KVM: entry failed") ||
	       strstr(line, "error: kvm run failed") || strstr(line, "KVM: unknown exit");
}

static void take_message(struct relay *r, char *line, size_t len)
{
	size_t used = strlen(r->messages);

	clean_line(line, len, CONSOLE_LINE - 1);
	if (!*line || (r->vm->stays && is_chatter(line)))
		return;
	r->on_line(r->context, line, false);
	if (used + strlen(line) + 4 < sizeof(r->messages))
		format(r->messages + used, sizeof(r->messages) - used, "%s%s", used ? "; " : "",
		       line);
	/* After such an error QEMU would only stop its machine and wait for a monitor. */
	if (is_kvm_error(line))
		r->abort = ABORT_KVM;
}

static void take_answer(struct relay *r, char *line, size_t len)
{
	(void)len;
	save_restore_answer(&r->save_restore, line, now_s());
	if (r->save_restore.lost)
		r->abort = ABORT_RESTORE;
}

/* Makes room in a line that is too long: a character that begins a line discards everything before it. */
static void drop_noise(struct channel *c, const char **data, size_t *n)
{
	const char *start = memrchr(*data, c->start, *n);

	if (start) {
		*n -= start - *data;
		*data = start;
		c->len = 0;
		return;
	}
	start = memrchr(c->line, c->start, c->len);
	if (!start)
		return;
	c->len -= start - c->line;
	memmove(c->line, start, c->len);
}

/* Adds the bytes between two line ends. */
static void add_piece(struct channel *c, const char *data, size_t n)
{
	if (c->start && n > LINE_MAX_BYTES - c->len)
		drop_noise(c, &data, &n);
	if (n > LINE_MAX_BYTES - c->len)
		n = LINE_MAX_BYTES - c->len;
	memcpy(c->line + c->len, data, n);
	c->len += n;
}

static void split_lines(struct relay *r, struct channel *c, const char *data, size_t n)
{
	const char *end;

	for (; (end = memchr(data, '\n', n)); n -= end + 1 - data, data = end + 1) {
		add_piece(c, data, end - data);
		c->line[c->len] = '\0';
		c->take(r, c->line, c->len);
		c->len = 0;
	}
	add_piece(c, data, n);
}

/* Reads one block, so that no channel starves the others.  Returns the number of bytes. */
static ssize_t read_channel(struct relay *r, struct channel *c)
{
	char data[BLOCK_BYTES];
	ssize_t n = c->fd >= 0 ? read(c->fd, data, sizeof(data)) : 0;

	if (n > 0)
		split_lines(r, c, data, n);
	return n;
}

static void tell_records_read(const struct relay *r)
{
	if (r->on_records_read)
		r->on_records_read(r->context);
}

/* QEMU has ended: what is left in the pipes still counts. */
static void drain(struct relay *r, struct channel *channels, int count)
{
	for (int i = 0; i < count; i++) {
		ssize_t n, total = 0;

		while (total < DRAIN_BYTES && (n = read_channel(r, &channels[i])) > 0)
			total += n;
		n = r->bad_records;
		if (channels[i].len)
			split_lines(r, &channels[i], "\n", 1);
		r->bad_records = n; /* a record cut off by the end is not a forged one */
	}
	tell_records_read(r);
}

void relay_look(struct relay *r)
{
	int64_t total, work;

	if (vm_exits(r->vm, &total, &work))
		return;
	if (work != r->work)
		r->exit_cpu_s = r->cpu_s;
	r->counts_exits = true;
	r->exits = total;
	r->work = work;
}

/*
 * Adds up the time and CPU time since the last look.  If we ourselves were not executed, because the
 * host slept or our own QEMU was stopped, the child was not executed either: that time does not count.
 * Nor does a pause that a user makes with a signal or a debugger.
 */
static void pass_time(struct relay *r)
{
	double now = now_s(), used = vm_cpu_s(r->vm), most = r->limits.idle_s / 2;
	double s = now - r->looked_s < most ? now - r->looked_s : most;

	if (r->limits.stopped_s)
		r->stopped_s = vm_is_stopped(r->vm) ? r->stopped_s + s : 0;
	if (!r->stopped_s || r->stopped_s > r->limits.stopped_s)
		r->clock_s += s;
	r->looked_s = now;
	if (used < 0)
		return;
	r->cpu_s += used - r->used_s < most ? used - r->used_s : most;
	r->used_s = used;
}

/* A child that announced its death and then sends records is alive. */
static void watch_dying(struct relay *r)
{
	if (r->dies_records == UNKNOWN)
		r->dies_records = r->records;
	else if (r->dies_records != r->records)
		r->dies = false;
	if (r->spoke || !r->dies)
		r->dies_s = r->clock_s;
	r->spoke = false;
}

static void look_for_life(struct relay *r)
{
	pass_time(r);
	relay_look(r);
	if (r->cpu_s - r->executed_cpu_s > r->limits.idle_s * IDLE_SHARE) {
		r->executed_s = r->clock_s;
		r->executed_cpu_s = r->cpu_s;
	}
	if (r->records != r->records_before) {
		if (!r->records_before)
			r->spoken_s = r->clock_s;
		r->records_before = r->records;
		r->record_s = r->executed_s = r->clock_s;
		r->record_cpu_s = r->cpu_s;
	}
	watch_dying(r);
}

/*
 * An emulated child that is starved uses little CPU time, and its heartbeats are late.  A level cannot
 * see this: its own host starves it together with its child.
 */
static bool is_silent(const struct relay *r)
{
	double limit_s = r->limits.silent_s + SILENT_BOOTS * r->spoken_s;
	double silent_s = r->clock_s - r->record_s;

	return r->records && silent_s > limit_s &&
	       (r->counts_exits || r->cpu_s - r->record_cpu_s > limit_s * STARVED_SHARE ||
		silent_s > limit_s / STARVED_SHARE);
}

static bool boots_for_ever(const struct relay *r)
{
	double boot_s = r->limits.boot_s;
	int64_t said = r->console_bytes < CHARACTERS_MAX ? r->console_bytes : CHARACTERS_MAX;
	int64_t exits = BOOT_EXITS + CHARACTER_EXITS * said;

	return !r->records && (r->cpu_s > boot_s || r->clock_s > 10 * boot_s || r->exits > exits);
}

/*
 * The levels above us map the memory of a child too: while the child touches new memory, they have
 * exits, and we see none.  The time of its boot shows how slow that makes it.
 */
static double spin_limit_s(const struct relay *r)
{
	return r->limits.spin_s + SPIN_BOOTS * r->spoken_s;
}

/* Whether a round trip of the child's state hangs: QEMU waits for a vCPU, or KVM does not return. */
static bool is_held(const struct relay *r)
{
	return r->save_restore.pending && r->cpu_s - r->asked_cpu_s > spin_limit_s(r);
}

static void save_and_restore(struct relay *r)
{
	bool pending = r->save_restore.pending;

	if (r->records && !r->ended && !r->dies)
		save_restore_step(&r->save_restore, now_s());
	if (!pending)
		r->asked_cpu_s = r->cpu_s;
}

static bool floods(const struct relay *r)
{
	double records = r->records - r->outputs + (double)r->outputs / OUTPUTS_A_RECORD;

	return records > RECORDS_BURST + RECORDS_S * r->clock_s;
}

static void consider_abort(struct relay *r)
{
	const struct watchdog *p = &r->limits;

	if (r->abort)
		return;
	if (relay_stop_requested)
		r->abort = ABORT_USER;
	else if (r->deadline_s && now_s() >= r->deadline_s)
		r->abort = ABORT_TIME;
	else if (floods(r))
		r->abort = ABORT_FLOOD;
	else if (r->closed_s && r->clock_s - r->closed_s > p->idle_s)
		r->abort = ABORT_CLOSED;
	else if (r->dies && r->clock_s - r->dies_s > p->dead_s)
		r->abort = ABORT_DEAD;
	else if (r->clock_s - r->executed_s > p->idle_s)
		r->abort = ABORT_IDLE;
	else if (r->counts_exits && r->cpu_s - r->exit_cpu_s > spin_limit_s(r))
		r->abort = ABORT_SPIN;
	else if (is_held(r))
		r->abort = ABORT_RESTORE;
	else if (is_silent(r))
		r->abort = ABORT_SILENT;
	else if (boots_for_ever(r))
		r->abort = ABORT_BOOT;
}

/* Looks are rare: their cost must be negligible compared with the level's own work. */
static int wait_ms(const struct relay *r, double next_heartbeat_s)
{
	double now = now_s(), wait = r->limits.idle_s / 4;
	double trip = save_restore_wait_s(&r->save_restore, now);

	if (trip >= 0 && trip < wait)
		wait = trip;
	if (r->aside && wait > ASIDE_S)
		wait = ASIDE_S;
	if (r->dies && r->limits.dead_s / 4 < wait)
		wait = r->limits.dead_s / 4;
	if (r->deadline_s && r->deadline_s - now < wait)
		wait = r->deadline_s - now;
	if (next_heartbeat_s && next_heartbeat_s - now < wait)
		wait = next_heartbeat_s - now;
	return wait < 0.001 ? 1 : wait * 1000 + 1;
}

/* Returns true when QEMU has ended. */
static bool wait_and_read(struct relay *r, struct channel *channels, int ms)
{
	const struct aside *a = r->aside;
	struct pollfd fds[CHANNELS + 2 + ASIDE_FDS];

	for (int i = 0; i < CHANNELS; i++)
		fds[i] = (struct pollfd){ .fd = channels[i].fd, .events = POLLIN };
	fds[CHANNELS] = (struct pollfd){ .fd = r->vm->pidfd, .events = POLLIN };
	fds[CHANNELS + 1] = (struct pollfd){ .fd = r->own ? r->own->in : -1, .events = POLLIN };
	for (int i = 0; i < ASIDE_FDS; i++)
		fds[CHANNELS + 2 + i] = (struct pollfd){ .fd = -1 };
	if (a && a->poll)
		a->poll(a->context, fds + CHANNELS + 2);
	poll(fds, ARRAY_SIZE(fds), ms);
	if (r->own)
		own_lines_take(r->own);
	if (a)
		a->step(a->context);
	for (int i = 0; i < CHANNELS; i++)
		if (fds[i].revents && !read_channel(r, &channels[i]))
			channels[i].fd = -1; /* QEMU closed it */
	if (fds[RECORDS].revents)
		tell_records_read(r);
	return fds[CHANNELS].revents & POLLIN;
}

void relay_run(struct relay *r)
{
	struct channel channels[CHANNELS] = {
		[RECORDS] = { .fd = r->vm->records, .take = take_record, .start = '@' },
		[CONSOLE] = { .fd = r->vm->console, .take = take_console },
		[MESSAGES] = { .fd = r->vm->messages, .take = take_message },
		[ANSWERS] = { .fd = r->save_restore.wanted ? r->vm->answers : -1,
			      .take = take_answer },
	};
	double next_heartbeat_s = r->heartbeat_s ? now_s() + r->heartbeat_s : 0;
	int64_t records = 0;
	bool ended = false;

	r->looked_s = r->vm->start_s;
	r->oom_kills_before = system_oom_kills();
	while (!r->abort && !ended) {
		ended = wait_and_read(r, channels, wait_ms(r, next_heartbeat_s));
		look_for_life(r);
		consider_abort(r);
		save_and_restore(r);
		/*
		 * A record that we passed on is a sign of life too.  If each of n levels sent
		 * heartbeats nevertheless, n^2 records would have to be passed on.
		 */
		if (next_heartbeat_s && r->records != records && !r->beats_always)
			next_heartbeat_s = now_s() + r->heartbeat_s;
		records = r->records;
		if (next_heartbeat_s && now_s() >= next_heartbeat_s) {
			r->on_heartbeat(r->context);
			next_heartbeat_s = now_s() + r->heartbeat_s;
		}
		if (channels[RECORDS].fd < 0 && !r->closed_s)
			r->closed_s = r->clock_s;
		ended |= r->ended && r->vm->stays;
	}
	relay_look(r);
	if (r->abort == ABORT_KVM)
		usleep(DUMP_US);
	if (r->abort && r->abort != ABORT_TIME && r->abort != ABORT_USER)
		r->on_abort(r->context);
	r->status = vm_end(r->vm);
	drain(r, channels, CHANNELS);
}

/* mm/oom_kill.c: the two messages with which a kernel gives up for lack of memory. */
static bool is_oom(const char *panic)
{
	return strstr(panic, "Out of memory") || strstr(panic, "System is deadlocked on memory");
}

/*
 * The console counts as evidence only if the child did not end in order, and a hint only if something
 * killed it.
 */
static bool died_on_console(const struct relay *r)
{
	if (r->abort == ABORT_NONE && r->ended)
		return false;
	if (r->panic[0])
		return true;
	return r->hint[0] && r->abort != ABORT_TIME && r->abort != ABORT_USER &&
	       (r->dies || r->abort != ABORT_NONE);
}

static enum stop verdict_of_console(const struct relay *r, struct reason *why)
{
	enum stop stop = is_oom(r->panic) ? STOP_OOM : STOP_PANIC;

	if (!r->panic[0])
		return reason_set(why, stop, "its kernel stopped after an error: %s", r->hint);
	if (strstr(r->panic, DEATH_OF_LAUNCHER))
		return reason_set(why, stop, "%s", r->panic);
	return reason_set(why, stop, "its kernel panicked: %s%s%s", r->panic,
			  r->hint[0] ? "; before that: " : "", r->hint);
}

bool relay_own_oom(const struct relay *r)
{
	return !r->abort && !r->panic[0] && WIFSIGNALED(r->status) &&
	       system_oom_kills() > r->oom_kills_before;
}

static enum stop verdict_of_exit(const struct relay *r, bool lost, struct reason *why)
{
	int status = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1;

	if (r->vm->stays && r->ended && !lost)
		return reason_set(why, STOP_NONE, "%s", "");
	if (relay_own_oom(r))
		return reason_set(why, STOP_OOM,
				  "this level ran out of memory and its kernel killed qemu");
	if (WIFSIGNALED(r->status))
		return reason_set(why, STOP_CRASH, "its %s was killed by signal %d (%s)%s%s",
				  r->vm->name, WTERMSIG(r->status), strsignal(WTERMSIG(r->status)),
				  r->messages[0] ? ": " : "", r->messages);
	if (status == EXIT_STATUS && r->ended && !lost)
		return reason_set(why, STOP_NONE, "%s", "");
	if (status == EXIT_STATUS)
		return reason_set(why, STOP_LOST,
				  r->ended
					  ? "it ended in order, but some of its records are missing"
					  : "it ended in order, but its last record never came");
	if (status)
		return reason_set(why, r->records ? STOP_CRASH : STOP_QEMU,
				  "%s ended with status %d: %.300s", r->vm->name, status,
				  r->messages[0] ? r->messages : "it printed nothing");
	if (strstr(r->messages, "terminating on signal")) /* system/runstate.c */
		return reason_set(why, STOP_CRASH, "its qemu was terminated from outside: %.300s",
				  r->messages);
	return reason_set(
		why, STOP_CRASH,
		"it reset itself without an orderly end: a triple fault, or an unexpected reboot");
}

enum stop relay_verdict(const struct relay *r, bool lost, struct reason *why)
{
	char exits[32] = "exits not counted"; /* without KVM there are none */

	if (died_on_console(r))
		return verdict_of_console(r, why);
	if (r->counts_exits)
		format(exits, sizeof(exits), "exits: %lld", (long long)r->exits);
	switch (r->abort) {
	case ABORT_NONE:
		return verdict_of_exit(r, lost, why);
	case ABORT_TIME:
		return reason_set(why, STOP_TIME, "the time budget was used up");
	case ABORT_USER:
		return reason_set(why, STOP_TIME,
				  relay_stop_requested == RELAY_ESCAPE
					  ? "its shell was left by the escape sequence"
					  : "it was stopped by a signal");
	case ABORT_KVM:
		return reason_set(why, STOP_CRASH, "%.300s", r->messages);
	case ABORT_RESTORE:
		if (r->save_restore.lost)
			return reason_set(why, STOP_CRASH,
					  "its state was saved, but could not be restored: %.200s",
					  r->save_restore.problem);
		return reason_set(why, STOP_HANG,
				  "its qemu did not save and restore it within %.1f s of CPU time "
				  "(%s)",
				  r->cpu_s - r->asked_cpu_s, exits);
	case ABORT_DEAD: /* handled above, with the kernel's message */
		break;
	case ABORT_FLOOD:
		return reason_set(why, STOP_LOST,
				  "it flooded the record channel: %lld records in %.1f s, more "
				  "than all levels together send",
				  (long long)r->records, r->clock_s);
	case ABORT_CLOSED:
		return reason_set(why, STOP_LOST,
				  "its record channel was closed, though its qemu still ran");
	case ABORT_IDLE:
		return reason_set(why, STOP_HANG,
				  "nothing was executed: no CPU time for %.1f s (%s)",
				  r->clock_s - r->executed_s, exits);
	case ABORT_SPIN:
		return reason_set(why, STOP_HANG,
				  "it spins: no exit of its own in %.1f s of CPU time (%s)",
				  r->cpu_s - r->exit_cpu_s, exits);
	case ABORT_SILENT:
		return reason_set(why, STOP_HANG, "its launcher sent nothing for %.1f s (%s)",
				  r->clock_s - r->record_s, exits);
	case ABORT_BOOT:
		return reason_set(why, STOP_HANG,
				  "its launcher did not start within %.1f s, %.1f of CPU time (%s)",
				  r->clock_s, r->cpu_s, exits);
	}
	return reason_set(why, STOP_HANG, "%s", "");
}
