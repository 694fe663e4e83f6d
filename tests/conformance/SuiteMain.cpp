// Runs the official JSON Schema Test Suite (https://github.com/json-schema-org/JSON-Schema-Test-Suite) through the
// schema compiler: json_schema_suite [--verbose] [--allow-wrong N] [--allow-refused N] DIR...
// Each DIR holds the files of one draft, and is named after it (draft4, draft6 or draft7), or is the suite itself: then
// all three are run, and for a draft 6 that is not there the tests of draft 7 are read as such, if-then-else left out.
// A test is right or wrong by its verdict; all tests of a schema that is refused count as refused, unless nothing is
// wrong with it but that it refers to other documents: those tests need the network, and nothing is ever fetched. Exits
// with 1 when there are more wrong or refused ones than allowed.

#include "Infrastructure/JsonSchema/JsonDocument.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using volcanion::infrastructure::AppendJson;
using volcanion::infrastructure::JsonDocument;
using volcanion::infrastructure::JsonMember;
using volcanion::infrastructure::JsonValue;
using volcanion::infrastructure::ValijsonSchemaCompiler;

constexpr std::size_t kMaxFileDepth = 1000;

struct Options {
  std::vector<std::filesystem::path> directories;
  std::size_t allowed_wrong = 0;
  std::size_t allowed_refused = 0;
  bool verbose = false;
};

struct Counts {
  std::size_t right = 0;
  std::size_t wrong = 0;
  std::size_t refused = 0;
  std::size_t remote = 0;
};

/// The tests of one draft.
struct DraftTests {
  std::filesystem::path directory;
  std::string draft;
  bool conditions = true;  // whether if-then-else is among its keywords

  std::string Title() const {
    const std::string name = directory.filename().string();
    return name == draft ? name : name + " read as " + draft;
  }
};

std::optional<std::string> SchemaUri(const std::string& draft) {
  static const std::map<std::string, std::string> kUris = {{"draft4", "http://json-schema.org/draft-04/schema#"},
                                                           {"draft6", "http://json-schema.org/draft-06/schema#"},
                                                           {"draft7", "http://json-schema.org/draft-07/schema#"}};
  const auto found = kUris.find(draft);
  return found == kUris.end() ? std::nullopt : std::optional(found->second);
}

/// The text of a schema, which says its draft even where the suite leaves that to the name of the directory.
std::string SchemaText(const JsonValue& schema, const std::string& uri) {
  std::string text;
  AppendJson(schema, text);
  if (!schema.IsObject() || schema.Find("$schema") != nullptr) return text;
  return "{\"$schema\":\"" + uri + "\"" + (schema.size() == 0 ? "" : ",") + text.substr(1);
}

void Say(const Options& options, const char* outcome, const std::string& where, const std::string& what) {
  if (options.verbose) std::printf("%-7s %s: %s\n", outcome, where.c_str(), what.c_str());
}

void RunGroup(const JsonValue& group, const std::string& uri, const std::string& file, const Options& options,
              Counts& counts) {
  const std::string where = file + ": " + std::string(group.Find("description")->text());
  const auto tests = group.Find("tests")->elements();
  const auto compiled = ValijsonSchemaCompiler().Compile(SchemaText(*group.Find("schema"), uri));
  if (!compiled) {
    const auto& faults = compiled.error().faults;
    const bool remote =
        std::all_of(faults.begin(), faults.end(), [](const auto& fault) { return fault.code == "remote_reference"; });
    (remote ? counts.remote : counts.refused) += tests.size();
    for (const auto& fault : faults) {
      Say(options, remote ? "remote" : "refused", where, fault.pointer + " " + fault.message);
    }
    return;
  }
  for (const JsonValue& test : tests) {
    std::string data;
    AppendJson(*test.Find("data"), data);
    const auto verdict = (*compiled)->Judge(data);
    const bool unjudged = verdict.outcome == volcanion::domain::Verdict::Outcome::kUnjudged;
    if (!unjudged && verdict.is_valid() == test.Find("valid")->IsTrue()) {
      ++counts.right;
      continue;
    }
    ++counts.wrong;
    Say(options, "wrong", where,
        std::string(test.Find("description")->text()) + " (" +
            (verdict.is_valid() ? "valid" : verdict.violations.front().message) + ")");
  }
}

std::string Contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// What there is to run in a directory of one draft, or in a copy of the suite.
std::vector<DraftTests> TestsIn(const std::filesystem::path& directory) {
  const std::filesystem::path drafts = directory / "tests";
  if (!std::filesystem::is_directory(drafts)) return {{directory, directory.filename().string()}};
  std::vector<DraftTests> found;
  for (const std::string draft : {"draft4", "draft6", "draft7"}) {
    if (std::filesystem::is_directory(drafts / draft)) {
      found.push_back({drafts / draft, draft});
    } else if (draft == "draft6" && std::filesystem::is_directory(drafts / "draft7")) {
      found.push_back({drafts / "draft7", draft, false});
    } else {
      std::printf("%s: not in %s\n", draft.c_str(), directory.c_str());
    }
  }
  return found;
}

bool RunDraft(const DraftTests& tests, const Options& options, Counts& counts) {
  const std::filesystem::path& directory = tests.directory;
  const std::optional<std::string> uri = SchemaUri(tests.draft);
  if (!uri || !std::filesystem::is_directory(directory)) {
    std::fprintf(stderr, "%s: neither the suite nor a directory named draft4, draft6 or draft7\n", directory.c_str());
    return false;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".json") continue;
    if (tests.conditions || entry.path().filename() != "if-then-else.json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    JsonDocument document;
    if (!document.Read(Contents(file), kMaxFileDepth).ok || !document.root().IsArray()) {
      std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
      return false;
    }
    for (const JsonValue& group : document.root().elements()) {
      RunGroup(group, *uri, tests.draft + "/" + file.filename().string(), options, counts);
    }
  }
  return true;
}

std::optional<std::size_t> Number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<Options> Read(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--verbose") {
      options.verbose = true;
    } else if (argument == "--allow-wrong" || argument == "--allow-refused") {
      const std::optional<std::size_t> number = i + 1 < arguments.size() ? Number(arguments[++i]) : std::nullopt;
      if (!number) return std::nullopt;
      (argument == "--allow-wrong" ? options.allowed_wrong : options.allowed_refused) = *number;
    } else if (argument.starts_with("--")) {
      return std::nullopt;
    } else {
      // Without a slash at its end, a directory has a name.
      options.directories.emplace_back(argument.substr(0, argument.find_last_not_of('/') + 1));
    }
  }
  return options.directories.empty() ? std::nullopt : std::optional(options);
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = Read({argv + 1, argv + argc});
  if (!options) {
    std::fprintf(stderr, "usage: json_schema_suite [--verbose] [--allow-wrong N] [--allow-refused N] DIR...\n");
    return 2;
  }
  std::size_t wrong = 0;
  std::size_t refused = 0;
  std::size_t right = 0;
  for (const std::filesystem::path& directory : options->directories) {
    for (const DraftTests& tests : TestsIn(directory)) {
      Counts counts;
      if (!RunDraft(tests, *options, counts)) return 2;
      std::printf("%s: %zu right, %zu wrong verdicts, %zu refused, %zu need the network\n", tests.Title().c_str(),
                  counts.right, counts.wrong, counts.refused, counts.remote);
      right += counts.right;
      wrong += counts.wrong;
      refused += counts.refused;
    }
  }
  if (right == 0) {
    std::fprintf(stderr, "nothing was judged\n");
    return 2;
  }
  return wrong > options->allowed_wrong || refused > options->allowed_refused ? 1 : 0;
}
