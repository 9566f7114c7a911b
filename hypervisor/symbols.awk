# SPDX-License-Identifier: BSD-2-Clause
# From "nm -n" of the image to assembly: the functions' offsets and names, as
# lib/symbols.c searches them. An empty input makes an empty table.
BEGIN {
	names = 0
	print ".section .symbols, \"a\""
	print ".balign 8"
	print ".globl symbol_table, symbol_count, symbol_names"
	print "symbol_table:"
}
$3 == "image_start" { base = $1 }
$3 == "image_text_end" { ended = 1 }
tolower($2) == "t" && !ended && $3 !~ /^(image_|\.)/ && $1 != last {
	printf ".long 0x%s - 0x%s, %d\n", $1, base, names
	text[count++] = $3
	names += length($3) + 1
	last = $1
}
END {
	print "symbol_count: .long " count + 0
	print "symbol_names:"
	for (i = 0; i < count; i++)
		printf ".asciz \"%s\"\n", text[i]
	print ".byte 0"
}
