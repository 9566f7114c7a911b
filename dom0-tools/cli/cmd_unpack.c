/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shoji unpack-kernel: writes the ELF file that is inside a bzImage, which is
 * what a hypervisor without decompressors is booted with. The kernel package's
 * hook calls it. The output is replaced as a whole or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/bzimage.h"
#include "lib/elf.h"

static int write_file(
	const struct kernel_image *image, const char *path, struct error *error)
{
	char *temporary;
	FILE *out;
	int rc = 0;

	if (asprintf(&temporary, "%s.new", path) < 0)
		return error_set(error, ENOMEM, "out of memory");
	out = fopen(temporary, "we");
	if (!out || fwrite(image->data, 1, image->size, out) != image->size ||
		fflush(out) || fsync(fileno(out)))
		rc = error_errno(error, errno, "writing %s", temporary);
	if (out && fclose(out) && !rc)
		rc = error_errno(error, errno, "writing %s", temporary);
	if (!rc && rename(temporary, path))
		rc = error_errno(error, errno, "%s", path);
	if (rc)
		unlink(temporary);
	free(temporary);
	return rc;
}

int cmd_unpack(int argc, char **argv)
{
	struct kernel_image image;
	struct pv_kernel kernel;
	struct error error = {0};
	int rc;

	if (argc != 3)
		return usage(argv[0]);
	rc = kernel_image_load(&image, argv[1], &error);
	if (rc)
		return fail(&error);
	rc = pv_kernel_parse(&kernel, image.data, image.size, argv[1], &error);
	if (!rc)
		rc = write_file(&image, argv[2], &error);
	kernel_image_free(&image);
	return rc ? fail(&error) : done();
}
