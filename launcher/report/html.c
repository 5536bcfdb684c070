// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html.h"
#include "lib/numbers.h"
#include "lib/options.h"
#include "report/svg.h"

#include <string.h>

_Static_assert(FILES_MAX <= PLOT_MAX, "each file that is named has its mark");

struct page {
	const struct report *const *r;
	const char *const *name;
	int count;
	FILE *out;
};

static const char style[] =
	"*{box-sizing:border-box}"
	"html{color-scheme:light dark;-webkit-text-size-adjust:100%}"
	"body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"
	"'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-variant-numeric:tabular-nums;"
	"overflow-wrap:anywhere}"
	"main{max-width:1120px;margin:0 auto;padding:28px 16px 56px}"
	"section{border-top:1px solid var(--line);margin-top:44px;padding-top:24px}"
	"h1{font-size:clamp(34px,5.5vw,54px);line-height:1.1;letter-spacing:-.02em;margin:14px 0}"
	"h2{font-size:22px;line-height:1.3;margin:0 0 8px}h3{font-size:16px;margin:0 0 8px}"
	"p{margin:0 0 12px;max-width:70ch}.lead{font-size:20px;line-height:1.4}"
	"small,.m,dt,th,li span,figcaption span{color:var(--mute)}small,dt,th,li "
	"span{font-size:14px}"
	".ok,.bad{font-size:14px;font-weight:600;border:1.5px solid;border-radius:4px;padding:1px "
	"7px}"
	".ok,.o{color:var(--ok)}.bad,.x{color:var(--bad)}"
	".hero,.grid{display:grid;gap:36px 48px}"
	".grid{grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr))}"
	"@media(min-width:820px){.hero{grid-template-columns:1fr 1fr;align-items:center}}"
	"figure{margin:0;min-width:0}figcaption{font-weight:600;margin-bottom:10px}"
	"figcaption span{font-weight:400}figure p{margin-top:8px}"
	"svg{display:block;width:100%;max-width:400px;overflow:visible}.hero svg{max-width:480px}"
	"svg .c{text-anchor:middle}.hollow{fill:var(--bg)}"
	".key{display:inline-block;width:16px;height:16px;vertical-align:-2px;margin-right:8px}"
	"ul{display:grid;grid-template-columns:1fr 1fr;gap:18px 24px;margin:28px 0 0;padding:0}"
	"li{list-style:none}li b{display:block;font-size:26px;font-weight:600;line-height:1.3}"
	"dd{margin:0 0 8px}"
	".scroll{overflow-x:auto;margin-bottom:12px}table{border-collapse:collapse;font-size:15px}"
	"th,td{text-align:right;padding:4px 0 4px 18px;white-space:nowrap}"
	"th{font-weight:400;vertical-align:bottom}td{border-top:1px solid var(--line)}"
	"th:first-child,td:first-child{text-align:left;padding-left:0}td.c{text-align:center}"
	"pre,code{font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
	"pre{margin:0 0 16px;padding:12px 16px;border:1px solid var(--line);border-radius:6px;"
	"white-space:pre-wrap}"
	"@media print{@page{margin:12mm}body{font-size:9.5pt;line-height:1.4}main{padding:0}"
	"section{margin-top:14px;padding-top:10px}h1{font-size:26pt}.lead{font-size:13pt}"
	"h2{font-size:13pt}table,pre,code{font-size:9pt}li b{font-size:16pt}ul{margin-top:14px}"
	".grid{grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:20px 28px}"
	"small,dt,th,li span{font-size:8.5pt}.grid "
	"svg{font-size:16px;max-width:300px}.hero{grid-template-columns:1fr "
	"1fr}.scroll{overflow:visible}"
	"figure,table,pre,dl{break-inside:avoid}h2,h3,p{break-after:avoid}}";

/* ---- pieces ------------------------------------------------------------------------------ */

static const struct level *first_level(const struct report *r)
{
	return &r->levels[r->outermost];
}

static const struct level *last_level(const struct report *r)
{
	return &r->levels[r->reached];
}

static void write_status(const struct report *r, FILE *out)
{
	fprintf(out, "<span class='%s'>%s</span>", r->ok ? "ok" : "bad", r->ok ? "PASS" : "FAIL");
}

/* The mark and name of report I, where several are shown. */
static void write_key(const struct page *p, int i)
{
	if (p->count == 1)
		return;
	fputs("<svg class='key' viewBox='-8 -8 16 16' aria-hidden='true'>", p->out);
	plot_mark(p->out, i, 0, 0);
	fputs("</svg>", p->out);
}

static void write_name(const struct page *p, int i)
{
	if (p->count == 1)
		return;
	fputs("<h3>", p->out);
	write_key(p, i);
	fprintf(p->out, "%s</h3>", escape(p->name[i]).text);
}

