#include "Cli/TokenCommands.h"

#include "Api/Json/JsonText.h"
#include "Cli/ExitStatus.h"
#include "Cli/PrintAnswer.h"
#include "Domain/Uuid.h"

#include <iostream>
#include <utility>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

const std::vector<Column> kColumns = {{"TOKEN ID", "serviceTokenId"}, {"NAME", "name"},
                                      {"PREFIX", "prefix"},           {"SCOPES", "scopes"},
                                      {"EXPIRES", "expiresAt"},       {"CREATED", "createdAt"}};
const std::vector<Column> kAdminColumns = {
    {"TOKEN ID", "adminTokenId"}, {"NAME", "name"}, {"PREFIX", "prefix"}, {"CREATED", "createdAt"}};

/// Where those tokens are.
Result<std::string> TokensOf(Remote& remote, const TokenOwner& owner) {
  if (owner.administrators) return std::string("/api/admin-tokens");
  auto id = FindPartner(remote, owner.partner);
  return id ? Result<std::string>("/api/partners/" + *id + "/tokens") : id;
}

Result<std::string> TokenOf(Remote& remote, const TokenOwner& owner, const std::string& token) {
  auto tokens = TokensOf(remote, owner);
  if (!tokens) return tokens;
  if (domain::Uuid::Parse(token)) return *tokens + "/" + token;
  const auto listed = remote.api.List(*tokens);
  if (!listed) return listed.error();
  std::string found;
  for (const auto& item : *listed) {
    if (item.Text("prefix") != token) continue;
    if (!found.empty()) {
      return Error{ErrorKind::kInvalid, "Several tokens begin with " + token + ": name the one you mean by its id."};
    }
    found = item.Text(owner.administrators ? "adminTokenId" : "serviceTokenId");
  }
  if (found.empty()) return Error{ErrorKind::kNotFound, "There is no token " + token + "."};
  return *tokens + "/" + found;
}

}  // namespace

Result<int> ListTokens(Remote& remote, const TokenOwner& owner) {
  auto tokens = TokensOf(remote, owner);
  if (!tokens) return std::move(tokens).error();
  return PrintAll(remote, *tokens, owner.administrators ? kAdminColumns : kColumns);
}

Result<int> CreateToken(Remote& remote, const std::string& partner, const NewToken& token) {
  auto tokens = TokensOf(remote, {partner});
  if (!tokens) return std::move(tokens).error();
  api::JsonText json;
  json.BeginObject();
  json.Name("name").Text(token.name);
  json.Name("scopes").BeginArray();
  for (const auto& scope : token.scopes) json.Text(scope);
  json.EndArray();
  if (token.expires_at) json.Name("expiresAt").Text(*token.expires_at);
  json.EndObject();
  const auto answer = remote.api.Post(*tokens, json.Take());
  if (!answer) return answer.error();
  if (remote.json) {
    std::cout << answer->body.text() << "\n";
  } else {
    std::cout << answer->body.Text("token") << "\n";
    std::cerr << "volcanion: token " << answer->body.Text("serviceTokenId") << "; it is shown this once\n";
  }
  return kSucceeded;
}

Result<int> RevokeToken(Remote& remote, const TokenOwner& owner, const std::string& token) {
  auto target = TokenOf(remote, owner, token);
  if (!target) return std::move(target).error();
  const auto answer = remote.api.Delete(*target);
  if (!answer) return answer.error();
  std::cout << (remote.json ? "{\"revoked\":true}\n" : "revoked\n");
  return kSucceeded;
}

}  // namespace volcanion::cli
