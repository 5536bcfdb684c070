// SPDX-License-Identifier: GPL-2.0-or-later
#include "child/child.h"
#include "child/feed.h"
#include "child/gather.h"
#include "child/wire.h"
#include "lib/clock.h"
#include "report/formats.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum vm_terminal child_terminal(const struct decided *d, int level)
{
	if (d->shell == level)
		return VM_TERMINAL_SHELL;
	return d->shell > level || d->exec.input >= level ? VM_TERMINAL_PASSED_ON : VM_NO_TERMINAL;
}

/* ---- what is ready ----------------------------------------------------------------------- */

#define PACE_MAX 1e6

/* A level whose clock runs too fast would use up its time budget without knowing why. */
static void compare_clocks(struct child *c, double child_s)
{
	struct check pace = { "pace", RESULT_PASS, 0, "ratio", "" };
	double s = now_s() - c->vm.start_s;

	if (c->run->teller.report.setup.deterministic) /* its clock counts instructions */
		return;
	/* A child may claim any number; this is the most that one of our records holds. */
	pace.value = s > 0 && child_s > 0 ? child_s / s : 0;
	if (pace.value > PACE_MAX)
		pace.value = PACE_MAX;
	if (c->lead_s > 0)
		check_set(&pace, RESULT_FAIL,
			  "its clock was %.3f s ahead of this level's when it was ready",
			  c->lead_s);
	if (!clock_is_sane(child_s, s, pace.detail, sizeof(pace.detail)))
		pace.result = RESULT_FAIL;
	tell_check(&c->run->teller, c->level, &pace);
}

/* Without these features a child works, but costs many times as much. */
static void compare_features(struct child *c, const struct level *child)
{
	/* KVM passes each of them on, unless this parameter says that it does not use it itself. */
	static const struct {
		const char *name, *parameter;
	} inherited[] = {
		{ "npt", "/sys/module/kvm_amd/parameters/npt" },
		{ "nrip_save", "/sys/module/kvm_amd/parameters/nrips" },
		{ "ept", "/sys/module/kvm_intel/parameters/ept" },
	};
	struct check k = { "features", RESULT_PASS, 0, "features", "" };
	const struct level *self = c->run->teller.self;
	char used[8];

	if (!self || !strcmp(child->cpu_virt, "none")) /* the host chose; or it is not to nest */
		return;
	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++) {
		if (!has_word(self->cpu_features, inherited[i].name) ||
		    read_text(inherited[i].parameter, used, sizeof(used)) || !strchr("Y1", *used))
			continue;
		if (has_word(child->cpu_features, inherited[i].name)) {
			k.value++;
			continue;
		}
		check_set(&k, RESULT_FAIL, "its CPU lacks %s, which this level has and uses",
			  inherited[i].name);
	}
	tell_check(&c->run->teller, c->level, &k);
}

static void child_is_ready(struct child *c)
{
	const struct level *child = &c->run->teller.report.levels[c->level];
	struct record rec;

	record_init(&rec, "level", c->run->teller.from, c->level);
	record_add_number(&rec, "wall_s", now_s() - c->vm.start_s);
	if (c->relay.exits > 0)
		record_add_number(&rec, "boot", c->relay.exits);
	tell(&c->run->teller, &rec);
	if (c->run->teller.self && child->clock_s > 0 && !clock_was_set(c->clock_fd))
		c->lead_s = clock_lead_s(child->clock_s, clock_day_s(), now_s() - c->vm.start_s);
	compare_clocks(c, child->ready_s);
	compare_features(c, child);
	if (c->on_ready)
		c->on_ready(c->context, child);
}

static void level_is_ready(struct child *c, int level)
{
	relay_look(&c->relay); /* now: a moment later the child and its statistics may be gone */
	if (level == c->level)
		child_is_ready(c);
	if (c->counts_chain && c->relay.exits > 0)
		tell_number(&c->run->teller, level, "level", "chain", c->relay.exits);
}

