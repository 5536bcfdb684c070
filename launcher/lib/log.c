// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/log.h"

#include <string.h>

int log_open(struct log *log, const char *dir, const char *name)
{
	format(log->path, sizeof(log->path), "%s/%s", dir, name);
	log->left = LOG_MAX_BYTES;
	log->file = fopen(log->path, "we");
	return log->file ? 0 : fail("%s: %m", log->path);
}

void log_line(struct log *log, const char *prefix, const char *text, size_t len)
{
	if (!log->file || log->left <= 0)
		return;
	log->left -= fprintf(log->file, "%s", prefix);
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			log->left -= fprintf(log->file, "\\x%02x", (unsigned char)text[i]);
		else
			log->left -= fputc(text[i], log->file) == text[i];
	log->left -= fprintf(log->file, "\n");
	if (log->left <= 0)
		fprintf(log->file, "# more than %d bytes: the rest is left out\n", LOG_MAX_BYTES);
}

int log_close(struct log *log)
{
	FILE *file = log->file;
	bool failed = file && ferror(file);

	log->file = NULL;
	if (file && fclose(file))
		failed = true;
	return failed ? fail("%s: not all of it could be written (disk full?)", log->path) : 0;
}
