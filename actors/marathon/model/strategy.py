"""How an app is upgraded, and what happens to instances on an agent that cannot be reached."""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ._wire import Count, Number, Text, WireModel

Share = Annotated[Number, Field(ge=0.0, le=1.0)]
KillSelection = Literal["YOUNGEST_FIRST", "OLDEST_FIRST"]


class UpgradeStrategy(WireModel):
    """Shares of the instance count, 0..1: how many more than asked for, and how many healthy at the least."""

    maximum_over_capacity: Share = 1.0
    minimum_health_capacity: Share = 1.0


SINGLE_INSTANCE_UPGRADE = UpgradeStrategy(maximum_over_capacity=0.0, minimum_health_capacity=0.0)
RESIDENT_UPGRADE = UpgradeStrategy(maximum_over_capacity=0.0, minimum_health_capacity=0.5)


class UnreachableStrategy(WireModel):
    """When an unreachable instance is replaced (inactive) and when it is given up (expunged); seconds.

    On the wire the string ``"disabled"`` stands for `disabled`: such instances are neither replaced nor given up.
    """

    inactive_after_seconds: Count = 0
    expunge_after_seconds: Count = 0
    disabled: Annotated[bool, Field(exclude=True)] = False

    @model_validator(mode="before")
    @classmethod
    def _read_disabled(cls, data: Any) -> Any:
        if isinstance(data, str):
            if data != "disabled":
                raise ValueError(f"must be an object or the string 'disabled', is the string {data!r}")
            return {"disabled": True}
        if isinstance(data, dict):
            # The switch has no name on the wire: only the string turns it on.
            return {key: value for key, value in data.items() if key != "disabled"}
        return data

    @model_validator(mode="after")
    def _inactive_before_expunged(self) -> "UnreachableStrategy":
        if self.inactive_after_seconds > self.expunge_after_seconds:
            raise ValueError("inactiveAfterSeconds must be less than or equal to expungeAfterSeconds")
        return self

    @model_serializer(mode="wrap")
    def _write_disabled(self, handler: SerializerFunctionWrapHandler) -> Any:
        return "disabled" if self.disabled else handler(self)


# A second instance of a single-instance app would run beside the first if it were replaced at once.
PATIENT_UNREACHABLE = UnreachableStrategy(inactive_after_seconds=3600, expunge_after_seconds=604800)


class VersionInfo(WireModel):
    """When the definition was last scaled or restarted, and when last changed otherwise (versions).

    `last_restart_at` is ours, stored but not shown to clients: a scaling in the midst of a restart must not end it.
    """

    last_scaling_at: Text
    last_config_change_at: Text
    last_restart_at: Text | None = None


class Residency(WireModel):
    """Read and kept for compatibility; it has no effect."""

    relaunch_escalation_timeout_seconds: Count = 3600
    task_lost_behavior: Literal["WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"] = "WAIT_FOREVER"
