// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/starved.h"

#include <dirent.h>
#include <stdlib.h>

/* The second number is nanoseconds on a run queue (Documentation/scheduler/sched-stats.rst). */
static double thread_waited_s(int pid, const char *thread)
{
	char path[64], text[80], *end;

	format(path, sizeof(path), "/proc/%d/task/%.16s/schedstat", pid, thread);
	if (read_text(path, text, sizeof(text)))
		return 0;
	strtoull(text, &end, 10);
	return strtoull(end, NULL, 10) / 1e9;
}

void starved_look(struct starved *s, int pid)
{
	const struct dirent *thread;
	double waited_s = 0;
	char path[32];
	DIR *tasks;

	format(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (thread = readdir(tasks)))
		waited_s += *thread->d_name == '.' ? 0 : thread_waited_s(pid, thread->d_name);
	if (tasks)
		closedir(tasks);
	if (waited_s > s->waited_s)
		s->waited_s = waited_s;
}

double starved_share(const struct starved *s, double run_s, int vcpus)
{
	double share = run_s > 0 ? s->waited_s / run_s / vcpus : 0;

	if (s->waited_s <= 0)
		return UNKNOWN;
	return share < 1 ? share : 1;
}
