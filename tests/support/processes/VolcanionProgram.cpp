#include "tests/support/processes/VolcanionProgram.h"

#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/WaitUntil.h"

#include <chrono>
#include <utility>

namespace volcanion::test::processes {

namespace {

std::uint16_t PortIn(const std::string& line, const char* name) {
  const auto number = Member(line, name);
  return number.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoi(number));
}

}  // namespace

Process::Settings Volcanion(std::vector<std::string> arguments, Environment environment, std::string input) {
  return {VOLCANION_BINARY, std::move(arguments), std::move(environment), std::move(input)};
}

Ended Run(const Process::Settings& settings) {
  Process process(settings);
  const int status = process.Wait(std::chrono::seconds(60));
  return {status, process.out(), process.err()};
}

Environment EnvironmentFor(const std::string& write_dsn, const std::string& read_dsn) {
  return {{"VOLCANION_WRITE_DSN", write_dsn},
          {"VOLCANION_READ_DSN", read_dsn},
          {"VOLCANION_LISTEN", "127.0.0.1:0"},
          {"VOLCANION_ADMIN_LISTEN", "127.0.0.1:0"},
          {"VOLCANION_POLL_INTERVAL_MS", "10"}};
}

Service::Service(const char* command, const Environment& environment) : process_(Volcanion({command}, environment)) {
  const auto line = process_.WaitForLine("\"adminPort\":");
  admin_port_ = PortIn(line, "adminPort");
  port_ = PortIn(line, "port");
}

Service& Service::WaitUntilReady() {
  WaitUntil("the service is ready", [this] { return Readiness().status == 200; });
  return *this;
}

std::unique_ptr<Service> StartApi(const Environment& environment) {
  auto api = std::make_unique<Service>("api", environment);
  api->WaitUntilReady();
  return api;
}

}  // namespace volcanion::test::processes
