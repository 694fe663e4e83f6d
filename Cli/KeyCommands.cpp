#include "Cli/KeyCommands.h"

#include "Api/Json/JsonText.h"
#include "Cli/ExitStatus.h"
#include "Cli/PrintAnswer.h"
#include "Domain/Uuid.h"

#include <iostream>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

const std::vector<Column> kColumns = {{"KEY ID", "apiKeyId"}, {"NAME", "name"},         {"PREFIX", "prefix"},
                                      {"STATE", "state"},     {"EXPIRES", "expiresAt"}, {"LAST USED", "lastUsedAt"}};

/// /api/systems/{id}/keys
Result<std::string> KeysOf(Remote& remote, const SystemAddress& address) {
  auto id = FindSystem(remote, address.partner, address.system);
  return id ? Result<std::string>("/api/systems/" + *id + "/keys") : id;
}

/// .../keys/{keyId}
Result<std::string> KeyOf(Remote& remote, const SystemAddress& address, const std::string& key) {
  auto keys = KeysOf(remote, address);
  if (!keys) return keys;
  if (domain::Uuid::Parse(key)) return *keys + "/" + key;
  auto listed = remote.api.List(*keys);
  if (!listed) return std::move(listed).error();
  std::string found;
  for (const auto& item : *listed) {
    if (item.Text("prefix") != key) continue;
    if (!found.empty()) {
      return Error{ErrorKind::kInvalid, "Several keys begin with " + key + ": name the one you mean by its id."};
    }
    found = item.Text("apiKeyId");
  }
  if (found.empty()) return Error{ErrorKind::kNotFound, "The system has no key " + key + "."};
  return *keys + "/" + found;
}

Result<int> ShowNew(const Remote& remote, const Result<ApiAnswer>& answer) {
  if (!answer) return answer.error();
  const auto& key = answer->body;
  if (remote.json) {
    std::cout << key.text() << "\n";
  } else {
    std::cout << key.Text("key") << "\n";
    std::cerr << "volcanion: key " << key.Text("apiKeyId") << " \"" << Printable(key.Text("name")) << "\", "
              << (key.Has("expiresAt") ? "until " + key.Text("expiresAt") : "without an end")
              << "; it is shown this once\n";
  }
  return kSucceeded;
}

}  // namespace

Result<int> ListKeys(Remote& remote, const SystemAddress& address) {
  auto keys = KeysOf(remote, address);
  if (!keys) return std::move(keys).error();
  return PrintAll(remote, *keys, kColumns);
}

Result<int> CreateKey(Remote& remote, const SystemAddress& address, const NewKey& key) {
  auto keys = KeysOf(remote, address);
  if (!keys) return std::move(keys).error();
  api::JsonText json;
  json.BeginObject();
  json.Name("name").Text(key.name);
  if (key.environment) json.Name("environment").Text(*key.environment);
  if (key.expires_at) json.Name("expiresAt").Text(*key.expires_at);
  json.EndObject();
  return ShowNew(remote, remote.api.Post(*keys, json.Take()));
}

Result<int> RotateKey(Remote& remote, const SystemAddress& address, const std::string& key,
                      const KeyRotation& rotation) {
  auto target = KeyOf(remote, address, key);
  if (!target) return std::move(target).error();
  api::JsonText json;
  json.BeginObject();
  json.Name("overlapSeconds").Integer(rotation.overlap_seconds);
  if (rotation.expires_at) json.Name("expiresAt").Text(*rotation.expires_at);
  json.EndObject();
  return ShowNew(remote, remote.api.Post(*target + "/rotate", json.Take()));
}

Result<int> RevokeKey(Remote& remote, const SystemAddress& address, const std::string& key) {
  auto target = KeyOf(remote, address, key);
  if (!target) return std::move(target).error();
  const auto answer = remote.api.Delete(*target);
  if (!answer) return answer.error();
  if (remote.json) {
    std::cout << "{\"revoked\":true}\n";
  } else {
    std::cout << "revoked\n";
  }
  return kSucceeded;
}

}  // namespace volcanion::cli
