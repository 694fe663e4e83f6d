#include "Infrastructure/Telemetry/JsonLog.h"

#include "Application/Utf8.h"
#include "Domain/Timestamp.h"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/ostream_sink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using Level = application::Log::Level;

spdlog::level::level_enum SpdlogLevel(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      break;
  }
  return spdlog::level::err;
}

std::string_view JsonName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      break;
  }
  return "error";
}

std::string_view TextName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "DEBUG  ";
    case Level::kInfo:
      return "INFO   ";
    case Level::kWarning:
      return "WARNING";
    case Level::kError:
      break;
  }
  return "ERROR  ";
}

std::string TimeToMilliseconds(domain::Timestamp time) {
  auto text = domain::FormatRfc3339(time);
  text.replace(text.size() - 4, 4, "Z");  // "...000123Z": the last three digits and the Z
  return text;
}

/// Appends the inside of a JSON string (RFC 8259). DEL and the C1 controls are escaped too: terminals act on them.
void AppendEscaped(std::string& line, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto escape = [&](unsigned code) {
    line += "\\u00";
    line.push_back(kDigits[code >> 4]);
    line.push_back(kDigits[code & 15]);
  };
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const std::size_t length = application::Utf8Length(text);
    if (length == 0) {
      line += "\xEF\xBF\xBD";
    } else if (length == 2 && c == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) {
      escape(static_cast<unsigned char>(text[1]));
    } else if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c < 0x20 || c == 0x7F) {
      escape(c);
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

void AppendQuoted(std::string& line, std::string_view text) {
  line.push_back('"');
  AppendEscaped(line, text);
  line.push_back('"');
}

template <typename Number>
void AppendNumber(std::string& line, Number number) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  line.append(digits, end);
}

bool ReadsAsOneWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; });
}

void AppendValue(std::string& line, const application::LogField& field, LogFormat format) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (format == LogFormat::kText && ReadsAsOneWord(*text)) {
      line += *text;
    } else {
      AppendQuoted(line, *text);
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    AppendNumber(line, *integer);
  } else if (const double real = std::get<double>(field.value); std::isfinite(real)) {
    AppendNumber(line, real);
  } else {
    line += "null";
  }
}

/// Writes whole lines to a descriptor, and waits for nobody who does not read: a log must not stop the service.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

 private:
  // A pipe that can be written takes as much as this at once; a file takes anything.
  static constexpr std::size_t kPiece = 4096;
  static constexpr int kPatienceMilliseconds = 50;  // for a reader that is slow; one that was, is not waited for again

  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line;
    if (dropped_ > 0) line = "volcanion: " + std::to_string(dropped_) + " lines of the log were dropped\n";
    line.append(message.payload.data(), message.payload.size());
    line.push_back('\n');
    if (Write(line))
      dropped_ = 0;
    else
      ++dropped_;
  }

  /// False when nothing was written.
  bool Write(std::string_view line) {
    bool begun = false;
    while (!line.empty()) {
      pollfd writable{descriptor_, POLLOUT, 0};
      const int patience = dropped_ > 0 && !begun ? 0 : kPatienceMilliseconds;
      if (::poll(&writable, 1, patience) <= 0) return begun;
      const auto written = ::write(descriptor_, line.data(), std::min(line.size(), kPiece));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return begun;
      begun = true;
      line.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  void flush_() override {}

  const int descriptor_;
  std::uint64_t dropped_ = 0;
};

std::unique_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink, Level least) {
  auto logger = std::make_unique<spdlog::logger>("volcanion", std::move(sink));
  logger->set_pattern("%v");  // the lines come complete
  logger->set_level(SpdlogLevel(least));
  logger->flush_on(spdlog::level::trace);
  logger->set_error_handler([](const std::string&) {});  // a log that cannot be written has nowhere to complain
  return logger;
}

}  // namespace

JsonLog::JsonLog(Level least, LogFormat format, const application::Clock& clock, int descriptor)
    : format_(format), clock_(clock), logger_(MakeLogger(std::make_shared<DescriptorSink>(descriptor), least)) {}

JsonLog::JsonLog(Level least, LogFormat format, const application::Clock& clock, std::ostream& out)
    : format_(format),
      clock_(clock),
      logger_(MakeLogger(std::make_shared<spdlog::sinks::ostream_sink_mt>(out, true), least)) {}

JsonLog::~JsonLog() = default;

void JsonLog::Write(Level level, std::string_view message, std::initializer_list<application::LogField> fields) {
  if (!logger_->should_log(SpdlogLevel(level))) return;
  std::string line;
  line.reserve(256);
  if (format_ == LogFormat::kJson) {
    line += R"({"ts":")";
    line += TimeToMilliseconds(clock_.Now());
    line += R"(","level":")";
    line += JsonName(level);
    line += R"(","message":)";
    AppendQuoted(line, message);
    for (const auto& field : fields) {
      line.push_back(',');
      AppendQuoted(line, field.name);
      line.push_back(':');
      AppendValue(line, field, format_);
    }
    line.push_back('}');
  } else {
    line += TimeToMilliseconds(clock_.Now());
    line.push_back(' ');
    line += TextName(level);
    line.push_back(' ');
    AppendEscaped(line, message);
    for (const auto& field : fields) {
      line.push_back(' ');
      AppendEscaped(line, field.name);
      line.push_back('=');
      AppendValue(line, field, format_);
    }
  }
  logger_->log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace volcanion::infrastructure
