"""The name that a file is shown and saved under: what the client called it, made harmless."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 150
SUFFIXES = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "image/tiff": (".tiff", ".tif"),
    "image/heic": (".heic", ".heif"),
    "text/plain": (".txt",),
}
# Control and format characters (bidi overrides and zero width among them), private use, line separators.
_DROPPED = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
# What Windows does not take in a name.
_REPLACED = re.compile(r'[<>:"|?*]')
# Devices of Windows, with whatever suffix.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.I)


def clean(file_name: str, media_type: str) -> str:
    """The last part of a path, with the suffix of what the file is at its end: `a.pdf.exe` that is a PDF becomes
    `a.pdf.exe.pdf`, so that nothing opens it as a program."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1]
    kept = "".join(each for each in base if unicodedata.category(each) not in _DROPPED)
    kept = _REPLACED.sub("_", " ".join(kept.split())).rstrip(". ")
    suffixes = SUFFIXES[media_type]
    suffix = next((each for each in suffixes if kept.lower().endswith(each)), "")
    stem = kept[: len(kept) - len(suffix)] if suffix else kept
    stem = stem[: MAX_LENGTH - len(suffixes[0]) - 1].strip(". ") or "file"
    if _RESERVED.fullmatch(stem):
        stem = f"_{stem}"
    return stem + (kept[len(kept) - len(suffix) :] if suffix else suffixes[0])
