#pragma once

#include "Api/Http/Message.h"
#include "Domain/Result.h"

#include <string_view>
#include <vector>

namespace volcanion::api {

/// The one table from error kinds to HTTP.
int StatusOf(domain::ErrorKind kind);

/// application/problem+json (RFC 9457) with `correlationId`, and `errors` where there are faults. What is our own fault
/// (500) keeps its message to itself. 503 carries Retry-After.
Response MakeProblem(const domain::Error& error, std::string_view correlation_id);
Response MakeProblem(int status, std::string_view detail, std::string_view correlation_id,
                     const std::vector<domain::Fault>& faults = {});

/// An answer in JSON.
Response MakeJson(int status, std::string body);

}  // namespace volcanion::api
