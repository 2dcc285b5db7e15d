/* SPDX-License-Identifier: Apache-2.0 */
/* A malloc that counts and hands on to glibc's, whose own names stay visible beside it. A symbol
 * of the program comes before that of a library, so no preloading is needed. */
#include <errno.h>
#include <stddef.h>
#include "bench/alloc_count.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void *aligned_alloc(size_t align, size_t size);
int posix_memalign(void **ret, size_t align, size_t size);

static struct alloc_count count;

static void add(size_t bytes)
{
	__atomic_fetch_add(&count.calls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&count.bytes, bytes, __ATOMIC_RELAXED);
}

struct alloc_count alloc_count(void)
{
	return count;
}

void *malloc(size_t size)
{
	add(size);
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	add(n * size);
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	add(size);
	return __libc_realloc(p, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	add(size);
	return __libc_memalign(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
	add(size);
	*ret = __libc_memalign(align, size);
	return *ret ? 0 : ENOMEM;
}
