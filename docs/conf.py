"""How the documents are built: `make docs`. The pages are Markdown and read well as plain files too."""

from importlib.metadata import version as distribution_version

project = "mesos-actors"
version = release = distribution_version("mesos-actors")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "mesos-actors"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
suppress_warnings = ["misc.highlighting_failure"]
