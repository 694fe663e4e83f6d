#include "Cli/MemberCommands.h"

#include "Api/Json/JsonText.h"
#include "Cli/ExitStatus.h"
#include "Cli/PrintAnswer.h"
#include "Domain/Uuid.h"

#include <strings.h>

#include <iostream>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

const std::vector<Column> kColumns = {{"MEMBER ID", "memberId"}, {"E-MAIL", "email"},      {"ROLE", "role"},
                                      {"STATE", "state"},        {"INVITED", "invitedAt"}, {"ACCEPTED", "acceptedAt"}};

/// /api/partners/{id}/members
Result<std::string> MembersOf(Remote& remote, const std::string& partner) {
  auto id = FindPartner(remote, partner);
  return id ? Result<std::string>("/api/partners/" + *id + "/members") : id;
}

/// .../members/{memberId}
Result<std::string> MemberOf(Remote& remote, const MemberAddress& address) {
  auto members = MembersOf(remote, address.partner);
  if (!members) return members;
  if (domain::Uuid::Parse(address.member)) return *members + "/" + address.member;
  const auto listed = remote.api.List(*members);
  if (!listed) return listed.error();
  for (const auto& member : *listed) {
    if (strcasecmp(member.Text("email").c_str(), address.member.c_str()) == 0)
      return *members + "/" + member.Text("memberId");
  }
  return Error{ErrorKind::kNotFound, "The partner has no member " + address.member + "."};
}

std::string RoleBody(const std::string& email, const std::string& role) {
  api::JsonText json;
  json.BeginObject();
  if (!email.empty()) json.Name("email").Text(email);
  json.Name("role").Text(role);
  json.EndObject();
  return json.Take();
}

}  // namespace

Result<int> ListMembers(Remote& remote, const std::string& partner) {
  auto members = MembersOf(remote, partner);
  if (!members) return std::move(members).error();
  return PrintAll(remote, *members, kColumns);
}

Result<int> InviteMember(Remote& remote, const std::string& partner, const std::string& email,
                         const std::string& role) {
  auto members = MembersOf(remote, partner);
  if (!members) return std::move(members).error();
  return PrintAnswer(remote, remote.api.Post(*members, RoleBody(email, role)), kColumns);
}

Result<int> ChangeMember(Remote& remote, const MemberAddress& address, const std::string& role) {
  auto member = MemberOf(remote, address);
  if (!member) return std::move(member).error();
  return PrintAnswer(remote, remote.api.Patch(*member, RoleBody("", role)), kColumns);
}

Result<int> RemoveMember(Remote& remote, const MemberAddress& address) {
  auto member = MemberOf(remote, address);
  if (!member) return std::move(member).error();
  const auto answer = remote.api.Delete(*member);
  if (!answer) return answer.error();
  std::cout << (remote.json ? "{\"removed\":true}\n" : "removed\n");
  return kSucceeded;
}

}  // namespace volcanion::cli
