#pragma once

#include "Api/Http/Message.h"
#include "Application/IpNetwork.h"

#include <string>
#include <vector>

namespace volcanion::api {

/// Who the client is, when proxies of ours stand in between: what Forwarded (RFC 7239) or X-Forwarded-For says is
/// believed as far as it comes from a trusted address, read from the near end to the far one.
std::string ClientAddress(const Request& request, const std::vector<application::IpNetwork>& trusted_proxies);

}  // namespace volcanion::api
