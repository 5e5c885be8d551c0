"""The BPF programs, maps and links of Fairlead that the kernel has."""
import ctypes
import os
import platform
import struct

SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280}[platform.machine()]
# BPF_..._GET_NEXT_ID and BPF_..._GET_FD_BY_ID, where the name stands in the kernel's information, and what ours are called.
KINDS = {"program": (11, 13, 64, ("door_", "lift_far")), "map": (12, 14, 24, ("fairlead", "counters", "bindings", "samples", "traces"))}


def call(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    result = ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, command, buffer, 128)
    return result, buffer.raw


def name_of(fd, at):
    information = ctypes.create_string_buffer(256)
    call(15, struct.pack("=IIQ", fd, 256, ctypes.addressof(information)))  # BPF_OBJ_GET_INFO_BY_FD
    return information.raw[at:at + 16].split(b"\0")[0].decode()


def open_pin(path):
    """A descriptor of what is pinned there."""
    name = ctypes.create_string_buffer(path.encode())
    fd, _ = call(7, struct.pack("=QII", ctypes.addressof(name), 0, 0))  # BPF_OBJ_GET
    if fd < 0:
        raise OSError(ctypes.get_errno(), path)
    return fd


def bpf_objects():
    """A set of (kind, id, name)."""
    found = set()
    for kind, (next_id, by_id, at, names) in KINDS.items():
        number = 0
        while True:
            result, buffer = call(next_id, struct.pack("=III", number, 0, 0))
            if result:
                break
            number = struct.unpack_from("=I", buffer, 4)[0]
            fd, _ = call(by_id, struct.pack("=III", number, 0, 0))
            if fd >= 0:
                name = name_of(fd, at)
                os.close(fd)
                if name.startswith(names):
                    found.add((kind, number, name))
    return found
