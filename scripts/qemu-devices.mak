# What the nested QEMU emulates; everything else is off (--without-default-devices).

CONFIG_MICROVM=y

# isa-debugcon: output in one exit however long; isa-debug-exit: an exit status
CONFIG_ISA_DEBUG=y

# virtconsole: an interactive shell
CONFIG_VIRTIO_SERIAL=y
