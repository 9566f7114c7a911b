/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What count.c uses of QEMU's plugin interface, version 1 (QEMU's manual,
 * "TCG Plugins"). Debian packages no header for it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct qemu_plugin_tb;   /* a block of instructions that is translated */
struct qemu_plugin_insn; /* one of them */

enum qemu_plugin_flags { QEMU_PLUGIN_NO_REGISTERS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD };

typedef void (*qemu_plugin_executed)(unsigned vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
	void (*translated)(uint64_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
	const struct qemu_plugin_tb *tb, size_t index);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
	qemu_plugin_executed run, enum qemu_plugin_flags flags, void *data);

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	qemu_plugin_executed run, enum qemu_plugin_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
	enum qemu_plugin_op op, void *counter, uint64_t increment);

void qemu_plugin_register_atexit_cb(
	uint64_t id, void (*ended)(uint64_t id, void *data), void *data);
