// Writes the bytes of the conformance cases as seeds for HttpFuzz, each cut in a way of its own. The same cases give
// the same files.

#include "tests/conformance/http/CaseFile.h"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "Usage: http_corpus CASES FOLDER\n\nWrites a seed for http_fuzz per case into FOLDER.\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[2];
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const auto& one : volcanion::test::http::ReadAllCases(argv[1])) {
      char name[16];
      std::snprintf(name, sizeof(name), "%04d", number);
      std::ofstream seed(folder / name, std::ios::binary);
      seed << static_cast<char>(number % 256) << one.bytes;
      if (!seed.flush()) throw std::runtime_error("cannot write " + (folder / name).string());
      ++number;
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "http_corpus: %s\n", error.what());
    return 1;
  }
}
