#include "Cli/HttpConnection.h"

#include <curl/curl.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace volcanion::cli {
namespace {

constexpr long kLongestSilence = 300;  // seconds

using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void Append(Headers& list, const std::vector<std::string>& headers) {
  for (const auto& header : headers) list.reset(curl_slist_append(list.release(), header.c_str()));
}

std::size_t KeepBody(char* bytes, std::size_t one, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(bytes, one * count);
  return one * count;
}

/// Where a body goes as it comes.
struct Receiver {
  CURL* curl;
  const std::function<bool(std::string_view)>& take;
  std::string& refusal;
};

std::size_t PassOnBody(char* bytes, std::size_t one, std::size_t count, void* receiver) {
  const auto& to = *static_cast<Receiver*>(receiver);
  long status = 0;
  curl_easy_getinfo(to.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return KeepBody(bytes, one, count, &to.refusal);
  return to.take({bytes, one * count}) ? one * count : 0;
}

std::string Header(CURL* curl, const char* name) {
  curl_header* found = nullptr;
  return curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : "";
}

void Prepare(CURL* curl, const std::string& url, const Headers& headers) {
  curl_easy_reset(curl);  // the connection stays
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
}

void Perform(CURL* curl, HttpAnswer& answer) {
  std::array<char, CURL_ERROR_SIZE> reason{};
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason.data());
  const auto code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  if (code != CURLE_OK) answer.failure = reason[0] != '\0' ? reason.data() : curl_easy_strerror(code);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
    answer.retry_after = std::chrono::seconds(seconds);
  }
  answer.correlation_id = Header(curl, "X-Correlation-ID");
  answer.etag = Header(curl, "ETag");
}

}  // namespace

struct HttpConnection::Curl {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{curl_easy_init(), &curl_easy_cleanup};
};

HttpConnection::HttpConnection(std::string url, std::vector<std::string> headers)
    : url_(std::move(url)), headers_(std::move(headers)), curl_(std::make_unique<Curl>()) {
  if (!curl_->handle) throw std::runtime_error("libcurl cannot be initialized");
}

HttpConnection::~HttpConnection() = default;

HttpAnswer HttpConnection::Send(const std::string& method, const std::string& target, const std::string& body,
                                const std::vector<std::string>& more_headers) {
  HttpAnswer answer;
  auto* curl = curl_->handle.get();
  Headers headers{nullptr, &curl_slist_free_all};
  Append(headers, {"Expect:"});
  Append(headers, headers_);
  Append(headers, more_headers);
  Prepare(curl, url_ + target, headers);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &KeepBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  if (method != "GET") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  Perform(curl, answer);
  if (!answer.failure.empty()) answer.status = 0;
  return answer;
}

HttpAnswer HttpConnection::Receive(const std::string& target, const std::function<bool(std::string_view)>& take) {
  HttpAnswer answer;
  auto* curl = curl_->handle.get();
  Headers headers{nullptr, &curl_slist_free_all};
  Append(headers, headers_);
  Prepare(curl, url_ + target, headers);
  Receiver receiver{curl, take, answer.body};
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kLongestSilence);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &PassOnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
  Perform(curl, answer);
  return answer;
}

}  // namespace volcanion::cli
