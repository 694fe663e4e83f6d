#include "Api/Json/JsonSplit.h"
#include "Cli/Commands.h"
#include "Cli/HttpConnection.h"
#include "Domain/Uuid.h"

#include <rapidjson/document.h>
#include <sodium.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace volcanion::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxBatchBytes = 3 * 1024 * 1024;
constexpr milliseconds kFirstPause{200}, kLongestPause{5'000};
constexpr std::size_t kMaxShownErrors = 5;

/// Lines of a file, plain or gzip; "-" is standard input.
class LineReader {
 public:
  explicit LineReader(const std::string& name)
      : file_(name == "-" ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(name.c_str(), "rb"), &gzclose) {
    if (!file_) throw std::runtime_error(name + " cannot be opened");
    gzbuffer(file_.get(), 256 * 1024);
    std::ifstream plain(name, std::ios::binary | std::ios::ate);
    if (name != "-" && plain) size_ = plain.tellg();
  }

  bool Next(std::string& line) {
    line.clear();
    while (true) {
      const auto newline = buffer_.find('\n', at_);
      if (newline != std::string::npos) {
        line.append(buffer_, at_, newline - at_);
        at_ = newline + 1;
        return true;
      }
      line.append(buffer_, at_);
      buffer_.resize(64 * 1024);
      at_ = 0;
      const int read = gzread(file_.get(), buffer_.data(), static_cast<unsigned>(buffer_.size()));
      buffer_.resize(static_cast<std::size_t>(std::max(read, 0)));
      if (read > 0) continue;
      int code = Z_OK;
      (void)gzerror(file_.get(), &code);  // a stream that ends too early reads like a file that ends
      damaged_ = read < 0 || code == Z_BUF_ERROR;
      return !line.empty() && !damaged_;
    }
  }

  /// Whether the lines ended because no more could be read, not because the file did.
  bool damaged() const { return damaged_; }
  /// How much of the file has been read, from 0 to 1; nothing when its size is not known.
  std::optional<double> Progress() const {
    if (size_ <= 0) return std::nullopt;
    return std::min(1.0, static_cast<double>(gzoffset(file_.get())) / static_cast<double>(size_));
  }

 private:
  std::unique_ptr<gzFile_s, decltype(&gzclose)> file_;
  std::int64_t size_ = 0;
  bool damaged_ = false;
  std::string buffer_;
  std::size_t at_ = 0;
};

struct Totals {
  std::int64_t sent = 0, stored = 0, invalid = 0, duplicates = 0, rejected = 0;
  std::vector<std::string> errors;  ///< the first few
};

/// A line on a terminal that is written over; now and then a line elsewhere.
class ProgressBar {
 public:
  void Show(const Totals& totals, std::optional<double> progress, bool is_last) {
    const auto now = steady_clock::now();
    if (!is_last && totals.sent == 0) return;
    if (!is_last && now - shown_ < (is_terminal_ ? milliseconds(100) : milliseconds(5'000))) return;
    shown_ = now;
    const double rate =
        static_cast<double>(totals.sent) / std::max(0.001, std::chrono::duration<double>(now - begun_).count());
    std::string bar;
    if (progress) {
      constexpr int kWidth = 30;
      const int filled = is_last ? kWidth : static_cast<int>(*progress * kWidth);
      bar = "[" + std::string(static_cast<std::size_t>(filled), '#') +
            std::string(static_cast<std::size_t>(kWidth - filled), '.') + "] ";
    }
    std::fprintf(stderr, "%s%s%lld events, %.0f/s%s", is_terminal_ ? "\r\033[K" : "", bar.c_str(),
                 static_cast<long long>(totals.sent), rate, is_terminal_ && !is_last ? "" : "\n");
  }
  /// Tells of something in between.
  void Say(const std::string& sentence) {
    std::fprintf(stderr, "%s%s\n", is_terminal_ ? "\r\033[K" : "", sentence.c_str());
  }

 private:
  const bool is_terminal_ = isatty(STDERR_FILENO) != 0;
  const steady_clock::time_point begun_ = steady_clock::now();
  steady_clock::time_point shown_{};
};

/// Ids for events that have none: the same at every run over the same file, so that sending it again, or again in part,
/// stores nothing twice. For standard input, which cannot be read twice, the same within one run only.
class EventIds {
 public:
  explicit EventIds(const std::string& file) {
    if (file == "-") {
      randombytes_buf(source_.data(), source_.size());
      return;
    }
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, source_.size());
    std::ifstream bytes(file, std::ios::binary);
    for (std::string chunk(64 * 1024, '\0'); bytes;) {
      bytes.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(chunk.data()),
                                static_cast<unsigned long long>(bytes.gcount()));
    }
    crypto_generichash_final(&state, source_.data(), source_.size());
  }

  /// The line as it is when its event has an id, or cannot be read: the server says what is wrong with it.
  std::string Complete(const std::string& line, std::int64_t number) const {
    const auto members = api::SplitObject(line);
    if (!members) return line;
    const auto id = "\"" + IdOf(number) + "\"";
    for (const auto& [name, value] : *members) {
      if (name != "eventId") continue;
      if (value.kind != api::JsonKind::kNull) return line;
      return line.substr(0, value.begin) + id + line.substr(value.begin + value.size);  // null: not given
    }
    const auto brace = line.find('{') + 1;
    return line.substr(0, brace) + "\"eventId\":" + id + (members->empty() ? "" : ",") + line.substr(brace);
  }

 private:
  /// Version 8 of RFC 9562: bits of our own choice.
  std::string IdOf(std::int64_t number) const {
    domain::Uuid id;
    crypto_generichash(id.bytes.data(), id.bytes.size(), reinterpret_cast<const unsigned char*>(&number), sizeof number,
                       source_.data(), source_.size());
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
    return id.ToString();
  }

  std::array<unsigned char, 32> source_{};
};

std::int64_t Count(const rapidjson::Document& document, const char* name) {
  const auto member = document.FindMember(name);
  return member != document.MemberEnd() && member->value.IsInt64() ? member->value.GetInt64() : 0;
}

std::string Text(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member != object.MemberEnd() && member->value.IsString() ? member->value.GetString() : "";
}

class Loader {
 public:
  explicit Loader(const IngestOptions& options)
      : options_(options),
        ids_(options.file),
        connection_(options.url, {"X-API-Key: " + options.api_key, "Content-Type: application/x-ndjson"}) {}

  int Run() {
    LineReader lines(options_.file);
    std::string line, batch;
    std::size_t events = 0;
    std::int64_t line_number = 0;
    first_line_ = 1;
    const auto flush = [&] {
      if (events == 0) return true;
      if (!Send(batch)) return false;
      totals_.sent += static_cast<std::int64_t>(events);
      batch.clear();
      batch_lines_.clear();
      events = 0;
      first_line_ = line_number + 1;
      return true;
    };
    while (lines.Next(line)) {
      if (line.find_first_not_of(" \t\r") != std::string::npos) {
        if (!batch.empty() && batch.size() + line.size() > kMaxBatchBytes && !flush()) return Summarize(false);
        batch += ids_.Complete(line, line_number) + "\n";
        batch_lines_.push_back(line_number + 1);
        ++events;
      }
      ++line_number;
      if (events >= options_.batch_events && !flush()) return Summarize(false);
      bar_.Show(totals_, lines.Progress(), false);
    }
    const bool sent_all = flush();
    bar_.Show(totals_, lines.Progress(), true);
    if (lines.damaged()) bar_.Say("the file ends too early or is damaged; what could be read of it was sent");
    return Summarize(sent_all && !lines.damaged());
  }

 private:
  /// Until the server has taken the batch; false when it never did.
  bool Send(const std::string& batch) {
    auto pause = kFirstPause;
    for (int attempt = 1;; ++attempt) {
      const auto answer = connection_.Send("POST", "/api/events/ingest/batch", batch);
      if (answer.status == 202) return Read(answer.body);
      const bool may_pass = answer.status == 0 || answer.status == 429 || answer.status == 502 ||
                            answer.status == 503 || answer.status == 504;
      const auto reason =
          answer.status == 0 ? answer.failure : "status " + std::to_string(answer.status) + " " + answer.body;
      if (!may_pass || attempt >= options_.max_attempts) {
        bar_.Say("the batch from line " + std::to_string(first_line_) + " was not taken: " + reason);
        return false;
      }
      const auto wait = std::max(pause, answer.retry_after.value_or(pause));
      bar_.Say("attempt " + std::to_string(attempt) + ": " + reason + "; trying again in " +
               std::to_string(wait.count()) + " ms");
      std::this_thread::sleep_for(wait);
      pause = std::min(pause * 2, kLongestPause);
    }
  }

  bool Read(const std::string& body) {
    rapidjson::Document document;
    document.Parse(body.data(), body.size());
    if (document.HasParseError() || !document.IsObject()) {
      bar_.Say("the server's answer cannot be read; is this a Volcanion server?");
      return false;
    }
    totals_.stored += Count(document, "stored");
    totals_.invalid += Count(document, "invalid");
    totals_.duplicates += Count(document, "duplicates");
    totals_.rejected += Count(document, "rejected");
    const auto results = document.FindMember("results");
    if (results == document.MemberEnd() || !results->value.IsArray()) return true;
    for (rapidjson::SizeType i = 0; i < results->value.Size() && i < batch_lines_.size(); ++i) {
      NoteError(batch_lines_[i], results->value[i]);
    }
    return true;
  }

  void NoteError(std::int64_t line, const rapidjson::Value& result) {
    if (totals_.errors.size() >= kMaxShownErrors || !result.IsObject()) return;
    const auto status = Text(result, "status");
    const auto place = "line " + std::to_string(line) + ": ";
    if (status == "conflict")
      totals_.errors.push_back(place + Text(result, "eventId") + ": another content is stored under this id");
    const auto errors = result.FindMember("errors");
    if (status != "rejected" || errors == result.MemberEnd() || !errors->value.IsArray()) return;
    for (const auto& error : errors->value.GetArray()) {
      if (error.IsObject()) totals_.errors.push_back(place + Text(error, "pointer") + " " + Text(error, "message"));
    }
  }

  int Summarize(bool complete) const {
    std::cout << "stored      " << totals_.stored << "\n"
              << "  flagged   " << totals_.invalid << "\n"
              << "duplicates  " << totals_.duplicates << "\n"
              << "rejected    " << totals_.rejected << "\n";
    for (const auto& error : totals_.errors) std::cout << "  " << error << "\n";
    if (totals_.rejected > static_cast<std::int64_t>(totals_.errors.size())) std::cout << "  and more\n";
    if (!complete) std::cout << "not all of the file was sent; run the command again once the cause is gone\n";
    return complete && totals_.rejected == 0 ? 0 : 1;
  }

  const IngestOptions& options_;
  const EventIds ids_;
  HttpConnection connection_;
  ProgressBar bar_;
  Totals totals_;
  std::int64_t first_line_ = 1;
  std::vector<std::int64_t> batch_lines_;  // of the events in the batch
};

}  // namespace

int RunIngest(const IngestOptions& options) {
  if (options.api_key.empty()) {
    std::cerr << "volcanion: set VOLCANION_API_KEY; `volcanion up` writes one to demo.env in its data directory\n";
    return 2;
  }
  return Loader(options).Run();
}

}  // namespace volcanion::cli
