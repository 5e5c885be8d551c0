#!/usr/bin/env python3
"""A file as an array in C, so that the daemon carries its BPF program in itself: embed.py INPUT OUTPUT NAME"""
import sys

source, output, name = sys.argv[1:]
with open(source, "rb") as data, open(output, "w", encoding="ascii") as text:
    content = data.read()
    text.write(f'#include "port/door_object.h"\n\nconst unsigned char {name}[] = {{\n')
    for at in range(0, len(content), 20):
        text.write("".join(f"{byte}," for byte in content[at:at + 20]) + "\n")
    text.write(f"}};\n\nconst unsigned long {name}_size = sizeof({name});\n")
