"""Where SQLite may not live: its WAL mode needs memory shared by all processes, which no network file system gives."""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath

from labdeck.errors import StorePlace

# fmt: off
_NETWORK = {
    "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.beegfs", "fuse.ceph", "fuse.davfs2", "fuse.gcsfuse",
    "fuse.glusterfs", "fuse.goofys", "fuse.juicefs", "fuse.moosefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
    "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb", "smb2",
    "smb3", "smbfs", "sshfs",
}
# fmt: on
_MOUNTS = Path("/proc/self/mounts")


def require_local(folder: Path) -> None:
    """Raise StorePlace if a folder lies on a network file system; where the system does not say, trust it."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    kind = network_kind(mounts, folder.resolve())
    if kind is not None:
        raise StorePlace(
            f"{folder} is on a network file system ({kind}), where SQLite loses data",
            "choose a local folder with LABDECK_STORE, or use a postgresql:// URL",
        )


def network_kind(mounts: str, folder: PurePath) -> str | None:
    r"""Return the type of the network file system a folder lies on, None for a local one.

    Args:
        mounts: The text of /proc/mounts, see proc(5): device, mount point, type, options; octal escapes for blanks.
        folder: An absolute path without links.

    Example:
        >>> network_kind("box:/home /home nfs4 rw 0 0\n/dev/sda1 / ext4 rw 0 0\n", PurePosixPath("/home/ada/lab"))
        'nfs4'
    """
    best: tuple[int, str] = (-1, "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 - device, mount point, type
            continue
        point = PurePosixPath(_unescape(fields[1]))
        if point == folder or point in folder.parents:
            # Of two mounts on one point the later one covers the earlier.
            best = max((len(point.parts), fields[2]), best, key=lambda item: item[0])
    return best[1] if best[1] in _NETWORK else None


def _unescape(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
