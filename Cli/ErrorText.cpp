#include "Cli/ErrorText.h"

#include "Cli/Table.h"

#include <iostream>

namespace volcanion::cli {

void TellError(const domain::Error& error) {
  std::cerr << "volcanion: " << Printable(error.message) << "\n";
  for (const auto& fault : error.faults) {
    std::cerr << "  " << Printable(fault.pointer) << (fault.pointer.empty() ? "" : "  ") << Printable(fault.message)
              << "\n";
  }
}

}  // namespace volcanion::cli
