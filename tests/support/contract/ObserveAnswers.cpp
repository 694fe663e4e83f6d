#include "tests/support/HttpClient.h"
#include "tests/support/contract/ApiContract.h"

#include <doctest/doctest.h>

#include <string>

namespace volcanion::test {
namespace {

/// Fails the case that is running.
void Hold(const HttpClient::Asked& asked, const RawResponse& answer) {
  if (const auto fault = ApiContract::Get().FaultOf(asked.method, asked.path, answer)) FAIL_CHECK(*fault);
}

/// A program that links this holds every answer that it gets against Api/openapi.yaml.
const bool kObserving = [] {
  HttpClient::ObserveAll(Hold);
  return true;
}();

}  // namespace
}  // namespace volcanion::test