/* ---- the head of the page ---------------------------------------------------------------- */

/* The head shows only the part of the detail before its first colon; the rest is further down. */
static void write_stop(const struct report *r, bool whole, FILE *out)
{
	char detail[sizeof(r->detail)];

	format(detail, sizeof(detail), "%s", r->detail);
	if (!whole)
		detail[strcspn(detail, ":")] = '\0';
	fprintf(out, "<b>%s</b> at L%d%s%s.", stop_names[r->stop], r->stop_level,
		*detail ? ": " : "", escape(detail).text);
}

static void count_checks(const struct report *r, int *passed, int *all)
{
	*passed = *all = 0;
	for (int i = r->outermost; i <= r->deepest; i++)
		for (int c = 0; c < r->levels[i].check_count; c++, ++*all)
			*passed += r->levels[i].checks[c].result == RESULT_PASS;
}

static void write_tiles(const struct report *r, FILE *out)
{
	const struct level *first = first_level(r), *last = last_level(r);
	int passed, all;

	if (!report_came_up(r))
		return;
	count_checks(r, &passed, &all);
	fprintf(out, "<ul><li><span>RAM of L%d</span><b>%s MiB</b><small>of %s at L%d</small></li>",
		last->level, number_mib(last->total_kib).text, number_mib(first->total_kib).text,
		first->level);
	fprintf(out, "<li><span>An exit of L%d</span><b>%s</b><small>cycles", last->level,
		or_dash(number_si(last->cpuid_cycles).text));
	if (last->cpuid_cycles >= 0 && first->cpuid_cycles > 0)
		fprintf(out, ", %s times one of L%d",
			number_grouped(last->cpuid_cycles / first->cpuid_cycles).text,
			first->level);
	fprintf(out,
		"</small></li><li><span>Boot of L%d</span><b>%.2f s</b><small>L%d: %.2f "
		"s</small></li>",
		last->level, level_boot_s(last), first->level, level_boot_s(first));
	fprintf(out, "<li><span>Checks</span><b>%d of %d</b><small>passed</small></li></ul>",
		passed, all);
}

static const char chain_caption[] =
	"<p class='m'><small>Each box is as wide as the RAM that its level sees.</small></p>";

static void write_one_verdict(const struct report *r, FILE *out)
{
	char text[600];

	report_verdict(r, text, sizeof(text));
	fputs("<div class='hero'><div><p><b>supernest</b> &nbsp;", out);
	write_status(r, out);
	fprintf(out, "</p><h1>%s</h1><p class='lead'>Stopped by ", escape(text).text);
	write_stop(r, false, out);
	fputs("</p>", out);
	write_tiles(r, out);
	fputs("</div><figure>", out);
	svg_chain(out, r, chain_kib(r));
	fputs(chain_caption, out);
	fputs("</figure></div>\n", out);
}

static void write_verdicts(const struct page *p)
{
	int64_t scale_kib = 0;
	char text[600];

	for (int i = 0; i < p->count; i++)
		if (chain_kib(p->r[i]) > scale_kib)
			scale_kib = chain_kib(p->r[i]);
	fprintf(p->out, "<p><b>supernest</b></p><h1>%d reports on one scale</h1><div class='grid'>",
		p->count);
	for (int i = 0; i < p->count; i++) {
		report_verdict(p->r[i], text, sizeof(text));
		fputs("<figure>", p->out);
		write_name(p, i);
		fputs("<p>", p->out);
		write_status(p->r[i], p->out);
		fprintf(p->out, " &nbsp;<b>%s</b><br>Stopped by ", escape(text).text);
		write_stop(p->r[i], false, p->out);
		fputs("</p>", p->out);
		svg_chain(p->out, p->r[i], scale_kib);
		fputs("</figure>", p->out);
	}
	fputs("</div>", p->out);
	fputs(chain_caption, p->out);
}

/* ---- sections ---------------------------------------------------------------------------- */

static void write_why(const struct report *r, FILE *out)
{
	fputs("<p>", out);
	write_stop(r, true, out);
	fprintf(out, "%s</p>", stop_is_failure(r->stop) ? "" : " Nothing broke.");
	if (!r->console_count)
		return;
	fprintf(out, "<p class='m'>The last lines of L%d&#39;s console:</p><pre>", r->stop_level);
	for (int i = 0; i < r->console_count; i++)
		fprintf(out, "%s\n", escape(r->console[i]).text);
	fputs("</pre>", out);
}

static double cost(const struct report *r, int level)
{
	return r->levels[level].cpuid_cycles;
}

static double exits(const struct report *r, int level)
{
	return r->levels[level].exits_chain;
}

