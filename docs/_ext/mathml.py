"""Render maths as MathML, which browsers show without a script or a download.

The conversion is docutils' own. What it cannot convert is reported as a warning, so
that a build with ``-W`` fails rather than shows raw TeX.
"""

import re

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

# docutils sets the subscript of an accented letter under the letter. Grouped with
# something empty, the letter and its accent take subscripts as any other letter does.
ACCENTED = re.compile(
    r"\\(?:bar|dot|hat|tilde|vec)\s*(?:\\[a-zA-Z]+|[a-zA-Z]|\{(?:[^{}]|\{[^{}]*\})*\})"
)


def to_mathml(node, *, as_block):
    """Return the MathML of a math node, or None after a warning."""
    tex = ACCENTED.sub(r"{\g<0>{}}", node.astext())
    try:
        return latex2mathml.tex2mathml(tex, as_block=as_block)
    except MathError as error:
        logger.warning("cannot render %r: %s", tex, error, location=node)
        return None


def visit_inline(self, node):
    mathml = to_mathml(node, as_block=False)
    self.body.append(mathml or f"<code>{self.encode(node.astext())}</code>")
    raise nodes.SkipNode


def visit_block(self, node):
    mathml = to_mathml(node, as_block=True)
    self.body.append(self.starttag(node, "div", CLASS="math notranslate"))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(mathml or f"<pre>{self.encode(node.astext())}</pre>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(visit_inline, None),
        block_renderers=(visit_block, None),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
