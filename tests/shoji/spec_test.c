/* SPDX-License-Identifier: BSD-2-Clause */
/* Disk and network specifications as they are found in the wild. */
#include "suite.h"
#include "lib/diskspec.h"
#include "lib/error.h"
#include "lib/vifspec.h"

#include <string.h>

static struct error error;

/* The text is understood as this target, device and access (r, w or !). */
static bool disk(
	const char *text, const char *target, const char *vdev, char access)
{
	struct disk_spec spec;
	bool same;

	error_clear(&error);
	if (disk_spec_parse(&spec, text, &error))
		return false;
	same = !strcmp(spec.target, target) && !strcmp(spec.vdev, vdev) &&
	       spec.readonly == (access == 'r') &&
	       spec.shared == (access == '!');
	disk_spec_free(&spec);
	return same;
}

static bool no_disk(const char *text, const char *cause)
{
	struct disk_spec spec;

	error_clear(&error);
	if (!disk_spec_parse(&spec, text, &error)) {
		disk_spec_free(&spec);
		return false;
	}
	return strstr(error.cause, cause);
}

static void test_positional_disks(void)
{
	CHECK(disk("/p.img,raw,xvda", "/p.img", "xvda", 'w'));
	CHECK(disk("/p.img, raw, xvda, rw", "/p.img", "xvda", 'w'));
	CHECK(disk("/dev/vg/x,,xvda,w", "/dev/vg/x", "xvda", 'w'));
	CHECK(disk("/p,raw,xvda,ro", "/p", "xvda", 'r'));
	CHECK(disk("/p,raw,xvda,w!", "/p", "xvda", '!'));
	CHECK(disk("/p,raw,sdb,r", "/p", "sdb", 'r'));
	CHECK(disk("/p,raw,hdc:cdrom,r", "/p", "hdc", 'r'));
	CHECK(disk("/p,raw,hdc,w,cdrom", "/p", "hdc", 'r'));
	CHECK(disk("/p,raw,xvda,direct-io-safe,w", "/p", "xvda", 'w'));
}

static void test_old_disks(void)
{
	CHECK(disk("phy:/dev/vg/lv,xvda,w", "/dev/vg/lv", "xvda", 'w'));
	CHECK(disk("file:/p.img,xvda2,w", "/p.img", "xvda2", 'w'));
	CHECK(disk("tap:aio:/p,xvda,w", "/p", "xvda", 'w'));
	CHECK(disk("tap2:tapdisk:aio:/p,hda1,r", "/p", "hda1", 'r'));
	CHECK(disk("raw:/p,sda1,w", "/p", "sda1", 'w'));
	CHECK(no_disk("tap:qcow:/p,xvda,w", "raw"));
	CHECK(no_disk("qcow2:/p,xvda,w", "raw"));
}

static void test_named_disks(void)
{
	CHECK(disk(
		"vdev=xvda2, target=/dev/a,b=c", "/dev/a,b=c", "xvda2", 'w'));
	CHECK(disk(
		"format=raw,vdev=xvdb,access=r,target=/x", "/x", "xvdb", 'r'));
	CHECK(disk("format=raw,file:/p,xvda2,w", "/p", "xvda2", 'w'));
	CHECK(disk("backendtype=phy,vdev=xvda,target=/x", "/x", "xvda", 'w'));
	CHECK(disk("vdev=hdc,devtype=cdrom", "", "hdc", 'r'));
	CHECK(no_disk("format=qcow2,vdev=xvda,target=/x", "raw"));
	CHECK(strstr(error.hint, "qemu-img"));
	CHECK(disk("backend=dd,vdev=xvda,target=/x", "/x", "xvda", 'w'));
}

static void test_bad_disks(void)
{
	CHECK(no_disk("", "no virtual device"));
	CHECK(no_disk("/p", "no virtual device"));
	CHECK(no_disk("/p,raw,xvda,w,more", "too many"));
	CHECK(no_disk("/p,odd,xvda", "odd"));
	CHECK(no_disk("/p,raw,xvda,x", "access"));
	CHECK(no_disk("vdev=xvda", "no target"));
	CHECK(no_disk("colour=red,vdev=xvda", "colour"));
	CHECK(no_disk("/p,raw,xvda:tape", "tape"));
}

static void test_disk_numbers(void)
{
	CHECK(disk_number("xvda") == 51712);
	CHECK(disk_number("xvda1") == 51713);
	CHECK(disk_number("xvdb") == 51728);
	CHECK(disk_number("xvdp15") == (202 << 8 | 15 << 4 | 15));
	CHECK(disk_number("xvdq") == (1 << 28 | 16 << 8));
	CHECK(disk_number("xvda16") == (1 << 28 | 16));
	CHECK(disk_number("xvdaa") == (1 << 28 | 26 << 8));
	CHECK(disk_number("hda") == 0x300 && disk_number("hdb1") == 0x341);
	CHECK(disk_number("hdc") == 0x1600 && disk_number("hdd") == 0x1640);
	CHECK(disk_number("sda") == 0x800 && disk_number("sdb1") == 0x811);
	CHECK(disk_number("d0p1") == 51713 && disk_number("d2") == 51744);
	CHECK(disk_number("51712") == 51712 && disk_number("0xca00") == 51712);
	CHECK(disk_number("") < 0 && disk_number("xvd") < 0);
	CHECK(disk_number("xvda1x") < 0 && disk_number("foo") < 0);
	CHECK(disk_number("hde") < 0 && disk_number("sdq") < 0);
	CHECK(disk_number("xvda999") < 0 && disk_number("d0p") < 0);
	CHECK(disk_number("XVDA") < 0 && disk_number("xvdzzzzzz") < 0);
}

