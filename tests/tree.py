"""The files of the source tree, as the tests of the house walk it."""
import os


def files(root, folders, endings):
    """Paths relative to root, sorted, of every file under these folders (those that exist) with one of these endings."""
    return sorted(
        os.path.relpath(os.path.join(place, name), root)
        for folder in folders
        for place, _, names in os.walk(os.path.join(root, folder))
        for name in names
        if name.endswith(endings))
