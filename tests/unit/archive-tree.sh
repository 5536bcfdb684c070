#!/bin/sh
# Makes tree/, files of all kinds whose names sort badly, and expected.cpio, what gen_init_cpio makes of the same files.
set -eu
umask 022
rm -rf tree
mkdir tree
cd tree
mkdir -p a a/b boot dir-x empty sticky
printf x >a/b/one
printf xyz >a-b
printf wxyz >a.b
: >a0
printf 12345 >boot/bzImage
head -c 100003 /dev/zero | tr '\0' k >large
u_umlaut=$(printf '\303\274')
printf u >"$u_umlaut"
chmod 1777 sticky
chmod 0700 empty
chmod 4755 large
chmod 0400 a0
ln -s ../a/b/one link
ln -s /nowhere a/dangling
ln -s . loop
mkfifo -m 0640 pipe
device=
if mknod -m 0600 node c 5 1 2>/dev/null; then
	device=nod
fi
touch -d 2001-02-03 a a-b
touch -h -d 2001-02-03 link
cd ..

owner="$(id -u) $(id -g)"
cat >list <<END
dir /a 0755 $owner
file /a-b tree/a-b 0644 $owner
file /a.b tree/a.b 0644 $owner
dir /a/b 0755 $owner
file /a/b/one tree/a/b/one 0644 $owner
slink /a/dangling /nowhere 0777 $owner
file /a0 tree/a0 0400 $owner
dir /boot 0755 $owner
file /boot/bzImage tree/boot/bzImage 0644 $owner
dir /dir-x 0755 $owner
dir /empty 0700 $owner
file /large tree/large 04755 $owner
slink /link ../a/b/one 0777 $owner
slink /loop . 0777 $owner
${device:+nod /node 0600 $owner c 5 1}
pipe /pipe 0640 $owner
dir /sticky 01777 $owner
file /$u_umlaut tree/$u_umlaut 0644 $owner
END
sed -i '/^$/d' list
"$TOP/build/parts/gen_init_cpio" -t 0 list >expected.cpio
