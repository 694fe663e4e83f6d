"""Writes a C++ source that holds Api/openapi.yaml, as JSON, and the files of Api/Documentation.

Usage: embed_documentation.py API_FOLDER OUTPUT
"""

import json
import pathlib
import sys

import yaml

FILES = (("DocumentationPage", "page.html"), ("DocumentationStyle", "page.css"), ("DocumentationScript", "page.js"))


def array(name: str, data: bytes) -> str:
    """As single characters: no literal has a limit of length then, and no text can end it."""
    lines = ("".join(f"'\\x{byte:02x}'," for byte in data[i:i + 16]) for i in range(0, len(data), 16))
    return f"constexpr char k{name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def main() -> int:
    folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    document = yaml.safe_load((folder / "openapi.yaml").read_text(encoding="utf-8"))
    texts = {"OpenApiDocument": json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()}
    for function, file in FILES:
        texts[function] = (folder / "Documentation" / file).read_bytes()
    arrays = "\n".join(array(name, data) for name, data in texts.items())
    functions = "\n".join(f"std::string_view {name}() {{ return {{k{name}, sizeof k{name}}}; }}" for name in texts)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("// Generated from Api/ by cmake/embed_documentation.py.\n\n"
                      '#include "Api/Documentation/Files.h"\n\n'
                      f"namespace volcanion::api {{\nnamespace {{\n\n{arrays}\n}}  // namespace\n\n{functions}\n\n"
                      "}  // namespace volcanion::api\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
