// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/report.h"
#include "report/verdict.h"

#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#define LOST_MAX 1000 /* records that may be missing between two */

void report_init(struct report *r, int requested)
{
	memset(r->used, 0, sizeof(r->used));
	memset(r->next_seq, 0, sizeof(r->next_seq));
	r->stop = STOP_NONE;
	r->reached = r->stop_level = r->console_count = 0;
	r->lost_records = 0;
	r->subtest_count = r->program_count = 0;
	r->ok = r->interrupted = false;
	r->detail[0] = r->command[0] = '\0';
	evidence_clear(&r->evidence);
	r->blame = (struct blame){ 0 };
	r->requested = requested;
	r->keeps_checks_to = MAX_LEVEL;
	r->setup = (struct setup){
		.memory_kib = UNKNOWN, .tsc_khz = UNKNOWN, .smp = 1, .starved_share = UNKNOWN
	};
	r->outermost = MAX_LEVEL + 1;
	r->deepest = r->shell_level = -1;
}

void report_start_clock(struct report *r)
{
	r->began_s = now_s();
	r->began_tsc = __rdtsc();
}

/* All levels count cycles at the same rate, and an emulated CPU counts its host's. */
void report_stop_clock(struct report *r)
{
	double ms = (now_s() - r->began_s) * 1000;

	if (ms > 0 && !r->setup.deterministic)
		r->setup.tsc_khz = (__rdtsc() - r->began_tsc) / ms;
}

/* Initializes a level only when a record is about it: every level keeps a report, and few use all of it. */
struct level *report_level(struct report *r, int level)
{
	if (!r->used[level])
		level_init(&r->levels[level], level);
	r->used[level] = true;
	return &r->levels[level];
}

static int add_fields(struct report *r, struct level *lv, const struct record *rec)
{
	enum field_source source = rec->from == rec->about ? BY_LEVEL : BY_PARENT;
	struct level next;

	(void)r;
	level_copy_figures(&next, lv);
	for (int i = 0; i < rec->count; i++) {
		const struct field *f = level_field(rec->field[i].key);

		if (!f || f->source != source || level_set(&next, f, rec->field[i].value))
			return -1;
	}
	level_copy_figures(lv, &next);
	return 0;
}

/*
 * Checks that a parent makes of its child.  The child can neither send nor replace them, nor take up their
 * room.
 */
static const char *const parents_checks[] = { "archive", "dirty_log", "downtime",
					      "exits",	 "features",  "kernel",
					      "pace",	 "records",   "save_restore" };

bool report_check_is_parents(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(parents_checks); i++)
		if (!strcmp(id, parents_checks[i]))
			return true;
	return false;
}

static bool may_say_check(const struct level *lv, const struct record *rec, const char *id)
{
	bool parents = report_check_is_parents(id);

	if (parents || rec->from != rec->about)
		return parents && rec->from != rec->about;
	return lv->check_count < MAX_CHECKS - (int)ARRAY_SIZE(parents_checks) || lv->ready;
}

static int add_check(struct report *r, struct level *lv, const struct record *rec)
{
	struct check k = { .result = RESULT_PASS };

	format(k.id, sizeof(k.id), "%s", record_get(rec, "id"));
	format(k.unit, sizeof(k.unit), "%s", record_get(rec, "unit"));
	format(k.detail, sizeof(k.detail), "%s", record_get(rec, "detail"));
	sanitize(k.detail);
	if (result_by_name(record_get(rec, "result"), &k.result) || !may_say_check(lv, rec, k.id) ||
	    parse_number(record_get(rec, "value"), &k.value))
		return -1;
	if (lv->level > r->keeps_checks_to)
		return check_is_clean(&k) ? 0 : -1;
	return level_add_check(lv, &k);
}

/*
 * When the time budget ends a level, a check that still runs there has not failed: one that is stuck is
 * found by the level itself, or by the watchdog of the level above.  The levels below it end with it.
 */
static void excuse_unfinished(struct report *r, int level)
{
	for (int i = level; i <= r->deepest; i++)
		for (int c = 0; c < r->levels[i].check_count; c++) {
			struct check *k = &r->levels[i].checks[c];

			if (k->result == RESULT_FAIL && !strcmp(k->detail, CHECK_UNFINISHED))
				check_set(k, RESULT_SKIP, "no time was left");
		}
}

/* A failure outweighs an ordinary end; of two failures the first is the cause. */
static int add_stop(struct report *r, struct level *lv, const struct record *rec)
{
	enum stop stop = stop_by_name(record_get(rec, "reason"));

	if (stop == STOP_NONE)
		return -1;
	if (stop == STOP_TIME)
		excuse_unfinished(r, lv->level);
	if (r->stop && (stop_is_failure(r->stop) || !stop_is_failure(stop)))
		return 0;
	r->stop = stop;
	r->stop_level = rec->about;
	r->console_count = 0;
	evidence_clear(&r->evidence);
	format(r->detail, sizeof(r->detail), "%s", record_get(rec, "detail"));
	sanitize(r->detail);
	return 0;
}

