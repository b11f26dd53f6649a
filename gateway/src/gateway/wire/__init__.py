"""Protobuf <-> JSON, driven by descriptors: one parser, one renderer and one schema per message, built once.

`google.protobuf.json_format` takes twice the time and speaks another JSON (camelCase, prefixed enums)."""
