"""Recipes for actors."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Generic

from ._types import M, M_contra
from .actor import Actor

if TYPE_CHECKING:
    from .dispatchers import DispatcherSpec
    from .mailboxes import MailboxRecipe

__all__ = ["Props"]


class Props(Generic[M_contra]):
    """How to make an actor, and make it again at each restart: ``Props(Greeter, "hello", polite=True)``.

    Immutable: the `with_…` methods return another one. The arguments are shared by all instances.
    """

    __slots__ = ("args", "cls", "dispatcher", "kwargs", "mailbox")

    def __init__(self, cls: type[Actor[M_contra]], /, *args: Any, **kwargs: Any) -> None:
        if not isinstance(cls, type) or not issubclass(cls, Actor):
            hint = "; pass the class and its arguments, not an instance" if isinstance(cls, Actor) else ""
            raise TypeError(f"Props needs a subclass of Actor, not {cls!r}{hint}")
        self.cls = cls
        self.args = args
        self.kwargs = kwargs
        self.mailbox: MailboxRecipe | None = None
        self.dispatcher: DispatcherSpec | None = None

    @staticmethod
    def of(source: Props[M] | type[Actor[M]]) -> Props[M]:
        """`source`, or the recipe without arguments for that class, which is made once and kept with the class."""
        if isinstance(source, Props):
            return source
        known: Props[M] | None = vars(source).get("_props") if isinstance(source, type) else None
        if known is None:
            known = Props(source)
            _check_no_arguments_needed(source)
            source._props = known
        return known

    def with_mailbox(self, mailbox: MailboxRecipe) -> Props[M_contra]:
        """The same, with a mailbox of that recipe: ``BoundedMailbox(100)``, ``PriorityMailbox(key)``, …"""
        if not callable(mailbox):
            raise TypeError(f"with_mailbox needs a recipe such as BoundedMailbox(100), not {mailbox!r}")
        props = self._copy()
        props.mailbox = mailbox
        return props

    def with_dispatcher(self, dispatcher: str | DispatcherSpec) -> Props[M_contra]:
        """The same, run by `dispatcher`: "run_queue", "task", "threads", a `ThreadPoolDispatcher(…)`, or "default".

        The last is the one of the system's settings.
        """
        from .dispatchers import dispatcher_spec

        props = self._copy()
        props.dispatcher = dispatcher_spec(dispatcher)
        return props

    def _copy(self) -> Props[M_contra]:
        props: Props[M_contra] = Props(self.cls, *self.args, **self.kwargs)
        props.mailbox = self.mailbox
        props.dispatcher = self.dispatcher
        return props

    def __repr__(self) -> str:
        given = [repr(each) for each in self.args] + [f"{name}={each!r}" for name, each in self.kwargs.items()]
        return f"Props({', '.join([self.cls.__qualname__, *given])})"


def _check_no_arguments_needed(cls: type[Actor[Any]]) -> None:
    try:
        inspect.signature(cls).bind()
    except TypeError as error:
        raise TypeError(
            f"{cls.__name__} cannot be made without arguments ({error}): spawn Props({cls.__name__}, …) with them"
        ) from None
    except ValueError:
        return  # no signature to be had: its constructor will say
