#pragma once

#include "Application/Ports/SchemaCompiler.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// Schemas and documents for tests that ask whether something holds for all of them.
namespace volcanion::test::json_schema {

/// The decisions that something random was made by: changing one of them makes something that is a little different.
using Decisions = std::vector<std::uint8_t>;

Decisions RandomDecisions(std::mt19937& random, std::size_t count);

/// A few decisions of them made anew.
Decisions Changed(Decisions decisions, std::mt19937& random);

/// A schema that SchemaCompiler takes: every keyword of its draft, few names and small values, so that documents fit.
/// The draft is a decision too; without `drafts` it is always 7.
std::string SchemaOf(const Decisions& decisions, bool drafts);

/// A document out of the same names and values.
std::string RandomDocument(std::mt19937& random, int depth = 3);

/// What the validator says.
bool IsValid(const application::CompiledSchema& schema, std::string_view document);

}  // namespace volcanion::test::json_schema
