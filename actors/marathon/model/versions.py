"""Versions are moments in Marathon's spelling, ``2026-03-01T12:00:00.000Z``: they sort as text as they do in time."""

from datetime import UTC, datetime, timedelta

from .errors import ValidationFailed


def version_of(moment: datetime) -> str:
    """`moment` (aware) as a version, cut to milliseconds."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def moment_of(version: str) -> datetime:
    return datetime.fromisoformat(version)


def next_version(moment: datetime, last: str) -> str:
    """A version for `moment` that is later than `last`, even when the clock stood still or was set back."""
    version = version_of(moment)
    return version if version > last else version_of(moment_of(last) + timedelta(milliseconds=1))


def parse_version(text: str, path: str = "/version") -> str:
    """A version as a client wrote it (any ISO 8601 with a zone), in the normal spelling."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValidationFailed.at(
            path, f"must be a date and time such as 2026-03-01T12:00:00.000Z, is '{text}'"
        ) from None
    return version_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
