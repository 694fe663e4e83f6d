#include "Cli/ErrorText.h"

#include "Cli/Table.h"

#include <iostream>

namespace volcanion::cli {

void TellError(const domain::Error& error) {
  std::cerr << "volcanion: " << Printable(error.message) << "\n";
  for (const auto& fault : error.faults) {
    const bool names_itself = fault.message.starts_with(fault.pointer);  // as those of settings do
    std::cerr << "  " << (names_itself ? "" : Printable(fault.pointer) + "  ") << Printable(fault.message) << "\n";
  }
}

}  // namespace volcanion::cli