static double boot(const struct report *r, int level)
{
	return level_boot_s(&r->levels[level]);
}

static void write_costs(const struct page *p)
{
	static const struct plot plots[] = { { "An exit", "cycles", cost },
					     { "Exits", "in all, until it was ready", exits },
					     { "Boot", "seconds", boot } };

	fputs("<section><h2>What one more level costs</h2><p class='m'>Logarithmic scales; "
	      "× is the factor over the level above.</p><div class='grid'>",
	      p->out);
	for (size_t i = 0; i < ARRAY_SIZE(plots); i++) {
		fprintf(p->out, "<figure><figcaption>%s <span>%s</span></figcaption>",
			plots[i].title, plots[i].unit);
		if (plot_steps(p->out, &plots[i], p->r, p->count))
			fputs("<p class='m'>Not measured.</p>", p->out);
		fputs("</figure>", p->out);
	}
	fputs("</div></section>\n", p->out);
}

/* The parts of the RAM that a level's child does not get, as in docs/performance.md. */
static void split_memory(const struct level *lv, const struct level *child, double mib[PLOT_ROWS])
{
	const int64_t kib[] = { child->struct_page_kib,
				child->kernel_image_kib,
				lv->child_kib - child->total_kib - child->kernel_image_kib -
					child->struct_page_kib,
				lv->kernel_data_kib,
				lv->reserve_kib,
				lv->rootfs_kib,
				lv->qemu_anonymous_kib,
				lv->page_tables_kib,
				lv->rmaps_kib,
				lv->margin_kib,
				lv->rounding_kib };
	int64_t rest = lv->overhead_kib;

	for (size_t i = 0; i < ARRAY_SIZE(kib); i++) {
		mib[i] = kib[i] / 1024.0;
		rest -= kib[i] > 0 ? kib[i] : 0;
	}
	mib[ARRAY_SIZE(kib)] = rest / 1024.0;
}

static bool knows_split(const struct report *r)
{
	const struct level *lv = first_level(r), *child = lv + 1;

	return r->deepest > r->outermost && lv->overhead_kib >= 0 && lv->child_kib >= 0 &&
	       child->total_kib >= 0 && child->struct_page_kib >= 0 && child->kernel_image_kib >= 0;
}

static void write_memory(const struct page *p)
{
	static const char *const terms[] = { "struct page", "kernel image", "kernel, early",
					     "kernel data", "reserve",	    "root file system",
					     "qemu",	    "page tables",  "rmaps",
					     "margin",	    "rounding",	    "unexplained" };
	double mib[PLOT_MAX][PLOT_ROWS];
	int known = 0;

	fputs("<figure><h2>Memory of a level</h2><p class='m'>What the next one does not get, in "
	      "MiB:",
	      p->out);
	for (int i = 0; i < p->count; i++) {
		const struct level *lv = first_level(p->r[i]);

		for (size_t t = 0; t < ARRAY_SIZE(terms); t++)
			mib[i][t] = UNKNOWN;
		if (!knows_split(p->r[i]))
			continue;
		known++;
		split_memory(lv, lv + 1, mib[i]);
		fputs("<br>", p->out);
		write_key(p, i);
		fprintf(p->out, "%s of L%d&#39;s %s", number_mib(lv->overhead_kib).text, lv->level,
			number_mib(lv->total_kib).text);
	}
	if (known) {
		fputs("</p>", p->out);
		plot_bars(p->out, "Memory of a level, MiB", terms, ARRAY_SIZE(terms), mib,
			  p->count);
	} else {
		fputs(" not measured.</p>", p->out);
	}
	fputs("</figure>", p->out);
}

static void write_check(const struct report *r, const char *id, FILE *out)
{
	static const char *const marks[] = { "o'>✓", "x'>✗", "m'>–" };

	fprintf(out, "<tr><td>%s</td>", escape(id).text);
	for (int i = r->outermost; i <= r->deepest; i++) {
		const struct check *k = level_check(&r->levels[i], id);

		if (k)
			fprintf(out, "<td aria-label='%s' class='c ", result_names[k->result]);
		fputs(k ? marks[k->result] : "<td>", out);
		fputs("</td>", out);
	}
	fputs("</tr>", out);
}

/* Levels may have different checks: whether this id has not come before. */
static bool is_new(const struct report *r, int level, const char *id)
{
	for (int i = r->outermost; i < level; i++)
		if (level_check(&r->levels[i], id))
			return false;
	return true;
}

static void write_detail(int level, const struct check *k, FILE *out)
{
	if (k->result == RESULT_PASS && !*k->detail)
		return;
	fprintf(out, "<p><b class='%s'>L%d %s</b>: %s. %s</p>",
		k->result == RESULT_FAIL ? "x" : "m", level, escape(k->id).text,
		check_detail_kind(k), escape(k->detail).text);
}

