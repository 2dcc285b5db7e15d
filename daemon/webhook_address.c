/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of addresses, by the registries of special addresses (RFC 6890 and its updates). */
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include "daemon/webhook_address.h"

struct block4 {
	uint32_t first;
	uint8_t bits;
	uint8_t class;
};
static const struct block4 blocks4[] = {
	{ 0x00000000, 8, ADDRESS_NEVER },    /* this network */
	{ 0x0a000000, 8, ADDRESS_PRIVATE },
	{ 0x64400000, 10, ADDRESS_PRIVATE }, /* shared by a carrier's customers */
	{ 0x7f000000, 8, ADDRESS_PRIVATE },  /* loopback */
	{ 0xa9fe0000, 16, ADDRESS_NEVER },   /* link-local */
	{ 0xac100000, 12, ADDRESS_PRIVATE },
	{ 0xc0000000, 24, ADDRESS_NEVER },   /* protocol assignments */
	{ 0xc0000200, 24, ADDRESS_NEVER },   /* documentation */
	{ 0xc0586300, 24, ADDRESS_NEVER },   /* 6to4 relays */
	{ 0xc0a80000, 16, ADDRESS_PRIVATE },
	{ 0xc6120000, 15, ADDRESS_NEVER },   /* benchmarks */
	{ 0xc6336400, 24, ADDRESS_NEVER },
	{ 0xcb007100, 24, ADDRESS_NEVER },
	{ 0xe0000000, 3, ADDRESS_NEVER },    /* multicast, reserved, broadcast */
};

static enum address_class class4(uint32_t a)
{
	for (size_t i = 0; i < sizeof blocks4 / sizeof blocks4[0]; i++)
		if ((a ^ blocks4[i].first) >> (32 - blocks4[i].bits) == 0)
			return (enum address_class)blocks4[i].class;
	return ADDRESS_PUBLIC;
}

struct block6 {
	uint8_t first[16];
	uint8_t bits;
	uint8_t class;
	int8_t carries; /* at this byte an IPv4 address; -1: none */
};
static const struct block6 blocks6[] = {
	{ { [15] = 1 }, 128, ADDRESS_PRIVATE, -1 },                        /* ::1 */
	{ { [10] = 0xff, [11] = 0xff }, 96, 0, 12 },                       /* mapped */
	{ { 0 }, 96, ADDRESS_NEVER, -1 },                                  /* ::, compatible */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 0, 12 },                         /* NAT64 */
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, ADDRESS_NEVER, -1 }, /* local NAT64 */
	{ { 0x20, 0x01 }, 23, ADDRESS_NEVER, -1 },                         /* Teredo and others */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_NEVER, -1 },             /* documentation */
	{ { 0x20, 0x02 }, 16, 0, 2 },                                      /* 6to4 */
	{ { 0x20 }, 3, ADDRESS_PUBLIC, -1 },                               /* global unicast */
	{ { 0xfc }, 7, ADDRESS_PRIVATE, -1 },                              /* unique local */
};

static bool begins(const uint8_t *a, const uint8_t *first, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, first, whole) == 0 &&
		(rest == 0 || ((a[whole] ^ first[whole]) >> (8 - rest)) == 0);
}

static enum address_class class6(const uint8_t a[16])
{
	for (size_t i = 0; i < sizeof blocks6 / sizeof blocks6[0]; i++) {
		const struct block6 *b = &blocks6[i];
		const uint8_t *inner;

		if (!begins(a, b->first, b->bits))
			continue;
		if (b->carries < 0)
			return (enum address_class)b->class;
		inner = a + b->carries;
		return class4((uint32_t)inner[0] << 24 | (uint32_t)inner[1] << 16 |
			(uint32_t)inner[2] << 8 | inner[3]) == ADDRESS_NEVER ? ADDRESS_NEVER :
			ADDRESS_PRIVATE;
	}
	return ADDRESS_NEVER;
}

enum address_class address_class(const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (address->sa_family == AF_INET && size >= sizeof in) {
		memcpy(&in, address, sizeof in);
		return class4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6 && size >= sizeof in6) {
		memcpy(&in6, address, sizeof in6);
		return class6(in6.sin6_addr.s6_addr);
	}
	return ADDRESS_NEVER;
}

bool address_allowed(const struct sockaddr *address, socklen_t size, bool allow_private, bool plain)
{
	switch (address_class(address, size)) {
	case ADDRESS_PUBLIC: return !plain;
	case ADDRESS_PRIVATE: return allow_private;
	default: return false;
	}
}
