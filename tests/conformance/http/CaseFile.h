#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::test::http {

/// What a connection must look like when all bytes of a case have been read.
enum class End {
  kOpen,     ///< the next request is served
  kClosed,   ///< the server has closed its side, and nothing behind is read as a request
  kWaiting,  ///< open, within a request that is not complete
};

struct ReceivedRequest {
  std::string method;
  std::string target;  ///< path and query, still percent-encoded
  std::string body;    ///< framing removed, unpacked
  bool operator==(const ReceivedRequest&) const = default;
};

struct ExpectedAnswer {
  int status = 0;
  bool bodiless = false;  ///< only the head of an answer that has a body: HEAD
  bool optional = false;  ///< may be missing: 100, where the body may be there before the server could ask for it
};

/// Bytes of a client, and everything that must come of them, however they are cut.
struct HttpCase {
  std::string place;  ///< "file:line"
  std::string name;
  std::string bytes;
  std::vector<ReceivedRequest> received;  ///< what the handler gets, in order
  std::vector<ExpectedAnswer> answers;    ///< all that the client gets, in order
  End end = End::kOpen;
};

/// The cases of a file, in the format that conformance/http/README.md describes. Throws std::runtime_error that names
/// the line when the file does not keep to it.
std::vector<HttpCase> ReadCases(const std::filesystem::path& file);

/// All cases of the *.txt files in a folder, files in the order of their names.
std::vector<HttpCase> ReadAllCases(const std::filesystem::path& folder);

/// The bytes with everything that is not printable ASCII as an escape, as a case file writes them.
std::string Escaped(std::string_view bytes);

}  // namespace volcanion::test::http
