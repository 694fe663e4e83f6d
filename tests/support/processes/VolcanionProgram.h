#pragma once

#include "tests/support/HttpClient.h"
#include "tests/support/Process.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace volcanion::test::processes {

using Environment = std::map<std::string, std::string>;

/// The program of this build, VOLCANION_BINARY, with these arguments and nothing else in its environment.
Process::Settings Volcanion(std::vector<std::string> arguments, Environment environment = {}, std::string input = {});

struct Ended {
  int status;
  std::string out;
  std::string err;
};

/// Runs a command to its end.
Ended Run(const Process::Settings& settings);

/// For a process on these two databases and on ports of its own.
Environment EnvironmentFor(const std::string& write_dsn, const std::string& read_dsn);

/// `volcanion api` or `volcanion sync` on ports of its own.
class Service {
 public:
  /// Returns when the process listens, which is before it is ready.
  Service(const char* command, const Environment& environment);

  Process& process() { return process_; }
  std::uint16_t port() const { return port_; }
  RawResponse Readiness() const { return HttpClient(admin_port_).Get("/health/ready"); }
  Service& WaitUntilReady();

 private:
  Process process_;
  std::uint16_t port_ = 0;
  std::uint16_t admin_port_ = 0;
};

/// A ready `volcanion api`.
std::unique_ptr<Service> StartApi(const Environment& environment);

}  // namespace volcanion::test::processes
