#include "Infrastructure/JsonSchema/SchemaSuggestion.h"

#include "Infrastructure/JsonSchema/JsonDocument.h"
#include "Infrastructure/JsonSchema/SampleShape.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kMaxDocumentDepth = 128;  // as deep as documents are judged

constexpr std::uint64_t kFewestForEnum = 20;
constexpr std::uint64_t kPerValueForEnum = 4;

constexpr std::size_t kMaxSchemaBytes = 200 * 1024;
constexpr std::size_t kMaxLine = 100;

/// Writes a shape as a schema, down to a depth, so that it does not become too large.
class Writer {
 public:
  Writer(std::size_t max_depth, bool with_enums) : max_depth_(max_depth), with_enums_(with_enums) {}

  std::string Write(const SampleShape& shape) {
    Open();
    Name("$schema");
    AppendJsonString("http://json-schema.org/draft-07/schema#", out_);
    Describe(shape, 0);
    Close();
    return std::move(out_) + "\n";
  }

 private:
  void Describe(const SampleShape& shape, std::size_t depth) {
    if (shape.count() == 0) return;
    DescribeTypes(shape);
    DescribeStrings(shape);
    if (depth >= max_depth_) return;
    DescribeObjects(shape, depth);
    if (shape.items() != nullptr) Below("items", *shape.items(), depth);
  }

  void DescribeTypes(const SampleShape& shape) {
    const std::array<std::pair<std::string_view, std::uint64_t>, 7> seen = {{
        {"object", shape.objects()},
        {"array", shape.arrays()},
        {"string", shape.strings()},
        {"number", shape.fractions()},
        {"integer", shape.fractions() == 0 ? shape.integers() : 0},
        {"boolean", shape.booleans()},
        {"null", shape.nulls()},
    }};
    std::vector<std::string> types;
    for (const auto& [name, count] : seen) {
      if (count != 0) types.push_back('"' + std::string(name) + '"');
    }
    Name("type");
    if (types.size() == 1) {
      out_ += types.front();
    } else {
      List(types);
    }
  }

  void DescribeStrings(const SampleShape& shape) {
    if (!shape.format().empty()) {
      Name("format");
      return AppendJsonString(shape.format(), out_);
    }
    const auto& distinct = shape.distinct();
    const bool only_strings = shape.strings() + shape.nulls() == shape.count();
    // One value alone says nothing about others.
    if (!with_enums_ || !only_strings || distinct.size() < 2 || shape.strings() < kFewestForEnum ||
        shape.strings() < distinct.size() * kPerValueForEnum) {
      return;
    }
    // The most frequent first: what is wrong comes last.
    std::vector<std::pair<std::string_view, std::uint64_t>> ordered(distinct.begin(), distinct.end());
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::string> values;
    for (const auto& entry : ordered) AppendJsonString(entry.first, values.emplace_back());
    if (shape.nulls() != 0) values.emplace_back("null");
    Name("enum");
    List(values);
  }

  void DescribeObjects(const SampleShape& shape, std::size_t depth) {
    if (shape.entries() != nullptr) Below("additionalProperties", *shape.entries(), depth);
    if (shape.members().empty()) return;
    Name("properties");
    Open();
    for (const SampleShape::Member& member : shape.members()) Below(member.name, *member.shape, depth);
    Close();
    std::vector<std::string> required;
    for (const SampleShape::Member& member : shape.members()) {
      if (member.shape->count() == shape.objects()) AppendJsonString(member.name, required.emplace_back());
    }
    if (required.empty()) return;
    Name("required");
    List(required);
  }

  void Below(std::string_view name, const SampleShape& shape, std::size_t depth) {
    Name(name);
    Open();
    Describe(shape, depth + 1);
    Close();
  }

  void Open() {
    out_ += '{';
    ++indent_;
  }

  void Close() {
    --indent_;
    if (out_.back() != '{') NewLine();
    out_ += '}';
  }

  void Name(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    NewLine();
    AppendJsonString(name, out_);
    out_ += ": ";
  }

  /// In one line where it fits, else a line for each.
  void List(const std::vector<std::string>& values) {
    std::size_t width = out_.size() - out_.rfind('\n');
    for (const std::string& value : values) width += value.size() + 2;
    const bool short_enough = width <= kMaxLine;
    out_ += '[';
    ++indent_;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i != 0) out_ += short_enough ? ", " : ",";
      if (!short_enough) NewLine();
      out_ += values[i];
    }
    --indent_;
    if (!short_enough) NewLine();
    out_ += ']';
  }

  void NewLine() {
    out_ += '\n';
    out_.append(2 * indent_, ' ');
  }

  const std::size_t max_depth_;
  const bool with_enums_;
  std::string out_;
  std::size_t indent_ = 0;
};

class ShapeSample final : public application::SchemaSample {
 public:
  void Add(std::string_view json) override {
    if (!document_.Read(json, kMaxDocumentDepth).ok) return;
    shape_.Add(document_.root(), shapes_left_);
  }

  std::size_t count() const override { return static_cast<std::size_t>(shape_.count()); }

  std::string Suggest() const override {
    std::string text = Writer(SampleShape::kMaxDepth, true).Write(shape_);
    for (std::size_t depth = SampleShape::kMaxDepth; text.size() > kMaxSchemaBytes && depth > 0; depth /= 2) {
      text = Writer(depth, false).Write(shape_);
    }
    return text;
  }

 private:
  JsonDocument document_;
  SampleShape shape_;
  std::size_t shapes_left_ = SampleShape::kMaxShapes;
};

}  // namespace

std::unique_ptr<application::SchemaSample> SchemaSuggestion::Begin() const { return std::make_unique<ShapeSample>(); }

}  // namespace volcanion::infrastructure
