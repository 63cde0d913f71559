"""What every value of the model shares: frozen, camelCase on the wire, exact JSON types.

Marathon reads JSON strictly (the string ``"1"`` is no number), ignores fields it does not know, reads an explicit
``null`` as "absent", and leaves absent values and some empty collections out of what it writes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    Strict,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

T = TypeVar("T")


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shortest(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    seen: list[T] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return tuple(seen)


Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]
# 10.0 is a whole number in JSON, and some clients write it so.
Whole = Annotated[int, BeforeValidator(_whole), Strict()]
# Scala writes the double 1.0 as 1.
Number = Annotated[float, Strict(), Field(allow_inf_nan=False), PlainSerializer(_shortest)]
Count = Annotated[Whole, Field(ge=0, le=2**31 - 1)]
Port = Annotated[Whole, Field(ge=0, le=65535)]
TextMap = Mapping[Text, Text]
Distinct = Annotated[tuple[T, ...], AfterValidator(_distinct)]


class WireModel(BaseModel):
    """A frozen value with the field names of Marathon's JSON as aliases.

    ``omit_empty`` names the fields (in Python's spelling) that are left out of the JSON when they are empty, as
    Marathon's RAML marks them; a ``None`` is always left out. ``deprecated_fields`` are names on the wire that are read
    elsewhere: they are no mistakes of the writer.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        serialize_by_alias=True,
    )
    omit_empty: ClassVar[frozenset[str]] = frozenset()
    deprecated_fields: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_means_absent(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data

    @model_serializer(mode="wrap")
    def _without_absent_fields(self, handler: SerializerFunctionWrapHandler) -> Any:
        omitted = {to_camel(name) for name in self.omit_empty}
        return {
            key: value
            for key, value in handler(self).items()
            if value is not None and not (key in omitted and not value)
        }

    def to_wire(self) -> dict[str, Any]:
        """This value as Marathon writes it in JSON: plain dicts, lists, strings and numbers."""
        return self.model_dump(mode="json")

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed (Python's spelling); the new values are trusted, not validated."""
        return self.model_copy(update=changes)
