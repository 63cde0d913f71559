"""How the documents are built: `make docs`. The pages are Markdown and read well as plain files too."""

from __future__ import annotations

import re
from importlib.metadata import version as distribution_version
from typing import Any

from sphinx.ext.napoleon import Config, GoogleDocstring

project = "mesos-actors"
copyright = "the mesos-actors developers, Apache-2.0"  # noqa: A001 (Sphinx's own name)
version = release = distribution_version("mesos-actors")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "mesos-actors"
html_static_path = ["_static"]
html_css_files = ["pictures.css"]
default_role = "py:obj"  # `name` in a docstring is a name: a link where it is known
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_inherit_docstrings = False
suppress_warnings = [
    "misc.highlighting_failure",
    "ref.python",  # fields that are called like a built-in, such as HealthCheck.type, beside that built-in
]

_TERM = re.compile(r"^((?:``[^`]+``(?:, )?)+)(?:\s{2,}(\S.*))?$")


def _as_rest(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Our docstrings are written to be read in the source: drawings and programs are indented, and parameters stand in
    two columns. Both are told to docutils here."""
    made: list[str] = []
    in_terms = False
    for line in lines:
        term = _TERM.match(line)
        indented = line.startswith(" ")
        if term and (term[2] or in_terms or line.rstrip().endswith("``")) and _begins_terms(made, in_terms):
            in_terms = True
            made += [term[1], f"    {term[2]}"] if term[2] else [term[1]]
        elif in_terms and indented:
            made.append(f"    {line.strip()}")
        elif line.startswith("    ") and _begins_drawing(made):
            made += ["::", "", line]
            in_terms = False
        else:
            in_terms = in_terms and not line.strip()
            made.append(line)
    # Fields have no sections: what stands before a colon in one would be taken for its type.
    lines[:] = made if what in ("attribute", "data", "property") else GoogleDocstring(made, Config(), app, what).lines()


def _begins_terms(before: list[str], in_terms: bool) -> bool:
    return in_terms or not before or not before[-1].strip()


def _begins_drawing(before: list[str]) -> bool:
    """Whether an indented line is the first of a block that nothing introduces."""
    if len(before) < 2 or before[-1].strip():
        return False
    above = next((line for line in reversed(before) if line.strip()), "")
    return not above.startswith(" ") and not above.rstrip().endswith("::")


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", _as_rest)
