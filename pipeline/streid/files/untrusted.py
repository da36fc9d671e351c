"""Checks of HDF5 files from other people: they may not refer to other files, or declare more than they store.

Such a file may hold links into other files, datasets whose values are in other files, and shapes far larger than the
values that it stores, for which memory would be allocated before any value is read.
"""

import h5py

from streid.errors import InputError

MOST_OBJECTS = 10_000
MOST_COMPRESSION = 1100  # deflate expands a byte to at most 1,032 bytes
SLACK_BYTES = 1 << 16


def refuse_unconfined(handle: h5py.File) -> None:
    """Refuse an open file that refers to another file, or has shapes that its bytes cannot fill.

    Raises:
        InputError: it has an external link, a virtual dataset or one stored elsewhere, a dataset that stores far
            less than it declares, or more than `MOST_OBJECTS` links.
    """
    seen = 0

    def problem(name: str, link: object) -> str | None:
        nonlocal seen
        seen += 1
        if seen > MOST_OBJECTS:
            return f"holds more than {MOST_OBJECTS} groups and datasets; it was not made by streid"
        if isinstance(link, h5py.ExternalLink):
            return f"{name} is a link into another file; copy its target into this one"
        if isinstance(link, h5py.HardLink) and isinstance(found := handle[name], h5py.Dataset):
            return _problem_of(name, found)
        return None

    # The visit ends at the first problem; an exception must not pass through HDF5's own code.
    if found := handle.visititems_links(problem):
        raise InputError(found)


def _problem_of(name: str, dataset: h5py.Dataset) -> str | None:
    if dataset.is_virtual or dataset.external:
        return f"{name} is stored in another file; copy its values into this one"
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > MOST_COMPRESSION * stored + SLACK_BYTES:
        return f"{name} declares shape {dataset.shape}, but only {stored} bytes are stored; make it again"
    return None
