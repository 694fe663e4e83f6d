#include "Infrastructure/Postgres/RequestRole.h"

#include <string>
#include <string_view>

namespace volcanion::infrastructure {
namespace {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

// A longer name would be cut, possibly to that of the owner itself.
constexpr const char* kState = R"(
  SELECT quote_ident(owner.rolname), quote_ident(owner.rolname || '_request'),
         octet_length(owner.rolname || '_request') < 64,
         request.oid IS NOT NULL,
         coalesce(request.rolsuper OR request.rolbypassrls, false),
         coalesce(pg_has_role(owner.oid, request.oid, 'MEMBER'), false),
         owner.rolsuper OR owner.rolcreaterole
    FROM pg_roles AS owner
    LEFT JOIN pg_roles AS request ON request.rolname = owner.rolname || '_request'
   WHERE owner.rolname = current_user)";

struct State {
  std::string owner, request;  // quoted
  bool has_name;
  bool exists;
  bool request_is_exempt;
  bool is_member;
  bool may_make_it;
};

State ReadState(PqConnection& connection) {
  const auto row = connection.Execute(kState);
  const auto is_true = [&](int column) { return row.bytes(0, column) == "t"; };
  return {std::string(row.bytes(0, 0)),
          std::string(row.bytes(0, 1)),
          is_true(2),
          is_true(3),
          is_true(4),
          is_true(5),
          is_true(6)};
}

std::string CreateIt(const State& state) { return "CREATE ROLE " + state.request + " NOLOGIN"; }
std::string GrantIt(const State& state) { return "GRANT " + state.request + " TO " + state.owner; }

Result<Done> Judge(const State& state) {
  if (!state.has_name) {
    return Error{ErrorKind::kConflict, "The role " + state.owner +
                                           " has too long a name: with _request behind it, it "
                                           "must have less than 64 bytes."};
  }
  std::string wanted;
  if (!state.exists) wanted += " " + CreateIt(state) + ";";
  if (state.request_is_exempt) wanted += " ALTER ROLE " + state.request + " NOSUPERUSER NOBYPASSRLS;";
  if (!state.is_member) wanted += " " + GrantIt(state) + ";";
  if (wanted.empty()) return Done{};
  return Error{ErrorKind::kConflict, "Row level security needs roles that " + state.owner +
                                         " cannot make by itself. Run this as a superuser, then try again:" + wanted};
}

bool IsThereAlready(const PqError& error) { return error.sqlstate() == "42710" || error.sqlstate() == "23505"; }

}  // namespace

Result<Done> PrepareRequestRole(PqConnection& connection) {
  auto state = ReadState(connection);
  if (state.has_name && !state.exists && state.may_make_it) {
    try {
      (void)connection.Execute(CreateIt(state).c_str());
    } catch (const PqError& error) {
      if (!IsThereAlready(error)) throw;  // another store of the cluster is prepared at the same time
    }
    state = ReadState(connection);
  }
  if (state.exists && !state.is_member && state.may_make_it) {
    (void)connection.Execute(GrantIt(state).c_str());
    state = ReadState(connection);
  }
  return Judge(state);
}

Result<Done> CheckRequestRole(PqConnection& connection) { return Judge(ReadState(connection)); }

}  // namespace volcanion::infrastructure
