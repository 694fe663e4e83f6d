#pragma once

#include "Api/Http/HttpServer.h"
#include "Api/Http/Message.h"
#include "Api/Middleware/Access.h"
#include "Api/Middleware/ClientAddress.h"
#include "Api/Middleware/Cors.h"
#include "Application/Audit/RefusedAttempts.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/Metrics.h"
#include "Application/Principal.h"
#include "Domain/Result.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::api {

/// What holds for every request of a listener.
struct CallSettings {
  application::Metrics& metrics;
  application::Log& log;
  CorsPolicy cors = CorsPolicy();
  Proxies proxies = {};
  std::size_t max_body_bytes = 4 * 1024 * 1024;     ///< unpacked
  application::RefusedAttempts* refused = nullptr;  ///< hears of them, but for those on hot routes; may be null
};

/// The answer to one request: the right to give it, and what must be in it whoever gives it. Copies share that right;
/// the first answer counts. Adds X-Correlation-ID and what a browser's page needs, packs a large answer when the client
/// takes gzip, all of it is there and it is not packed yet, counts, times and logs the request.
class Answer {
 public:
  /// What fits into one packet arrives no sooner for being smaller.
  static constexpr std::size_t kMinPackedBytes = 1'400;

  /// `settings` outlives the answer.
  Answer(Responder responder, const CallSettings& settings, const Request& request, std::string correlation_id);

  /// The pattern of the route that took the request, for metrics; a literal.
  void SetRoute(std::string_view route, bool is_hot);
  /// For refused attempts: the route's method, a literal, and what its path names.
  void SetPlace(std::string_view method, Access::Owner owner, const std::vector<std::string>& path_parameters);
  /// Who asks, in the words of the audit log.
  void SetActor(std::string actor);
  /// Whom a log-in is for, by e-mail: the partners of that person hear of it when it is refused.
  void SetPerson(std::string email) const;
  /// What is asked for belongs to that partner, and not to who asks: a 404 is a refusal then.
  void SetStranger(domain::PartnerId owner);
  const std::string& correlation_id() const;
  /// The client's; empty when there was no valid one.
  const std::string& traceparent() const;
  /// Who asks, as far as proxies of ours tell.
  const std::string& client_address() const;

  const CallSettings& settings() const;
  bool accepts_gzip() const;
  void Send(Response response) const;
  void SendMade(std::function<Response()> make) const;
  void SendProblem(const domain::Error& error) const;
  void SendProblem(int status, std::string_view detail) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// A request on its way to its route.
struct Call {
  Request request;
  std::vector<std::string> path_parameters;  ///< decoded, in the order of the pattern
  Answer answer;
  application::Principal principal = {};  ///< who calls; nobody before Authentication::RequirePrincipal()
  /// Whose the thing in the path is, for a handler of a route that says how that is found (Access::Owner).
  domain::PartnerId owner = {};
};

/// Unpacks the body where it is packed. False when that cannot be done: the client has been told.
bool UnpackBody(Call& call);

/// The client's correlation id when it is 1 to 128 characters of [A-Za-z0-9._-]; else nothing.
std::string_view AcceptableCorrelationId(const Headers& headers);
/// The media type of the body, in lower case and without parameters; empty when none is given.
std::string MediaTypeOf(const Headers& headers);
/// application/json, or nothing said.
bool IsJson(const Headers& headers);

/// Whether the client names that media type among those that it takes (RFC 9110, 12.5.1); `type` in lower case.
bool Accepts(const Headers& headers, std::string_view type);
/// Whether the client takes an answer in gzip (RFC 9110, 12.5.3).
bool AcceptsGzip(const Headers& headers);

/// The client's traceparent when it has the form of W3C Trace Context, version 00; else nothing.
std::string_view AcceptableTraceparent(const Headers& headers);

}  // namespace volcanion::api
