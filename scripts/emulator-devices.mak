# The devices that the QEMU of `make emulator` emulates; all others are off (--without-default-devices).

# Common machines
CONFIG_I440FX=y
CONFIG_Q35=y
CONFIG_MICROVM=y

# Disks and CD-ROMs; I440FX and Q35 bring IDE and AHCI
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_SCSI=y
CONFIG_USB_XHCI_PCI=y
CONFIG_USB_STORAGE_CLASSIC=y

# Boot by network
CONFIG_VIRTIO_NET=y
CONFIG_E1000_PCI=y
CONFIG_E1000E_PCI_EXPRESS=y

# Consoles, random numbers, a screen
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
CONFIG_VGA_PCI=y

# isa-debugcon, isa-debug-exit; pc-testdev, which kvm-unit-tests want
CONFIG_ISA_DEBUG=y
CONFIG_ISA_TESTDEV=y
CONFIG_HPET=y
