"""Reads a study file, and names every mistake in it with its line.

The YAML is 1.2 in the one respect that matters here: `yes` and `no` are words, not booleans, so that
they can be answers. Aliases and doubled keys are refused; tags that make Python objects are never followed.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import ValidationError
from yaml.reader import Reader

from survey.study import Study, mistakes
from survey.study.schema import FORMS

FOLDER = Path(__file__).parent.parent / "studies"
MAX_BYTES = 256_000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL knows no NUL, UTF-8 no half of a surrogate pair


class StudyError(ValueError):
    """A study file is wrong. `str(error)` has one sentence a line; each names file, line and field."""


class _Loader(yaml.SafeLoader):
    """Safe YAML with `true` and `false` as the only booleans, without dates, aliases and doubled keys."""

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(problem="an alias is not allowed here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                problem = "a field's name must be a word; quote a text that begins with a brace or bracket"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"'{key.value}' is given twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def resolvers() -> dict:
    """SafeLoader's rules for plain scalars, less dates and the words `yes`, `no`, `on` and `off`."""
    kept = {}
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items():
        dropped = {"tag:yaml.org,2002:timestamp"}
        if first not in "tTfF":
            dropped.add("tag:yaml.org,2002:bool")
        kept[first] = [rule for rule in rules if rule[0] not in dropped]
    return kept


_Loader.yaml_implicit_resolvers = resolvers()


def shipped() -> list[Path]:
    """The study files that come with the program."""
    return sorted(FOLDER.glob("*.yaml"))


def find(name: str) -> Path:
    """The file of a study that is named by its path, or by the slug of one that ships.

    Raises:
        StudyError: if there is no such file.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    for candidate in shipped():
        if candidate.stem == name:
            return candidate
    known = ", ".join(candidate.stem for candidate in shipped())
    raise StudyError(f"There is no study '{name}'; name a .yaml file or one of: {known}.")


def load(name: str | Path) -> Study:
    """Reads a study file by path or by the slug of one that ships.

    Raises:
        StudyError: if the file cannot be read or breaks a rule.
    """
    path = find(str(name))
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(raw) > MAX_BYTES:
        raise StudyError(f"{path} is over {MAX_BYTES:,} bytes, too long for a study file.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StudyError(f"{path} is not UTF-8 text (byte {error.start}).") from error
    return parse(text, path.name)


def parse(text: str, name: str = "the study") -> Study:
    """Checks the text of a study file; `name` stands for the file in the sentences.

    Raises:
        StudyError: one sentence for every mistake.
    """
    loader = None
    _check_characters(text, name)
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        _check_values(root, name)
        content = loader.construct_document(root) if root is not None else None
    except StudyError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError, KeyError) as error:  # KeyError: a bad `!!bool`
        raise StudyError(_yaml_sentence(error, name)) from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(content, dict):
        raise StudyError(f"{name} must be a mapping of fields such as 'slug:' and 'sections:'.")
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        lines = [_sentence(name, root, location, what) for location, what in mistakes.sentences(error)]
        raise StudyError("\n".join(dict.fromkeys(lines))) from error


def _check_characters(text: str, name: str) -> None:
    """YAML allows no control characters but tabs and line ends, and no half of a surrogate pair."""
    if found := Reader.NON_PRINTABLE.search(text):
        raise StudyError(f"{name}, line {text.count(chr(10), 0, found.start()) + 1}: "
                         f"{_character(found.group())} cannot stand in a text.")


def _check_values(node: yaml.Node | None, name: str) -> None:
    """An escape such as backslash and 0 can name what no database keeps."""
    parts = [node] if node is not None else []
    while parts:
        part = parts.pop()
        if isinstance(part, yaml.MappingNode):
            parts += [child for pair in part.value for child in pair]
        elif isinstance(part, yaml.SequenceNode):
            parts += part.value
        elif found := _UNSTORABLE.search(part.value):
            raise StudyError(f"{name}, line {part.start_mark.line + 1}: "
                             f"{_character(found.group())} cannot stand in a text.")


def _character(one: str) -> str:
    return "a NUL character" if one == "\0" else f"the character U+{ord(one):04X}"


def _yaml_sentence(error: Exception, name: str) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    if isinstance(error, RecursionError):
        problem = "it is nested too deeply"
    where = f", line {mark.line + 1}" if mark else ""
    return f"{name}{where}: this is not a valid study file: {problem}."


def _sentence(name: str, root: yaml.Node, location: tuple[int | str, ...], what: str) -> str:
    line, kept = _locate(root, location)
    return f"{name}, line {line}: {mistakes.path(kept) or 'the study'} {what}."


def _locate(root: yaml.Node, location: tuple[int | str, ...]) -> tuple[int, tuple[int | str, ...]]:
    """The line of the deepest part of `location` that the file has, and the location as the file writes it.

    Pydantic's locations also hold the kind of a section, the form of a text and the index in a list that the
    file writes as one value. What a block of questions stands for is not in the file at all.
    """
    node, line, kept, lost = root, root.start_mark.line + 1, [], False
    for depth, part in enumerate(location):
        last = depth == len(location) - 1
        if depth and isinstance(location[depth - 1], int) and _kind(node) == part:
            continue
        if part in FORMS:
            continue
        child = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    child, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
            line = child.start_mark.line + 1
        if child is not None:
            node = child
            kept.append(part)
        elif isinstance(part, str) and isinstance(node, yaml.MappingNode) and part != "[key]":
            if last and not lost:
                kept.append(part)
            lost = True
    return line, tuple(kept)


def _kind(node: yaml.Node) -> str | None:
    """What a mapping gives as its `kind`."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value.value for key, value in node.value if key.value == "kind"), None)
