/* SPDX-License-Identifier: Apache-2.0 */
/* Filling templates. */
#include "words/template.h"

static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return s.size > 0;
}

/* S up to the first C, which *REST then begins behind; all of it, and nothing, without C. */
static struct span cut(struct span s, char c, struct span *rest)
{
	const uint8_t *at = s.size ? memchr(s.data, c, s.size) : NULL;

	*rest = at ? span_of(at + 1, (size_t)(s.data + s.size - at) - 1) : span_of(NULL, 0);
	return at ? span_of(s.data, (size_t)(at - s.data)) : s;
}

static struct hole hole_of(struct span inner)
{
	struct hole h = { 0 };
	struct span forms;

	inner = cut(inner, ':', &forms);
	h.name = cut(inner, '.', &h.form);
	h.one = cut(forms, '|', &h.many);
	return h;
}

const char *template_complaint(struct span s, size_t *ret_at)
{
	bool optional = false;
	size_t i;

	for (i = 0; i < s.size; i++) {
		const uint8_t *end;
		struct hole h;

		*ret_at = i;
		if (s.data[i] == '}')
			return "a closing brace without an opening one";
		if (s.data[i] == '[' && optional)
			return "square brackets do not nest";
		if (s.data[i] == ']' && !optional)
			return "a closing square bracket without an opening one";
		if (s.data[i] == '[' || s.data[i] == ']')
			optional = !optional;
		if (s.data[i] != '{')
			continue;
		end = memchr(s.data + i, '}', s.size - i);
		if (!end)
			return "an opening brace without a closing one";
		h = hole_of(span_of(s.data + i + 1, (size_t)(end - s.data) - i - 1));
		if (!is_name(h.name) || (h.form.size && !is_name(h.form)))
			return "expected {name}, {name.form} or {name:one|many}";
		if (h.one.size > 0 && h.many.size == 0)
			return "expected two words, as in {purchases:time|times}";
		i = (size_t)(end - s.data);
	}
	*ret_at = s.size;
	return optional ? "an opening square bracket without a closing one" : NULL;
}

bool template_next(struct span s, size_t *at, struct hole *ret_hole)
{
	const uint8_t *begin, *end;

	if (*at >= s.size)
		return false;
	begin = memchr(s.data + *at, '{', s.size - *at);
	end = begin ? memchr(begin, '}', (size_t)(s.data + s.size - begin)) : NULL;
	if (!end)
		return false;
	*ret_hole = hole_of(span_of(begin + 1, (size_t)(end - begin) - 1));
	*at = (size_t)(end - s.data) + 1;
	return true;
}

/* A stretch without square brackets; false (nothing is appended): a hole stays empty. */
static bool fill_stretch(struct buf *out, struct span s, hole_filler fill, void *arg)
{
	size_t was = out->size, from = 0, at = 0;
	struct hole h;

	while (template_next(s, &at, &h)) {
		const uint8_t *brace = memchr(s.data + from, '{', s.size - from);

		buf_add(out, s.data + from, (size_t)(brace - s.data) - from);
		from = at;
		if (!fill(arg, &h, out)) {
			out->size = was;
			return false;
		}
	}
	buf_add(out, s.data + from, s.size - from);
	return true;
}

bool template_fill(struct buf *out, struct span s, hole_filler fill, void *arg)
{
	size_t was = out->size;

	while (s.size > 0) {
		struct span rest, optional, must = cut(s, '[', &rest);

		if (!fill_stretch(out, must, fill, arg)) {
			out->size = was;
			return false;
		}
		optional = cut(rest, ']', &s);
		(void)fill_stretch(out, optional, fill, arg);
	}
	return out->size > was;
}
