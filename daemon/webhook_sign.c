/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets, and what they sign. */
#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/regular.h"
#include "daemon/webhook_sign.h"

#define TEXT_MAX 88 /* base64 of the longest */
#define ROWS_MAX 64 /* of a file */

int secret_add(struct secrets *s, struct span text, struct complaint *c)
{
	static const char prefix[] = "whsec_";
	uint8_t bytes[TEXT_MAX / 4 * 3 + 3];
	unsigned padding = 0;
	int size;

	if (text.size < 6 || memcmp(text.data, prefix, 6) != 0)
		return complain(c, ERR_INVALID, "a secret begins with whsec_");
	text = span_of(text.data + 6, text.size - 6);
	if (text.size > TEXT_MAX || text.size % 4 != 0)
		return complain(c, ERR_INVALID, "a secret is base64 of %d to %d bytes after whsec_",
			SECRET_BYTES_MIN, SECRET_BYTES_MAX);
	while (padding < 2 && text.size && text.data[text.size - 1 - padding] == '=')
		padding++;
	size = EVP_DecodeBlock(bytes, text.data, (int)text.size) - (int)padding;
	if (size < SECRET_BYTES_MIN || size > SECRET_BYTES_MAX) {
		OPENSSL_cleanse(bytes, sizeof bytes);
		return complain(c, ERR_INVALID, "a secret is base64 of %d to %d bytes after whsec_",
			SECRET_BYTES_MIN, SECRET_BYTES_MAX);
	}
	if (s->n == SECRETS_MAX) {
		OPENSSL_cleanse(bytes, sizeof bytes);
		return complain(c, ERR_INVALID, "at most %d secrets", SECRETS_MAX);
	}
	s->list[s->n].size = (uint8_t)size;
	memcpy(s->list[s->n++].bytes, bytes, (size_t)size);
	OPENSSL_cleanse(bytes, sizeof bytes);
	return 0;
}

static int place(const char *path, char out[4096], struct complaint *c)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (strchr(path, '/')) {
		snprintf(out, 4096, "%s", path);
		return 0;
	}
	if (!dir)
		return complain(c, ERR_NOTFOUND, "secret %s: there is no credentials directory; give "
			"the unit LoadCredential=%s:FILE, or a path", path, path);
	snprintf(out, 4096, "%s/%s", dir, path);
	return 0;
}

int secrets_read(struct secrets *s, const char *path, struct complaint *c)
{
	char file[4096], line[512];
	struct complaint why = { 0 };
	unsigned before = s->n;
	int rc = place(path, file, c), row = 0;
	FILE *f;

	if (rc != 0)
		return rc;
	rc = regular_open(file, &f);
	if (rc != 0)
		return complain(c, err_from_errno(rc), "secret %s: %s", path, strerror(rc));
	while (rc == 0 && row < ROWS_MAX && fgets(line, sizeof line, f)) {
		size_t n = strcspn(line, " \t\r\n");

		row++;
		if (n)
			rc = secret_add(s, span_of(line, n), &why);
	}
	OPENSSL_cleanse(line, sizeof line);
	fclose(f);
	if (rc != 0)
		return complain(c, rc, "secret %s, line %d: %s", path, row, why.text);
	if (s->n == before)
		return complain(c, ERR_INVALID, "secret %s: the file has no line", path);
	return 0;
}

void secrets_forget(struct secrets *s)
{
	OPENSSL_cleanse(s, sizeof *s);
}

static char *sign(const uint8_t *key, unsigned key_size, struct span text, char *out)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (!HMAC(EVP_sha256(), key, (int)key_size, text.data, text.size, mac, &size))
		size = 0;
	assert(size == 32);
	memcpy(out, "v1,", 3);
	return out + 3 + EVP_EncodeBlock((uint8_t *)out + 3, mac, 32);
}

void signatures_make(const struct secrets *s, const char *id, int64_t timestamp_s, struct span body,
	char out[SIGNATURES_MAX])
{
	struct buf text = { 0 };

	out[0] = '\0';
	buf_printf(&text, "%s.%lld.", id, (long long)timestamp_s);
	buf_add(&text, body.data, body.size);
	for (unsigned i = 0; i < s->n && !text.failed; i++) {
		if (i)
			*out++ = ' ';
		out = sign(s->list[i].bytes, s->list[i].size, span_of(text.data, text.size), out);
	}
	buf_fini(&text);
}
