/* SPDX-License-Identifier: BSD-2-Clause */
/* What the module should hold: this guest's own source. */
	.section .rodata
	.globl	file, file_end
file:
	.incbin	"tests/guests/initrd/main.c"
file_end:

	.section .note.GNU-stack, "", @progbits