/* A console line of the level that the stop blames, as evidence. */
static int add_last_line(struct report *r, struct level *lv, const struct record *rec)
{
	(void)lv;
	if (!r->stop || rec->about != r->stop_level || r->console_count == REPORT_LINES)
		return 0;
	format(r->console[r->console_count], REPORT_LINE, "%s", record_get(rec, "line"));
	sanitize(r->console[r->console_count++]);
	return 0;
}

/* Other evidence, such as a line of its kernel's log. */
static int add_proof(struct report *r, struct level *lv, const struct record *rec)
{
	const char *part = record_get(rec, "part");

	(void)lv;
	for (int i = 0; i < EVIDENCE_PARTS; i++) {
		if (strcmp(part, evidence_names[i]))
			continue;
		if (r->stop && rec->about == r->stop_level)
			evidence_add(&r->evidence, i, record_get(rec, "line"));
		return 0;
	}
	return -1;
}

static int add_ready(struct report *r, struct level *lv, const struct record *rec)
{
	/* No level is ready before the one above it. */
	if (lv->level > r->outermost && !r->levels[lv->level - 1].ready)
		return -1;
	if (!lv->seen || lv->ready || add_fields(r, lv, rec))
		return -1;
	lv->ready = true;
	return 0;
}

static int add_shell(struct report *r, struct level *lv, const struct record *rec)
{
	(void)rec;
	r->shell_level = lv->level;
	return 0;
}

enum sender { ANYONE, ITSELF, ITSELF_READY };

/* The parent counts a program's exits; everything else comes from the level itself. */
static int add_exec(struct report *r, struct level *lv, const struct record *rec)
{
	bool own = rec->from == rec->about;

	(void)r;
	return lv->ready && own == !*record_get(rec, "exits") ? 0 : -1;
}

/*
 * Who may send each kind of record, and what adds it to the report; NULL: it is only passed on.  Add a
 * kind by adding a line.
 */
static const struct kind {
	const char *name;
	enum sender sender; /* the level that it is about, once ready; or its parent too */
	int (*add)(struct report *r, struct level *lv, const struct record *rec);
} kinds[] = {
	{ "level", ANYONE, add_fields },
	{ "check", ANYONE, add_check },
	{ "ready", ITSELF, add_ready },
	{ "stop", ANYONE, add_stop },
	{ "last", ANYONE, add_last_line },
	{ "proof", ANYONE, add_proof },
	{ "text", ANYONE, NULL },
	{ "alive", ANYONE, NULL },
	{ "shell", ITSELF_READY, add_shell },
	{ "exec", ANYONE, add_exec },
	{ "out", ITSELF_READY, NULL },
	{ "end", ITSELF, NULL },
};

static int add_record(struct report *r, struct level *lv, const struct record *rec)
{
	bool own = rec->from == rec->about;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (strcmp(rec->kind, k->name))
			continue;
		if ((k->sender != ANYONE && !own) || (k->sender == ITSELF_READY && !lv->ready))
			return -1;
		return k->add ? k->add(r, lv, rec) : 0;
	}
	return -1;
}

/* A level that sends a record exists, whatever the record is about. */
static void note_speaker(struct report *r, int level)
{
	report_level(r, level)->seen = true;
	r->outermost = level < r->outermost ? level : r->outermost;
	r->deepest = level > r->deepest ? level : r->deepest;
}

/* Two different records with one sequence number: one of them is forged. */
static bool was_seen(const struct report *r, const struct record *rec)
{
	unsigned int age = r->next_seq[rec->from + 1] - rec->seq;

	return age <= REPORT_SUMS && r->sums[rec->from + 1][rec->seq % REPORT_SUMS] == rec->sum;
}

int report_add(struct report *r, const struct record *rec)
{
	unsigned int *next = &r->next_seq[rec->from + 1];
	struct level *lv;

	if (rec->about < 0 || rec->about < rec->from)
		return -1;
	/* No level speaks before the level above it is ready. */
	if (rec->from > r->outermost && !(r->used[rec->from - 1] && r->levels[rec->from - 1].ready))
		return -1;
	/* A level may report on levels below its child only what came from them. */
	if (rec->from >= 0 && rec->about > rec->from + 1 && !r->used[rec->about])
		return -1;
	if (rec->seq < *next)
		return was_seen(r, rec) ? 1 : -1;
	/* Records do get lost, but not this many: accepting it would silence the sender for good. */
	if (rec->seq - *next > LOST_MAX)
		return -1;
	lv = report_level(r, rec->about);
	if (add_record(r, lv, rec))
		return -1;
	r->lost_records += rec->seq - *next;
	*next = rec->seq + 1;
	r->sums[rec->from + 1][rec->seq % REPORT_SUMS] = rec->sum;
	if (rec->from >= 0)
		note_speaker(r, rec->from);
	return 0;
}

static void set_role(const struct report *r, struct level *lv)
{
	/* L0 owns the CPU; a level that runs another is a hypervisor; the deepest is a guest. */
	strcpy(lv->role, lv->level == 0		  ? "machine"
			 : lv->level < r->reached ? "hypervisor"
						  : "guest");
}

