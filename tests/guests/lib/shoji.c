/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/guests/lib/shoji.h"

#include "tests/guests/lib/test.h"

bool shoji_present(void)
{
	uint32_t a = SHOJI_CPUID_LEAF, b, c = 0, d;

	asm volatile(XEN_CPUID : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b == SHOJI_CPUID_EBX && c == SHOJI_CPUID_ECX &&
	       d == SHOJI_CPUID_EDX && a > SHOJI_CPUID_LEAF;
}

int64_t shoji_audit(struct shoji_audit *result, char *text, uint64_t size)
{
	int64_t rc;

	*result = (struct shoji_audit){ .text = text, .size = size - 1 };
	rc = PV_CALL2(__HYPERVISOR_shoji, SHOJI_audit, result);
	text[rc ? 0 : result->size] = '\0';
	return rc;
}
