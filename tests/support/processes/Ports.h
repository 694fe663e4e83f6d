#pragma once

#include <cstdint>
#include <string>

namespace volcanion::test::processes {

/// A port of this machine on which nobody listens.
std::uint16_t UnusedPort();

std::string Url(std::uint16_t port);

}  // namespace volcanion::test::processes
