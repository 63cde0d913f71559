"""The generated messages are those of Mesos 1.11, field for field; ``protocol.txt`` holds what Mesos declares."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, FileDescriptor

import mesos_proto
from mesos_proto import generate

MODULES: list[ModuleType] = [getattr(mesos_proto, name) for name in mesos_proto.__all__ if name.endswith("_pb2")]
TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
}


def test_every_message_field_and_enum_is_as_mesos_declares_it() -> None:
    expected = [
        line for line in (Path(__file__).parent / "protocol.txt").read_text().splitlines() if not line.startswith("#")
    ]
    files: list[FileDescriptor] = sorted((module.DESCRIPTOR for module in MODULES), key=lambda file: file.name)
    assert [line for file in files for line in _lines_of_file(file)] == expected


def test_the_checked_in_modules_are_what_the_generator_makes_today() -> None:
    if importlib.util.find_spec("grpc_tools") is None:
        pytest.skip("grpcio-tools (protoc) is not installed")
    root = Path(generate.PACKAGE)
    found = {
        str(path.relative_to(root)): path.read_text()
        for path in (root / "mesos").rglob("*.py*")
        if path.suffix in (".py", ".pyi")
    }
    assert generate.render() == found, "run `python -m mesos_proto.generate` and commit what changed"


def _lines_of_file(file: FileDescriptor) -> Iterator[str]:
    yield f"file {file.name} {file.package}"
    yield from (f"import {dependency.name}" for dependency in file.dependencies)
    top = list(file.message_types_by_name.values())
    messages = [message for each in top for message in _with_nested(each)]
    enums = list(file.enum_types_by_name.values()) + [enum for each in messages for enum in each.enum_types]
    for message in sorted(messages, key=lambda each: each.full_name):
        yield from _lines_of_message(message, file.package)
    for enum in sorted(enums, key=lambda each: each.full_name):
        yield from _lines_of_enum(enum, file.package)


def _with_nested(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for nested in message.nested_types:
        yield from _with_nested(nested)


def _lines_of_message(message: Descriptor, package: str) -> Iterator[str]:
    map_entry = " map_entry" if message.GetOptions().map_entry else ""
    yield f"message {message.full_name.removeprefix(package + '.')}{map_entry}"
    for field in sorted(message.fields, key=lambda each: each.number):
        yield _line_of_field(field)


def _line_of_field(field: FieldDescriptor) -> str:
    label = "required" if field.is_required else "repeated" if field.is_repeated else "optional"
    referred = field.message_type or field.enum_type
    line = f" {field.number} {label} {referred.full_name if referred else TYPES[field.type]} {field.name}"
    if field.has_default_value:
        line += f" default={_default(field)}"
    if field.containing_oneof:
        line += f" oneof={field.containing_oneof.name}"
    assert not field.is_packed
    return line + (" deprecated" if field.GetOptions().deprecated else "")


def _default(field: FieldDescriptor) -> str:
    if field.enum_type:
        return field.enum_type.values_by_number[field.default_value].name
    if isinstance(field.default_value, bool):
        return str(field.default_value).lower()
    return f"{field.default_value:g}" if isinstance(field.default_value, float) else str(field.default_value)


def _lines_of_enum(enum: EnumDescriptor, package: str) -> Iterator[str]:
    yield f"enum {enum.full_name.removeprefix(package + '.')}"
    for value in enum.values:
        yield f" {value.number} {value.name}" + (" deprecated" if value.GetOptions().deprecated else "")
