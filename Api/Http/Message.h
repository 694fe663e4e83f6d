#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::api {

/// Whether two names of header fields are the same: without regard to case (RFC 9110, 5.1).
bool IsSameHeader(std::string_view one, std::string_view other);

/// Header fields in the order they came. Names compare without regard to case (RFC 9110, 5.1).
class Headers {
 public:
  void Add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// The first field of that name, or nothing.
  std::optional<std::string_view> Find(std::string_view name) const;
  /// Makes room for that many fields at once.
  void Reserve(std::size_t fields) { fields_.reserve(fields); }
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// A complete request, framing removed: the body is whole, de-chunked and within the limits. Content-Encoding is not
/// among the headers, nor is what came behind a chunked body.
struct Request {
  std::string method;  ///< upper case, as sent
  std::string path;    ///< the target up to '?', still percent-encoded
  std::string query;   ///< the target after '?', still percent-encoded; empty when there is none
  Headers headers;
  std::string body;
  bool is_packed = false;      ///< the body is still gzip: Unpack() of Api/Http/Gzip.h reads it
  std::string remote_address;  ///< numeric address of the peer
  /// Stops when the client has hung up, for work that is not worth finishing for nobody. A client that has closed its
  /// sending side alone counts as gone, too: nothing tells it from one that is. It is answered all the same, if
  /// only with what became of such work.
  std::stop_token hung_up = {};
};

class BodySource;

struct Response {
  int status = 200;
  Headers headers;  ///< Content-Length or Transfer-Encoding, Date and Connection are added by the server
  std::string body;
  std::shared_ptr<BodySource> rest = {};  ///< makes what follows `body`; none: nothing does
};

/// The phrase of RFC 9110 for a status; "Unknown" for others.
std::string_view ReasonPhrase(int status);

}  // namespace volcanion::api
