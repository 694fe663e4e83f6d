#pragma once

#include "Api/Http/HttpServer.h"
#include "Api/Middleware/Access.h"
#include "Api/Middleware/Call.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Secrets.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::api {

using RouteHandler = std::function<void(Call)>;

/// A route as it was added.
struct DeclaredRoute {
  std::string_view method;
  std::string_view pattern;
  Access access;
};

/// Sends each request to the route of its path and method: 404 without such a path, 405 with Allow without the method.
/// OPTIONS is answered here, preflights of browsers included.
/// Gives every request its correlation id on the way. Routes are added before serving begins.
class Router {
 public:
  Router(CallSettings settings, const application::Clock& clock, const application::Secrets& secrets)
      : settings_(std::move(settings)), clock_(clock), secrets_(secrets) {}

  /// `pattern` is a literal; {name} stands for one segment and becomes a path parameter. `access` is declared here, and
  /// kept by the handler: GuardedRoutes makes such handlers. A hot route's requests are logged at debug level only.
  void Add(std::string_view method, std::string_view pattern, const Access& access, RouteHandler handler,
           bool is_hot = false);

  /// Each route, in the order they were added.
  std::vector<DeclaredRoute> Routes() const;

  /// Takes a request of the server.
  void Dispatch(Request request, Responder responder) const;
  /// The answer to what never became a request, of which `headers` are known.
  Response AnswerProtocolError(int status, std::string_view detail, const Headers& headers) const;

 private:
  struct Route {
    DeclaredRoute declared;
    std::vector<std::string_view> segments;
    RouteHandler handler;
    bool is_hot;
  };
  /// The client's, or a new one.
  std::string CorrelationIdOf(const Headers& headers) const;
  void AnswerOptions(const Request& request, const Answer& answer, const std::string& allowed) const;

  const CallSettings settings_;
  const application::Clock& clock_;
  const application::Secrets& secrets_;
  std::vector<Route> routes_;
};

/// The parameters of a query string, decoded, in order. Nothing when it is malformed or not UTF-8.
std::optional<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view query);

}  // namespace volcanion::api
