#pragma once

#include <vector>

namespace volcanion::api {

/// Pistache 0.0.5's NotifyFd never closes its event descriptor: two a worker, its transport's and its reactor's, stay
/// open when the rest has gone. They are private, but they are the ones that are watched by edge in the poller that
/// watches `descriptor`, as long as no connection is. Reads /proc; finds nothing where there is none.
std::vector<int> StrayDescriptorsBeside(int descriptor);

}  // namespace volcanion::api
