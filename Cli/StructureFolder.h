#pragma once

#include "Domain/Result.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::cli {

/// A schema in a folder: NAME.schema.json is the partner's structure of the events of that name,
/// SYSTEM/NAME.schema.json that of one system. Names are written as FileNameOf() writes them. Other files, and folders
/// that begin with a dot, have nothing to do with it.
struct StructureFile {
  std::string path;    ///< within the folder
  std::string system;  ///< name or id; empty: the partner's own
  std::string event_name;
  std::string schema;  ///< one JSON value, without blanks around it
};

/// All of them, by path. kInvalid when the folder cannot be read or has none, or with every file that is no JSON or has
/// a name that cannot be read.
domain::Result<std::vector<StructureFile>> ReadStructureFolder(const std::filesystem::path& folder);

/// The one schema of a file; "-" is standard input. kInvalid when it cannot be read or is no JSON.
domain::Result<std::string> ReadJsonFile(const std::filesystem::path& file);

/// Where in a folder such a structure belongs.
std::filesystem::path StructurePath(std::string_view system, std::string_view event_name);

/// Replaces the file in one step, and makes its folder. Throws std::filesystem::filesystem_error or std::runtime_error.
void WriteJsonFile(const std::filesystem::path& file, std::string_view json);

}  // namespace volcanion::cli
