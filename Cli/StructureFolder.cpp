#include "Cli/StructureFolder.h"

#include "Cli/JsonObject.h"
#include "Cli/PercentEncoding.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace volcanion::cli {
namespace {

namespace fs = std::filesystem;
using domain::Error;
using domain::ErrorKind;
using domain::Fault;
using domain::Result;

constexpr std::string_view kSuffix = ".schema.json";

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool IsHidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// The schemas that stand in one folder, not below it.
class FolderReader {
 public:
  FolderReader(std::vector<StructureFile>& files, std::vector<Fault>& faults) : files_(files), faults_(faults) {}

  void Read(const fs::path& folder, const std::string& system, const std::string& prefix) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      const auto name = entry->path().filename().string();
      if (IsHidden(name) || !name.ends_with(kSuffix) || !entry->is_regular_file()) continue;
      Add(entry->path(), system, prefix + name, name.substr(0, name.size() - kSuffix.size()));
    }
    if (error) faults_.push_back({"", "unreadable", folder.string() + ": " + error.message()});
  }

 private:
  void Add(const fs::path& file, const std::string& system, const std::string& path, const std::string& stem) {
    auto event_name = NameOfFile(stem);
    if (!event_name || event_name->empty()) {
      faults_.push_back({"", "wrong_name", path + ": the name before .schema.json is none of an event"});
      return;
    }
    for (const auto& other : files_) {
      if (other.system != system || other.event_name != *event_name) continue;
      faults_.push_back({"", "duplicate", path + ": is for the same events as " + other.path});
      return;
    }
    auto schema = ReadJsonFile(file);
    if (!schema) {
      faults_.push_back({"", "malformed_json", schema.error().message});
      return;
    }
    files_.push_back({path, system, *std::move(event_name), *std::move(schema)});
  }

  std::vector<StructureFile>& files_;
  std::vector<Fault>& faults_;
};

}  // namespace

Result<std::vector<StructureFile>> ReadStructureFolder(const fs::path& folder) {
  std::vector<StructureFile> files;
  std::vector<Fault> faults;
  FolderReader reader(files, faults);
  reader.Read(folder, "", "");
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (IsHidden(entry->path()) || !entry->is_directory()) continue;
    const auto name = entry->path().filename().string();
    if (const auto system = NameOfFile(name)) reader.Read(entry->path(), *system, name + "/");
  }
  if (faults.empty() && files.empty()) {
    faults.push_back({"", "empty", folder.string() + " has no file that ends in .schema.json"});
  }
  if (!faults.empty()) return Error{ErrorKind::kInvalid, "The structures cannot be read.", std::move(faults)};
  std::sort(files.begin(), files.end(), [](const StructureFile& a, const StructureFile& b) { return a.path < b.path; });
  return files;
}

Result<std::string> ReadJsonFile(const fs::path& file) {
  std::ifstream stream;
  if (file != "-") stream.open(file, std::ios::binary);
  auto& in = file == "-" ? std::cin : static_cast<std::istream&>(stream);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in && !in.eof()) return Error{ErrorKind::kInvalid, file.string() + ": cannot be read"};
  std::string json(Trimmed(text));
  if (auto checked = CheckJson(json); !checked) {
    const auto& error = checked.error();
    return Error{ErrorKind::kInvalid,
                 file.string() + ": " + (error.faults.empty() ? error.message : error.faults.front().message)};
  }
  return json;
}

fs::path StructurePath(std::string_view system, std::string_view event_name) {
  const auto file = FileNameOf(event_name).append(kSuffix);
  return system.empty() ? fs::path(file) : fs::path(FileNameOf(system)) / file;
}

void WriteJsonFile(const fs::path& file, std::string_view json) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  auto unfinished = file;
  unfinished += ".new";
  std::ofstream out(unfinished, std::ios::binary);
  out << json << "\n";
  out.close();
  if (!out) throw std::runtime_error(unfinished.string() + " cannot be written");
  fs::rename(unfinished, file);
}

}  // namespace volcanion::cli