static void find_reached(struct report *r)
{
	r->reached = 0;
	for (int i = r->outermost; i <= r->deepest; i++)
		if (r->levels[i].ready)
			r->reached = i;
	for (int i = r->outermost; i <= r->deepest; i++)
		set_role(r, &r->levels[i]);
}

void report_so_far(struct report *r)
{
	find_reached(r);
	r->stop = STOP_NONE;
	r->ok = false;
	r->detail[0] = '\0';
}

/* A program that reports a failed test has failed, whatever its exit status is. */
static void fail_checks(struct report *r, const struct subtest *t)
{
	struct level *lv = &r->levels[t->level];

	for (int i = 0; t->result == RESULT_FAIL && i < lv->check_count; i++) {
		struct check *k = &lv->checks[i];

		if (k->result == RESULT_FAIL || strcmp(k->id, t->check))
			continue;
		check_set(k, RESULT_FAIL, "its test %s failed", t->id);
	}
}

void report_finish(struct report *r)
{
	for (int i = 0; i < r->subtest_count; i++)
		fail_checks(r, &r->subtests[i]);
	find_reached(r);
	if (!r->stop) {
		r->stop = STOP_LOST;
		r->stop_level = r->deepest < 0 ? 0 : r->deepest;
		format(r->detail, sizeof(r->detail), "no level said why the chain ended");
	}
	r->ok = verdict_ok(r);
}

static bool is_same_subtest(const struct subtest *a, const struct subtest *b)
{
	return a->level == b->level && !strcmp(a->check, b->check) && !strcmp(a->id, b->id);
}

/* If there is no room, a failure replaces a success. */
static struct subtest *find_room(struct report *r, const struct subtest *t)
{
	if (r->subtest_count < SUBTESTS_MAX)
		return &r->subtests[r->subtest_count++];
	if (t->result != RESULT_FAIL)
		return NULL;
	for (int i = SUBTESTS_MAX - 1; i >= 0; i--)
		if (r->subtests[i].result == RESULT_PASS)
			return &r->subtests[i];
	return NULL;
}

int report_add_subtest(struct report *r, const struct subtest *t)
{
	struct subtest *room = NULL;
	int i;

	for (i = 0; i < r->subtest_count && !is_same_subtest(&r->subtests[i], t); i++)
		;
	if (i == r->subtest_count)
		room = find_room(r, t);
	else if (r->subtests[i].result != RESULT_FAIL) /* a failure is never replaced */
		room = &r->subtests[i];
	if (!room)
		return i < r->subtest_count ? 0 : -1;
	*room = *t;
	return 0;
}

struct program_use *report_program(struct report *r, int level, const char *check)
{
	struct program_use *p;

	for (int i = 0; i < r->program_count; i++)
		if (r->programs[i].level == level && !strcmp(r->programs[i].check, check))
			return &r->programs[i];
	if (r->program_count == PROGRAMS_KEPT)
		return NULL;
	p = &r->programs[r->program_count++];
	*p = (struct program_use){
		.level = level, .s = UNKNOWN, .cpu_s = UNKNOWN, .exits = UNKNOWN
	};
	format(p->check, sizeof(p->check), "%s", check);
	return p;
}

double level_boot_s(const struct level *lv)
{
	return !lv->ready ? UNKNOWN : lv->wall_s >= 0 ? lv->wall_s : lv->ready_s;
}

double report_factor(const struct report *r, int level)
{
	const struct level *lv = &r->levels[level], *above = lv - 1;

	if (level <= r->outermost || above->cpuid_cycles <= 0 || lv->cpuid_cycles < 0)
		return UNKNOWN;
	return (double)lv->cpuid_cycles / above->cpuid_cycles;
}

bool report_came_up(const struct report *r)
{
	return r->reached >= r->outermost && r->reached <= r->deepest &&
	       r->levels[r->reached].ready;
}

/* Which level was reached, and what went wrong on the way. */
static void reached(const struct report *r, char *buf, size_t size)
{
	char wanted[24] = "";
	const char *unsound = "";

	if (r->requested != DEPTH_OPEN)
		format(wanted, sizeof(wanted), " of L%d", r->requested);
	for (int i = r->outermost; i <= r->deepest; i++)
		if (!level_sound(&r->levels[i]))
			unsound = ", a check failed";
	format(buf, size, "L%d%s%s", r->reached, wanted, unsound);
}

void report_verdict(const struct report *r, char *buf, size_t size)
{
	char what[64];

	reached(r, what, sizeof(what));
	if (!report_came_up(r))
		format(buf, size, "No level came up");
	else
		format(buf, size, "Reached %s", what);
}

void report_sentence(const struct report *r, char *buf, size_t size)
{
	char what[64];

	reached(r, what, sizeof(what));
	format(buf, size, "reached %s; stopped by %s at L%d: %s", what, stop_names[r->stop],
	       r->stop_level, r->detail);
}

int report_victim(const struct report *r)
{
	for (int i = r->outermost; i >= 0 && i <= r->reached; i++)
		if (r->used[i] && !level_sound(&r->levels[i]))
			return i;
	return r->stop_level;
}
