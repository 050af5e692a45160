#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates the documents that `retort provenance export` writes, with the peers' own validators.

    python3 Tools/validate_provenance_documents.py FOLDER --spdx SCHEMAS [--mutate]

Every file below FOLDER with a usual name is checked: bom.cdx.json by CycloneDX 1.6's schema, bom.spdx3.json by
SPDX 3.0.1's JSON Schema and SHACL, croissant.json by mlcroissant, eu-summary.json by our own schema, and the YAML of
README.md. SCHEMAS holds spdx-json-schema.json, spdx-model.ttl and spdx-context.jsonld of SPDX 3.0.1, so that nothing
is downloaded (https://spdx.org/schema/3.0.1/, https://spdx.org/rdf/3.0.1/; also in the spdx-spec repository's
gh-pages, v3.0.1/rdf). --mutate also changes each document in ways that must be found, and fails where one is not.

Needs cyclonedx-python-lib[json-validation]==11.12.0, spdx3-validate==0.0.7, mlcroissant==1.1.1,
jsonschema[format]==4.26.0, PyYAML==6.0.3. Exit code 1 if a document is not valid, or a mutated one is.
"""
import argparse
import copy
import importlib.metadata
import json
import logging
import pathlib
import sys
import tempfile

import jsonschema
import rdflib
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
EU_SCHEMA = REPOSITORY / "Sources/RetortProvenance/Resources/eu-summary.schema.json"


def cyclonedx(text):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        return [str(error.data)[:300] if hasattr(error, "data") else str(error)[:300]]
    # References are beyond the schema.
    bom = json.loads(text)
    parts = [bom["metadata"]["component"]] + bom.get("components", [])
    known = {part["bom-ref"] for part in parts}
    named = [d["ref"] for d in bom.get("dependencies", [])]
    named += [r for d in bom.get("dependencies", []) for r in d.get("dependsOn", [])]
    named += [d["ref"] for d in parts[0]["modelCard"]["modelParameters"].get("datasets", [])]
    return [f"{reference} is no component" for reference in named if reference not in known]


class Spdx:
    """spdx3-validate's own checks on schemas that are at hand."""

    def __init__(self, folder):
        from spdx3_validate import core
        self.core = core
        self.schema = json.loads((folder / "spdx-json-schema.json").read_text())
        self.context = json.loads((folder / "spdx-context.jsonld").read_text())
        self.shacl = rdflib.Graph().parse(folder / "spdx-model.ttl")
        self.validator = core.schema_validator(self.schema)

    def __call__(self, text):
        from spdx3_validate.spdx_versions import find_version
        data = json.loads(text)
        if data.get("@context") != "https://spdx.org/rdf/3.0.1/spdx-context.jsonld":
            return ["another @context"]
        problems = [error.json_path + " " + error.message[:200] for error in self.validator.iter_errors(data)]
        local = dict(data, **{"@context": self.context["@context"]})
        graph = rdflib.Graph().parse(data=json.dumps(local), format="json-ld")
        problems += self.core.check_graph(graph, self.shacl, find_version(data["@context"]), True)
        return problems + self.profiles(data)

    @staticmethod
    def profiles(data):
        """What the profiles AI and Dataset ask of relationships, which neither schema says."""
        graph = data["@graph"]
        problems = []
        ids = {element.get("spdxId") for element in graph}
        for package in graph:
            if package["type"] not in ("ai_AIPackage", "dataset_DatasetPackage"):
                continue
            for kind in ("hasDeclaredLicense", "hasConcludedLicense"):
                count = sum(r.get("relationshipType") == kind and r.get("from") == package["spdxId"] for r in graph)
                if count != 1:
                    problems.append(f"{package['name']} has {count} {kind}")
        for relation in graph:
            if relation["type"] == "Relationship":
                for end in [relation["from"]] + relation["to"]:
                    if end.startswith("urn:") and end not in ids:
                        problems.append(f"{end} is no element")
        return problems


def croissant(text):
    import mlcroissant
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(text)
        file.flush()
        try:
            dataset = mlcroissant.Dataset(jsonld=file.name)
        except Exception as error:  # its own kinds, and whatever a broken document leads to
            return [str(error)[:300]]
        problems = [str(issue)[:300] for issue in dataset.metadata.ctx.issues.errors]
    # Croissant 1.0 asks for these; mlcroissant warns at most.
    required = ("name", "description", "license", "url", "creator", "datePublished", "conformsTo")
    return problems + [f"no {key}" for key in required if key not in json.loads(text)]


