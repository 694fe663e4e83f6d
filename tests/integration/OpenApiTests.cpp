#include "tests/support/Process.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;

TEST_CASE("Api/openapi.yaml describes every route, and no other") {
  test::TestStores stores;
  test::TestService service(stores);
  std::string routes;
  for (const auto& route : service.Routes()) {
    routes.append(route.method).append(" ").append(route.pattern).append("\n");
  }
  test::Process check({.program = "/usr/bin/python3",
                       .arguments = {VOLCANION_SOURCE "/tests/architecture/check_openapi.py", VOLCANION_SOURCE, "-"},
                       .input = routes});
  const int status = check.Wait();
  CHECK_MESSAGE(status == 0, check.out(), check.err());
}
