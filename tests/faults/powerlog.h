/* SPDX-License-Identifier: Apache-2.0 */
/* Power log: what powershim.c writes and powercut.c reads. Records follow each other without
 * padding, in the order in which the operations were carried out, host byte order:
 *
 *   struct power_record, path, second path, data
 *
 * Paths are relative to KITH_FAULT_DIR, "." being the directory itself. */
#ifndef KITH_TESTS_POWERLOG_H
#define KITH_TESTS_POWERLOG_H
#include <stdint.h>

#define POWER_MAGIC 0x6b706f77u

enum power_op {
	POWER_CREATE = 1,   /* a file that was not there has been opened */
	POWER_WRITE,        /* `data` at `offset` */
	POWER_WRITE_SYNCED, /* the same through an O_SYNC or O_DSYNC descriptor */
	POWER_TRUNCATE,     /* to `offset` bytes, shorter or longer */
	POWER_EXTEND,       /* at least `offset` bytes long: fallocate */
	POWER_SYNC,         /* fsync or fdatasync of a file or a directory */
	POWER_RENAME,       /* path to second path */
	POWER_UNLINK,
	POWER_MKDIR,
	POWER_RMDIR,
	POWER_SYNC_ALL, /* sync, syncfs */
	POWER_SAID,     /* `data` went to standard output: what was promised by then */
};

struct power_record {
	uint32_t magic;
	uint16_t op;
	uint16_t path_size;
	uint16_t second_size;
	uint16_t zero;
	uint32_t data_size;
	uint64_t offset;
};

#endif
