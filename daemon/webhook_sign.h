/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures as Standard Webhooks 1.0.0 has them: HMAC-SHA256 over "id.timestamp.body", in base64
 * after "v1,". With two secrets, while one is being replaced, there are two, a space between. */
#ifndef KITH_DAEMON_WEBHOOK_SIGN_H
#define KITH_DAEMON_WEBHOOK_SIGN_H
#include "base/bytes.h"
#include "base/err.h"

#define SECRET_BYTES_MIN 24
#define SECRET_BYTES_MAX 64
#define SECRETS_MAX      4
#define SIGNATURES_MAX   (SECRETS_MAX * 48) /* characters and the NUL */

struct secrets {
	unsigned n;
	struct {
		uint8_t size;
		uint8_t bytes[SECRET_BYTES_MAX];
	} list[SECRETS_MAX];
};

/* Add "whsec_…" (base64 of 24 to 64 bytes). ERR_INVALID with a complaint that never quotes it. */
int secret_add(struct secrets *s, struct span text, struct complaint *c);
/* Add each line of a file: PATH, or, for a name without a slash, the systemd credential of that
 * name (in $CREDENTIALS_DIRECTORY). */
int secrets_read(struct secrets *s, const char *path, struct complaint *c);
void secrets_forget(struct secrets *s); /* wipes them */

void signatures_make(const struct secrets *s, const char *id, int64_t timestamp_s, struct span body,
	char out[SIGNATURES_MAX]);

#endif
