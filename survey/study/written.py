"""A study as the text of its file, as people write one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from survey.study.definition import Study
from survey.study.study_file import resolvers

_WIDTH = 100
_SIGN = re.compile(r"[,?:#'\"\[\]{}]")
_IN_LINE = 88           # characters of a list or mapping that still stands in one line


class _Whole(dict):
    """The fields of a study, which are never written in one line."""


class _Dumper(yaml.SafeDumper):
    """Lists indented, every mapping in the order of its fields, long text folded, what is short in a line."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.Dumper, value: str) -> yaml.ScalarNode:
    folded = len(value) > 80 and "\n" not in value and value == " ".join(value.split())
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=">" if folded else None)


def _list(dumper: yaml.Dumper, value: list) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_short(value))


def _mapping(dumper: yaml.Dumper, value: dict) -> yaml.MappingNode:
    # a section or a question is to be read at its first line
    named = isinstance(value, _Whole) or "kind" in value or "id" in value
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(),
                                    flow_style=not named and _short(value))


def _short(value: list | dict) -> bool:
    """Whether a list or mapping fits in a line, and nothing in it would need quotes there."""
    words = [*value, *value.values()] if isinstance(value, dict) else value
    inner = [one for word in words for one in (word if isinstance(word, list) else [word])]
    return (not any(isinstance(one, list | dict) or _SIGN.search(str(one)) for one in inner)
            and sum(len(str(one)) + 2 for one in inner) <= _IN_LINE)


_Dumper.yaml_implicit_resolvers = resolvers()       # quotes what study_file would not read as a text
for kind, represent in ((str, _text), (list, _list), (dict, _mapping), (_Whole, _mapping)):
    _Dumper.add_representer(kind, represent)


def write(content: Mapping[str, object]) -> str:
    """A mapping as the text of a study file: its clips and each of its sections stand apart."""
    parts = []
    for name, value in content.items():
        if name == "sections" and isinstance(value, list) and value:
            sections = (_yaml({name: [section]}).split("\n", 1)[1] for section in value)
            parts.append("\nsections:\n" + "\n".join(sections))
        else:
            parts.append(("\n" if name == "clips" else "") + _yaml({name: value}))
    return "".join(parts)


def _yaml(content: Mapping[str, object]) -> str:
    return yaml.dump(_Whole(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def written(study: Study) -> str:
    """A file that says what a study says, with the fields that differ from their defaults."""
    return write(_kind_first(study.model_dump(mode="json", exclude_defaults=True)))


def _kind_first(part: object) -> object:
    """The same, with the `kind` of everything in front, where a reader looks for it."""
    if isinstance(part, list):
        return [_kind_first(one) for one in part]
    if not isinstance(part, dict):
        return part
    kind = {"kind": part["kind"]} if "kind" in part else {}
    return {**kind, **{name: _kind_first(one) for name, one in part.items()}}
