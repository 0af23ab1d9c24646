"""The rules of the house that a reader cannot keep in mind, read off the sources.

Each rule is a function of one source file that yields its offences; each is shown
an offence first, so that a rule which sees nothing fails too.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MANIFESTS = {path.parent.name: ast.literal_eval(path.read_text()) for path in ROOT.glob("*/__manifest__.py")}

WRITERS = {"create", "write", "unlink", "copy"}
# the engine writes invoices and periods; the ledger's own model is its pen
LEDGER_FILES = re.compile(r"models/(subscription_engine\w*|subscription_period)\.py$")
# whoever commits has isolated its work and can be killed at any line
COMMITTERS = re.compile(r"models/subscription_(engine_(cron|health)|run_work|outbox\w*|revision_campaign)\.py$")
# what we add to the models of Odoo: Odoo Enterprise and OCA own many other names there, beginning with subscription_id
OUR_FIELDS = re.compile(r"subscription_(contract|line|plan|recur)\w*")
LISTED_FIELDS = {
    "sale.order": {"subscription_intent", "subscription_start_date"},
    "account.move.line": {"subscription_credited_line_id", "deferred_start_date", "deferred_end_date"},
    "res.company": {"subscription_tz"},
    "res.config.settings": {"subscription_tz", "subscription_insee_url"},
}


@dataclass(frozen=True)
class Source:
    """A file of an addon; ``path`` is relative to the repository."""

    path: str
    text: str

    @property
    def addon(self) -> str:
        return self.path.split("/")[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> list[str]:
        """Absolute names of what is imported; relative imports are left out."""
        names = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names += [f"{node.module}.{alias.name}" for alias in node.names]
        return names

    def calls(self) -> Iterator[ast.Call]:
        """Calls of a method: ``something.name(...)``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node


def judged(pattern: str) -> list[Source]:
    """The sources that a rule is about; tests may break rules on purpose."""
    paths = [path.relative_to(ROOT) for addon in sorted(MANIFESTS) for path in sorted((ROOT / addon).glob(pattern))]
    return [
        Source(path.as_posix(), (ROOT / path).read_text(encoding="utf-8"))
        for path in paths
        if path.suffix in (".py", ".xml", ".csv") and not {"tests", "static"} & {*path.parts}
    ]


def python(source: str, path: str = "subscription_billing/models/example.py") -> Source:
    return Source(path, source)


# the rules


def core_is_pure(source):
    """``core/`` reads values and returns values: the standard library and itself, nothing else."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level > 1:
            yield f"imports {'.' * node.level}{node.module or ''} from outside core"
    for name in source.imports:
        if name.split(".")[0] not in sys.stdlib_module_names:
            yield f"imports {name}"


def siblings_are_dependencies(source):
    """No addon reads a sibling that it does not depend on."""
    others = set(MANIFESTS) - {source.addon, *_dependencies(source.addon)}
    if source.path.endswith(".py"):
        used = {name.split(".")[2] for name in source.imports if name.startswith("odoo.addons.")}
    else:
        used = set(re.findall(r"\b(\w+)\.\w", source.text))
    for sibling in sorted(used & others):
        yield f"uses {sibling}, which the manifest does not depend on"


def _dependencies(addon):
    found, new = set(), {addon}
    while new:
        found |= new
        new = {name for known in new for name in MANIFESTS.get(known, {}).get("depends", [])} - found
    return found


def one_model_per_file(source):
    """A file of ``models/`` declares one model and bears its name; a part of one adds what it does."""
    models = [model for model in map(_model, ast.walk(source.tree)) if model]
    if len(models) != 1:
        yield f"declares {len(models)} models"
        return
    [(model, is_new)] = models
    stem, name = Path(source.path).stem, model.replace(".", "_")
    if stem != name and (is_new or not stem.startswith(f"{name}_")):
        yield f"declares {model}"


def _model(node):
    """Name of the model that a class declares, and whether it is a new one."""
    if not isinstance(node, ast.ClassDef):
        return None
    values = {
        target.id: statement.value.value
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    if "_name" in values:
        return values["_name"], values.get("_inherit") != values["_name"]
    return (values["_inherit"], False) if "_inherit" in values else None


def one_function_gives_today(source):
    """Days are those of the company's time zone: ``res.company._subscription_today`` alone asks the clock."""
    for function, node in _attributes(source.tree):
        owner = ast.unparse(node.value).split(".")[-1]
        asks = node.attr in ("today", "context_today") or (node.attr in ("now", "utcnow") and owner == "datetime")
        if asks and function != "_subscription_today":
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _attributes(tree, function=None):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Attribute):
            yield function, node
        inner = node.name if isinstance(node, ast.FunctionDef) else function
        yield from _attributes(node, inner)