static bool vif(const char *text, struct vif_spec *spec)
{
	error_clear(&error);
	return !vif_spec_parse(spec, text, &error);
}

static bool no_vif(const char *text, const char *cause)
{
	struct vif_spec spec;

	if (vif(text, &spec)) {
		vif_spec_free(&spec);
		return false;
	}
	return strstr(error.cause, cause);
}

static void test_vifs(void)
{
	struct vif_spec spec;

	CHECK(vif("", &spec));
	CHECK(!strcmp(spec.bridge, "xenbr0") && spec.mac[2] == 0x3e);
	vif_spec_free(&spec);
	CHECK(vif("ip=1.2.3.4 ,mac=00:16:3E:AA:bb:CC, bridge=br1", &spec));
	CHECK(!strcmp(spec.ip, "1.2.3.4") && !strcmp(spec.bridge, "br1"));
	CHECK(spec.mac[3] == 0xaa && spec.mac[5] == 0xcc);
	vif_spec_free(&spec);
	CHECK(vif("type=ioemu,model=e1000,script=vif-bridge", &spec));
	CHECK(!spec.script);
	vif_spec_free(&spec);
	CHECK(vif("script=/etc/xen/scripts/vif-route,vifname=v1", &spec));
	CHECK(spec.script && !spec.bridge && !strcmp(spec.vifname, "v1"));
	vif_spec_free(&spec);
	CHECK(vif("mac=00-16-3e-01-02-03,mtu=1400,devid=3", &spec));
	CHECK(spec.mtu == 1400 && spec.devid == 3);
	vif_spec_free(&spec);
}

static void test_vif_rates(void)
{
	struct vif_spec spec;

	CHECK(vif("rate=10Mb/s", &spec));
	CHECK(spec.rate_bytes == 62500 && spec.rate_interval == 50000);
	vif_spec_free(&spec);
	CHECK(vif("rate=250KB/s@20ms", &spec));
	CHECK(spec.rate_bytes == 5000 && spec.rate_interval == 20000);
	vif_spec_free(&spec);
	CHECK(vif("rate=1MB/s@1s", &spec));
	CHECK(spec.rate_bytes == 1000000);
	vif_spec_free(&spec);
	CHECK(no_vif("rate=10", "rate"));
	CHECK(no_vif("rate=Mb/s", "rate"));
	CHECK(no_vif("rate=10Mb/s@", "rate"));
	CHECK(no_vif("rate=10Mb/s@3h", "rate"));
}

/* A back-end domain by name; dom0's names mean none. */
static void test_backends(void)
{
	struct disk_spec disk;
	struct vif_spec net;

	CHECK(!disk_spec_parse(
		&disk, "backend=store,vdev=xvda,target=/x", &error));
	CHECK(disk.backend && !strcmp(disk.backend, "store"));
	disk_spec_free(&disk);
	CHECK(!disk_spec_parse(
		&disk, "backend=Domain-0,vdev=xvda,target=/x", &error));
	CHECK(!disk.backend);
	disk_spec_free(&disk);
	CHECK(!disk_spec_parse(&disk, "/x,raw,xvda,w,backend=3", &error));
	CHECK(disk.backend && !strcmp(disk.backend, "3"));
	disk_spec_free(&disk);
	CHECK(vif("backend=net,bridge=b", &net));
	CHECK(net.backend && !strcmp(net.backend, "net"));
	vif_spec_free(&net);
	CHECK(vif("backend=0", &net));
	CHECK(!net.backend);
	vif_spec_free(&net);
}

static void test_bad_vifs(void)
{
	CHECK(no_vif("mac=00:16:3e:01:02", "mac"));
	CHECK(no_vif("mac=00:16:3e:01:02:03:04", "mac"));
	CHECK(no_vif("mac=01:16:3e:01:02:03", "multicast"));
	CHECK(no_vif("bridge=averyveryverylongname", "network interface"));
	CHECK(no_vif("vifname=a/b", "network interface"));
	CHECK(no_vif("colour=red", "colour"));
	CHECK(no_vif("bridge", "key=value"));
	CHECK(no_vif("mtu=x", "mtu"));
}

int main(void)
{
	RUN(positional_disks);
	RUN(old_disks);
	RUN(named_disks);
	RUN(backends);
	RUN(bad_disks);
	RUN(disk_numbers);
	RUN(vifs);
	RUN(vif_rates);
	RUN(bad_vifs);
	return suite_end();
}
