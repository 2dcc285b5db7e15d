/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystem: whether a directory lies on one that can hold a store, and its names on disk.
 * Private to store/. */
#ifndef KITH_STORE_FILESYSTEM_H
#define KITH_STORE_FILESYSTEM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for a file system that other machines share: locks and memory maps of two machines do not
 * see each other there, and a store would be destroyed. MAGIC is statfs()'s f_type; TYPE, which
 * may be empty, is the name in the mount table ("fuse.sshfs"), as all of FUSE has one magic. */
bool filesystem_is_shared(unsigned long magic, const char *type);

/* The same of the one that holds DIR, its name in NAME; false too when it cannot be asked. */
bool filesystem_of_is_shared(const char *dir, char *name, size_t size);

/* Whether BYTES more do not fit into DIR for want of space or quota: found out by allocating them
 * and giving them back. */
bool filesystem_is_full(const char *dir, uint64_t bytes);

/* Make the names in DIR survive a power cut: syncing a new file does not sync its name. */
int filesystem_sync_dir(const char *dir);

#endif
