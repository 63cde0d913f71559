"""`Tracing`: OpenTelemetry spans that follow messages from actor to actor, across tell and ask.

    sender, inside a span           mailbox                             receiver
    ---------------------           -------                             --------
    tell, ask, forward, a piped
    result ───────────────────────► keeps the sender's context
                                    beside the envelope ──────────────► a span of that context:
                                                                        "Account Deposit", until the handler is done
    goes on after an ask's answer                                       what it tells has this span for its parent
    in its own span

An actor has a context of its own, in which nothing of its senders' is visible; so the parent of a span travels with the
message. Baggage goes along. A message sent outside of all spans begins a trace, unless ``roots=False``. What a timer
sends begins one too: an actor's ticks are not the work of whoever made it tick first.

Needs the package ``opentelemetry-api`` (with an SDK that says where spans go; without one, spans cost little and go
nowhere).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from actors.core import ActorRef, Instrument, Mailbox, look_at
from actors.core.instrument import Handler

from ._carried import CarryingMailbox, carried
from ._names import class_name

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["Tracing", "TracingUnavailable"]


class TracingUnavailable(ImportError):
    """OpenTelemetry is not installed."""


class Tracing(Instrument):
    """``Settings(instrument=Tracing())``.

    :param provider: makes the tracer; OpenTelemetry's global one when None.
    :param roots: whether a message that was sent outside of all spans begins a trace.
    :raises TracingUnavailable: when ``opentelemetry-api`` is not installed.
    """

    def __init__(self, provider: TracerProvider | None = None, *, roots: bool = True) -> None:
        try:
            from opentelemetry import context, trace
        except ImportError as error:
            raise TracingUnavailable(
                "tracing needs OpenTelemetry, which is not installed: pip install opentelemetry-api opentelemetry-sdk"
            ) from error
        self._context = context
        self._trace = trace
        self._tracer = trace.get_tracer("actors", tracer_provider=provider)
        self._roots = roots

    def mailbox(self, ref: ActorRef[Any], mailbox: Mailbox) -> Mailbox:
        return CarryingMailbox(mailbox, self, self._context.get_current)

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        start, kind = self._tracer.start_span, self._trace.SpanKind.CONSUMER
        attach, detach, with_span = self._context.attach, self._context.detach, self._trace.set_span_in_context
        nothing: Context = type(self._context.get_current())()
        name = class_name(ref)
        actor = look_at(ref)
        assert actor is not None  # handlers are asked for where the actor lives

        def traced(message: Any) -> Awaitable[None] | None:
            envelope = actor.envelope
            parent: Context | None = carried(envelope, self)
            if parent is None:
                if not self._roots:
                    return handler(message)
                parent = nothing
            attributes: dict[str, str] = {"actors.path": ref.path, "actors.message": type(message).__qualname__}
            if envelope is not None and envelope[1] is not None:
                attributes["actors.sender"] = envelope[1].path
            span = start(f"{name} {type(message).__name__}", context=parent, kind=kind, attributes=attributes)
            token = attach(with_span(span, parent))
            try:
                result = handler(message)
            except BaseException as error:
                self._failed(span, error)
                span.end()
                detach(token)
                raise
            if result is not None:
                return self._until(result, span, token)
            span.end()
            detach(token)
            return None

        return traced

    async def _until(self, result: Awaitable[None], span: Span, token: Any) -> None:
        try:
            await result
        except BaseException as error:
            self._failed(span, error)
            raise
        finally:
            span.end()
            self._context.detach(token)

    def _failed(self, span: Span, error: BaseException) -> None:
        span.record_exception(error)
        span.set_status(self._trace.StatusCode.ERROR, repr(error))
