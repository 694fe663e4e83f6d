#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::api {

/// Reads the query parameters that a route expects, and notes every fault: malformed, twice, unknown.
class QueryReader {
 public:
  /// kMalformed when the query string is not percent-encoded UTF-8.
  static domain::Result<QueryReader> Open(std::string_view query);

  std::optional<std::string> Text(std::string_view name);
  /// All whose names begin so, by what follows in the name; a literal that ends in a dot.
  std::vector<std::pair<std::string, std::string>> Family(std::string_view prefix);
  int Integer(std::string_view name, int otherwise);
  std::optional<bool> Boolean(std::string_view name);
  std::optional<domain::Timestamp> Time(std::string_view name);
  /// An id; what is none cannot be found, and is a fault here.
  template <typename Id>
  std::optional<Id> IdOf(std::string_view name) {
    const auto text = Text(name);
    const auto id = text ? Id::Parse(*text) : std::nullopt;
    if (text && !id) Note(name, "wrong_value", "must be an id");
    return id;
  }

  /// For what the caller found wrong itself.
  void Note(std::string_view name, std::string code, std::string message);
  /// Call last: kInvalid with all faults, parameters that nobody asked for included.
  domain::Result<domain::Done> Finish();

 private:
  explicit QueryReader(std::vector<std::pair<std::string, std::string>> parameters)
      : parameters_(std::move(parameters)) {}

  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<std::string_view> asked_;  // names are literals; one that ends in a dot stands for a family
  std::vector<domain::Fault> faults_;
};

}  // namespace volcanion::api
