#include "Domain/JsonPointer.h"

namespace volcanion::domain {

void AppendPointerToken(std::string_view token, std::string& pointer) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace volcanion::domain
