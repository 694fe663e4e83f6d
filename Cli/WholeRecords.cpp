#include "Cli/WholeRecords.h"

namespace volcanion::cli {

bool WholeRecords::Take(std::string_view bytes) {
  for (const char c : bytes) {
    record_.push_back(c);
    if (c == '"') is_quoted_ = !is_quoted_;  // also between two that stand for one
    const bool is_within = format_ == Format::kCsv && is_quoted_;
    if (c == '\n' && !is_within) PassOn();
  }
  return out_.good();
}

void WholeRecords::PassOn() {
  out_.write(record_.data(), static_cast<std::streamsize>(record_.size()));
  std::string_view text(record_);
  text = text.substr(0, text.find_last_not_of("\r\n}\"") + 1);
  if (awaits_header_) {
    awaits_header_ = false;
  } else {
    cursor_ = text.substr(text.find_last_of(",\"") + 1);
    ++count_;
  }
  Forget();
}

void WholeRecords::Forget() {
  record_.clear();
  is_quoted_ = false;
}

}  // namespace volcanion::cli
