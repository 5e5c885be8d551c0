#!/usr/bin/env python3
"""Make a C string of a text file: embed.py INPUT OUTPUT NAME"""
import sys

source, target, name = sys.argv[1:]
with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as out:
    out.write(f'/* Made of {source.rsplit("/", 1)[-1]}. */\n#include "store/schema.h"\n\nconst char {name}[] =\n')
    for line in lines:
        text = line.rstrip("\n").replace("\\", "\\\\").replace('"', '\\"')
        out.write(f'    "{text}\\n"\n')
    out.write("    ;\n")