def people_never_see_date_stop(source):
    """Excluded ends are for code; a view, a template or a report shows ``date_end``."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if "date_stop" in line:
            yield f"line {number}: {line.strip()}"


def the_engine_alone_writes_the_ledger(source):
    """Invoices and periods are created, changed and deleted by the engine only."""
    if LEDGER_FILES.search(source.path):
        return
    aliases = {
        node.targets[0].id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_ledger(node.value, set())
    }
    for call in source.calls():
        if call.func.attr in WRITERS and _is_ledger(call.func.value, aliases):
            yield f"line {call.lineno}: {ast.unparse(call.func)}"


def _is_ledger(node, aliases):
    """Whether an expression stands for records of the ledger: ``env[...]``, through calls, or a name for it."""
    while True:
        if isinstance(node, ast.Subscript):
            return ast.unparse(node.slice) in ("'subscription.period'", "'account.move'")
        if isinstance(node, ast.Name):
            return node.id in aliases
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            node = node.value
        else:
            return False


def only_jobs_commit(source):
    """A verb, a wizard or a page leaves the transaction to its caller."""
    if COMMITTERS.search(source.path):
        return
    for call in source.calls():
        name = ast.unparse(call.func)
        if call.func.attr == "_commit_progress" or re.search(r"\bcr\.(commit|rollback)$", name):
            yield f"line {call.lineno}: {name}"


def fields_on_other_models_bear_our_name(source):
    """What we add to the models of Odoo cannot collide with another subscription application."""
    for node in ast.walk(source.tree):
        model, is_new = _model(node) or ("", True)
        if is_new or model.startswith("subscription."):
            continue
        for statement in node.body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.value).startswith("fields."):
                name = ast.unparse(statement.targets[0])
                if not OUR_FIELDS.fullmatch(name) and name not in LISTED_FIELDS.get(model, ()):
                    yield f"{model}.{name}"


def merging_partners_breaks_nothing(source):
    """Odoo merges partners in SQL and deletes rows that collide: no constraint may name a partner."""
    for call in source.calls():
        if ast.unparse(call.func) in ("models.Constraint", "models.UniqueIndex") and call.args:
            definition = ast.unparse(call.args[0])
            if "partner" in definition:
                yield f"line {call.lineno}: {definition}"


PYTHON, TEMPLATES = "**/*.py", "**/*.xml"
RULES = {
    core_is_pure: ("core/**/*.py", python("from odoo import models", "subscription_billing/core/example.py")),
    siblings_are_dependencies: (
        "**/*.*",
        Source("subscription_billing/views/example.xml", '<template inherit_id="zz_sibling.page"/>'),
    ),
    one_model_per_file: (
        "models/[!_]*.py",
        python('class A(models.Model):\n    _name = "a"\nclass B(models.Model):\n    _inherit = "b"'),
    ),
    one_function_gives_today: (PYTHON, python("def f(self):\n    return fields.Date.context_today(self)")),
    people_never_see_date_stop: (
        TEMPLATES,
        Source("subscription_billing/views/example.xml", '<field name="date_stop"/>'),
    ),
    the_engine_alone_writes_the_ledger: (
        PYTHON,
        python('periods = self.env["subscription.period"].sudo()\nperiods.create([])'),
    ),
    only_jobs_commit: (PYTHON, python("self.env.cr.commit()")),
    fields_on_other_models_bear_our_name: (
        PYTHON,
        python('class P(models.Model):\n    _inherit = "res.partner"\n    subscription_count = fields.Integer()'),
    ),
    merging_partners_breaks_nothing: (
        PYTHON,
        python('_unique = models.UniqueIndex("(partner_id, external_id)", "Twice the same.")'),
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule):
    pattern, _offence = RULES[rule]
    found = judged(pattern)
    assert found, f"no source matches {pattern}"
    offences = [f"{source.path}: {offence}" for source in found for offence in rule(source)]
    assert not offences, "\n".join([rule.__doc__, *offences])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_sees_an_offence(rule, monkeypatch):
    monkeypatch.setitem(MANIFESTS, "zz_sibling", {"depends": ["subscription_billing"]})
    _pattern, offence = RULES[rule]
    assert list(rule(offence))
