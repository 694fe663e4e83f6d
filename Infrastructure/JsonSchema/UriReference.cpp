#include "Infrastructure/JsonSchema/UriReference.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace volcanion::infrastructure {
namespace {

struct Parts {
  std::string_view scheme;                    // with its colon
  std::optional<std::string_view> authority;  // with its two slashes
  std::string_view path;
  std::string_view query;  // with its question mark
};

Parts Split(std::string_view uri) {
  Parts parts;
  const std::size_t colon = uri.find_first_of(":/?");
  if (colon != std::string_view::npos && colon != 0 && uri[colon] == ':' &&
      std::isalpha(static_cast<unsigned char>(uri[0])) != 0) {
    parts.scheme = uri.substr(0, colon + 1);
    uri.remove_prefix(colon + 1);
  }
  if (uri.starts_with("//")) {
    const std::size_t end = std::min(uri.find_first_of("/?", 2), uri.size());
    parts.authority = uri.substr(0, end);
    uri.remove_prefix(end);
  }
  const std::size_t question = std::min(uri.find('?'), uri.size());
  parts.path = uri.substr(0, question);
  parts.query = uri.substr(question);
  return parts;
}

/// RFC 3986, section 5.2.4.
std::string RemoveDotSegments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', path.front() == '/' ? 1 : 0), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool last = end == path.size();
    const std::string_view name = segment.starts_with('/') ? segment.substr(1) : segment;
    if (name == "." || name == "..") {
      if (name == "..") out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      if (last && segment.starts_with('/')) out += '/';
    } else {
      out += segment;
    }
    path.remove_prefix(end);
  }
  return out;
}

}  // namespace

SplitUri SplitAtFragment(std::string_view uri) {
  const std::size_t hash = uri.find('#');
  if (hash == std::string_view::npos) return {uri, {}};
  return {uri.substr(0, hash), uri.substr(hash + 1)};
}

std::string ResolveUri(std::string_view base, std::string_view reference) {
  if (base.empty()) return std::string(reference);
  if (reference.empty()) return std::string(base);
  const Parts from = Split(base);
  const Parts to = Split(reference);
  std::string result;
  const auto append = [&result](std::string_view scheme, std::optional<std::string_view> authority,
                                std::string_view path, std::string_view query) {
    result += scheme;
    if (authority) result += *authority;
    result += RemoveDotSegments(path);
    result += query;
  };
  if (!to.scheme.empty()) {
    append(to.scheme, to.authority, to.path, to.query);
  } else if (to.authority) {
    append(from.scheme, to.authority, to.path, to.query);
  } else if (to.path.empty()) {
    append(from.scheme, from.authority, from.path, to.query.empty() ? from.query : to.query);
  } else if (to.path.front() == '/') {
    append(from.scheme, from.authority, to.path, to.query);
  } else {
    std::string merged;
    const std::size_t slash = from.path.rfind('/');
    if (from.authority && from.path.empty()) {
      merged = "/";
    } else if (slash != std::string_view::npos) {
      merged = from.path.substr(0, slash + 1);
    }
    merged += to.path;
    append(from.scheme, from.authority, merged, to.query);
  }
  return result;
}

std::string PercentDecode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace volcanion::infrastructure
