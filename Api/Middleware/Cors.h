#pragma once

#include "Api/Http/Message.h"

#include <string>
#include <string_view>
#include <vector>

namespace volcanion::api {

/// Which web pages may use the API from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol). Keys travel in
/// headers, never in cookies: credentials are not allowed.
class CorsPolicy {
 public:
  /// Exact origins ("https://shop.example"), or "*" for all; none at all: no page may.
  explicit CorsPolicy(std::vector<std::string> origins = {}) : origins_(std::move(origins)) {}

  /// What an answer to a page of `origin` carries; nothing when it is not allowed.
  void AddTo(Response& response, std::string_view origin) const;
  /// What the answer to a preflight carries besides.
  void AddPreflightTo(Response& response, std::string_view origin, std::string_view methods) const;

 private:
  bool Allows(std::string_view origin) const;
  bool allows_all() const { return origins_.size() == 1 && origins_.front() == "*"; }

  std::vector<std::string> origins_;
};

}  // namespace volcanion::api
