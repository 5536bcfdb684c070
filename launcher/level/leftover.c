// SPDX-License-Identifier: GPL-2.0-or-later
#include "level/leftover.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS \
	200 /* a process that keeps forking is killed before it gets far, but that takes some rounds */
#define ROUND_US 5000
#define KTHREADD 2

struct process {
	int parent, session;
	char state;
	unsigned long long start;
};

/* proc(5): the name, in parentheses, may contain anything. */
static int read_process(const char *pid, struct process *p)
{
	char path[64], text[1024], *behind;

	format(path, sizeof(path), "/proc/%.20s/stat", pid);
	if (read_text(path, text, sizeof(text)) || !(behind = strrchr(text, ')')))
		return -1;
	return sscanf(behind + 1,
		      " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		      "%llu",
		      &p->state, &p->parent, &p->session, &p->start) == 4
		       ? 0
		       : -1;
}

void leftover_begin(struct leftover *l)
{
	l->since = now_s() * sysconf(_SC_CLK_TCK);
}

static bool is_leftover(const struct leftover *l, int pid, const struct process *p)
{
	return pid > KTHREADD && p->parent != KTHREADD && p->session != getsid(0) &&
	       p->start >= l->since;
}

/* Returns the number of processes that were alive. */
static int kill_round(const struct leftover *l, int signal)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct process p;
	int alive = 0;

	while (dir && (entry = readdir(dir))) {
		int pid = atoi(entry->d_name);

		if (pid <= 0 || read_process(entry->d_name, &p) || !is_leftover(l, pid, &p))
			continue;
		if (p.state == 'Z') {
			if (p.parent == getpid())
				waitpid(pid, NULL, WNOHANG);
			continue;
		}
		alive++;
		kill(pid, signal);
	}
	if (dir)
		closedir(dir);
	return alive;
}

int leftover_kill(const struct appliance *a, const struct leftover *l)
{
	int alive;

	if (!a) /* on a host the processes may be anybody's */
		return 0;
	alive = kill_round(l, SIGSTOP); /* so that none can fork while others die */
	for (int i = 0; i < ROUNDS && alive; i++) {
		alive = kill_round(l, SIGKILL);
		if (alive)
			usleep(ROUND_US);
	}
	return alive;
}
