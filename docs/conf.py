"""Configuration of the Sphinx build. Building needs no network."""

import os
import re
import sys
from pathlib import Path

import sk_dae

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "sk_dae"
author = "The sk_dae developers"
copyright = f"2026, {author}"
version = release = sk_dae.__version__

extensions = [
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "auto_examples/**/GALLERY_HEADER.rst",
    "generated/benchmark_tables.md",  # included by benchmarks.md
]
default_role = "code"
highlight_language = "python"

# -- References between pages and to other projects ------------------------------------

# Every reference to this project must resolve. Those to others resolve only when their
# inventories are fetched, which is asked for by DOCS_INTERSPHINX=1.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(joblib|matplotlib|numpy|pandas|scipy|sklearn|skorch|torch)(\..*)?"),
    ("py:.*", r"MetadataRequest|RandomState"),
]
if os.environ.get("DOCS_INTERSPHINX") == "1":
    extensions.append("sphinx.ext.intersphinx")
intersphinx_mapping = {
    "matplotlib": ("https://matplotlib.org/stable", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "pandas": ("https://pandas.pydata.org/docs", None),
    "python": ("https://docs.python.org/3", None),
    "scipy": ("https://docs.scipy.org/doc/scipy", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
    "skorch": ("https://skorch.readthedocs.io/en/stable", None),
    "torch": ("https://docs.pytorch.org/docs/stable", None),
}

# Labels and terms of scikit-learn in the docstrings that its base classes lend.
SKLEARN_TARGETS = {
    "df_output_transform",
    "meta-estimator",
    "metadata_routing",
    "sphx_glr_auto_examples_miscellaneous_plot_set_output.py",
}


def keep_text_of_sklearn_targets(app, env, node, contnode):
    """Show scikit-learn's own references as text rather than warn of them."""
    if node.get("reftarget") in SKLEARN_TARGETS:
        return contnode
    return None


def collect_benchmark_tables(app):
    """Gather benchmarks/results in one file, each table one heading level down."""
    results = sorted((HERE.parent / "benchmarks" / "results").glob("*.md"))
    tables = [path.read_text(encoding="utf-8") for path in results]
    text = "\n\n".join(re.sub(r"^#", "##", table, flags=re.M) for table in tables)
    target = HERE / "generated" / "benchmark_tables.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text or "No table has been written yet.\n", encoding="utf-8")


def setup(app):
    app.connect("builder-inited", collect_benchmark_tables)
    # After intersphinx, which listens at the default priority of 500.
    app.connect("missing-reference", keep_text_of_sklearn_targets, priority=900)


# -- API pages -------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # _templates/autosummary/class.rst lists them
numpydoc_xref_param_type = False

# -- Gallery ---------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sk_dae",),
    "reference_url": {"sk_dae": None},
    "download_all_examples": False,
    "show_signature": False,
    "capture_repr": ("_repr_html_",),
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "matplotlib_animations": False,
}

# -- Other extensions ------------------------------------------------------------------

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# -- HTML ------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "sk_dae"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_favicon = "_static/favicon.svg"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {
        "text": "sk_dae",
        "image_light": "_static/logo-light.svg",
        "image_dark": "_static/logo-dark.svg",
        "alt_text": "sk_dae",
    },
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": [], "install": [], "benchmarks": [], "changelog": []}
