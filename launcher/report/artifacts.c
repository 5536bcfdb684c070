// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/artifacts.h"
#include "report/formats.h"
#include "report/streams.h"
#include "lib/options.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name;
	int format;
} files[] = { { "report.txt", REPORT_TABLE },
	      { "report.ktap", REPORT_KTAP },
	      { "report.lava", REPORT_LAVA },
	      { "report.json", REPORT_JSON },
	      { "report.html", REPORT_HTML } };

static void remove_file(const char *dir, const char *name, const char *suffix)
{
	char path[600];

	format(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	unlink(path);
}

void artifacts_clear(const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		remove_file(dir, files[i].name, "");
	for (int part = 0; part < EVIDENCE_PARTS; part++)
		remove_file(dir, evidence_names[part], ".txt");
	streams_clear(dir);
}

int artifacts_open(struct artifacts *a, const char *dir)
{
	*a = (struct artifacts){ .dir = dir };
	if (!dir)
		return 0;
	if (mkdir(dir, 0777) && errno != EEXIST)
		return fail("--artifacts %s: cannot make the folder: %m", dir);
	artifacts_clear(dir);
	if (log_open(&a->console, dir, "console.log"))
		return -1;
	return log_open(&a->records, dir, "records.log");
}

static int write_evidence(const char *dir, const struct evidence *e)
{
	struct log log;
	char name[32];
	int err = 0;

	for (int part = 0; part < EVIDENCE_PARTS; part++) {
		if (!e->count[part])
			continue;
		format(name, sizeof(name), "%s.txt", evidence_names[part]);
		if (log_open(&log, dir, name)) {
			err = -1;
			continue;
		}
		for (int i = 0; i < e->count[part]; i++)
			log_line(&log, "", e->line[part][i], strlen(e->line[part][i]));
		err |= log_close(&log);
	}
	return err;
}

int artifacts_close(struct artifacts *a, const struct report *r)
{
	struct log log;
	int err;

	if (!a->dir)
		return 0;
	err = log_close(&a->console);
	err |= log_close(&a->records);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (log_open(&log, a->dir, files[i].name)) {
			err = -1;
			continue;
		}
		formats_print(r, files[i].format, log.file);
		err |= log_close(&log);
	}
	return err | write_evidence(a->dir, &r->evidence);
}
