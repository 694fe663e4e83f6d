#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace volcanion::application {

/// What was seen of some events, and the schema that it suggests. For one thread at a time.
class SchemaSample {
 public:
  virtual ~SchemaSample() = default;

  /// Takes one document in: any JSON that a CompiledSchema would judge. What is not JSON, or nested deeper than a
  /// CompiledSchema judges, is left out and not counted. Memory stays bounded, however many and however odd they are.
  virtual void Add(std::string_view json) = 0;

  /// The documents that were taken in.
  virtual std::size_t count() const = 0;

  /// A draft 7 schema, indented by two spaces, that SchemaCompiler takes and under which every document that was taken
  /// in is valid. The same documents in the same order give the same text.
  virtual std::string Suggest() const = 0;
};

/// Drafts schemas from samples. Thread-safe.
class SchemaSuggester {
 public:
  virtual ~SchemaSuggester() = default;

  virtual std::unique_ptr<SchemaSample> Begin() const = 0;
};

}  // namespace volcanion::application