static void write_checks(const struct report *r, FILE *out)
{
	fputs("<div class='scroll'><table><tr><th>Check</th>", out);
	for (int i = r->outermost; i <= r->deepest; i++)
		fprintf(out, "<th>L%d</th>", i);
	fputs("</tr>", out);
	for (int i = r->outermost; i <= r->deepest; i++)
		for (int c = 0; c < r->levels[i].check_count; c++)
			if (is_new(r, i, r->levels[i].checks[c].id))
				write_check(r, r->levels[i].checks[c].id, out);
	fputs("</table></div>", out);
	for (int i = r->outermost; i <= r->deepest; i++)
		for (int c = 0; c < r->levels[i].check_count; c++)
			write_detail(i, &r->levels[i].checks[c], out);
}

static void write_row(const struct report *r, const struct level *lv, FILE *out)
{
	fprintf(out, "<tr><td>L%d %s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>", lv->level,
		escape(lv->role).text, escape(lv->hypervisor).text, number_mib(lv->total_kib).text,
		number_mib(lv->overhead_kib).text, number_seconds(level_boot_s(lv)).text);
	fprintf(out, "<td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>",
		number_grouped(lv->exits_boot).text, number_grouped(lv->exits_chain).text,
		number_grouped(lv->cpuid_cycles).text,
		number_times(report_factor(r, lv->level)).text);
}

static void write_figures(const struct report *r, FILE *out)
{
	fputs("<div class='scroll'><table><tr><th>Level</th><th>runs on</th><th>RAM<br>MiB</th>"
	      "<th>overhead<br>MiB</th><th>boot<br>s</th><th>exits of<br>its own</th>"
	      "<th>exits of the<br>outermost</th><th>an exit,<br>cycles</th><th>factor</th></tr>",
	      out);
	for (int i = r->outermost; i <= r->deepest; i++)
		write_row(r, &r->levels[i], out);
	fputs("</table></div>", out);
}

static void write_reproduce(const struct report *r, FILE *out)
{
	const struct level *lv = first_level(r);

	if (*r->command) {
		fprintf(out, "<pre>%s</pre>", escape(r->command).text);
	} else {
		fputs("<p>It was booted, not started by <code>supernest run</code>. The closest "
		      "command on a host:</p><pre>supernest run --depth ",
		      out);
		if (r->requested == DEPTH_OPEN)
			fputs("max</pre>", out);
		else
			fprintf(out, "%d</pre>", r->requested);
	}
	if (r->deepest < r->outermost)
		return;
	fprintf(out,
		"<dl><dt>CPU of L%d</dt><dd>%s %s, %s (%s)</dd><dt>Kernel</dt><dd>%s</dd>"
		"<dt>Its checksum</dt><dd><code>%s</code></dd><dt>Checksum of the initramfs</dt>"
		"<dd><code>%s</code></dd></dl>",
		lv->level, escape(lv->cpu_vendor).text, escape(lv->cpu_model).text,
		escape(lv->cpu_virt).text, escape(lv->cpu_features).text, escape(lv->kernel).text,
		escape(lv->kernel_sha256).text, escape(lv->archive_sha256).text);
}

/* Writes a part once for each report. */
static void write_each(const struct page *p, const char *tag, const char *heading,
		       void (*write)(const struct report *r, FILE *out))
{
	fprintf(p->out, "<%s><h2>%s</h2>", tag, heading);
	for (int i = 0; i < p->count; i++) {
		write_name(p, i);
		write(p->r[i], p->out);
	}
	fprintf(p->out, "</%s>\n", tag);
}

void html_print(const struct report *const r[], const char *const name[], int count, FILE *out)
{
	const struct page p = { r, name, count, out };
	char title[600];

	report_sentence(r[0], title, sizeof(title));
	if (count > 1)
		format(title, sizeof(title), "%d reports", count);
	fprintf(out,
		"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>supernest: "
		"%s</title>"
		"<meta name='viewport' content='width=device-width,initial-scale=1'><style>",
		escape(title).text);
	fputs(svg_style, out);
	fputs(style, out);
	fputs("</style></head>\n<body><main>", out);
	if (count == 1)
		write_one_verdict(r[0], out);
	else
		write_verdicts(&p);
	write_each(&p, "section", "Why it stopped", write_why);
	write_costs(&p);
	fputs("<section class='grid'>", out);
	write_memory(&p);
	write_each(&p, "div", "Checks", write_checks);
	fputs("</section>", out);
	write_each(&p, "section", "Figures", write_figures);
	write_each(&p, "section", "How to reproduce it", write_reproduce);
	fputs("</main></body></html>\n", out);
}
