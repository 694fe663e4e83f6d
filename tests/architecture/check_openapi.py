"""Fails when Api/openapi.yaml is not what tools can read, or when it and a list of routes disagree.

Usage: check_openapi.py REPOSITORY ROUTES, where ROUTES is a file with "METHOD /path/{parameter}" a line; - for standard
input.
"""

import pathlib
import re
import sys

import yaml

METHODS = ("get", "put", "post", "delete", "patch")


class UniqueKeys(yaml.SafeLoader):
    """A mapping with a key that stands twice is a mistake."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def resolve(document: dict, reference: str):
    value = document
    for part in reference.removeprefix("#/").split("/"):
        value = value[part.replace("~1", "/").replace("~0", "~")]
    return value


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for child in value.values():
            yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def check_document(document: dict):
    if not str(document.get("openapi", "")).startswith("3.1."):
        yield "it is not OpenAPI 3.1"
    for reference in references(document):
        try:
            resolve(document, reference)
        except (KeyError, TypeError):
            yield f"{reference} leads nowhere"
    used = set(references(document))
    for kind in ("parameters", "headers", "responses", "schemas"):
        for name in document["components"].get(kind, {}):
            if f"#/components/{kind}/{name}" not in used:
                yield f"components/{kind}/{name} is not used"


def check_operation(document: dict, path: str, method: str, item: dict, ids: list):
    operation = item[method]
    where = f"{method.upper()} {path}"
    for member in ("operationId", "summary", "tags", "responses"):
        if not operation.get(member):
            yield f"{where} has no {member}"
    ids.append(operation.get("operationId"))
    known = {tag["name"] for tag in document["tags"]}
    for tag in operation.get("tags", []):
        if tag not in known:
            yield f"{where}: the tag {tag} is not listed"
    given = [resolve(document, p["$ref"]) if "$ref" in p else p
             for p in item.get("parameters", []) + operation.get("parameters", [])]
    in_path = sorted(p["name"] for p in given if p["in"] == "path")
    if in_path != sorted(re.findall(r"{([^}]*)}", path)):
        yield f"{where}: the path has other parameters than {in_path}"
    if not any(status.startswith("2") for status in operation.get("responses", {})):
        yield f"{where} never succeeds"


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    routes = (sys.stdin if sys.argv[2] == "-" else open(sys.argv[2], encoding="utf-8")).read().split("\n")
    routes = {line for line in routes if line}
    document = yaml.load((root / "Api/openapi.yaml").read_text(encoding="utf-8"), UniqueKeys)
    faults = list(check_document(document))
    described, ids = set(), []
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                described.add(f"{method.upper()} {path}")
                faults += check_operation(document, path, method, item, ids)
    faults += [f"operationId {name} stands twice" for name in set(ids) if ids.count(name) > 1]
    faults += [f"{route} is not described" for route in sorted(routes - described)]
    faults += [f"{route} is described, and there is no such route" for route in sorted(described - routes)]
    for fault in faults:
        print(f"Api/openapi.yaml: {fault}")
    print(f"{len(described)} operations described, {len(routes)} routes, {len(faults)} faults")
    return 1 if faults or not routes else 0


if __name__ == "__main__":
    sys.exit(main())
