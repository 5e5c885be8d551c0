/* The front door's BPF programs, and the alarm's: ELF objects (made by bpf/embed.py). */
#pragma once

extern const unsigned char door_object[];
extern const unsigned long door_object_size; /* bytes */

extern const unsigned char alarm_object[];
extern const unsigned long alarm_object_size;