def eu_summary(text):
    schema = json.loads(EU_SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return [error.json_path + " " + error.message[:200] for error in validator.iter_errors(json.loads(text))]


def card(text):
    parts = text.split("---\n")
    if len(parts) < 3 or parts[0]:
        return ["no front matter"]
    front = yaml.safe_load(parts[1])
    problems = [f"no {key}" for key in ("license", "tags") if key not in front]
    if front.get("license") == "other" and "license_name" not in front:
        problems.append("no license_name")
    for key in ("tags", "language", "datasets", "base_model"):
        if not all(isinstance(item, str) for item in front.get(key, [])):
            problems.append(f"{key} holds more than strings")
    return problems


def changed(path, document):
    """Copies that a validator must refuse, each with what was done."""
    def edit(name, change):
        copied = copy.deepcopy(document)
        change(copied)
        return name, json.dumps(copied)

    if path.name == "bom.cdx.json":
        yield edit("no bomFormat", lambda d: d.pop("bomFormat"))
        yield edit("an unknown member", lambda d: d.update(extra=1))
        yield edit("a short hash", lambda d: d["metadata"]["component"]["hashes"][0].update(content="abc"))
        yield edit("an unknown type", lambda d: d["metadata"]["component"].update(type="model"))
        yield edit("a serial number that is none", lambda d: d.update(serialNumber="7"))
        yield edit("a dependency on nothing", lambda d: d["dependencies"][0]["dependsOn"].append("nothing"))
        yield edit("an unknown approach",
                   lambda d: d["metadata"]["component"]["modelCard"]["modelParameters"]["approach"].update(type="magic"))
    elif path.name == "bom.spdx3.json":
        def element(d, kind):
            return next(e for e in d["@graph"] if e["type"] == kind)

        def drop(d, kind):
            d["@graph"].remove(next(e for e in d["@graph"] if e.get("relationshipType") == kind))
        yield edit("no licence declared", lambda d: drop(d, "hasDeclaredLicense"))
        yield edit("an unknown relationship", lambda d: element(d, "Relationship").update(relationshipType="likes"))
        yield edit("no specVersion", lambda d: element(d, "CreationInfo").pop("specVersion"))
        yield edit("a time that is none", lambda d: element(d, "ai_AIPackage").update(releaseTime="yesterday"))
        yield edit("no type of data", lambda d: element(d, "dataset_DatasetPackage").pop("dataset_datasetType"))
        yield edit("an unknown purpose", lambda d: element(d, "ai_AIPackage").update(software_primaryPurpose="fun"))
        yield edit("an end that is nothing", lambda d: element(d, "Relationship").update(to=["urn:nothing"]))
        yield edit("another context", lambda d: d.update({"@context": "https://example.org/"}))
    elif path.name == "croissant.json":
        yield edit("no name", lambda d: d.pop("name"))
        yield edit("another type", lambda d: d.update({"@type": "sc:Person"}))
        yield edit("no address of a file", lambda d: d["distribution"][0].pop("contentUrl"))
        yield edit("no hash of a file", lambda d: d["distribution"][0].pop("sha256"))
        yield edit("a file without encoding", lambda d: d["distribution"][0].pop("encodingFormat"))
        yield edit("no context", lambda d: d.pop("@context"))
    elif path.name == "eu-summary.json":
        yield edit("no provider", lambda d: d["general"].pop("provider"))
        yield edit("an unknown class of size", lambda d: d["general"]["training_data_size"].update(text="much"))
        yield edit("a short hash", lambda d: d["evidence"].update(lineage_root="abc"))
        yield edit("an unknown member", lambda d: d["sources"].update(found="somewhere"))
        yield edit("a day that is none", lambda d: d["general"]["model"].update(placed_on_market="soon"))
        yield edit("no measures", lambda d: d["processing"]["illegal_content"].pop("measures"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--spdx", type=pathlib.Path, required=True, metavar="SCHEMAS")
    parser.add_argument("--mutate", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    for package in ("cyclonedx-python-lib", "spdx3-validate", "mlcroissant", "jsonschema"):
        print(f"{package} {importlib.metadata.version(package)}")
    checks = {"bom.cdx.json": cyclonedx, "bom.spdx3.json": Spdx(options.spdx), "croissant.json": croissant,
              "eu-summary.json": eu_summary, "README.md": card, "dataset-README.md": card}
    paths = sorted(path for path in options.folder.rglob("*") if path.name in checks)
    failures = refused = 0
    for path in paths:
        text = path.read_text(encoding="utf-8")
        problems = checks[path.name](text)
        failures += bool(problems)
        print("\n    ".join([f"{path}: {'not valid' if problems else 'valid'}"] + problems))
        if not options.mutate or problems or path.suffix != ".json":
            continue
        for name, mutated in changed(path, json.loads(text)):
            try:
                found = checks[path.name](mutated)
            except Exception as error:  # a refusal in another form
                found = [str(error)]
            refused += bool(found)
            if not found:
                failures += 1
                print(f"    accepted with {name}")
    print(f"{len(paths)} documents, {refused} mutated ones refused, {failures} failures")
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
