/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: where a webhook may connect to. Asked of the very address that is about to be used, so
 * that no name, no second answer of a resolver and no spelling of an address gets around it. */
#ifndef KITH_DAEMON_WEBHOOK_ADDRESS_H
#define KITH_DAEMON_WEBHOOK_ADDRESS_H
#include <stdbool.h>
#include <sys/socket.h>

enum address_class {
	ADDRESS_PUBLIC,
	ADDRESS_PRIVATE, /* loopback, RFC 1918, shared (RFC 6598), unique local: only when allowed */
	ADDRESS_NEVER,   /* link-local (where clouds keep their keys), multicast, unspecified, reserved,
			  * documentation, discarded, and whatever is no IPv4 or IPv6 */
};
/* An IPv4 address that an IPv6 one carries (mapped, 6to4, NAT64) is judged as what it is, and is
 * never public: who means it can say it. */
enum address_class address_class(const struct sockaddr *address, socklen_t size);

/* Whether a webhook may connect there. PLAIN: http, which never goes to the public. */
bool address_allowed(const struct sockaddr *address, socklen_t size, bool allow_private, bool plain);

#endif
