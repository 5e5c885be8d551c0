/* The front door's BPF program, an ELF object (made by bpf/embed.py). */
#pragma once

extern const unsigned char door_object[];
extern const unsigned long door_object_size; /* bytes */
