// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"
#include "report/formats.h"
#include "report/html.h"
#include "report/svg.h"

#include <math.h>

#define TEXT_MAX (1 << 20)

static struct report r[PLOT_MAX];
static char text[TEXT_MAX], other[TEXT_MAX];

/* A report with WORDS in each of its texts. */
static void fill(struct report *r, int outermost, int levels, enum stop stop, const char *words)
{
	report_init(r, stop == STOP_DEPTH ? levels - 1 : DEPTH_OPEN);
	for (int i = outermost; i < outermost + levels; i++) {
		struct level *lv = report_level(r, i);
		struct check k = { "fpu", stop == STOP_DEPTH ? 0 : i % 3, 1000, "exits", "" };

		lv->seen = true;
		lv->ready = stop != STOP_PANIC || i < outermost + levels - 1;
		for (int f = 0; f < level_field_count; f++)
			if (level_fields[f].type == FIELD_TEXT ||
			    level_fields[f].type == FIELD_LIST)
				format((char *)lv + level_fields[f].offset, level_fields[f].size,
				       "%s", words);
		lv->total_kib = (1000 - (i < 30 ? 30 * i : 900)) * 1024;
		lv->child_kib = lv->total_kib - 10 * 1024;
		lv->overhead_kib = 30 * 1024;
		lv->struct_page_kib = lv->kernel_image_kib = 4 * 1024;
		lv->cpuid_cycles = 50 * (i + 1) * (i + 1);
		lv->exits_chain = 300 * i;
		lv->wall_s = 1 + i / 4.0;
		format(k.detail, sizeof(k.detail), "%s", words);
		assert_int_equal(level_add_check(lv, &k), 0);
		r->outermost = outermost;
		r->deepest = i;
	}
	r->stop = stop;
	r->stop_level = outermost + levels - (levels && stop != STOP_QEMU);
	format(r->detail, sizeof(r->detail), "%s", words);
	format(r->command, sizeof(r->command), "%s", words);
	for (int i = 0; i < 3; i++)
		format(r->console[r->console_count++], REPORT_LINE, "%s", words);
	report_finish(r);
}

static const char *take(FILE *f)
{
	size_t n;

	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	assert_true(n < sizeof(text) - 1);
	text[n] = '\0';
	fclose(f);
	return text;
}

static const char *page(int count, const char *name)
{
	const struct report *list[PLOT_MAX];
	const char *names[PLOT_MAX];
	FILE *f = tmpfile();

	for (int i = 0; i < count; i++) {
		list[i] = &r[i];
		names[i] = name;
	}
	html_print(list, names, count, f);
	return take(f);
}

static const char *picture(void)
{
	FILE *f = tmpfile();

	svg_print(&r[0], f);
	return take(f);
}

/* Every element is closed, in order, except HTML's two void elements. */
static void check_markup(const char *p)
{
	static char stack[64][16];
	int depth = 0;

	while ((p = strchr(p, '<'))) {
		size_t len = strcspn(++p, " />\n");
		char name[16];

		if (*p == '!' || !strncmp(p, "meta ", 5) || !strncmp(p, "br>", 3))
			continue;
		if (*p == '/') {
			len = strcspn(++p, ">");
			assert_true(depth-- > 0);
			if (strlen(stack[depth]) != len || strncmp(p, stack[depth], len))
				wrong("</%.*s> closes <%s>", (int)len, p, stack[depth]);
			continue;
		}
		assert_in_range(len, 1, sizeof(name) - 1);
		format(name, sizeof(name), "%.*s", (int)len, p);
		p += strcspn(p, ">");
		assert_int_equal(*p, '>');
		if (p[-1] != '/')
			strcpy(stack[depth++], name);
		assert_true(depth < 64);
	}
	assert_int_equal(depth, 0);
}

/* Drawings contain no invalid numbers and no negative widths. */
static void check_numbers(const char *p)
{
	static const char *const never[] = {
		"nan", "inf", "width='-", "height='-", "-1.0", ">-1<"
	};

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (strstr(p, never[i]))
			wrong("%s: %.60s", never[i], strstr(p, never[i]));
}

static void check(const char *p)
{
	check_markup(p);
	check_numbers(p);
}

static void test_shapes(void **state)
{
	for (int stop = STOP_DEPTH; stop < STOP_COUNT; stop++)
		for (int outermost = 0; outermost < 2; outermost++)
			for (int levels = 0; levels < 20; levels += levels < 4 ? 1 : 7) {
				fill(&r[0], outermost, levels, stop, "words");
				check(page(1, "a.json"));
				check(picture());
			}
	fill(&r[0], 0, MAX_LEVEL + 1, STOP_MEMORY, "words");
	check(page(1, "a.json"));
	check(picture());
	for (int i = 0; i < PLOT_MAX; i++)
		fill(&r[i], i % 2, i, STOP_DEPTH + i, "words");
	check(page(PLOT_MAX, "a.json"));
}

static int count(const char *p, char c)
{
	int n = 0;

	for (; *p; p++)
		n += *p == c;
	return n;
}

