// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE /* memfd_create, sched_setaffinity, strsep */
#include "level/cpus.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 8	      /* contents in turn: a stale one matches again only after this many rounds */
#define END INT32_MAX /* in place of the number of a round: no more follow */
#define KILL_MS 1000

int cpus_ours(int cpu[CPUS_MAX])
{
	int count = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (int i = 0; i < CPU_SETSIZE && count < CPUS_MAX; i++)
		if (CPU_ISSET(i, &set))
			cpu[count++] = i;
	return count;
}

/* "0-3,5", Documentation/admin-guide/cputopology.rst */
int cpus_listed(const char *path)
{
	char text[256], *rest = text, *range;
	int first, last, count = 0;

	if (read_text(path, text, sizeof(text)))
		return 0;
	while ((range = strsep(&rest, ",")))
		switch (sscanf(range, "%d-%d", &first, &last)) {
		case 1:
			count++;
			break;
		case 2:
			count += last - first + 1;
		}
	return count;
}

void cpus_bring_up(const struct appliance *a)
{
	int present = cpus_listed(CPUS_PRESENT);
	char path[64];

	for (int i = 1; i < present; i++) {
		format(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", i);
		system_write(a, path, "1");
	}
}

int cpus_move(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (cpu < 0 || i == cpu)
			CPU_SET(i, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* ---- a thread on each CPU ---------------------------------------------------------------- */

/* Memory that the caller shares with the process of the threads. */
struct scene {
	struct together t;
	int count, cpu[CPUS_MAX];
	atomic_int token[CPUS_MAX]; /* the round in which the CPU has the token */
	_Atomic int64_t newest_ns;  /* the newest time that any CPU has read */
	volatile int *page;	    /* the page, whose mapping changes */
	atomic_int announced;	    /* the content that all must see now, or a newer one */
	atomic_bool told;	    /* an error was reported */
};

struct thread {
	struct scene *scene;
	void (*act)(struct scene *s, int me);
	int me;
	pthread_t id;
};

static void say(struct scene *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct scene *s, const char *fmt, ...)
{
	va_list args;

	if (atomic_exchange(&s->told, true)) /* only the first error is reported */
		return;
	va_start(args, fmt);
	vsnprintf(s->t.wrong, sizeof(s->t.wrong), fmt, args);
	va_end(args);
}

static bool is_over(const struct scene *s)
{
	return atomic_load(&s->told) || (s->t.until_s && now_s() > s->t.until_s);
}

static void *run_thread(void *argument)
{
	struct thread *th = argument;
	struct scene *s = th->scene;

	if (cpus_move(s->cpu[th->me]))
		say(s, "cannot move a thread to CPU %d: %s", s->cpu[th->me], strerror(errno));
	th->act(s, th->me);
	return NULL;
}

static void run_threads(struct scene *s, void (*act)(struct scene *s, int me))
{
	struct thread threads[CPUS_MAX];
	int err;

	for (int i = 0; i < s->count; i++) {
		threads[i] = (struct thread){ s, act, i, 0 };
		err = pthread_create(&threads[i].id, NULL, run_thread, &threads[i]);
		if (err) {
			say(s, "cannot make a thread for CPU %d: %s", s->cpu[i], strerror(err));
			_exit(1);
		}
	}
	for (int i = 0; i < s->count; i++)
		pthread_join(threads[i].id, NULL);
	_exit(0);
}

/* Waits for its end, at most LIMIT_S. */
static void await(struct scene *s, pid_t pid)
{
	struct pollfd end = { syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };

	if (end.fd < 0 || poll(&end, 1, s->t.limit_s * 1000) != 1)
		say(s, "stuck after %d of %d rounds: no end within %.1f s", s->t.done, s->t.rounds,
		    s->t.limit_s);
	kill(pid, SIGKILL);
	/* A thread that waits in the kernel for another CPU does not die. */
	if (end.fd >= 0 && poll(&end, 1, KILL_MS) == 1)
		waitpid(pid, NULL, 0);
	if (end.fd >= 0)
		close(end.fd);
}

static void act_together(struct together *t, void (*act)(struct scene *s, int me))
{
	struct scene *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (s == MAP_FAILED) {
		format(t->wrong, sizeof(t->wrong), "no memory: %s", strerror(errno));
		return;
	}
	s->t = *t;
	s->count = cpus_ours(s->cpu);
	pid = fork();
	if (!pid)
		run_threads(s, act);
	if (pid < 0)
		say(s, "cannot make a process: %s", strerror(errno));
	else
		await(s, pid);
	*t = s->t;
	munmap(s, sizeof(*s));
}

/* ---- interrupts -------------------------------------------------------------------------- */

static void futex(atomic_int *word, int op, int value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static int await_token(struct scene *s, int me, int before)
{
	int round;

	while ((round = atomic_load(&s->token[me])) == before)
		futex(&s->token[me], FUTEX_WAIT, before);
	return round;
}

static void give_token(struct scene *s, int to, int round)
{
	atomic_store(&s->token[to], round);
	futex(&s->token[to], FUTEX_WAKE, 1);
}

static void pass_on(struct scene *s, int me)
{
	int next = (me + 1) % s->count;

	for (int round = 0; round != END;) {
		if (!me) { /* the first CPU starts each round, and the end */
			bool more = round < s->t.rounds && !is_over(s);

			give_token(s, next, more ? round + 1 : END);
			round = more ? await_token(s, me, round) : END;
			s->t.done += more;
		} else {
			round = await_token(s, me, round);
			if (round != END || next)
				give_token(s, next, round);
		}
	}
}

void cpus_pass_token(struct together *t)
{
	act_together(t, pass_on);
}

/* ---- clocks ------------------------------------------------------------------------------ */

static int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void read_clock(struct scene *s, int me)
{
	int64_t newest, now;
	int done;

	for (done = 0; done < s->t.rounds && !is_over(s); done++) {
		newest = atomic_load(&s->newest_ns);
		now = clock_ns();
		if (now < newest)
			say(s, "CPU %d is %lld ns behind another", s->cpu[me],
			    (long long)(newest - now));
		while (now > newest && !atomic_compare_exchange_weak(&s->newest_ns, &newest, now))
			;
	}
	if (!me)
		s->t.done = done;
}

void cpus_read_clocks(struct together *t)
{
	act_together(t, read_clock);
}

/* ---- TLBs -------------------------------------------------------------------------------- */

typedef int content[PAGE / sizeof(int)];

static void *map(int fd, void *at, int pages, int offset)
{
	void *p = mmap(at, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE | (at ? MAP_FIXED : 0), fd, offset * PAGE);

	return p == MAP_FAILED ? NULL : p;
}

/* The content is the number of the round. */
static void change_page(struct scene *s)
{
	int fd = memfd_create("pages", MFD_CLOEXEC);
	content *pages = fd < 0 || ftruncate(fd, PAGES * PAGE) ? NULL : map(fd, NULL, PAGES, 0);
	int *page = pages ? map(fd, NULL, 1, 0) : NULL;

	s->page = page;
	for (int round = 1; page && round <= s->t.rounds && !is_over(s); round++) {
		pages[round % PAGES][0] = round;
		page = map(fd, page, 1, round % PAGES);
		atomic_store(&s->announced, round);
		s->t.done = round;
	}
	if (!page)
		say(s, "cannot map a page: %s", strerror(errno));
	atomic_store(&s->announced, END);
}

static void read_page(struct scene *s, int me)
{
	int least, is;

	while ((least = atomic_load(&s->announced)) != END) {
		is = least ? *s->page : 0;
		if (!least)
			sched_yield();
		if (is < least)
			say(s, "CPU %d saw a page as it was in round %d, but it was round %d",
			    s->cpu[me], is, least);
	}
}

static void remap(struct scene *s, int me)
{
	if (me)
		read_page(s, me);
	else
		change_page(s);
}

void cpus_remap(struct together *t)
{
	act_together(t, remap);
}
