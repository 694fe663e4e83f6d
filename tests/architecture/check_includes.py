"""Fails when a layer includes what it may not know. Usage: check_includes.py REPOSITORY

The build already hides the folders that a layer does not depend on. Two ways around that are left: relative includes, and
the headers of libraries, which the compiler finds everywhere.
"""

import pathlib
import re
import sys

# The libraries that a layer may use, by the beginning of the header's path. Everyone may use the standard library and
# the system's own headers (those without a slash, and the folders listed below).
SYSTEM = ("arpa/", "linux/", "netinet/", "sys/")
LIBRARIES = {
    "Domain": (),
    "Application": (),
    "Infrastructure": ("cjose/", "curl/", "hiredis/", "libpq-fe.h", "openssl/", "prometheus/", "rapidjson/", "re2/", "soci/", "sodium.h", "spdlog/", "fmt/",
                       "valijson/"),
    "Api": ("boost/", "pistache/", "rapidjson/", "zlib.h"),
    "Sync": (),
    "Cli": ("CLI/", "curl/", "rapidjson/", "sodium.h", "zlib.h"),
}
# Headers without a slash that belong to a library and not to the system.
LIBRARY_HEADERS = ("libpq-fe.h", "sodium.h", "zlib.h")
# Layers whose folders each layer may name.
LAYERS = {
    "Domain": ("Domain",),
    "Application": ("Domain", "Application"),
    "Infrastructure": ("Domain", "Application", "Infrastructure"),
    "Api": ("Domain", "Application", "Api"),
    "Sync": ("Domain", "Application", "Sync"),
    "Cli": ("Domain", "Application", "Infrastructure", "Api", "Sync", "Cli"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def fault(layer: str, bracket: str, header: str) -> str | None:
    if "../" in header or header.startswith("./"):
        return "relative include"
    if bracket == '"':
        folder = header.split("/")[0]
        if "/" not in header:
            return None if header == "DemoSchema.h" and layer == "Cli" else "include without the layer's path"
        return None if folder in LAYERS[layer] else f"{layer} may not know {folder}"
    is_library = header in LIBRARY_HEADERS or ("/" in header and not header.startswith(SYSTEM))
    if is_library and not header.startswith(LIBRARIES[layer]):
        return f"{layer} may not use this library"
    return None


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    checked = faults = 0
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                checked += 1
                why = fault(layer, match[1], match[2])
                if why:
                    faults += 1
                    print(f"{path.relative_to(root)}:{number}: {match[2]}: {why}")
    print(f"{checked} includes checked, {faults} faults")
    return 1 if faults or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
