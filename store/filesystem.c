/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystem: the shared ones by their magic number, and those of FUSE by their name. */
#include "store/filesystem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/err.h"

#define FUSE_MAGIC 0x65735546ul

bool filesystem_is_shared(unsigned long magic, const char *type)
{
	static const unsigned long magics[] = {
		0x6969,     /* NFS */
		0x517b,     /* SMB */
		0xfe534d42, /* SMB2 */
		0xff534d42, /* CIFS */
		0x564c,     /* NCP */
		0x73757245, /* Coda */
		0x5346414f, /* AFS */
		0x6b414653, /* kAFS */
		0x01021997, /* 9P: a virtual machine's view of its host */
		0x786f4256, /* VirtualBox, the same */
		0x00c36400, /* Ceph */
		0x0bd00bd0, /* Lustre */
	};
	static const char *const fuses[] = {
		"sshfs", "glusterfs", "s3fs", "gcsfuse", "rclone", "cephfs", "ceph-fuse", "davfs",
		"curlftpfs", "smbnetfs", "moosefs", "mfs", "juicefs", "goofys", "blobfuse", "gvfsd-fuse",
	};

	for (unsigned i = 0; i < sizeof magics / sizeof *magics; i++)
		if ((magic & 0xffffffff) == magics[i])
			return true;
	if (magic != FUSE_MAGIC || strncmp(type, "fuse.", 5) != 0)
		return false;
	for (unsigned i = 0; i < sizeof fuses / sizeof *fuses; i++)
		if (strncmp(type + 5, fuses[i], strlen(fuses[i])) == 0)
			return true;
	return false;
}

/* The type of the mount of DEVICE: "36 35 98:0 /root /where options - TYPE source options". */
static void mount_type(dev_t device, char *type, size_t size)
{
	char line[4096];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	type[0] = '\0';
	while (f && fgets(line, sizeof line, f)) {
		unsigned major_number, minor_number;
		const char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*u %*u %u:%u", &major_number, &minor_number) != 2)
			continue;
		if (makedev(major_number, minor_number) != device)
			continue;
		snprintf(type, size, "%.*s", (int)strcspn(dash + 3, " \n"), dash + 3);
		break;
	}
	if (f)
		fclose(f);
}

bool filesystem_of_is_shared(const char *dir, char *name, size_t size)
{
	struct statfs fs;
	struct stat st;

	name[0] = '\0';
	if (statfs(dir, &fs) != 0 || stat(dir, &st) != 0)
		return false;
	mount_type(st.st_dev, name, size);
	return filesystem_is_shared((unsigned long)fs.f_type, name);
}

bool filesystem_is_full(const char *dir, uint64_t bytes)
{
	char path[4200];
	int fd, failed;

	snprintf(path, sizeof path, "%s/space.probe", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_from_errno(errno) == ERR_NOSPACE;
	failed = posix_fallocate(fd, 0, (off_t)bytes);
	close(fd);
	(void)unlink(path);
	return failed && err_from_errno(failed) == ERR_NOSPACE;
}

int filesystem_sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) != 0 ? err_from_errno(errno) : OK;

	if (fd >= 0)
		close(fd);
	return rc;
}
