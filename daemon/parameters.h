/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters as tools ask for and give them: the cut-offs, the fitted rhythms, the fitted spending. */
#ifndef KITH_DAEMON_PARAMETERS_H
#define KITH_DAEMON_PARAMETERS_H
#include "daemon/control.h"

/* Without JSON: tell what is in force. With it, put into the journal what it says:
 *
 *   fits   a list of { class, r, alpha (ms), a, b }; empty: the rhythm is the file's own again
 *   spend  { p, q, v (minor units) }; null: the value block's own again
 *   for    the fit was made for a file whose rhythm_for is this; another one is refused
 *
 * What it does not name stays. */
void parameters_request(struct daemon *d, const struct peer *peer, const struct request *r);

#endif
