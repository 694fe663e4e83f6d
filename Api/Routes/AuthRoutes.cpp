#include "Api/Routes/AuthRoutes.h"

#include "Api/Json/BodyReader.h"
#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Application/Identity/OneTimeLink.h"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

constexpr std::string_view kAcceptInvitation = "/api/auth/accept-invitation";
constexpr std::string_view kResetPassword = "/api/auth/reset-password";

Response NoContent(int status = 204) { return {status, {}, ""}; }

Result<Response> Answered(const Result<Done>& done) {
  return done ? Result<Response>(NoContent()) : Result<Response>(done.error());
}

/// To whoever sent the token of a link. The body of one that is not good is at fault, and yet it is a refused attempt.
Result<Response> AnsweredLink(const Result<Done>& done, std::string_view route, const Call& call) {
  const auto& answer = call.answer;
  auto* refused = answer.settings().refused;
  if (refused != nullptr && !done && application::IsUsedLink(done.error())) {
    refused->Note({"POST", route, StatusOf(done.error().kind), {"", answer.correlation_id(), answer.client_address()}});
  }
  return Answered(done);
}

Result<Response> ShowTokens(const Result<application::SessionTokens>& tokens) {
  if (!tokens) return tokens.error();
  JsonText json;
  json.BeginObject();
  json.Name("accessToken").Text(tokens->access_token);
  json.Name("tokenType").Text("Bearer");
  json.Name("expiresIn").Integer(tokens->expires_in.count());
  json.Name("refreshToken").Text(tokens->refresh_token);
  json.EndObject();
  auto response = MakeJson(200, json.Take());
  response.headers.Add("Cache-Control", "no-store");
  return response;
}

Result<Response> LogIn(application::LogInHandler& handler, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::LogIn command{body->RequiredString("email"), body->RequiredString("password"), AuthorOf(call)};
  if (auto read = body->Finish(); !read) return std::move(read).error();
  if (const auto email = domain::Email::Parse(command.email)) call.answer.SetPerson(email->text());
  return ShowTokens(handler.Handle(command));
}

/// The one member of bodies that hold a refresh token.
Result<std::string> ReadRefreshToken(const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  auto token = body->RequiredString("refreshToken");
  if (auto read = body->Finish(); !read) return std::move(read).error();
  return token;
}

Result<Response> Refresh(application::RefreshSessionHandler& handler, const Call& call) {
  const auto token = ReadRefreshToken(call);
  if (!token) return token.error();
  return ShowTokens(handler.Handle(*token, AuthorOf(call)));
}

Result<Response> LogOut(application::LogOutHandler& handler, const Call& call) {
  const auto token = ReadRefreshToken(call);
  if (!token) return token.error();
  return Answered(handler.Handle(*token, AuthorOf(call)));
}

Result<Response> Accept(application::AcceptInvitationHandler& handler, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::AcceptInvitation command{body->RequiredString("token"), body->OptionalString("password"),
                                        AuthorOf(call)};
  if (auto read = body->Finish(); !read) return std::move(read).error();
  return AnsweredLink(handler.Handle(command), kAcceptInvitation, call);
}

Result<Response> Reset(application::ResetPasswordHandler& handler, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  application::ResetPassword command{body->RequiredString("token"), body->RequiredString("password"), AuthorOf(call)};
  if (auto read = body->Finish(); !read) return std::move(read).error();
  return AnsweredLink(handler.Handle(command), kResetPassword, call);
}

/// Answers before it looks: neither answer nor time tells whether there is such a person.
Result<Response> Forgot(application::ForgotPasswordHandler& handler, BlockingPool& blocking, const Call& call) {
  auto body = BodyReader::Open(call.request.body);
  if (!body) return std::move(body).error();
  const auto text = body->RequiredString("email");
  if (auto read = body->Finish(); !read) return std::move(read).error();
  const auto email = domain::Email::Parse(text);
  if (!email) return email.error();
  if (auto may = handler.MayAsk(*email, call.answer.client_address()); !may) return std::move(may).error();
  const bool submitted = blocking.Submit([&handler, email = *email, answer = call.answer] {
    std::string reason;
    try {
      if (const auto sent = handler.Handle(email); !sent) reason = sent.error().message;
    } catch (const std::exception& error) {
      reason = error.what();
    }
    if (reason.empty()) return;
    answer.settings().log.Error("a link to a new password was not sent",
                                {{"correlationId", std::string_view(answer.correlation_id())}, {"reason", reason}});
  });
  if (!submitted) return Error{ErrorKind::kUnavailable, "The server is busy. Try again later."};
  return NoContent(202);
}

Response ShowKeys(const application::Directory& directory) {
  JsonText json;
  json.BeginObject();
  json.Name("keys").BeginArray();
  for (const auto& key : directory.verification_keys()) json.Raw(key.public_jwk);
  json.EndArray();
  json.EndObject();
  auto response = MakeJson(200, json.Take());
  response.headers.Add("Cache-Control", "max-age=60");
  return response;
}

}  // namespace

void AddAuthRoutes(GuardedRoutes& routes, GuardedRoutes& hashing, BlockingPool& blocking,
                   const AuthHandlers& handlers) {
  const auto anyone = Access::Anyone();
  hashing.Add("POST", "/api/auth/token", anyone, [handlers](const Call& call) { return LogIn(handlers.log_in, call); });
  hashing.Add("POST", kAcceptInvitation, anyone,
              [handlers](const Call& call) { return Accept(handlers.accept_invitation, call); });
  hashing.Add("POST", kResetPassword, anyone,
              [handlers](const Call& call) { return Reset(handlers.reset_password, call); });
  routes.Add("POST", "/api/auth/refresh", anyone,
             [handlers](const Call& call) { return Refresh(handlers.refresh, call); });
  routes.Add("POST", "/api/auth/logout", anyone,
             [handlers](const Call& call) { return LogOut(handlers.log_out, call); });
  routes.Add("POST", "/api/auth/forgot-password", anyone,
             [handlers, &blocking](const Call& call) { return Forgot(handlers.forgot_password, blocking, call); });
  routes.Add("GET", "/.well-known/jwks.json", anyone,
             [handlers](const Call&) -> Result<Response> { return ShowKeys(*handlers.directory.Current()); });
}

}  // namespace volcanion::api
