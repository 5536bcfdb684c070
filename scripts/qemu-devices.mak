# The devices that the nested QEMU emulates; all others are off (--without-default-devices).

CONFIG_MICROVM=y

# isa-debugcon: output in one exit, however long it is; isa-debug-exit: an exit status
CONFIG_ISA_DEBUG=y

# virtconsole: an interactive shell
CONFIG_VIRTIO_SERIAL=y
