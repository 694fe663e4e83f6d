#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <csignal>

// As in the program itself: a peer that went away is an error of its socket.
[[maybe_unused]] static const auto kIgnored = std::signal(SIGPIPE, SIG_IGN);