/* ---- the terminal of a shell ------------------------------------------------------------- */

/* Called in the process that passes the terminal on.  Prints what the level with the shell is told. */
static void write_report_so_far(void *context, FILE *f)
{
	struct child *c = context;

	report_finish(&c->run->teller.report);
	formats_print(&c->run->teller.report, REPORT_JSON, f);
}

#define SIGNALS_APART_S 1
static volatile double stopped_s; /* when the first signal came; 0: none */

/*
 * The first signal ends the run in order, a later one at once.  timeout(1) and CI runners send each
 * signal twice, to the process and to its group: that counts as one.
 */
static void on_signal(int number)
{
	double now = now_s();

	if (stopped_s > 0 && now - stopped_s > SIGNALS_APART_S) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	if (!(stopped_s > 0))
		stopped_s = now;
	relay_stop_requested = number;
}

/* A level below has a shell: passes the terminal on to it, either ours or that of the level above. */
static void start_terminal(struct child *c)
{
	struct remote_ends ends = {
		0, 1, -1, c->vm.terminal_in, c->vm.terminal_out, c->vm.control
	};

	if (c->has_parent) {
		ends.person_in = open(TERMINAL_PORT, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		ends.person_out = ends.person_in;
		ends.control_in = open(CONTROL_PORT, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (ends.person_in < 0 || ends.control_in < 0) {
			fail("%s and %s: %m: the shell cannot be reached", TERMINAL_PORT,
			     CONTROL_PORT);
			return;
		}
	}
	sigaction(RELAY_ESCAPE, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	remote_start(&c->remote, &ends, write_report_so_far, c);
	if (c->has_parent) {
		close(ends.person_in);
		close(ends.control_in);
	}
}

static void shell_changed(struct child *c, const struct record *rec)
{
	if (rec->from != c->run->decided.shell) /* no shell was asked for there */
		return;
	remote_finish(&c->remote);
	if (!strcmp(record_get(rec, "state"), "on"))
		start_terminal(c);
}

/* ---- its programs ------------------------------------------------------------------------ */

/*
 * A program's cost is counted from its first record to its last; it includes all that its level does
 * meanwhile.
 */
static void program_changed(struct child *c, const struct record *rec)
{
	struct teller *t = &c->run->teller;
	int64_t before = c->program_exits;
	struct record used;

	relay_look(&c->relay);
	c->program_exits = c->relay.counts_exits ? c->relay.exits : UNKNOWN;
	if (strcmp(record_get(rec, "state"), "off") || before < 0 || c->program_exits < before)
		return;
	record_init(&used, "exec", t->from, c->level);
	record_add(&used, "id", record_get(rec, "id"));
	record_add_number(&used, "exits", c->program_exits - before);
	tell(t, &used);
}

/* ---- what it says ------------------------------------------------------------------------ */

/* Appends a console line of any level to the console log. */
static void keep_text(struct child *c, int level, const char *line)
{
	char prefix[16];

	format(prefix, sizeof(prefix), "L%d| ", level);
	log_line(&c->run->artifacts.console, prefix, line, strlen(line));
}

static enum taken on_record(void *context, const char *line, size_t len)
{
	struct child *c = context;
	struct record rec;
	enum record_verdict verdict = record_decode(&rec, c->run->decided.run_id, line, len);
	int err;

	log_line(&c->run->artifacts.records, "", line, len);
	if (verdict == RECORD_NOISE)
		return IGNORED;
	/* A child may speak only of itself and of the levels below it. */
	if (verdict == RECORD_DAMAGED || rec.from < c->level)
		return REFUSED;
	err = report_add(&c->run->teller.report, &rec);
	if (err)
		return err < 0 ? REFUSED : IGNORED;
	if (rec.from > c->level)
		c->relay.save_restore.all = true;
	if (!strcmp(rec.kind, "text"))
		keep_text(c, rec.about, record_get(&rec, "line"));
	if (!strcmp(rec.kind, "shell"))
		shell_changed(c, &rec);
	if (!strcmp(rec.kind, "ready")) /* its listeners know the cost by now */
		level_is_ready(c, rec.from);
	teller_pass_on(&c->run->teller, &rec);
	if (!strcmp(rec.kind, "exec") && rec.from == c->level)
		program_changed(c, &rec);
	if (!strcmp(rec.kind, "out"))
		return OUTPUT;
	if (strcmp(rec.kind, "end") || rec.from != c->level)
		return TAKEN;
	compare_clocks(c, strtod(record_get(&rec, "up_s"), NULL));
	if (c->vm.serial_records)
		write_all(c->vm.control, "end\n", 4); /* uplink_end() waits for that */
	return LAST;
}

static void on_records_read(void *context)
{
	struct child *c = context;

	teller_flush(&c->run->teller);
}

static void on_console(void *context, const char *line)
{
	struct child *c = context;

	keep_text(c, c->level, line);
	tell_text(&c->run->teller, c->level, "text", "line", line);
}

static void on_line(void *context, const char *line, bool console)
{
	struct child *c = context;

	/* A panicking kernel prints its whole log once more (panic_print=): keep that copy instead. */
	if (c->relay.replays && strstr(line, "Linux version "))
		c->evidence.count[EVIDENCE_LOG] = 0;
	if (console)
		evidence_add(&c->evidence, EVIDENCE_LOG, line);
	else
		gather_registers(&c->evidence, line);
}

static void on_abort(void *context)
{
	struct child *c = context;

	gather_guest(&c->evidence, c->vm.pid);
}

static void on_heartbeat(void *context)
{
	struct child *c = context;
	struct teller *t = &c->run->teller;

	tell_number(t, t->self ? t->from : c->level, "alive", "exits",
		    c->counts_chain && c->relay.exits > 0 ? c->relay.exits : UNKNOWN);
}

/* ---- its end ----------------------------------------------------------------------------- */

/* What damaged or forged records is unknown, but the child cannot be trusted. */
static void tell_bad_records(struct child *c)
{
	struct check k = { "records", RESULT_FAIL, c->relay.bad_records, "records",
			   "refused: damaged, forged or out of order" };

	if (c->relay.bad_records)
		tell_check(&c->run->teller, c->level, &k);
}

static void tell_save_restore(struct child *c, bool broken)
{
	const struct save_restore *s = &c->relay.save_restore;
	struct save_restore_checks k;

	if (!c->run->decided.save_restore || !c->run->teller.self)
		return;
	save_restore_checks(s, broken, &k);
	if (c->no_save_restore)
		check_set(&k.trips, RESULT_SKIP, "%s", c->no_save_restore);
	tell_check(&c->run->teller, c->level, &k.trips);
	if (k.downtime.id[0])
		tell_check(&c->run->teller, c->level, &k.downtime);
	if (k.dirty_log.id[0])
		tell_check(&c->run->teller, c->level, &k.dirty_log);
}

static void tell_end(struct child *c, const struct reason *why)
{
	struct teller *t = &c->run->teller;
	struct relay *r = &c->relay;
	/* A host is not a level, and so cannot be blamed. */
	int about = relay_own_oom(r) && t->self ? t->from : c->level;

	tell_stop(t, about, why);
	for (int i = LAST_LINES - r->last_count; i < LAST_LINES; i++)
		tell_text(t, c->level, "last", "line", r->last[i]);
	if (!stop_is_failure(why->stop))
		return;
	if (t->self)
		gather_kvm(&c->evidence, c->vm.start_s);
	if (about == t->from)
		gather_own_log(&c->evidence);
	tell_evidence(t, about, &c->evidence);
}

/* A user may stop the outermost guest on a host for this long before its time counts again. */
#define PAUSE_S 120

/* On hardware a level is up to 20 times slower than its parent, which knows only its own pace. */
static struct watchdog watchdog_limits(double pace_s, int vcpus)
{
	bool known = pace_s >= 0;
	double s = 5 + 2 * (known ? pace_s : 10);

	return (struct watchdog){ .idle_s = s,
				  .spin_s = s * vcpus, /* all together use that much */
				  .silent_s = 10,
				  .dead_s = known ? 1 + pace_s : 3,
				  .stopped_s = known ? 0 : PAUSE_S,
				  .boot_s = (known ? 60 + 200 * pace_s : 120) * vcpus };
}

/* A child sends heartbeats by its own clock.  In Bochs a second of that takes up to a minute. */
#define BOCHS_SILENT_S 900

/* The child died, or its time was over, before its launcher spoke, and it has less RAM than it needs. */
static void blame_memory(const struct child *c, struct reason *why)
{
	int64_t ram_kib = c->run->teller.report.setup.memory_kib;
	struct reason died = *why;

	if (!c->relay.records && ram_kib >= 0 && ram_kib < c->need_kib &&
	    (stop_is_failure(died.stop) || died.stop == STOP_TIME))
		reason_set(why, STOP_MEMORY,
			   "%lld MiB of RAM is too little; it needs about %lld: %.300s",
			   (long long)ram_kib / KIB_PER_MIB,
			   (long long)(c->need_kib + KIB_PER_MIB - 1) / KIB_PER_MIB, died.detail);
}

/* Passes the standard input on to the level below that has the program. */
static void start_feed(struct child *c)
{
	if (c->run->decided.exec.input < c->level)
		return;
	c->feed = feed_start(c->input, c->vm.terminal_in);
	if (c->feed > 0) { /* only the feed keeps this end of the pipe */
		close(c->vm.terminal_in);
		c->vm.terminal_in = -1;
	}
}

static void supervise(struct child *c)
{
	struct relay *r = &c->relay;
	struct reason why;

	*r = (struct relay){
		.vm = &c->vm,
		.limits = watchdog_limits(c->pace_s, c->vm.vcpus),
		.deadline_s = c->run->decided.deadline_s,
		.heartbeat_s = c->heartbeat_s,
		.beats_always = c->counts_chain,
		.own = c->own,
		.aside = c->aside,
		.save_restore = { .wanted = c->vm.requests >= 0 ? c->run->decided.save_restore : 0,
				  .requests = c->vm.requests,
				  .all = decided_is_last(&c->run->decided, c->level) },
		.context = c,
		.on_record = on_record,
		.on_records_read = on_records_read,
		.on_console = on_console,
		.on_heartbeat = on_heartbeat,
		.on_line = on_line,
		.on_abort = on_abort,
	};
	c->program_exits = UNKNOWN;
	c->lead_s = 0;
	c->clock_fd = clock_watch();
	if (c->vm.stays)
		r->limits.silent_s = BOCHS_SILENT_S;
	evidence_clear(&c->evidence);
	relay_run(r);
	if (c->clock_fd >= 0)
		close(c->clock_fd);
	remote_finish(&c->remote);
	if (r->exits > 0)
		tell_number(&c->run->teller, c->level, "level", "total", r->exits);
	tell_bad_records(c);
	relay_verdict(r, c->run->teller.report.lost_records > 0, &why);
	blame_memory(c, &why);
	tell_save_restore(c, stop_is_failure(why.stop));
	vm_close(&c->vm);
	if (why.stop != STOP_NONE)
		tell_end(c, &why);
}

int child_run(struct child *c, const struct vm_config *config)
{
	if (vm_start(&c->vm, config))
		return -1;
	start_feed(c);
	supervise(c);
	feed_stop(c->feed);
	return 0;
}

/* ---- requests to stop -------------------------------------------------------------------- */

void child_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], NULL, &before);
		if (signals[i] != SIGHUP || before.sa_handler != SIG_IGN) /* ignored: nohup */
			sigaction(signals[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN); /* a closed terminal must not cost us the report */
}

bool child_was_stopped(void)
{
	return relay_stop_requested && relay_stop_requested != RELAY_ESCAPE;
}
