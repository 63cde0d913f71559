"""Offer constraints: which agents a framework wants to be offered, by their attributes. Pure.

Per role there are groups of constraints: an agent passes when, for one of the groups, all of its constraints hold.
A text predicate holds too where the attribute is there but no text (Mesos's ``scheduler.proto``, OfferConstraints).
"""

from __future__ import annotations

import re

from mesos_proto import mesos_pb2, scheduler_pb2

__all__ = ["constraints_error", "matches"]

Constraint = scheduler_pb2.AttributeConstraint
Pseudo = Constraint.Selector.PseudoattributeType


def constraints_error(constraints: scheduler_pb2.OfferConstraints) -> str | None:
    """What is wrong with them; None when nothing is."""
    for role, per_role in constraints.role_constraints.items():
        if not per_role.groups:
            return f"'OfferConstraints::role_constraints' has an empty 'RoleConstraints::groups' for role {role}"
        for group in per_role.groups:
            if not group.attribute_constraints:
                # sic: Mesos forgets the space
                return (
                    f"'OfferConstraints::RoleConstraints::groups' for role {role}contains an empty "
                    "RoleConstraints::Group"
                )
            for constraint in group.attribute_constraints:
                error = _constraint_error(constraint)
                if error:
                    return f"A role {role} has an invalid 'AttributeConstraint': {error}"
    return None


def _constraint_error(constraint: Constraint) -> str | None:
    if constraint.selector.WhichOneof("selector") is None:
        return (
            "Exactly one of 'AttributeConstraint::Selector::name' or "
            "'AttributeConstraint::Selector::pseudoattribute_type' must be set"
        )
    selector = constraint.selector
    if selector.HasField("pseudoattribute_type") and selector.pseudoattribute_type == Constraint.Selector.UNKNOWN:
        return "Unknown pseudoattribute type"
    predicate = constraint.predicate
    kind = predicate.WhichOneof("predicate")
    if kind is None:
        return "Unknown predicate type"
    if kind in ("text_matches", "text_not_matches"):
        try:
            re.compile(getattr(predicate, kind).regex)
        except re.error as error:
            return f"Failed to construct regex from pattern '{getattr(predicate, kind).regex}': {_as_re2(error)}"
    return None


def _as_re2(error: re.error) -> str:
    """The commonest faults in the words of RE2, which Mesos uses."""
    pattern, at = str(error.pattern), error.pos or 0
    if error.msg.startswith("missing ), unterminated subpattern"):
        return f"missing ): {pattern}"
    if error.msg.startswith("unbalanced parenthesis"):
        return f"unexpected ): {pattern}"
    if error.msg.startswith("unterminated character set"):
        return f"missing ]: {pattern[at:]}"
    if error.msg.startswith("nothing to repeat"):
        return f"no argument for repetition operator: {pattern[at : at + 1]}"
    if error.msg.startswith("multiple repeat"):
        return f"bad repetition operator: {pattern[max(0, at - 1) : at + 1]}"
    return str(error)


def matches(constraints: scheduler_pb2.OfferConstraints, role: str, agent: mesos_pb2.AgentInfo) -> bool:
    """Whether the agent may be offered for the role."""
    if role not in constraints.role_constraints:
        return True
    groups = constraints.role_constraints[role].groups
    return any(all(_holds(each, agent) for each in group.attribute_constraints) for group in groups)


def _holds(constraint: Constraint, agent: mesos_pb2.AgentInfo) -> bool:
    present, text = _selected(constraint.selector, agent)
    predicate = constraint.predicate
    kind = predicate.WhichOneof("predicate")
    if kind == "exists":
        return present
    if kind == "not_exists":
        return not present
    if kind in ("text_equals", "text_matches") and not present:
        return False
    if text is None:
        return True
    if kind == "text_equals":
        return text == predicate.text_equals.value
    if kind == "text_not_equals":
        return text != predicate.text_not_equals.value
    if kind == "text_matches":
        return re.fullmatch(predicate.text_matches.regex, text) is not None
    return re.fullmatch(predicate.text_not_matches.regex, text) is None


def _selected(selector: Constraint.Selector, agent: mesos_pb2.AgentInfo) -> tuple[bool, str | None]:
    """Whether the agent has it, and its text if it is one."""
    if selector.WhichOneof("selector") == "attribute_name":
        for attribute in agent.attributes:
            if attribute.name == selector.attribute_name:
                return True, attribute.text.value if attribute.HasField("text") else None
        return False, None
    if selector.pseudoattribute_type == Constraint.Selector.HOSTNAME:
        return True, agent.hostname
    fault_domain = agent.domain.fault_domain
    if selector.pseudoattribute_type == Constraint.Selector.REGION:
        return fault_domain.HasField("region"), fault_domain.region.name
    return fault_domain.HasField("zone"), fault_domain.zone.name
