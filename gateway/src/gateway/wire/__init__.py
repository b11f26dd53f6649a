"""Protobuf <-> JSON, driven by descriptors: one parser, one renderer and one schema per message, built once.

`google.protobuf.json_format` is several times slower and speaks another JSON (camelCase, prefixed enums)."""