/* No text of a report becomes markup. */
static void test_texts_are_no_markup(void **state)
{
	static const char *const hostile[] = { "<script>alert(1)</script>",
					       "\"><img src=x onerror=a>",
					       "' onload='a",
					       "</style></pre></title>",
					       "&lt;&#60;&",
					       "]]><!--",
					       "\x1b[2J\x80\xff\n\r\t",
					       "%s%n%d" };
	static const char marks[] = "<>\"'";

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		fill(&r[0], 0, 3, STOP_PANIC, "words");
		r[1] = r[0];
		strcpy(other, page(2, "words"));
		fill(&r[0], 0, 3, STOP_PANIC, hostile[i]);
		r[1] = r[0];
		check(page(2, hostile[i]));
		for (const char *m = marks; *m; m++)
			assert_int_equal(count(text, *m), count(other, *m));
		for (const char *p = text; (p = strchr(p, '&')); p++)
			if (strncmp(p, "&#", 2) && strncmp(p, "&nbsp;", 6))
				wrong("a bare &: %.30s", p);
		for (const char *p = text; *p; p++)
			if ((*p > 0 && *p < ' ' && *p != '\n') || *p == '\x7f' || *p == '\xff')
				wrong("a byte %#x", *p);
		check(picture());
	}
	fill(&r[0], 0, 3, STOP_PANIC, "a<b & 'c' \"d\"");
	assert_non_null(strstr(page(1, ""), "a&#60;b &#38; &#39;c&#39; &#34;d&#34;"));
}

static void test_what_is_said(void **state)
{
	fill(&r[0], 0, 4, STOP_DEPTH, "short: and long");
	page(1, "");
	assert_non_null(strstr(text, ">PASS<"));
	assert_non_null(strstr(text, "<h1>Reached L3 of L3"));
	assert_non_null(strstr(text, "Stopped by <b>depth</b> at L3: short."));
	assert_non_null(strstr(text, "<b>depth</b> at L3: short: and long."));
	assert_non_null(strstr(text, ">×4.0<")); /* 50 to 200 cycles */
	assert_non_null(strstr(text, ">×1.8<")); /* 450 to 800 */
	assert_non_null(strstr(text, "<pre>short: and long</pre>"));
	assert_null(strstr(text, "script"));
	/* Nothing is loaded from elsewhere; the name space of an SVG is not a resource. */
	assert_null(strstr(text, "http"));
	assert_null(strstr(text, "url("));
	fill(&r[0], 0, 3, STOP_PANIC, "it panicked");
	page(1, "");
	assert_non_null(strstr(text, ">FAIL<"));
	assert_non_null(strstr(text, "class='ghost x'"));
	assert_non_null(strstr(text, "The last lines of L2&#39;s console:</p><pre>it panicked\n"));
	fill(&r[0], 0, 0, STOP_QEMU, "no such file");
	assert_non_null(strstr(page(1, ""), "<h1>No level came up</h1>"));
}

/* A box is as wide as its RAM. */
static void test_scale(void **state)
{
	double width[4];
	const char *p;

	fill(&r[0], 0, 4, STOP_DEPTH, "x");
	p = picture();
	for (int i = 0; i < 4; i++) {
		p = strstr(p, "class='box'");
		assert_non_null(p);
		p = strstr(p, "width='");
		width[i] = atof(p + strlen("width='")) + 1; /* with its border */
		assert_float_equal(width[i] / width[0], (1000 - 30 * i) / 1000.0, 0.001);
	}
}

/* ---- the palette, WCAG 2.2 --------------------------------------------------------------- */

static void colour(const char *palette, const char *name, double rgb[3])
{
	const char *p = strstr(palette, name);
	unsigned int n, digits;

	assert_non_null(p);
	p += strlen(name);
	digits = strspn(p, "0123456789abcdef");
	n = strtoul(p, NULL, 16);
	assert_true(digits == 3 || digits == 6);
	for (int i = 0; i < 3; i++)
		rgb[i] = digits == 3 ? (n >> (8 - 4 * i) & 15) * 17 : n >> (16 - 8 * i) & 255;
}

static double luminance(const double rgb[3])
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		double c = rgb[i] / 255;

		sum += weight[i] * (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double contrast(const double a[3], const double b[3])
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

	return x > y ? x / y : y / x;
}

static void check_palette(const char *palette)
{
	static const struct {
		const char *name;
		double least; /* 4.5 for text, 3 for graphics */
	} colours[] = { { "--ink:#", 7 },   { "--mute:#", 4.5 }, { "--ok:#", 4.5 },
			{ "--bad:#", 4.5 }, { "--c0:#", 3 },	 { "--c1:#", 3 },
			{ "--c2:#", 3 },    { "--c3:#", 3 } };
	double ground[3], ink[3], tint[3], c[3];

	colour(palette, "--bg:#", ground);
	for (size_t i = 0; i < ARRAY_SIZE(colours); i++) {
		colour(palette, colours[i].name, c);
		if (contrast(c, ground) < colours[i].least)
			wrong("%s has a contrast of %.2f", colours[i].name, contrast(c, ground));
	}
	/* Text in the deepest box */
	colour(palette, "--ink:#", ink);
	colour(palette, "--c0:#", c);
	for (int i = 0; i < 3; i++)
		tint[i] = 0.4 * c[i] + 0.6 * ground[i];
	assert_true(contrast(ink, tint) >= 4.5);
}

static void test_palette(void **state)
{
	check_palette(svg_style);
	check_palette(strstr(svg_style, "dark"));
}

RUN(T(test_shapes), T(test_texts_are_no_markup), T(test_what_is_said), T(test_scale),
    T(test_palette))
