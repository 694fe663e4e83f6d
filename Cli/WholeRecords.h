#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace volcanion::cli {

/// Passes on what is whole of an export that may be cut anywhere: lines of NDJSON or records of CSV, whose last member
/// or field is the cursor behind them.
class WholeRecords {
 public:
  enum class Format { kNdjson, kCsv };

  /// `has_header`: the first record has the names of the columns.
  WholeRecords(Format format, bool has_header, std::ostream& out)
      : format_(format), awaits_header_(has_header), out_(out) {}

  /// What comes next of the export; may be any part of it. False when it cannot be written.
  bool Take(std::string_view bytes);
  /// What has come of the last record is not all of it, and comes again.
  void Forget();

  /// Records of events that were passed on.
  std::size_t count() const { return count_; }
  /// Of the last one; empty before the first.
  const std::string& cursor() const { return cursor_; }
  /// Whether the names of the columns are still to come.
  bool awaits_header() const { return awaits_header_; }

 private:
  void PassOn();

  const Format format_;
  bool awaits_header_;
  std::ostream& out_;
  std::string record_;  // as far as it has come
  bool is_quoted_ = false;
  std::size_t count_ = 0;
  std::string cursor_;
};

}  // namespace volcanion::cli
